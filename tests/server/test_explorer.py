"""The page at ``/graphql`` and its assets, as HTTP shows them; a browser is in another test."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request as StarletteRequest
from starlette.responses import Response
from starlette.routing import Route

from gateway.graphql_http.content_negotiation import prefers_html
from gateway.server.explorer import Explorer
from tests.support.graph import serve_gateway
from tests.support.http_client import ANY_BROWSER, client, code
from tests.support.serving import serve

SCRIPT = "export const a = 1;\n" * 200
FILES = {
    "index.html": "<!doctype html><title>built</title>",
    "licenses.md": "# Licences",
    "assets/index-3f9c.js": SCRIPT,
    "assets/index-3f9c.css": "a {}",
    "assets/codicon-3f9c.ttf": "font",
}


@pytest.fixture(scope="module")
def assets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a page as the bundler would."""
    folder = tmp_path_factory.mktemp("built")
    (folder.parent / "secret.txt").write_text("secret")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def built(assets: Path) -> Iterator[httpx.Client]:
    """Serve that page alone."""
    explorer = Explorer(assets)

    async def page(_http: StarletteRequest) -> Response:
        return explorer.page()

    with (
        serve(Starlette(routes=[Route("/graphql", page), *explorer.routes()])) as url,
        client(url) as http,
    ):
        yield http


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_browser_gets_the_page(http: httpx.Client, method: str) -> None:
    """The address of the endpoint, opened in a browser, shows a page with a strict policy."""
    answer = http.request(method, "/graphql", headers={"Accept": ANY_BROWSER})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["vary"] == "Accept"
    assert answer.headers["x-content-type-options"] == "nosniff"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http" not in policy


@pytest.mark.parametrize(
    ("accept", "is_browser"),
    [
        (ANY_BROWSER, True),
        ("text/html", True),
        ("text/html;q=0.9, */*;q=0.1", True),
        ("text/html;q=0.5, application/json", False),
        ("text/html, application/json", False),
        ("application/graphql-response+json, text/html;q=0.9", False),
        ("text/html;q=0", False),
        ("text/*", False),
        ("*/*", False),
        ("application/json", False),
        ("", False),
    ],
)
def test_only_who_ranks_html_first_gets_the_page(accept: str, *, is_browser: bool) -> None:
    """A GraphQL client that accepts everything is no browser."""
    assert prefers_html(accept.encode()) is is_browser


def test_a_post_is_never_answered_with_the_page(http: httpx.Client) -> None:
    """What is posted is GraphQL, whatever the client would like."""
    answer = http.post("/graphql", json={"query": "{"}, headers={"Accept": ANY_BROWSER})
    assert code(answer) == "GRAPHQL_PARSE_FAILED"


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/", "graphql"),
        ("/?query=%7Ba%7D", "graphql?query=%7Ba%7D"),
        ("/graphql/", "../graphql"),
        ("/graphql/?query=a", "../graphql?query=a"),
    ],
)
def test_a_browser_is_led_to_the_page(http: httpx.Client, path: str, place: str) -> None:
    """To a place that names no host: a proxy in front may have another, and a longer path."""
    headers = {"Accept": ANY_BROWSER, "Host": "evil.example"}
    answer = http.get(path, headers=headers)
    assert (answer.status_code, answer.headers["location"]) == (307, place)
    assert answer.headers["x-content-type-options"] == "nosniff"
    page = http.get(path, headers={"Accept": ANY_BROWSER}, follow_redirects=True)
    assert page.url.path == "/graphql"
    assert page.headers["content-type"] == "text/html; charset=utf-8"


def test_a_client_at_the_root_is_led_with_its_body(http: httpx.Client) -> None:
    """307 keeps the method; other methods are told which there are."""
    posted = http.post("/", json={"query": "{ __typename }"}, follow_redirects=True)
    assert posted.json()["data"] == {"__typename": "Query"}
    assert http.head("/").status_code == 307
    assert http.delete("/").headers["allow"] == "GET, HEAD, POST"


def test_without_graphiql_there_is_no_page(sandbox_url: str) -> None:
    """GATEWAY_GRAPHIQL=false, the default of `serve`, serves neither the page nor its assets."""
    with serve_gateway(sandbox_url, graphiql=False) as url, client(url) as http:
        answer = http.get("/graphql", headers={"Accept": ANY_BROWSER})
        assert code(answer) == "BAD_REQUEST"
        assert code(http.get("/", headers={"Accept": ANY_BROWSER})) == "NOT_FOUND"
        assert http.get("/explorer/licenses.md").status_code == 404


def test_before_it_is_built_the_page_says_how(tmp_path: Path) -> None:
    """An installation without assets explains itself, and serves nothing else."""
    explorer = Explorer(tmp_path)
    page = bytes(explorer.page().body).decode()
    assert not explorer.is_built
    assert "make explorer" in page
    assert "8000" not in page  # it may be served at any address
    assert "<script" not in page
    assert explorer.routes() == []


def test_the_built_page_is_the_bundlers(built: httpx.Client) -> None:
    """The page is the index that was built."""
    assert built.get("/graphql").text == FILES["index.html"]


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("assets/index-3f9c.js", "text/javascript; charset=utf-8"),
        ("assets/index-3f9c.css", "text/css; charset=utf-8"),
        ("assets/codicon-3f9c.ttf", "font/ttf"),
        ("licenses.md", "text/plain; charset=utf-8"),
    ],
)
def test_assets_have_their_types_and_may_be_kept(
    built: httpx.Client, path: str, content_type: str
) -> None:
    """What is named by its content is kept for ever, anything else is asked for again."""
    answer = built.get(f"/explorer/{path}")
    assert answer.status_code == 200
    assert answer.text == FILES[path]
    assert answer.headers["content-type"] == content_type
    assert answer.headers["x-content-type-options"] == "nosniff"
    lasting = path.startswith("assets/")
    expected = "public, max-age=31536000, immutable" if lasting else "no-cache"
    assert answer.headers["cache-control"] == expected


def test_an_asset_is_compressed_for_who_can_read_that(built: httpx.Client) -> None:
    """Megabytes of script cross the network as a third of that."""
    request = built.build_request("GET", "/explorer/assets/index-3f9c.js")
    request.headers["accept-encoding"] = "gzip"
    answer = built.send(request, stream=True)
    compressed = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(compressed).decode() == SCRIPT
    request.headers["accept-encoding"] = "identity"
    assert "content-encoding" not in built.send(request).headers


def test_an_asset_that_is_known_is_not_sent_again(built: httpx.Client) -> None:
    """The tag of an answer, shown again, is answered with 304."""
    tag = built.get("/explorer/licenses.md").headers["etag"]
    again = built.get("/explorer/licenses.md", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/explorer/index.html", "/explorer/", "/explorer/assets/", "/explorer/nothing.js",
        "/explorer/../secret.txt", "/explorer/%2e%2e/secret.txt", "/explorer/..%2fsecret.txt",
        "/explorer/assets/..%2f..%2fsecret.txt", "/explorer//etc/passwd", "/explorer/%2fetc/passwd",
        "/explorer/..%5csecret.txt", "/explorer/%00", f"/explorer/{'a' * 5000}",
    ],
)  # fmt: skip
def test_nothing_but_the_assets_is_served(built: httpx.Client, path: str) -> None:
    """No way of writing a path leads out of the folder."""
    request = built.build_request("GET", "/")
    request.url = request.url.copy_with(raw_path=path.encode())
    answer = built.send(request)
    assert answer.status_code == 404
    assert "secret" not in answer.text


def test_assets_are_only_read(http: httpx.Client) -> None:
    """Any other method is refused as it is everywhere."""
    assert http.post("/explorer/licenses.md").status_code in {404, 405}
