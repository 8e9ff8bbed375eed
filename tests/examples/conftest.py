"""The wallet: built, served, and opened in a browser on a sandbox of its own."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from playwright.sync_api import Browser, sync_playwright

from gateway.app import utc_now
from gateway.sandbox.app import create_sandbox
from tests.support.commands import free_port
from tests.support.graph import serve_gateway
from tests.support.serving import serve
from tests.support.wallet_app import WALLET, Wallet


@pytest.fixture(scope="session")
def built() -> None:
    """Install the app's packages, generate its types, check and bundle it."""
    npm = shutil.which("npm")
    assert npm, "npm is missing"
    for command in (["ci", "--loglevel=error"], ["run", "check"], ["run", "build"]):
        subprocess.run([npm, *command], cwd=WALLET, check=True, timeout=300)  # noqa: S603 - the app's own scripts


@contextmanager
def _preview(gateway_url: str) -> Iterator[str]:
    """Serve the bundle, and the gateway below the same origin."""
    port = free_port()
    vite = WALLET / "node_modules" / ".bin" / "vite"
    process = subprocess.Popen(  # noqa: S603 - the app's own server
        [str(vite), "preview", "--host", "127.0.0.1", "--port", str(port), "--strictPort"],
        cwd=WALLET,
        env=os.environ | {"GATEWAY_URL": gateway_url},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        while "127.0.0.1" not in process.stdout.readline():
            assert process.poll() is None, "vite has ended"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate(timeout=20)


@pytest.fixture(scope="module")
def sandbox_of_wallet() -> Iterator[str]:
    """Serve a sandbox of today, for the app alone, since it is going to fail."""
    with serve(create_sandbox()) as url:
        yield url


@pytest.fixture(scope="module")
def app(built: None, sandbox_of_wallet: str) -> Iterator[str]:
    """Serve the app; return its URL."""
    with (
        serve_gateway(
            sandbox_of_wallet,
            clock=utc_now,
            cache_customer_ttl_s=0,
            writes=True,
            definitions="both",
        ) as gateway_url,
        _preview(gateway_url) as url,
    ):
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Chromium."""
    executable = shutil.which("chromium")
    assert executable, "this test needs Chromium: install Debian's package `chromium`"
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=executable, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def wallet(
    browser: Browser, app: str, sandbox_of_wallet: str, request: pytest.FixtureRequest
) -> Iterator[Wallet]:
    """Return a fresh browser at 1280 pixels, or as the test's parameter says."""
    width, is_dark = getattr(request, "param", (1280, False))
    with (
        httpx.Client(base_url=sandbox_of_wallet, trust_env=False) as sandbox,
        browser.new_context(
            viewport={"width": width, "height": 844},
            color_scheme="dark" if is_dark else "light",
            locale="en-GB",
            reduced_motion="reduce",
        ) as context,
    ):
        context.set_default_timeout(20_000)
        opened = Wallet(context.new_page(), app, sandbox)
        opened.page.on("console", opened.note)
        opened.page.on("pageerror", lambda error: opened.problems.append(str(error)))
        yield opened
        opened.recover()
        assert opened.problems == []
