"""Requests that no honest client sends, each with the status and code of its response.

They are bytes, in the pieces in which they are sent. All carry credentials and identifiers, which
may appear in no response and in no log line.
"""

import gzip
import json
import zlib
from typing import NamedTuple

MOBILE, EMAIL, TOKEN, COOKIE = (
    "919876543210",
    "jane.doe@mail.example",
    "s3cr3t-t0ken",
    "s3cr3t-c00k",
)
PRIVATE = (MOBILE, EMAIL, TOKEN, COOKIE, "evil.example")
QUERY = f'{{ __typename customer(by: {{mobile: "{MOBILE}"}}) {{ __typename }} }}'
JSON = json.dumps({"query": QUERY}).encode()
TYPENAME = b'{"query": "{ __typename }"}'
HOST = b"Host: gateway.example"
PERSONAL = (f"Authorization: Bearer {TOKEN}".encode(), f"Cookie: session={COOKIE}".encode())
AS_JSON = b"Content-Type: application/json"
CHUNKED = b"Transfer-Encoding: chunked"
COMPLEX = "QUERY_TOO_COMPLEX"
NOTHING, BAD, MEDIA, LARGE = None, "BAD_REQUEST", "UNSUPPORTED_MEDIA_TYPE", "PAYLOAD_TOO_LARGE"
METHOD, FORBIDDEN, INPUT = "METHOD_NOT_ALLOWED", "FORBIDDEN", "BAD_USER_INPUT"
MISSING = "NOT_FOUND"
PARSE, INVALID = "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"


class Hostile(NamedTuple):
    """A request and its response: status 0 where the connection is closed, None for no code."""

    name: str
    pieces: tuple[bytes, ...]
    status: int
    code: str | None


def head(line: bytes, *headers: bytes) -> bytes:
    """Return a head with a host and credentials."""
    return b"\r\n".join([line, HOST, *PERSONAL, *headers, b"", b""])


def bare(line: bytes, *headers: bytes) -> bytes:
    """Return a head with these lines only."""
    return b"\r\n".join([line, *headers, b"", b""])


def post(body: bytes, *headers: bytes, kind: bytes = AS_JSON) -> bytes:
    """Return a POST of a body with its true length."""
    length = b"Content-Length: %d" % len(body)
    kinds = [kind] if kind else []
    return head(b"POST /graphql HTTP/1.1", *kinds, length, *headers) + body


def lied(length: bytes, body: bytes = TYPENAME) -> bytes:
    """Return a POST of a body with a false length."""
    return head(b"POST /graphql HTTP/1.1", AS_JSON, b"Content-Length: " + length) + body


def chunked(body: bytes, *headers: bytes) -> bytes:
    """Return a POST of a body that is already in chunks."""
    return head(b"POST /graphql HTTP/1.1", AS_JSON, *(headers or (CHUNKED,))) + body


def get(target: bytes, *headers: bytes) -> bytes:
    """Return a GET."""
    return head(b"GET " + target + b" HTTP/1.1", *headers)


def chunk(body: bytes) -> bytes:
    """Return a body as one chunk, and the last chunk."""
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


def case(name: str, request: bytes, status: int, code: str | None = NOTHING) -> Hostile:
    """Return a case of one piece."""
    return Hostile(name, (request,), status, code)


_BOMB = zlib.compressobj(9, wbits=31)
BOMB = b"".join(_BOMB.compress(bytes(1 << 20)) for _ in range(100)) + _BOMB.flush()
DEEP = b"[" * 100_000

METHODS = [
    *(case(f"{m} is not GET or POST", head(m.encode() + b" /graphql HTTP/1.1"), 405, METHOD)
      for m in ("PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "PROPFIND")),
    case("an unknown method", head(b"FOO /graphql HTTP/1.1"), 400, BAD),
    case("a method in lower case", head(b"get /graphql HTTP/1.1"), 400, BAD),
    case("CONNECT", head(b"CONNECT evil.example:443 HTTP/1.1"), 400, BAD),
    case("an overridden method", post(TYPENAME, b"X-HTTP-Method-Override: DELETE"), 200),
    case("a POST of metrics", head(b"POST /metrics HTTP/1.1", b"Content-Length: 0"), 405, METHOD),
]  # fmt: skip

LINES = [
    case("no version", b"GET /graphql\r\n\r\n", 400, BAD),
    case("version 9.9", head(b"GET /graphql HTTP/9.9"), 400, BAD),
    case("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, BAD),
    case(
        "the hello of TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100), 400, BAD
    ),
    case("noise", bytes(range(256)) * 4, 400, BAD),
    case("an asterisk", head(b"OPTIONS * HTTP/1.1"), 404, MISSING),
    case("another host's URL", get(b"http://evil.example/graphql?query={__typename}"), 200),
    case("a zero byte in the path", get(b"/graphql\x00"), 400, BAD),
    case("an encoded zero byte", get(b"/graphql%00"), 404, MISSING),
    case("bytes beyond ASCII in the path", get("/gräphql".encode()), 400, BAD),
    case("an encoded path", get(b"/%67raphql?query={__typename}"), 200),
    case("a climbing path", get(b"/graphql/../metrics"), 404, MISSING),
    case("two slashes", get(b"//graphql"), 404, MISSING),
    case("a path parameter", get(b"/graphql;x=" + MOBILE.encode()), 404, MISSING),
    case("a slash at the end", get(b"/graphql/"), 400, BAD),
    case("a backslash", get(b"/graphql\\..\\metrics"), 404, MISSING),
    case("out of the assets", get(b"/explorer/../../app.py"), 404, MISSING),
    case("out of the assets, encoded", get(b"/explorer/%2e%2e/%2e%2e/app.py"), 404, MISSING),
    case("out of the assets, twice encoded", get(b"/explorer/%252e%252e/app.py"), 404, MISSING),
    case("an asset with a zero byte", get(b"/explorer/assets/%00.js"), 404, MISSING),
    case("an asset of a long name", get(b"/explorer/" + b"a" * 5_000), 404, MISSING),
    case("a long URL", get(b"/graphql?query=" + b"a" * 40_000), 414, BAD),
]

HEADERS = [
    case("101 headers", get(b"/healthz", *[b"X-%d: y" % n for n in range(98)]), 431, BAD),
    case("5,000 headers", get(b"/healthz", *[b"X-%d: y" % n for n in range(5_000)]), 431, BAD),
    case("a header of 128 KiB", get(b"/healthz", b"X-Big: " + b"a" * 131_072), 431, BAD),
    Hostile("a header without end", (b"GET / HTTP/1.1\r\nX: ", *[b"a" * 4096] * 16), 431, BAD),
    case("a header without a colon", get(b"/healthz", b"nonsense"), 400, BAD),
    case("a folded header", get(b"/healthz", b"X-A: b", b" c"), 400, BAD),
    case("a blank before the colon", get(b"/healthz", b"X-A : b"), 400, BAD),
    case("a zero byte in a header", get(b"/healthz", b"X-A: b\x00c"), 400, BAD),
    case("a bare CR in a header", get(b"/healthz", b"X-A: b\rX-C: d"), 400, BAD),
    case("lines without CR", b"GET /healthz HTTP/1.1\nHost: x\n\n", 400, BAD),
    case("no host", bare(b"GET /healthz HTTP/1.1"), 400, BAD),
    case("two hosts", get(b"/healthz", b"Host: evil.example"), 400, BAD),
    case("another host", bare(b"GET /nothing HTTP/1.1", b"Host: evil.example"), 404, MISSING),
    case("a host of noise", bare(b"GET /nothing HTTP/1.1", b"Host: \xff<script>"), 404, MISSING),
    case("a forwarded host", get(b"/nothing", b"X-Forwarded-Host: evil.example"), 404, MISSING),
    case("HTTP/1.0 without a host", bare(b"GET /healthz HTTP/1.0"), 200),
    case("a request id to break lines", get(b"/nothing", b"X-Request-Id: a\\n" + EMAIL.encode()),
         404, MISSING),
    case("an unknown expectation", post(TYPENAME, b"Expect: " + MOBILE.encode()), 200),
    case("no type that there is", get(b"/graphql?query={__typename}", b"Accept: image/png"),
         406, "NOT_ACCEPTABLE"),
    case("500 types", get(b"/graphql?query={__typename}", b"Accept: " + b"a/b," * 500),
         406, "NOT_ACCEPTABLE"),
    case("types of nothing", get(b"/graphql?query={__typename}", b"Accept: ,;q=;,/,*"),
         406, "NOT_ACCEPTABLE"),
]  # fmt: skip

SMUGGLING = [
    case("a length and chunks", chunked(chunk(TYPENAME), CHUNKED, b"Content-Length: 5"), 400, BAD),
    case("chunks and a length", chunked(chunk(TYPENAME), b"Content-Length: 5", CHUNKED), 400, BAD),
    case("two lengths", lied(b"27\r\nContent-Length: 5"), 400, BAD),
    case("a list of lengths", lied(b"27, 27"), 400, BAD),
    case("a length below zero", lied(b"-27"), 400, BAD),
    case("a length with a sign", lied(b"+27"), 400, BAD),
    case("a length in hexadecimal", lied(b"0x1b"), 400, BAD),
    case("a length of 30 digits", lied(b"9" * 30), 400, BAD),
    case("an unknown coding", chunked(chunk(TYPENAME), b"Transfer-Encoding: xchunked"), 400, BAD),
    case("chunked, but not last", chunked(chunk(TYPENAME), b"Transfer-Encoding: chunked, gzip"),
         400, BAD),
    case("chunked after a tab", chunked(chunk(TYPENAME), b"Transfer-Encoding:\x0bchunked"),
         400, BAD),
    case("a chunk of no number", chunked(b"zz\r\n" + TYPENAME + b"\r\n0\r\n\r\n"), 400, BAD),
    case("a chunk of 2^64 bytes", chunked(b"1" + b"0" * 16 + b"\r\n" + TYPENAME), 400, BAD),
    case("a chunk below zero", chunked(b"-1b\r\n" + TYPENAME + b"\r\n0\r\n\r\n"), 400, BAD),
    case("a chunk that is longer", chunked(b"5\r\n" + TYPENAME + b"\r\n0\r\n\r\n"), 400, BAD),
    case("a request in a body", post(get(b"/metrics")), 400, BAD),
    case("a request beside an upgrade",
         post(get(b"/metrics"), b"Connection: Upgrade", b"Upgrade: h2c"), 400, BAD),
    case("a websocket", get(b"/graphql", b"Connection: Upgrade", b"Upgrade: websocket",
         b"Sec-WebSocket-Key: x", b"Sec-WebSocket-Version: 13"), 400, BAD),
    case("credentials in a trailer",
         chunked(chunk(TYPENAME)[:-2] + b"Authorization: Basic eDp5\r\n\r\n"), 200),
    case("a length that is too short", lied(b"9"), 400, BAD),
    case("a length of a gigabyte", lied(b"1073741824"), 413, LARGE),
]  # fmt: skip

SLOW = [
    Hostile("nothing at all", (), 0, NOTHING),
    Hostile("half a line", (b"GET /gra",), 408, BAD),
    Hostile("half a head", (b"POST /graphql HTTP/1.1\r\nHost: x\r\nX-A",), 408, BAD),
    Hostile("a length that is too long", (lied(b"900"),), 408, BAD),
    Hostile("half a body", (lied(b"100"),), 408, BAD),
    Hostile("half a chunk", (chunked(b"ff\r\n" + TYPENAME),), 408, BAD),
    Hostile("empty lines", (b"\r\n" * 5_000,), 0, NOTHING),
]


def gzipped(body: bytes, encoding: bytes = b"gzip") -> bytes:
    """Return a POST of bytes with `Content-Encoding: gzip`."""
    return post(body, b"Content-Encoding: " + encoding)


ENCODINGS = [
    case("a bomb", gzipped(BOMB), 413, LARGE),
    case("a bomb in a bomb", gzipped(gzip.compress(BOMB)), 400, BAD),
    case("half a gzip", gzipped(gzip.compress(JSON)[:-9]), 400, BAD),
    case("no gzip", gzipped(JSON), 400, BAD),
    case("gzip twice", gzipped(gzip.compress(gzip.compress(JSON)), b"gzip, gzip"), 415, MEDIA),
    case("brotli", gzipped(JSON, b"br"), 415, MEDIA),
    case("an encoding of noise", gzipped(JSON, b"\xff" * 500), 415, MEDIA),
]
