"""The wallet of examples/wallet in a browser, and what a test does with it."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import ConsoleMessage, Locator, Page, Request, expect

ROOT = Path(__file__).parents[2]
WALLET = ROOT / "examples" / "wallet"
SCREENSHOTS = ROOT / "screenshots"
OF_DEFINITIONS = ("promotionsV2", "promotionById", "promotionsV3")
"""The sandbox's endpoints that answer for one definition."""


@dataclass
class Wallet:
    """The app in a browser, the sandbox behind it, and what the browser complains of."""

    page: Page
    url: str
    sandbox: httpx.Client
    problems: list[str] = field(default_factory=list)

    def note(self, message: ConsoleMessage) -> None:
        """Keep errors and warnings."""
        if message.type in {"error", "warning"}:
            self.problems.append(message.text)

    def open(self, customer: str) -> None:
        """Open a customer's wallet."""
        self.page.goto(f"{self.url}/?customer={customer}")

    def fail(self, *endpoints: str, status: int = 503) -> None:
        """Make endpoints of the platform fail from here on."""
        faults = [f"status={status},endpoint={each}" for each in endpoints]
        assert self.sandbox.put("/__faults", json=faults).status_code == 200

    def delay_definitions(self, ms: int) -> None:
        """Make the endpoints of definitions take so many milliseconds."""
        for endpoint in OF_DEFINITIONS:
            change = {"endpoint": endpoint, "ms": ms}
            assert self.sandbox.put("/__latency", json=change).status_code == 200

    def recover(self) -> None:
        """End all faults and delays."""
        assert self.sandbox.delete("/__faults").status_code == 204
        self.delay_definitions(0)

    def try_again_until(self, number: int) -> None:
        """Press the button as often as it appears, until so many cards are shown."""
        shown = self.page.locator(f"main .cards > li:nth-child({number}) .open")
        again = self.page.get_by_role("alert").get_by_role("button", name="Try again")
        while not shown.is_visible():
            expect(again.or_(shown)).to_be_visible()
            expect(again.or_(shown)).to_be_enabled(timeout=60_000)
            if again.is_visible():
                again.click()
        expect(self.cards).to_have_count(number)
        expect(self.page.get_by_role("alert")).to_have_count(0)

    @property
    def cards(self) -> Locator:
        """The cards that are shown."""
        return self.page.locator(".card:not(.skeleton)")

    @property
    def status(self) -> Locator:
        """How many are shown, as screen readers hear it."""
        return self.page.locator("main [role=status]")

    def card(self, program_id: str) -> Locator:
        """Return the only card of a program."""
        return self.page.locator(f".card[data-program='{program_id}']")

    def writes(self, customer_id: str) -> list[dict[str, Any]]:
        """Return the writes for a customer that have reached the platform."""
        log = self.sandbox.get("/__writes").json()["log"]
        return [each for each in log if f'"{customer_id}"' in json.dumps(each["body"])]

    def keys(self) -> list[str]:
        """Return the idempotency keys of the mutations that the browser sends from here on."""
        keys: list[str] = []

        def note(request: Request) -> None:
            given = json.loads(request.post_data or "{}").get("variables", {}).get("input")
            if given is not None:
                keys.append(given["idempotencyKey"])

        self.page.on("request", note)
        return keys

    def tab(self, name: str) -> Locator:
        """Return the button of a tab."""
        return self.page.get_by_role("navigation").get_by_role("button", name=re.compile(name))

    def screenshot(self, name: str) -> None:
        """Leave a picture for a person to look at."""
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"wallet-{name}.png")

    def violations(self) -> list[str]:
        """Return the rules of accessibility that the page breaks, by axe-core."""
        self.page.add_script_tag(path=WALLET / "node_modules" / "axe-core" / "axe.min.js")
        found = self.page.evaluate("axe.run().then((found) => found.violations)")
        return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found]
