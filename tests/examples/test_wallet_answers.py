"""The wallet of examples/wallet on answers that are rare: names, dates, limits and refusals."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.support.wallet_app import Wallet

pytestmark = [pytest.mark.verify, pytest.mark.timeout(600)]
LONG, ARABIC = "Bonuspunkte" * 30, "نقاط مضاعفة"
GRAPHQL = "**/graphql"


def change_cards(wallet: Wallet, change: Callable[[list[dict[str, Any]]], None]) -> None:
    """Change the promotions of the first page on their way to the browser."""

    def answer(route: Route) -> None:
        if json.loads(route.request.post_data or "{}").get("operationName") != "Wallet":
            route.continue_()
            return
        response = route.fetch()
        body = response.json()
        change([edge["node"] for edge in body["data"]["customer"]["promotions"]["edges"]])
        route.fulfill(response=response, json=body)

    wallet.page.route(GRAPHQL, answer)


@pytest.mark.parametrize("wallet", [(390, False)], indirect=True, ids=str)
def test_names_of_any_length_and_direction_are_readable(wallet: Wallet) -> None:
    """None is wider than a phone, and one of a script from the right begins there."""

    def rename(cards: list[dict[str, Any]]) -> None:
        cards[0]["promotion"] |= {"name": LONG, "description": LONG}
        cards[1]["promotion"] |= {"name": ARABIC, "description": ARABIC}

    change_cards(wallet, rename)
    wallet.open("C-TEN")
    expect(wallet.cards).to_have_count(10)
    assert wallet.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for name, direction in ((LONG, "ltr"), (ARABIC, "rtl")):
        title = wallet.page.get_by_role("button", name=name)
        expect(title).to_have_css("direction", direction)
        card = wallet.cards.filter(has=title).bounding_box()
        place = title.bounding_box()
        assert card
        assert place
        before = place["x"] - card["x"]
        behind = card["x"] + card["width"] - place["x"] - place["width"]
        assert before >= behind if direction == "rtl" else before <= behind
        title.click()
        heading = wallet.page.get_by_role("dialog").get_by_role("heading")
        expect(heading).to_have_css("direction", direction)
        assert wallet.page.evaluate("document.querySelector('dialog').scrollWidth <= innerWidth")
        wallet.page.keyboard.press("Escape")
    assert wallet.violations() == []
    wallet.screenshot("names")


@pytest.mark.parametrize("wallet", [(390, False), (1280, False)], indirect=True, ids=str)
def test_what_the_keyboard_reaches_is_not_below_the_top(wallet: Wallet) -> None:
    """On a phone the top scrolls away; elsewhere the page scrolls past it."""
    wallet.open("C-TEN")
    expect(wallet.cards).to_have_count(10)
    wallet.cards.last.get_by_role("button").focus()
    for _ in range(9):
        wallet.page.keyboard.press("Shift+Tab")
        top = wallet.page.locator(".top").bounding_box()
        card = wallet.page.locator(".card:focus-within .open").bounding_box()
        assert top
        assert card
        assert card["y"] >= top["y"] + top["height"]


def test_what_ends_tonight_ends_today(wallet: Wallet) -> None:
    """Days are those of the reader's calendar, and no periods of 24 hours."""
    midnight = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    times = [midnight + timedelta(days=days, seconds=-1) for days in (0, 1, 2)]

    def end(cards: list[dict[str, Any]]) -> None:
        for card, at in zip(cards, times, strict=False):
            card["nextExpiryAt"] = card["promotion"]["endsAt"] = at.isoformat()
        cards[0]["promotion"]["validity"] = "ENDED"

    change_cards(wallet, end)
    wallet.open("C-TEN")
    for place, text in enumerate(("ended yesterday", "ends today", "ends tomorrow")):
        expect(wallet.cards.nth(place).locator("time")).to_have_text(text)


def test_a_limit_whose_use_is_not_known_is_no_unlimited_one(wallet: Wallet) -> None:
    """What others use up is stated without progress; no limit at all is unlimited."""
    unlimited = {"kind": "UNLIMITED"}
    limits = ("pointsPerEvent", "pointsPerCustomer", "timesPerCustomer", "pointsInPromotion")

    def restrict(cards: list[dict[str, Any]]) -> None:
        for card in cards[:3]:
            card |= {"tightestLimit": None, "restrictions": []}
            card["limits"] |= {name: {"__typename": "Limit"} | unlimited for name in limits}
        limit = {"kind": "LIMITED", "max": 1000, "used": None}
        limit |= {"__typename": "Limit", "remaining": None, "isExhausted": None}
        restriction = {"__typename": "Restriction", "stage": "REDEEM", "limit": limit}
        restriction |= {"measure": "POINTS", "measureName": "POINTS"}
        cards[0]["restrictions"] = [restriction]
        cards[1]["limits"]["pointsPerEvent"] = {"__typename": "Limit", "kind": "LIMITED"}

    change_cards(wallet, restrict)
    wallet.open("C-TEN")
    for place, text in enumerate(("Up to 1,000 points", "No use stated", "Unlimited")):
        expect(wallet.cards.nth(place).locator(".limit")).to_have_text(text)
        expect(wallet.cards.nth(place).get_by_role("meter")).to_have_count(0)


def test_a_promotion_that_is_gone_does_not_load_for_ever(wallet: Wallet) -> None:
    """Between the list and its details it may have left the wallet."""
    wallet.open("C-TEN")
    expect(wallet.cards).to_have_count(10)
    gone = {"data": {"node": None}}
    wallet.page.route(GRAPHQL, lambda route: route.fulfill(json=gone))
    wallet.page.locator(".card h2 button").first.click()
    dialog = wallet.page.get_by_role("dialog")
    expect(dialog.get_by_text("It is not in this wallet any more.")).to_be_visible()
    expect(dialog.get_by_text("Loading")).to_have_count(0)


@pytest.mark.parametrize(
    ("status", "code", "retry_after_s", "text", "can_retry"),
    [
        (401, "UNAUTHENTICATED", None, "You have been signed out.", False),
        (429, "RATE_LIMITED", 1, "That was a bit fast.", True),
        (503, "OVERLOADED", 1, "Many people are here right now.", True),
        (502, None, None, "There is no connection.", True),
        (0, None, None, "There is no connection.", True),
    ],
)
def test_what_is_refused_before_graphql_is_said(
    wallet: Wallet,
    status: int,
    code: str | None,
    retry_after_s: int | None,
    text: str,
    can_retry: bool,  # noqa: FBT001
) -> None:
    """By the gateway, a proxy before it, or no network at all; then the wallet comes."""
    extensions = {"code": code, "retryable": can_retry, "retryAfterS": retry_after_s}
    body = json.dumps({"errors": [{"message": "refused", "extensions": extensions}]})

    def refuse(route: Route) -> None:
        if status == 0:
            route.abort("internetdisconnected")
        elif code is None:
            route.fulfill(status=status, content_type="text/html", body="<h1>Bad gateway</h1>")
        else:
            route.fulfill(status=status, content_type="application/json", body=body)

    wallet.page.route(GRAPHQL, refuse)
    wallet.open("C-TEN")
    alert = wallet.page.get_by_role("alert")
    expect(alert).to_have_attribute("data-code", code or "NO_CONNECTION")
    expect(alert).to_contain_text(text)
    assert wallet.violations() == []
    wallet.page.unroute(GRAPHQL)
    if can_retry:
        wallet.try_again_until(10)
    else:
        expect(alert.get_by_role("button")).to_have_count(0)
    # The browser itself logs each response that it takes for a failure.
    assert all(one.startswith("Failed to load resource") for one in wallet.problems)
    wallet.problems.clear()


def test_a_list_that_is_too_long_stays_unsorted_until_another_is_opened(wallet: Wallet) -> None:
    """The page says why the box is empty again, and a search says what to do instead."""
    wallet.open("C-3000")
    sorting = wallet.page.get_by_label("Ending soonest first")
    expect(wallet.status).to_contain_text("too many to sort")
    expect(sorting).not_to_be_checked()
    sorting.click()
    expect(sorting).not_to_be_checked()
    search = wallet.page.get_by_role("searchbox", name="Search")
    search.fill("points")
    alert = wallet.page.get_by_role("alert")
    expect(alert).to_have_attribute("data-code", "LIST_TOO_LONG")
    expect(alert).to_contain_text("Choose a tab with fewer.")
    wallet.tab("Ended").click()
    expect(wallet.cards.first).to_be_visible()
    expect(alert).to_have_count(0)
    search.fill("")
    expect(wallet.status).not_to_contain_text("too many to sort")
