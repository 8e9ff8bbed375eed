"""Compressed responses, for those clients that accept them."""

import gzip
import http.client
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from gateway.graphql_http.compression import choose_coding
from tests.support.graph import serve_gateway

PAGE = '{{ customer(by: {{externalId: "{}"}}) {{ promotions(first: {}) {{ nodes {{ {} }} }} }} }}'
MEDIUM = PAGE.format("C-TEN", 10, "id promotion { id name description startsAt endsAt }")
LARGE = PAGE.format(
    "C-101",
    100,
    " ".join(f"f{n}: promotion {{ id name description startsAt endsAt }}" for n in range(20)),
)


def send(
    url: str, query: str, accepted: str | None, *, is_browser: bool = True
) -> tuple[Any, bytes]:
    """Return a response and its body as it came over the wire."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
    connection.putrequest("POST", "/graphql", skip_accept_encoding=True)
    connection.putheader("Content-Type", "application/json")
    if accepted is not None:
        connection.putheader("Accept-Encoding", accepted)
    if is_browser:
        connection.putheader("Sec-Fetch-Mode", "cors")
    body = json.dumps({"query": query}).encode()
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    response = connection.getresponse()
    raw = response.read()
    connection.close()
    return response, raw


DECOMPRESS: dict[str | None, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "zstd": zstandard.decompress,
    None: bytes,
}


@pytest.mark.parametrize("query", [MEDIUM, LARGE])
@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate, br", "gzip"),
        ("br", None),
        (None, None),
    ],
)
def test_a_response_has_the_best_coding_that_the_client_accepts(
    sandbox_url: str, query: str, accepted: str | None, coding: str | None
) -> None:
    """Its data is the same in each, and its length is that of the bytes on the wire."""
    with serve_gateway(sandbox_url, report_upstream=False, max_cost=10**6) as url:
        _, plain = send(url, query, None)
        response, raw = send(url, query, accepted)
    assert response.headers["content-encoding"] == coding
    assert "Accept-Encoding" in response.headers["vary"]
    assert int(response.headers["content-length"]) == len(raw)
    assert DECOMPRESS[coding](raw) == plain
    assert (len(raw) < len(plain) / 2) is (coding is not None)


def test_a_client_that_is_no_browser_gets_gzip_unless_it_prefers_zstd(sandbox_url: str) -> None:
    """Code generators accept zstd also where they cannot decompress it."""
    with serve_gateway(sandbox_url) as url:
        for accepted, coding in (
            ("gzip, deflate, br, zstd", "gzip"),
            ("gzip;q=0.5, zstd", "zstd"),
            ("zstd", "zstd"),
        ):
            response, _ = send(url, MEDIUM, accepted, is_browser=False)
            assert response.headers["content-encoding"] == coding


def test_small_responses_are_not_compressed(sandbox_url: str) -> None:
    """Below the setting, and all of them with 0."""
    with serve_gateway(sandbox_url, compress_min_bytes=200_000, report_upstream=False) as url:
        assert send(url, MEDIUM, "gzip")[0].headers["content-encoding"] is None
        response, raw = send(url, LARGE, "gzip")
        assert response.headers["content-encoding"] == "gzip"
        assert len(gzip.decompress(raw)) >= 200_000
    with serve_gateway(sandbox_url, compress_min_bytes=0) as url:
        assert send(url, LARGE, "gzip")[0].headers["content-encoding"] is None


def test_errors_of_a_request_are_never_compressed(sandbox_url: str) -> None:
    """They are short."""
    with serve_gateway(sandbox_url, compress_min_bytes=1) as url:
        response, raw = send(url, "{ nothing }", "gzip")
        assert response.headers["content-encoding"] is None
        assert json.loads(raw)["errors"]
        response, raw = send(url, "{ __typename }", "gzip")
        assert response.headers["content-encoding"] == "gzip"
        assert json.loads(gzip.decompress(raw))["data"] == {"__typename": "Query"}


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("", None),
        ("identity", None),
        ("*", "zstd"),
        ("gzip;q=0", None),
        ("gzip;q=0, *", "zstd"),
        ("*;q=0", None),
        ("zstd;q=0.1, gzip;q=0.9", "gzip"),
        ("zstd;q=0.5, gzip;q=0.5", "zstd"),
        ("GZIP", "gzip"),
        ("x-gzip", None),
        ("gzip;q=0.5, identity", None),
        ("gzip, identity;q=0.5", "gzip"),
        ("gzip;q=nan", None),
        ("gzip;q=", None),
        ("gzip;q=0, gzip", None),
        ("gzip" + "," * 600, None),
    ],
)
def test_qualities_decide(accepted: str, coding: str | None) -> None:
    """By RFC 9110; what cannot be read accepts nothing, and a header that is too long neither."""
    chosen = choose_coding(accepted.encode(), is_browser=True)
    assert chosen == (coding.encode() if coding else None)


@given(st.binary(max_size=64))
def test_no_header_is_an_error(accepted: bytes) -> None:
    """Whatever bytes a client sends."""
    assert choose_coding(accepted, is_browser=True) in {None, b"gzip", b"zstd"}
