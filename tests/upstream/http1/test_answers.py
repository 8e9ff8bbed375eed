"""What is accepted as a response, in whatever pieces it arrives."""

from collections.abc import Iterable
from itertools import pairwise

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.upstream.http1.response_reader import ResponseReader
from gateway.upstream.http_transport import TransportResponse

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
ANOTHERS = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nanothers"
MOST = 1000


def reading(pieces: Iterable[bytes], *, ends: bool = False, most: int = MOST) -> ResponseReader:
    """Feed pieces to a reader, and perhaps an end."""
    reader = ResponseReader()
    reader.expect(most)
    for piece in pieces:
        reader.feed(piece)
    if ends:
        reader.end()
    return reader


def read(answer: bytes, *, ends: bool = False) -> TransportResponse:
    """Read a response that must be complete."""
    reader = reading([answer], ends=ends)
    assert reader.is_complete
    return reader.take()


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (OK + b"Content-Length: 2\r\n\r\nab", 200, b"ab"),
        (OK + b"Content-Length: 0\r\n\r\n", 200, b""),
        (CHUNKED + b"1\r\na\r\n2;x=y\r\nbc\r\n0\r\n\r\n", 200, b"abc"),
        (CHUNKED + b"1\r\na\r\n0\r\nTrailer: x\r\n\r\n", 200, b"a"),
        (OK + b"Transfer-Encoding: Chunked \r\n\r\n1\r\na\r\n0\r\n\r\n", 200, b"a"),
        (b"HTTP/1.1 304 No\r\nContent-Length: 9999\r\n\r\n", 304, b""),
        (b"HTTP/1.1 204 No\r\n\r\n", 204, b""),
        (b"HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\n", 304, b""),
        (b"HTTP/1.1 503 \r\nContent-Length: 1\r\n\r\nx", 503, b"x"),
        (
            b"HTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n"
            + OK
            + b"Content-Length: 1\r\n\r\nx",
            200,
            b"x",
        ),
    ],
)
def test_an_answer_with_an_end_is_read_whole(answer: bytes, status: int, body: bytes) -> None:
    """The end is given by length, chunks or status; a 1xx before it is skipped."""
    reply = read(answer)
    assert (reply.status, reply.body) == (status, body)
    assert b"a" not in reply.headers
    assert b"trailer" not in reply.headers


def test_fields_have_one_spelling_and_repeated_ones_are_joined() -> None:
    """Names are in lower case, repeated fields are one list."""
    reply = read(OK + b"X-A: 1\r\nCONTENT-LENGTH: 0\r\nx-a:2\r\n\r\n")
    assert reply.headers == {b"x-a": b"1, 2", b"content-length": b"0"}


def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    """Its connection is not reused."""
    reader = reading([OK + b"\r\nab", b"c"])
    assert not reader.is_complete
    reader.end()
    assert reader.is_complete
    assert not reader.is_reusable
    assert reader.take().body == b"abc"


@pytest.mark.parametrize(
    "cut",
    [
        b"",
        OK,
        OK + b"Content-Length: 3\r\n\r\nab",
        CHUNKED + b"5\r\nab",
        CHUNKED + b"2\r\nab\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ],
)
def test_an_answer_that_is_cut_short_is_an_error(cut: bytes) -> None:
    """A truncated response is rejected."""
    with pytest.raises(httpx.RemoteProtocolError):
        reading([cut], ends=True)


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
        OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nab",
        OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nab",
        OK + b"Content-Length: 2, 2\r\n\r\nab",
        OK + b"Content-Length: +2\r\n\r\nab",
        OK + b"Content-Length: -2\r\n\r\nab",
        OK + b"Content-Length:\r\n\r\n",
        OK + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
        OK + b"Content-Length : 2\r\n\r\nab",
        OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: identity\r\n\r\nab",
        OK + b"A: b\r\n c\r\nContent-Length: 0\r\n\r\n",
        OK + b"A: b\0\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 99 No\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 099 No\r\nContent-Length: 0\r\n\r\n",
        OK + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding:\r\n\r\n0\r\n\r\n",
        OK + b"Content-Length: 2;\r\n\r\nab",
        OK + b"Content-Length: 0x2\r\n\r\nab",
        OK + b" Content-Length: 2\r\n\r\nab",
        OK + b"A: b\rContent-Length: 2\r\n\r\nab",
        OK + b"A: b\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 101 No\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
        b"<html>",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
        CHUNKED + b"x\r\n",
        CHUNKED + b"f" * 20 + b"\r\n",
        CHUNKED + b"1\r\nab\r\n0\r\n\r\n",
    ],
)
def test_what_can_be_read_in_two_ways_is_not_read(answer: bytes) -> None:
    """Conflicting lengths, other transfer codings and anything but HTTP/1 are rejected."""
    with pytest.raises(httpx.RemoteProtocolError):
        reading([answer], ends=True)


@pytest.mark.parametrize(
    "endless",
    [
        b"HTTP/1.1 200 " + b"x" * 70_000,
        OK + b"A: " + b"x" * 70_000,
        OK + b"x" * 70_000,
        OK + b"A: b\r\n" * 102,
        OK + b"".join(b"A%d: b\r\n" % n for n in range(101)) + b"Content-Length: 0\r\n\r\n",
        OK + b"A: " + b"x" * 70_000 + b"\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 3000,
        CHUNKED + b"1;" + b"x" * 80_000,
        CHUNKED + b"1\r\na\r\n0\r\nA: " + b"x" * 80_000,
    ],
)
@pytest.mark.parametrize("size", [1000, 10_000_000])
def test_what_has_no_end_is_left_off(endless: bytes, size: int) -> None:
    """A head has at most 64 KiB and 100 fields, and chunk framing is limited."""
    pieces = (endless[at : at + size] for at in range(0, len(endless), size))
    with pytest.raises(httpx.RemoteProtocolError):
        reading(pieces)


def test_a_body_past_the_limit_is_left_off_as_soon_as_that_is_known() -> None:
    """It is rejected by its announced length, or at the first byte beyond the limit."""
    announced = reading([OK + b"Content-Length: 1001\r\n\r\n"])
    chunked = reading([CHUNKED + b"3e9\r\n" + b"x" * 1001])
    endless = reading([OK + b"\r\n" + b"x" * 1001])
    for reader in (announced, chunked, endless):
        assert reader.is_complete
        assert not reader.is_reusable
        assert reader.take().body is None
    assert read(OK + b"Content-Length: 1000\r\n\r\n" + b"x" * MOST).body == b"x" * MOST


@pytest.mark.parametrize(
    ("answer", "reusable"),
    [
        (OK + b"Content-Length: 1\r\n\r\nx", True),
        (CHUNKED + b"0\r\n\r\n", True),
        (b"HTTP/1.1 204 No\r\n\r\n", True),
        (OK + b"Content-Length: 1\r\nConnection: close\r\n\r\nx", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\nx", False),
        (OK + b"Content-Length: 1\r\n\r\nxGARBAGE", False),
        (OK + b"Content-Length: 1\r\n\r\nx" + OK, False),
        (CHUNKED + b"0\r\n\r\nH", False),
        (OK + b"Content-Length: 1\r\n\r\nx\r\n", False),
        (OK + b"Content-Length: 1\r\n\r\nx\n", False),
        (CHUNKED + b"0\r\n\r\n\r\n", False),
        (OK + b"Content-Length: 2\r\n\r\n\r\n", True),
        (OK + b"Content-Length: 2\r\n\r\n\r\n\r\n", False),
        (OK + b"Content-Length: 2\r\n\r\n\n\n\n", False),
        (CHUNKED + b"0\r\nA: b\r\n\r\n\n", False),
        (b"HTTP/1.1 204 No\r\n\r\n\r\n", False),
        (b"\r\n" + OK + b"Content-Length: 1\r\n\r\nx", False),
        (b"HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 204 No\r\nContent-Length: 1\r\n\r\n", False),
        (b"HTTP/1.1 204 No\r\nContent-Length: 9999\r\n\r\n", False),
        (b"HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", False),
        (b"HTTP/1.1 304 No\r\nContent-Length: 1\r\n\r\nx", False),
        (b"HTTP/1.1 205 No\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 205 No\r\nContent-Length: 1\r\n\r\nx", False),
        (b"HTTP/1.1 100 No\r\nContent-Length: 0\r\n\r\n" + OK + b"Content-Length: 0\r\n\r\n", True),
        (
            b"HTTP/1.1 100 No\r\nContent-Length: 1\r\n\r\n" + OK + b"Content-Length: 0\r\n\r\n",
            False,
        ),
        (b"HTTP/1.1 408 Idle\r\nContent-Length: 0\r\n\r\n", False),
        (OK + b"Content-Length: 1\r\nConnection: close\r\n\r\nxGARBAGE", False),
    ],
)
def test_a_connection_is_used_again_only_if_nothing_speaks_against_it(
    answer: bytes, *, reusable: bool
) -> None:
    """Not after an announced close, nor after unrequested bytes."""
    reader = reading([answer])
    assert reader.is_complete
    assert reader.is_reusable is reusable
    assert (reader.take().body or b"")[:1] in {b"", b"x", b"\r", b"\n"}


def _chunked(pieces: list[bytes]) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces if piece)


@given(
    body=st.lists(st.binary(max_size=50), max_size=5),
    framing=st.sampled_from(["length", "chunked", "end"]),
    interim=st.booleans(),
    cuts=st.lists(st.integers(0, 400), max_size=12),
)
def test_the_pieces_in_which_an_answer_comes_make_no_difference(
    body: list[bytes], framing: str, *, interim: bool, cuts: list[int]
) -> None:
    """The response, and the byte at which it is complete, are the same in any pieces."""
    whole = b"".join(body)
    wire = (
        b"HTTP/1.1 100 Continue\r\n\r\n" * interim
        + {
            "length": OK + b"A: b\r\nContent-Length: %d\r\n\r\n%b" % (len(whole), whole),
            "chunked": CHUNKED + _chunked(body) + b"0\r\n\r\n",
            "end": OK + b"A: b\r\n\r\n" + whole,
        }[framing]
    )
    edges = sorted({0, len(wire), *(cut for cut in cuts if cut < len(wire))})
    reader = ResponseReader()
    for _ in range(2):  # the second on the same connection
        reader.expect(MOST)
        for start, stop in pairwise(edges):
            assert not reader.is_complete
            reader.feed(wire[start:stop])
        assert reader.is_complete is (framing != "end")
        assert reader.is_reusable is (framing != "end")
        if framing == "end":
            reader.end()
        assert reader.take() == TransportResponse(200, reader.take().headers, whole)
        if framing == "end":
            return


BODIES = st.one_of(
    st.text("\r\n", max_size=6), st.text("\r\na", max_size=12), st.just("a" * 40), st.just(ANOTHERS)
)
UNASKED = st.one_of(
    st.just(""), st.text("\r\n", max_size=9), st.just(ANOTHERS), st.text("\r\nH0 :", max_size=5)
)


@given(
    body=BODIES.map(str.encode),
    framing=st.sampled_from(["length", "chunked", "trailer"]),
    unasked=UNASKED.map(str.encode),
    cuts=st.lists(st.integers(0, 200), max_size=8),
)
def test_no_byte_beyond_an_answer_comes_to_whoever_is_next(
    body: bytes, framing: str, unasked: bytes, cuts: list[int]
) -> None:
    """Bytes after a response make its connection unusable.

    Bytes that are still in the socket when the response is complete are found by the connection.
    """
    answer = {
        "length": OK + b"Content-Length: %d\r\n\r\n%b" % (len(body), body),
        "chunked": CHUNKED + _chunked([body]) + b"0\r\n\r\n",
        "trailer": CHUNKED + _chunked([body]) + b"0\r\nA: b\r\n\r\n",
    }[framing]
    wire = answer + unasked
    edges = sorted({0, len(wire), *(cut for cut in cuts if cut < len(wire))})
    reader = ResponseReader()
    reader.expect(MOST)
    fed = 0
    for start, stop in pairwise(edges):
        if reader.is_complete:
            break
        reader.feed(wire[start:stop])
        fed = stop
    assert reader.is_complete
    assert fed >= len(answer)
    assert reader.take().body == body
    assert reader.is_reusable is (fed == len(answer))


@given(st.binary(max_size=200), st.sampled_from([b"", OK, CHUNKED, OK + b"Content-Length: 9\r\n"]))
def test_garbage_is_an_error_or_an_answer_and_nothing_else(garbage: bytes, start: bytes) -> None:
    """Arbitrary bytes raise no unexpected error."""
    try:
        reader = reading([start + garbage], ends=True)
    except httpx.RemoteProtocolError:
        return
    assert len(reader.take().body or b"") <= MOST
