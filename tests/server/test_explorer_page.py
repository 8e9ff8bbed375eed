"""The GraphiQL page as a person meets it: a real browser on a running gateway."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Response,
    Route,
    expect,
    sync_playwright,
)

from tests.support.tabs import TABS
from tests.writes.support import writer

pytestmark = [pytest.mark.verify, pytest.mark.alone]

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "screenshots"
NAMES = [tab.name for tab in TABS]

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# The browser's own report of what the content security policy refused.
REPORT_VIOLATIONS = """
document.addEventListener('securitypolicyviolation', (violation) =>
  console.error(`refused by ${violation.effectiveDirective}: ${violation.blockedURI}`));
"""


@dataclass
class Explorer:
    """The page, what it asked for, and what was wrong with it."""

    page: Page
    gateway_url: str
    requests: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def listen(self, context: BrowserContext) -> None:
        """Collect what the browser says, from before the first request on."""
        context.add_init_script(REPORT_VIOLATIONS)
        context.on("request", self._note_request)
        context.on("console", self._note_console)
        context.on("weberror", lambda error: self.problems.append(str(error.error)))

    def _note_request(self, request: Request) -> None:
        if request.url.startswith(("data:", "blob:")):
            return
        self.requests.append(request.url)
        if not request.url.startswith(f"{self.gateway_url}/"):
            self.problems.append(f"asked elsewhere: {request.url}")

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.problems.append(f"console {message.type}: {message.text}")

    def open(self, path: str = "/graphql") -> None:
        """Open the page and wait until the example stands in the editor and the schema is known."""
        with self.page.expect_response(lambda response: response.request.method == "POST"):
            self.page.goto(f"{self.gateway_url}{path}")
        expect(self.page.locator(".graphiql-query-editor")).to_contain_text("query MyPromotions")

    def open_tab(self, name: str) -> None:
        """Open an example, and wait until GraphiQL has read its text, which it does a moment later.

        It keeps what it has read.
        """
        self.tabs.get_by_text(name, exact=True).click()
        self.page.wait_for_function(
            """name => [`query ${name}`, `mutation ${name}`].some((text) =>
              localStorage['promotion-gateway:graphiql:query']?.includes(text))""",
            arg=name,
        )

    def execute(self) -> Response:
        """Press the triangle and give the gateway's answer back."""
        with self.page.expect_response(lambda response: response.request.method == "POST") as done:
            self.page.get_by_role("button", name="Execute query").click()
        return done.value

    def until_requested(self, part: str) -> None:
        """Wait until the page has requested something with this in its URL."""
        if not any(part in url for url in self.requests):
            self.page.context.wait_for_event("request", lambda request: part in request.url)

    @property
    def tabs(self) -> Locator:
        """The tabs' names."""
        return self.page.locator(".graphiql-tab-button")

    @property
    def answer(self) -> Locator:
        """The pane that shows an answer."""
        return self.page.locator(".result-window")

    def screenshot(self, name: str) -> None:
        """Leave a picture for a person to look at."""
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")


@pytest.fixture(scope="module")
def gateway_url() -> Iterator[str]:
    """Return the URL of a gateway as `dev` runs it: it writes, on a sandbox of its own."""
    with writer(definitions="both") as own:
        yield str(own.graph.http.base_url)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    executable = shutil.which("chromium")
    if executable is None:
        pytest.fail("this test needs Chromium: install Debian's package `chromium`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=CHROMIUM_ARGUMENTS, headless=True
        )
        yield browser
        browser.close()


@pytest.fixture
def explorer(
    browser: Browser, gateway_url: str, request: pytest.FixtureRequest
) -> Iterator[Explorer]:
    """Visit for the first time, and have met no problem by the end of the test.

    A test may ask for another width, and for dark colours, by its parameter.
    """
    width, is_dark_wanted = getattr(request, "param", (1440, False))
    with browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if is_dark_wanted else "light",
        permissions=["clipboard-read", "clipboard-write"],
    ) as context:
        context.set_default_timeout(20_000)
        explorer = Explorer(context.new_page(), gateway_url.rstrip("/"))
        explorer.listen(context)
        yield explorer
        assert explorer.problems == []


def test_the_page_is_complete_without_any_other_host(explorer: Explorer) -> None:
    """Every part of the page comes from the gateway, those that load late included."""
    explorer.open()
    expect(explorer.page).to_have_title("Promotion gateway – GraphiQL")  # noqa: RUF001
    expect(explorer.page.locator(".graphiql-logo")).to_have_text("Promotion gateway")
    with explorer.page.expect_response(re.compile("standalone")):
        explorer.page.get_by_role("button", name="Prettify query").click()
    for part in ("graphql.worker", "json.worker", "editor.worker", "monaco-editor"):
        explorer.until_requested(part)
    explorer.page.wait_for_load_state("networkidle")


def test_a_first_visit_shows_every_example_as_a_tab(explorer: Explorer) -> None:
    """The tabs are the example files, each named after its operation."""
    explorer.open()
    assert NAMES[0] == "MyPromotions"
    expect(explorer.tabs).to_have_text(NAMES)
    for tab in explorer.tabs.all():
        expect(tab).to_be_in_viewport(ratio=1)


def test_the_first_example_runs_at_the_press_of_a_button(explorer: Explorer) -> None:
    """The answer's first promotion appears in the pane beside the query."""
    explorer.open()
    answer = explorer.execute().json()
    assert "errors" not in answer
    first = answer["data"]["customer"]["promotions"]["nodes"][0]["promotion"]
    name = json.dumps(first["name"], ensure_ascii=False)
    expect(explorer.answer).to_contain_text(f'"name": {name}')
    explorer.screenshot("explorer")


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_answered_without_an_error(explorer: Explorer, name: str) -> None:
    """A newcomer who presses the button on any tab gets data."""
    explorer.open()
    explorer.open_tab(name)
    response = explorer.execute()
    sent = json.loads(response.request.post_data or "{}")
    assert sent["operationName"] == name
    if name == "DefinitionsLater":  # in parts, of which a browser's tools keep no body
        assert response.headers["content-type"].startswith("multipart/mixed")
        expect(explorer.answer).to_contain_text('"status": "')
        expect(explorer.answer).not_to_contain_text('"errors"')
        return
    answer = response.json()
    assert "errors" not in answer
    assert None not in answer["data"].values()
    expect(explorer.answer).to_contain_text('"data"')


def test_the_documentation_describes_a_promotion(explorer: Explorer) -> None:
    """From the root of the graph, two clicks lead to the description of Promotion."""
    explorer.open()
    answer = explorer.page.request.post(
        f"{explorer.gateway_url}/graphql",
        data={"query": '{ __type(name: "Promotion") { description } }'},
    )
    description = answer.json()["data"]["__type"]["description"]
    beginning = re.sub(r"[`*]", "", description.splitlines()[0])[:40]
    explorer.page.get_by_role("button", name="Show Documentation Explorer").click()
    documentation = explorer.page.locator(".graphiql-doc-explorer")
    documentation.get_by_role("link", name="Query", exact=True).click()
    documentation.get_by_role("link", name="Promotion", exact=True).click()
    expect(documentation).to_contain_text(beginning)
    explorer.screenshot("explorer-documentation")


def test_headers_are_sent_and_not_kept(explorer: Explorer) -> None:
    """What stands in the Headers tab goes out with a query and never into the browser's storage."""
    explorer.open()
    explorer.page.get_by_role("button", name="Headers", exact=True).click()
    explorer.page.locator(".graphiql-editor-tool .graphiql-editor:not(.hidden)").click()
    explorer.page.keyboard.insert_text('{"X-Request-Id": "from-the-headers-tab"}')
    # GraphiQL reads the headers when the query is sent, so there is nothing to wait for.
    request = explorer.execute().request
    assert request.headers["x-request-id"] == "from-the-headers-tab"
    assert request.headers["accept"].startswith("application/graphql-response+json")
    explorer.page.reload()
    expect(explorer.tabs).to_have_text(NAMES)
    stored = explorer.page.evaluate("() => ({...localStorage})")
    assert "MyPromotions" in stored["promotion-gateway:graphiql:queries"]
    assert [key for key, text in stored.items() if "from-the-headers-tab" in text] == []


def test_a_link_opens_the_query_that_it_was_copied_from(explorer: Explorer) -> None:
    """With its variables and without headers, as one more tab, and once."""
    explorer.open()
    explorer.open_tab("Paging")
    explorer.page.get_by_role("button", name="Copy a link to this query").click()
    expect(explorer.page.get_by_role("button", name="The link is copied")).to_be_visible()
    link = explorer.page.evaluate("navigator.clipboard.readText()")
    assert link == explorer.page.url
    shared = parse_qs(urlsplit(link).query)
    assert shared.keys() == {"query", "variables", "operationName"}
    assert json.loads(shared["variables"][0]) == {"after": None}
    assert shared["operationName"] == ["Paging"]
    several = "query First { __typename } query Second { again: __typename }"
    query = urlencode({"query": several, "variables": "{}", "operationName": "Second", "x": "1"})
    explorer.page.goto(f"{explorer.gateway_url}/graphql?{query}")
    expect(explorer.tabs).to_have_count(len(NAMES) + 1)
    expect(explorer.page.locator(".graphiql-query-editor")).to_contain_text("query Second")
    assert explorer.page.url == f"{explorer.gateway_url}/graphql?x=1"
    explorer.page.reload()
    expect(explorer.tabs).to_have_count(len(NAMES) + 1)


def test_without_a_clipboard_the_link_is_in_the_address_bar(explorer: Explorer) -> None:
    """As over http, or where the user forbids it: the button does not claim to have copied."""
    explorer.page.add_init_script(
        "Object.defineProperty(navigator, 'clipboard', {value: undefined})"
    )
    explorer.open()
    explorer.page.get_by_role("button", name="Copy a link to this query").click()
    said = explorer.page.get_by_role("button", name="The link is in the address bar")
    expect(said).to_be_visible()
    assert "query=" in explorer.page.url


def test_a_long_query_is_shared_behind_a_number_sign(explorer: Explorer) -> None:
    """Which no server reads, and whose length none limits; a first visit opens it, too."""
    query = "query Long { " + " ".join(f"a{number}: __typename" for number in range(400)) + " }"
    explorer.page.goto(f"{explorer.gateway_url}/graphql#{urlencode({'query': query})}")
    expect(explorer.tabs).to_have_text(["Long", *NAMES])
    expect(explorer.page.locator(".graphiql-query-editor")).to_contain_text("query Long")
    explorer.page.get_by_role("button", name="Copy a link to this query").click()
    explorer.page.wait_for_url(lambda url: "#query=" in url)


@pytest.mark.parametrize(
    "explorer", [(390, False), (390, True), (1440, True)], indirect=True, ids=str
)
def test_the_page_is_usable_on_a_phone_and_in_the_dark(explorer: Explorer) -> None:
    """The answer stands below the query on a phone, else beside it; guides can be read."""
    explorer.open()
    explorer.execute()
    expect(explorer.answer).to_contain_text('"data"')
    page = explorer.page
    width = page.evaluate("innerWidth")
    query = page.locator(".graphiql-editors").bounding_box()
    answer = page.locator(".graphiql-response").bounding_box()
    assert query is not None
    assert answer is not None
    if width < 700:
        assert query["width"] > 0.9 * width
        assert answer["width"] > 0.9 * width
        assert answer["y"] >= query["y"] + query["height"] - 1
        assert query["height"] > 200
    else:
        assert answer["x"] >= query["x"] + query["width"] - 1
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Show Guides").click()
    page.get_by_label("Page").select_option("paging")
    guides = page.get_by_role("region", name="Guides")
    expect(guides.get_by_role("heading", name="Paging", exact=True)).to_be_visible()
    explorer.screenshot(f"explorer-{width}-{'dark' if is_dark(page) else 'light'}")
    page.get_by_role("button", name="Hide Guides").click()
    page.get_by_role("button", name="Show Documentation Explorer").click()
    expect(page.locator(".graphiql-doc-explorer")).to_be_visible()


def is_dark(page: Page) -> bool:
    """Return whether the page's ground is darker than its text."""
    ground = page.evaluate(
        "getComputedStyle(document.querySelector('.graphiql-container')).backgroundColor"
    )
    return sum(map(int, re.findall(r"\d+", ground)[:3])) < 3 * 128


def test_guides_lead_to_each_other_and_to_the_schema(explorer: Explorer) -> None:
    """A link to another page opens it, and the schema is there as text."""
    explorer.open()
    explorer.page.get_by_role("button", name="Show Guides").click()
    guides = explorer.page.get_by_role("region", name="Guides")
    expect(guides.get_by_role("heading", name="Keyboard")).to_be_visible()
    choice = guides.get_by_label("Page")
    names = choice.locator("option").evaluate_all("all => all.map(one => one.value)")
    assert {"help", "errors", "paging", "cost"} <= set(names)
    for name in names:
        choice.select_option(name)
        heading = guides.get_by_role("heading", level=1)
        expect(heading).to_have_count(1)
        expect(heading).to_be_visible()
        page = "explorer/src/guides/help.md" if name == "help" else f"docs/{name}.md"
        title = (ROOT / page).read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
        expect(heading).to_have_text(title.replace("`", ""))
        assert "<!--" not in guides.inner_text()
    with explorer.page.expect_popup() as opened:
        guides.get_by_role("link", name="Schema (SDL)").click()
    assert opened.value.url == f"{explorer.gateway_url}/graphql/schema.graphql"
    assert "type CustomerPromotion" in opened.value.inner_text("body")


@pytest.mark.parametrize(
    ("status", "content_type", "body", "shown"),
    [
        (
            401,
            "application/graphql-response+json",
            '{"errors": [{"message": "Who are you?", "extensions": {"code": "UNAUTHENTICATED"}}]}',
            "UNAUTHENTICATED",
        ),
        (502, "text/html", "<h1>Bad gateway</h1>", "The answer is not GraphQL: HTTP 502"),
    ],
)
def test_an_answer_that_is_no_success_is_shown(
    explorer: Explorer, status: int, content_type: str, body: str, shown: str
) -> None:
    """An error's message reaches the reader, whether the gateway or a proxy before it speaks."""
    explorer.open()

    def refuse(route: Route) -> None:
        route.fulfill(status=status, content_type=content_type, body=body)

    explorer.page.route("**/graphql", refuse)
    explorer.execute()
    expect(explorer.answer).to_contain_text(shown)
    # The browser itself reports such a status on its console.
    explorer.problems[:] = [text for text in explorer.problems if str(status) not in text]


def test_the_page_works_below_a_path_prefix(explorer: Explorer) -> None:
    """Behind a proxy that adds a prefix, nothing is asked for outside of it."""

    def strip_prefix(route: Route) -> None:
        url = route.request.url.replace("/shop/eu/", "/", 1)
        route.fulfill(response=route.fetch(url=url))

    explorer.page.context.route(f"{explorer.gateway_url}/shop/eu/**", strip_prefix)
    explorer.open("/shop/eu/graphql")
    explorer.execute()
    expect(explorer.answer).to_contain_text('"data"')
    explorer.until_requested("graphql.worker")
    explorer.page.wait_for_load_state("networkidle")
    outside = [url for url in explorer.requests if "/shop/eu/" not in url]
    assert outside == []
