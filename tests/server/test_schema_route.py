"""The schema over HTTP, where introspection is on."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from graphql import build_schema

from gateway.schema.build import print_schema
from tests.support.graph import serve_gateway
from tests.support.http_client import client, code
from tests.support.tokens import JWT, Issuer

PATH = "/graphql/schema.graphql"
SHOP = "https://shop.example"


@pytest.fixture(scope="module")
def shop(sandbox_url: str) -> Iterator[httpx.Client]:
    """Return a client of a gateway that allows one origin."""
    with serve_gateway(sandbox_url, cors_origins=SHOP) as url, client(url) as http:
        yield http


def test_the_schema_is_served_as_text(http: httpx.Client) -> None:
    """A browser shows it, a tool reads it, and it is what `schema.graphql` has."""
    answer = http.get(PATH)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text == print_schema()
    assert build_schema(answer.text).query_type
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-request-id"]


def test_it_is_compressed_for_those_who_accept_it(http: httpx.Client) -> None:
    """To less than a third, with the same tag."""
    plain = http.get(PATH, headers={"Accept-Encoding": "identity"})
    packed = http.get(PATH, headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.text == plain.text
    assert 3 * int(packed.headers["content-length"]) < int(plain.headers["content-length"])
    assert packed.headers["etag"] == plain.headers["etag"]
    assert packed.headers["vary"] == "Authorization, Accept-Encoding"


def test_a_client_that_has_it_revalidates_it(http: httpx.Client) -> None:
    """304 without a body for its tag, weak or strong, alone or in a list, and for `*`."""
    first = http.get(PATH)
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    for known in (tag, tag.removeprefix("W/"), f'"a", {tag}', "*"):
        answer = http.get(PATH, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == tag
        assert answer.headers["cache-control"] == "private, no-cache"
        assert answer.headers["vary"] == first.headers["vary"]
    for other in ('"a"', tag[:-2] + '"', ""):
        assert http.get(PATH, headers={"If-None-Match": other}).status_code == 200


def test_head_has_the_headers_alone(http: httpx.Client) -> None:
    """As GET, without the body; any other method is refused."""
    headers = {"Accept-Encoding": "identity"}
    head, get = http.head(PATH, headers=headers), http.get(PATH, headers=headers)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("etag", "content-type", "content-length", "cache-control", "vary"):
        assert head.headers[name] == get.headers[name]
    posted = http.post(PATH)
    assert (posted.status_code, code(posted)) == (405, "METHOD_NOT_ALLOWED")
    assert posted.headers["allow"] == "GET, HEAD"


def test_a_page_of_an_allowed_origin_may_read_it(shop: httpx.Client) -> None:
    """And no other; a link on any page may lead there."""
    allowed = shop.get(PATH, headers={"Origin": SHOP})
    assert allowed.headers["access-control-allow-origin"] == SHOP
    assert "Origin" in allowed.headers["vary"]
    other = shop.get(PATH, headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers
    linked = shop.get(PATH, headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"})
    assert linked.status_code == 200


def test_without_introspection_there_is_no_schema(sandbox_url: str) -> None:
    """The path is as any other that does not exist."""
    with serve_gateway(sandbox_url, introspection=False) as url, client(url) as http:
        answer = http.get(PATH)
        assert (answer.status_code, code(answer)) == (404, "NOT_FOUND")


def test_it_is_for_those_whom_introspection_would_answer(sandbox_url: str, tmp_path: Path) -> None:
    """With tokens required, a request without one is refused."""
    issuer, key_file = Issuer(), tmp_path / "key.pem"
    key_file.write_bytes(issuer.pem())
    settings = JWT | {"auth_key_file": str(key_file)}
    with serve_gateway(sandbox_url, **settings) as url, client(url) as http:
        refused = http.get(PATH)
        assert (refused.status_code, code(refused)) == (401, "UNAUTHENTICATED")
        assert refused.headers["www-authenticate"]
        assert http.get(PATH, headers=issuer.bearer()).text == print_schema()


def test_it_counts_in_the_rate_limit(sandbox_url: str) -> None:
    """A request for it is a request."""
    with (
        serve_gateway(sandbox_url, rate_limit_per_minute=2) as url,
        client(url) as http,
    ):
        answers = [http.get(PATH) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert code(answers[2]) == "RATE_LIMITED"
        counted = http.get("/metrics").text
        assert f'gateway_http_requests_total{{route="{PATH}",status="2xx"}} 2.0' in counted
        assert 'gateway_errors_total{code="RATE_LIMITED"} 1.0' in counted
