"""Browsers: what pages of other origins may do, and the headers of every response."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from gateway.edge.cors import Origins
from tests.support.graph import serve_gateway
from tests.support.http_client import ANY_BROWSER, client, code

SHOP, EVIL = "https://shop.example:8443", "https://evil.example"
PREFLIGHT = {"Access-Control-Request-Method": "POST",
             "Access-Control-Request-Headers": "authorization, content-type"}  # fmt: skip
CLIENTS = {
    "accept", "authorization", "content-encoding", "content-type", "x-request-id",
    "apollographql-client-name", "apollographql-client-version", "apollo-require-preflight",
    "x-apollo-operation-name", "x-apollo-operation-id", "graphql-client-name",
    "graphql-client-version", "traceparent", "tracestate", "baggage", "sentry-trace",
}  # fmt: skip
TYPENAME = {"query": "{ __typename }"}


@pytest.fixture(scope="module")
def open_to_shop(sandbox_url: str) -> Iterator[httpx.Client]:
    """Return a client of a gateway that allows one origin."""
    settings: dict[str, Any] = {
        "cors_origins": f"{SHOP},http://localhost:*,http://[::1]:*",
        "cors_headers": "X-Tenant,authorization",
        "upstream_auth": "passthrough",
    }
    with serve_gateway(sandbox_url, **settings) as url, client(url) as http:
        yield http


def cors_headers(answer: httpx.Response) -> dict[str, str]:
    """Return the CORS headers of a response."""
    return {
        name: value for name, value in answer.headers.items() if name.startswith("access-control")
    }


def test_cors_is_closed_by_default(http: httpx.Client) -> None:
    """No origin passes a preflight or may read a response."""
    for path in ("/graphql", "/graphql/", "/nothing"):
        preflight = http.options(path, headers={"Origin": SHOP} | PREFLIGHT)
        assert (preflight.status_code, code(preflight)) == (403, "FORBIDDEN")
        answer = http.post(path, json=TYPENAME, headers={"Origin": SHOP})
        assert answer.status_code == (404 if path == "/nothing" else 200)
        assert cors_headers(preflight) == cors_headers(answer) == {}


def test_a_named_origin_passes_the_preflight(open_to_shop: httpx.Client) -> None:
    """For GET and POST with the allowed headers, and without credentials."""
    answer = open_to_shop.options("/graphql", headers={"Origin": SHOP} | PREFLIGHT)
    assert (answer.status_code, answer.content) == (204, b"")
    told = cors_headers(answer)
    allowed = told.pop("access-control-allow-headers").lower().split(", ")
    assert len(allowed) == len(set(allowed))
    assert set(allowed) == CLIENTS | {"x-cap-api-oauth-token", "x-tenant"}
    assert told == {
        "access-control-allow-origin": SHOP,
        "access-control-allow-methods": "GET, POST",
        "access-control-max-age": "600",
        "access-control-expose-headers": "X-Request-Id, Retry-After",
    }
    assert answer.headers["vary"] == "Origin"


@pytest.mark.parametrize("body", [TYPENAME, {}])
def test_a_named_origin_may_read_answers(open_to_shop: httpx.Client, body: dict[str, str]) -> None:
    """Also refusals, with their Retry-After."""
    headers = {"Origin": SHOP, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}
    answer = open_to_shop.post("/graphql", json=body, headers=headers)
    assert cors_headers(answer) == {
        "access-control-allow-origin": SHOP,
        "access-control-expose-headers": "X-Request-Id, Retry-After",
    }
    assert {"Origin", "Authorization"} <= set(answer.headers["vary"].split(", "))


@pytest.mark.parametrize(
    "origin",
    [EVIL, "null", "*", "", "https://shop.example", "http://shop.example:8443",
     "https://shop.example:8443.evil.example", "https://SHOP.example:8443", f"{SHOP}/",
     f"{SHOP}, {EVIL}", "https://localhost:3000", "http://localhost:0", "http://localhost:*",
     "http://localhost:3000.evil.example", "http://localhost:123456", "http://localhost:",
     "http://127.0.0.1:3000", "http://localhost.evil.example:3000", "http://[::1", "http://[::2]",
     "http://localhost:3000/", "http://evil.example#http://localhost:3000"],
)  # fmt: skip
def test_no_other_origin_is_let_in(open_to_shop: httpx.Client, origin: str) -> None:
    """An origin is compared as a whole."""
    preflight = open_to_shop.options("/graphql", headers={"Origin": origin} | PREFLIGHT)
    answer = open_to_shop.post("/graphql", json=TYPENAME, headers={"Origin": origin})
    assert (preflight.status_code, code(preflight)) == (403, "FORBIDDEN")
    assert preflight.headers["vary"] == "Accept, Accept-Encoding, Authorization, Origin"
    assert cors_headers(preflight) == cors_headers(answer) == {}
    assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize(
    "origin", ["http://localhost", "http://localhost:3000", "http://localhost:65535",
               "http://[::1]:5173"]
)  # fmt: skip
def test_an_origin_may_have_any_port_where_the_setting_says_so(
    open_to_shop: httpx.Client, origin: str
) -> None:
    """As developers' do; CSRF protection allows its pages, too."""
    preflight = open_to_shop.options("/graphql", headers={"Origin": origin} | PREFLIGHT)
    headers = {"Origin": origin, "Sec-Fetch-Site": "same-site"}
    answer = open_to_shop.post("/graphql", json=TYPENAME, headers=headers)
    assert (preflight.status_code, answer.status_code) == (204, 200)
    for told in (preflight, answer):
        assert told.headers["access-control-allow-origin"] == origin
        assert "Origin" in told.headers["vary"].split(", ")


def test_a_page_is_told_that_it_asks_at_a_wrong_path(open_to_shop: httpx.Client) -> None:
    """Without CORS headers it could not read the 404."""
    preflight = open_to_shop.options("/grapql", headers={"Origin": SHOP} | PREFLIGHT)
    answer = open_to_shop.post("/grapql", json=TYPENAME, headers={"Origin": SHOP})
    assert (preflight.status_code, answer.status_code) == (204, 404)
    assert code(answer) == "NOT_FOUND"
    assert answer.headers["access-control-allow-origin"] == SHOP
    assert cors_headers(open_to_shop.get("/grapql", headers={"Origin": EVIL})) == {}


def test_what_is_for_operators_is_open_to_no_page(open_to_shop: httpx.Client) -> None:
    """Metrics and probes."""
    for path in ("/metrics", "/healthz", "/readyz"):
        preflight = open_to_shop.options(path, headers={"Origin": SHOP} | PREFLIGHT)
        assert (preflight.status_code, code(preflight)) == (405, "METHOD_NOT_ALLOWED")
        assert cors_headers(preflight) == {}
        assert cors_headers(open_to_shop.get(path, headers={"Origin": SHOP})) == {}


def test_the_log_names_the_setting_once_for_many_pages() -> None:
    """The log tells what to configure; many requests do not flood it."""
    now = [0.0]
    with capture_logs() as lines:
        origins = Origins([SHOP], clock=lambda: now[0])
        for second in range(125):
            now[0] = float(second)
            origins.refusal()
    assert [(line["event"], line["setting"], line["count"]) for line in lines] == [
        ("cors_origin_rejected", "GATEWAY_CORS_ORIGINS", count) for count in (1, 60, 60)
    ]


@pytest.mark.parametrize("method", ["OPTIONS", "GET"])
def test_a_page_that_is_refused_is_in_the_log(sandbox_url: str, method: str) -> None:
    """With or without a preflight; not an image, which no setting allows."""
    with capture_logs() as lines, serve_gateway(sandbox_url) as url, client(url) as http:
        headers = {"Sec-Fetch-Site": "cross-site"} | (PREFLIGHT if method == "OPTIONS" else {})
        http.get("/graphql", params=TYPENAME, headers={"Sec-Fetch-Site": "cross-site"})
        assert not [line for line in lines if line["event"] == "cors_origin_rejected"]
        for _ in range(5):
            answer = http.request(method, "/graphql", headers=headers | {"Origin": EVIL})
            assert (answer.status_code, code(answer)) == (403, "FORBIDDEN")
    (line,) = [line for line in lines if line["event"] == "cors_origin_rejected"]
    assert line["setting"] == "GATEWAY_CORS_ORIGINS"
    assert EVIL not in line.values()


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_another_site_has_sent_does_not_run(
    http: httpx.Client, site: str, method: str
) -> None:
    """An image's address may contain a query; Fetch Metadata states its site."""
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    answer = http.request(method, "/graphql", params=TYPENAME, headers=headers)
    assert (answer.status_code, code(answer)) == (403, "FORBIDDEN")


@pytest.mark.parametrize("site", ["same-origin", "none", ""])
def test_the_gateways_own_page_may_ask(http: httpx.Client, site: str) -> None:
    """GraphiQL has the same origin, and a typed address has none."""
    headers = {"Sec-Fetch-Site": site, "Origin": str(http.base_url).rstrip("/")}
    assert http.post("/graphql", json=TYPENAME, headers=headers).status_code == 200


def test_a_link_from_elsewhere_opens_the_page(http: httpx.Client) -> None:
    """Following it runs no operation."""
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Accept": ANY_BROWSER}
    answer = http.get("/graphql", headers=headers)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_a_form_executes_nothing(http: httpx.Client, content_type: str) -> None:
    """A form cannot send JSON without a preflight."""
    headers = {"Content-Type": content_type, "Origin": EVIL}
    answer = http.post("/graphql", content=b'{"query": "{ __typename }"}', headers=headers)
    assert (answer.status_code, code(answer)) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("path", ["/graphql", "/healthz", "/readyz", "/metrics", "/nothing"])
@pytest.mark.parametrize("accept", ["*/*", ANY_BROWSER])
def test_every_answer_has_the_headers_that_browsers_need(
    http: httpx.Client, path: str, accept: str
) -> None:
    """No sniffing, no frames, no referrer."""
    answer = http.get(path, headers={"Accept": accept})
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "'unsafe-inline'" not in answer.headers["content-security-policy"].partition("style")[0]
    assert len(answer.headers.get_list("content-security-policy")) == 1


def test_an_answer_is_its_callers_alone(http: httpx.Client) -> None:
    """No cache stores it or serves it to another caller."""
    for answer in (
        http.post("/graphql", json=TYPENAME),
        http.get("/graphql", params=TYPENAME),
        http.post("/graphql", json={}),
    ):
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.headers["vary"] == "Accept, Accept-Encoding, Authorization"
