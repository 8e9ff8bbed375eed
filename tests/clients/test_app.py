"""The app of docs/frontend.md in a browser, behind the documented proxy."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from gateway.sandbox.app import create_sandbox
from tests.sandbox.client import NOW, shared_world
from tests.support.graph import serve_gateway
from tests.support.javascript import CLIENTS, run
from tests.support.page_projects import blocks, write_project
from tests.support.serving import serve

pytestmark = [pytest.mark.verify, pytest.mark.timeout(600)]
APP = ("Create the app", "Generate types", "The first typed query")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[str]:
    """Serve a sandbox for this module only, which is going to fail."""
    with serve(create_sandbox(shared_world(), clock=lambda: NOW)) as url:
        yield url


@contextmanager
def _development_server(folder: Path) -> Iterator[str]:
    """Serve the project as `npm run dev` does; yield its URL."""
    process = subprocess.Popen(  # noqa: S603 - the project's own scripts
        ["node", str(CLIENTS / "vite-server.mjs")],  # noqa: S607 - node is where it is
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def page(npm: str, sandbox: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """Follow the page up to its first typed query, and open what it has built in a browser."""
    executable = shutil.which("chromium")
    assert executable, "this test needs Chromium: install Debian's package `chromium`"
    files = [block for block in blocks("frontend.md") if block.file and block.section in APP]
    with serve_gateway(sandbox) as gateway_url:
        folder = write_project(tmp_path_factory.mktemp("app") / "wallet", files, gateway_url)
        run("graphql-codegen", cwd=folder)
        run("tsc", "-p", ".", cwd=folder)
        with _development_server(folder) as url, sync_playwright() as playwright:
            arguments = ["--no-sandbox", "--disable-gpu"]
            browser = playwright.chromium.launch(executable_path=executable, args=arguments)
            page = browser.new_page()
            page.goto(url, timeout=60_000)
            yield page
            browser.close()


def test_it_shows_pages_and_keeps_them_while_one_fails(page: Page, sandbox: str) -> None:
    """20 of 101, then 40; a failing page is said and loses nothing, and a retry brings it."""
    cards, more = page.locator("li"), page.get_by_role("button")
    expect(cards).to_have_count(20, timeout=60_000)
    expect(more).to_have_text("More of 101")
    more.click()
    expect(cards).to_have_count(40)
    with httpx.Client(base_url=sandbox, trust_env=False) as faults:
        assert faults.put("/__faults", json=["status=500"]).status_code == 200
        more.click()
        expect(page.get_by_role("alert")).to_be_visible()
        expect(cards).to_have_count(40)
        assert faults.delete("/__faults").status_code == 204
    more.click()
    expect(cards).to_have_count(60)
    expect(page.get_by_role("alert")).to_have_count(0)
    names = cards.all_inner_texts()
    assert len(names) == 60
    assert all(name.endswith("points used") for name in names)


def test_a_page_of_another_origin_needs_cors(page: Page, sandbox: str) -> None:
    """Without the documented proxy: its origin is allowed, or the browser shows it nothing."""
    ask = """(url) => fetch(`${url}/graphql`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: "Bearer any" },
      body: JSON.stringify({ query: "{ __typename }" }),
    }).then((response) => response.json(), (error) => error.message)"""
    with (
        serve_gateway(sandbox, cors_origins=("http://127.0.0.1:*",)) as allowing,
        serve_gateway(sandbox) as closed,
    ):
        assert page.evaluate(ask, allowing)["data"] == {"__typename": "Query"}
        assert page.evaluate(ask, closed) == "Failed to fetch"
