"""The page at ``/graphql`` and its assets over HTTP; `test_explorer_page.py` uses a browser."""

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
    """Write a page as the bundler does."""
    folder = tmp_path_factory.mktemp("built")
    (folder.parent / "secret.txt").write_text("secret")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def built(assets: Path) -> Iterator[httpx.Client]:
    """Serve that page without a gateway."""
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
    """The endpoint returns a page with a strict content security policy to a browser."""
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
def test_only_clients_that_prefer_html_get_the_page(accept: str, *, is_browser: bool) -> None:
    """A GraphQL client that accepts everything is no browser."""
    assert prefers_html(accept.encode()) is is_browser


def test_a_post_never_gets_the_page(http: httpx.Client) -> None:
    """A POST is GraphQL, whatever it accepts."""
    answer = http.post("/graphql", json={"query": "{"}, headers={"Accept": ANY_BROWSER})
    assert code(answer) == "GRAPHQL_PARSE_FAILED"


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/", "graphql"),
        ("/?query=%7Ba%7D", "graphql?query=%7Ba%7D"),
        ("/graphql/", "../graphql"),
        ("/graphql/?query=a", "../graphql?query=a"),
    ],
)
def test_a_browser_is_redirected_to_the_page(http: httpx.Client, path: str, location: str) -> None:
    """The location is relative: a proxy in front may have another host and a longer path."""
    headers = {"Accept": ANY_BROWSER, "Host": "evil.example"}
    answer = http.get(path, headers=headers)
    assert (answer.status_code, answer.headers["location"]) == (307, location)
    assert answer.headers["x-content-type-options"] == "nosniff"
    page = http.get(path, headers={"Accept": ANY_BROWSER}, follow_redirects=True)
    assert page.url.path == "/graphql"
    assert page.headers["content-type"] == "text/html; charset=utf-8"


def test_a_client_at_the_root_is_redirected_with_its_body(http: httpx.Client) -> None:
    """307 keeps the method; a 405 lists the methods."""
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
    """Without assets the plain page has instructions, and nothing else is served."""
    explorer = Explorer(tmp_path)
    page = bytes(explorer.page().body).decode()
    assert not explorer.is_built
    assert "make explorer" in page
    assert "8000" not in page  # it may be served at any address
    assert "<script" not in page
    assert explorer.routes() == []


def test_the_page_is_the_built_one(built: httpx.Client) -> None:
    """It is the bundler's index."""
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
def test_assets_have_their_types_and_cache_headers(
    built: httpx.Client, path: str, content_type: str
) -> None:
    """Files that are named by their content are immutable; others are revalidated."""
    answer = built.get(f"/explorer/{path}")
    assert answer.status_code == 200
    assert answer.text == FILES[path]
    assert answer.headers["content-type"] == content_type
    assert answer.headers["x-content-type-options"] == "nosniff"
    is_immutable = path.startswith("assets/")
    expected = "public, max-age=31536000, immutable" if is_immutable else "no-cache"
    assert answer.headers["cache-control"] == expected


def test_an_asset_is_compressed_for_clients_that_accept_gzip(built: httpx.Client) -> None:
    """Others get it as it is."""
    request = built.build_request("GET", "/explorer/assets/index-3f9c.js")
    request.headers["accept-encoding"] = "gzip"
    answer = built.send(request, stream=True)
    compressed = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(compressed).decode() == SCRIPT
    request.headers["accept-encoding"] = "identity"
    assert "content-encoding" not in built.send(request).headers


def test_an_asset_that_a_client_has_is_not_sent_again(built: httpx.Client) -> None:
    """A request with its ETag gets 304."""
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
    """No encoding of a path leads out of the folder."""
    request = built.build_request("GET", "/")
    request.url = request.url.copy_with(raw_path=path.encode())
    answer = built.send(request)
    assert answer.status_code == 404
    assert "secret" not in answer.text


def test_assets_are_only_read(http: httpx.Client) -> None:
    """Other methods are refused."""
    assert http.post("/explorer/licenses.md").status_code in {404, 405}
