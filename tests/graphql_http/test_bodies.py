"""A request's body: compressed or not, and of bounded size."""

import gzip
import zlib

import httpx
import pytest

from tests.support.http_client import GRAPHQL, code
from tests.support.raw_http import BODY, POST, exchange

MOST = 256 * 1024
GZIPPED = gzip.compress(BODY)


def send(http: httpx.Client, body: bytes, encoding: str = "gzip") -> httpx.Response:
    """Send bytes as JSON with this Content-Encoding."""
    headers = {"Content-Type": "application/json", "Accept": GRAPHQL, "Content-Encoding": encoding}
    return http.post("/graphql", content=body, headers=headers)


def padded(size: int) -> bytes:
    """Return a request of so many bytes."""
    return BODY + b" " * (size - len(BODY))


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP", "identity, gzip"])
def test_gzip_is_read(http: httpx.Client, encoding: str) -> None:
    """By each of its names."""
    assert send(http, GZIPPED, encoding).json()["data"] == {"__typename": "Query"}


@pytest.mark.parametrize(
    "body",
    [gzip.compress(BODY[:9]) + gzip.compress(BODY[9:]), GZIPPED + gzip.compress(b""),
     gzip.compress(b"") + GZIPPED, GZIPPED + bytes(99)],
    ids=["two members", "an empty one behind", "an empty one before", "padding"],
)  # fmt: skip
def test_gzip_is_read_in_all_its_members(http: httpx.Client, body: bytes) -> None:
    """Zeros after the last member are padding."""
    assert send(http, body).json()["data"] == {"__typename": "Query"}


def test_the_limit_is_that_of_all_members(http: httpx.Client) -> None:
    """Together they may not exceed what each of them may hold."""
    half = gzip.compress(b" " * (MOST // 2))
    assert send(http, half + gzip.compress(padded(MOST // 2))).status_code == 200
    answer = send(http, half + gzip.compress(padded(MOST // 2 + 1)))
    assert (answer.status_code, code(answer)) == (413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize("encoding", ["", "identity"])
def test_a_plain_body_may_say_so(http: httpx.Client, encoding: str) -> None:
    """The encoding `identity` changes nothing."""
    assert send(http, BODY, encoding).status_code == 200


@pytest.mark.parametrize(
    "encoding", ["br", "deflate", "zstd", "compress", "gzip, gzip", "br, gzip", "x", "gzip;q=1"]
)
def test_another_encoding_is_refused(http: httpx.Client, encoding: str) -> None:
    """415, whatever the bytes are."""
    answer = send(http, GZIPPED, encoding)
    assert (answer.status_code, code(answer)) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_the_limit_is_that_of_the_plain_body(http: httpx.Client) -> None:
    """The same size is allowed plain and compressed, and no byte more."""
    for size, status in ((MOST, 200), (MOST + 1, 413)):
        assert send(http, padded(size), "").status_code == status
        assert send(http, gzip.compress(padded(size))).status_code == status


@pytest.mark.parametrize("level", [1, 9])
def test_a_bomb_is_refused(http: httpx.Client, level: int) -> None:
    """A hundred megabytes in a hundred kilobytes are not decompressed."""
    packer = zlib.compressobj(level, wbits=31)
    zeros = bytes(1 << 20)
    bomb = b"".join(packer.compress(zeros) for _ in range(50)) + packer.flush()
    assert len(bomb) < MOST
    answer = send(http, bomb)
    assert (answer.status_code, code(answer)) == (413, "PAYLOAD_TOO_LARGE")


def test_a_compressed_body_is_no_larger_than_a_plain_one(http: httpx.Client) -> None:
    """Empty blocks could go on for ever."""
    empty = zlib.compressobj(0, wbits=31)
    endless = empty.compress(b"") + b"".join(
        empty.flush(zlib.Z_SYNC_FLUSH) or b"\x00\x00\x00\xff\xff" for _ in range(70_000)
    )
    assert len(endless) > MOST
    answer = send(http, endless)
    assert (answer.status_code, code(answer)) == (413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize(
    "body",
    [b"", BODY, GZIPPED[:-1], GZIPPED[:12], GZIPPED[:-6] + b"xxxxxx", GZIPPED + b"x",
     GZIPPED + b"\0x", GZIPPED + GZIPPED[:-1], zlib.compress(BODY), gzip.compress(GZIPPED)],
    ids=["nothing", "plain", "cut", "head alone", "wrong sum", "more behind",
         "more behind padding", "a second one cut", "zlib", "gzip in gzip"],
)  # fmt: skip
def test_a_body_that_is_not_all_gzip_is_refused(http: httpx.Client, body: bytes) -> None:
    """400, without the library's message."""
    answer = send(http, body)
    assert (answer.status_code, code(answer)) == (400, "BAD_REQUEST")
    assert "zlib" not in answer.text.lower()


def test_a_length_that_is_too_large_is_refused_before_the_body(gateway_url: str) -> None:
    """The announced body is not waited for."""
    answer = exchange(gateway_url, POST + b"Content-Length: 999999999\r\n\r\n{")
    assert (answer.status, answer.code) == (413, "PAYLOAD_TOO_LARGE")


def test_two_media_types_are_none(gateway_url: str) -> None:
    """Another server on the way might use the other one."""
    second = b"Content-Type: text/plain\r\nContent-Length: 27\r\n\r\n"
    assert exchange(gateway_url, POST + second + BODY).status == 415


@pytest.mark.parametrize(("depth", "status"), [(62, 200), (63, 400), (500, 400), (900, 400)])
def test_json_is_nested_64_deep_at_most(http: httpx.Client, depth: int, status: int) -> None:
    """The body and its extensions are two levels; variables have a limit of their own."""
    nested = b"[" * depth + b"]" * depth
    body = b'{"query": "{ __typename }", "extensions": {"unused": ' + nested + b"}}"
    assert send(http, body, "").status_code == status


def test_brackets_in_texts_do_not_count(http: httpx.Client) -> None:
    """Brackets in a string are no nesting."""
    body = b'{"query": "{ __typename }", "variables": {"unused": "' + b"[{" * 5_000 + b'"}}'
    assert send(http, body, "").status_code == 200
