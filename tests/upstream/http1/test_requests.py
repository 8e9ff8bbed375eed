"""The bytes of a request, and what cannot be injected into it."""

import httpx
import pytest

from gateway.upstream.http_transport import HttpTransport, TransportResponse
from tests.support.httpx_transport import HttpxTransport
from tests.support.raw_server import OK, Step, client_of, get, raw

pytestmark = pytest.mark.anyio

KEPT = [Step(OK)] * 3
CREDENTIAL = {"Authorization": "Basic eA=="}


async def _nothing(_request: httpx.Request) -> httpx.Response:
    raise AssertionError("this must not be sent")


async def test_a_request_is_what_http_needs_and_no_more() -> None:
    """The base URL's path precedes the target, which is sent unchanged."""
    async with raw(KEPT) as server, client_of(server.url + "/base/") as client:
        await client.send("GET", "/a%2Fb?c=d%20e", CREDENTIAL, max_bytes=9)
        host = server.url.removeprefix("http://")
        assert server.requests[0][0].decode().split("\r\n") == [
            "GET /base/a%2Fb?c=d%20e HTTP/1.1",
            f"Host: {host}",
            "User-Agent: promotion-gateway",
            "Accept: application/json",
            "Accept-Encoding: gzip",
            "Connection: keep-alive",
            "Authorization: Basic eA==",
            "",
            "",
        ]


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/a b", {}),
        ("/a\r\nHost: b", {}),
        ("/ü", {}),
        ("a", {}),
        ("http://other.example/", {}),
        ("", {}),
        ("/a", {"X": "a\r\nHost: b"}),
        ("/a", {"X": "a\nb"}),
        ("/a", {"X": "a\rb"}),
        ("/a", {"X": "a\0b"}),
        ("/a", {"X": "\u010d\u010a"}),  # CR and LF, if only the lower bytes were sent
        ("/a", {"X\r\nHost": "b"}),
        ("/a", {"X:": "b"}),
        ("/a", {"": "b"}),
    ],
)
@pytest.mark.parametrize("over_httpx", [False, True])
@pytest.mark.parametrize("part", ["headers", "trace"])
async def test_nothing_can_be_put_between_the_lines(
    target: str, headers: dict[str, str], part: str, *, over_httpx: bool
) -> None:
    """A target or header with characters that HTTP does not allow is rejected before sending."""
    async with raw(KEPT) as server, client_of(server.url) as client:
        stand_in = HttpxTransport(httpx.MockTransport(_nothing), server.url)
        http: HttpTransport = stand_in if over_httpx else client
        own, trace = (headers, {}) if part == "headers" else ({}, headers)
        with pytest.raises(ValueError, match=r"target|header"):
            await http.send("GET", target, own, max_bytes=9, trace=trace)
        assert server.requests == []


async def test_a_redirect_is_an_answer_and_a_cookie_is_forgotten() -> None:
    """No redirect is followed, and no cookie is sent."""
    async with raw(KEPT) as elsewhere:
        moved = f"HTTP/1.1 302 Found\r\nLocation: {elsewhere.url}/\r\nSet-Cookie: a=b\r\n"
        steps = [Step(f"{moved}Content-Length: 0\r\n\r\n".encode()), Step(OK)]
        async with raw(steps) as server, client_of(server.url) as client:
            assert (await get(client)).status == 302
            await get(client)
            assert b"a=b" not in server.requests[0][1]
        assert elsewhere.requests == []


@pytest.mark.parametrize(
    ("answer", "reply"),
    [
        (httpx.Response(200, content=b"123"), b"123"),
        (httpx.Response(200, content=b"1234"), None),
        (httpx.Response(200, text="", headers=[("X", "1"), ("x", "2")]), b""),
    ],
)
async def test_an_httpx_transport_can_stand_for_the_platform(
    answer: httpx.Response, reply: bytes | None
) -> None:
    """The test transport returns what the client would."""
    http = HttpxTransport(httpx.MockTransport(lambda _: answer))
    got = await http.send("GET", "/", {}, max_bytes=3)
    assert got == TransportResponse(200, got.headers, reply)
    assert got.headers.get(b"x") in {None, b"1, 2"}
    await http.aclose()
