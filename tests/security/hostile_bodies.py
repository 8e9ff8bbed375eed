"""Bodies, query strings and origins that no honest client sends, with their responses."""

import json
from typing import Any

from tests.security.hostile_requests import (
    BAD,
    COMPLEX,
    DEEP,
    EMAIL,
    FORBIDDEN,
    INPUT,
    INVALID,
    JSON,
    LARGE,
    MEDIA,
    MOBILE,
    PARSE,
    QUERY,
    TYPENAME,
    case,
    chunk,
    chunked,
    get,
    head,
    post,
)

PREFLIGHT = (
    b"Origin: https://evil.example",
    b"Access-Control-Request-Method: POST",
    b"Access-Control-Request-Headers: authorization",
)
CROSS_SITE = (b"Sec-Fetch-Site: cross-site", b"Sec-Fetch-Mode: no-cors")


def sent(**members: Any) -> bytes:
    """Return a POST of an object; the query is a valid one unless it is given."""
    return post(json.dumps({"query": QUERY} | members).encode())


def variables(value: bytes) -> bytes:
    """Return a POST with these bytes as its variables."""
    return post(b'{"query": "{ __typename }", "variables": {"a": ' + value + b"}}")


TYPES = [
    case("no type", post(JSON, kind=b""), 415, MEDIA),
    *(case(f"a body as {kind}", post(JSON, kind=b"Content-Type: " + kind.encode()), 415, MEDIA)
      for kind in ("text/plain", "application/graphql", "application/x-www-form-urlencoded",
                   "multipart/form-data; boundary=x", "application/json; charset=utf-16",
                   "application/json, text/plain", "application/jsonp", "a" * 5_000)),
    case("two types", post(JSON, b"Content-Type: text/plain"), 415, MEDIA),
]  # fmt: skip

BODIES = [
    case("nothing", post(b""), 400, BAD),
    case("half an object", post(JSON[:-3]), 400, BAD),
    case("two objects", post(JSON + JSON), 400, BAD),
    case("a byte order mark", post(b"\xef\xbb\xbf" + JSON), 400, BAD),
    case("UTF-16", post(JSON.decode().encode("utf-16")), 400, BAD),
    case("bytes that are no UTF-8", post(JSON.replace(MOBILE.encode(), b"\xff\xfe")), 400, BAD),
    case("overlong UTF-8", post(b'{"query": "\xc0\xaf"}'), 400, BAD),
    case("half a surrogate", post(b'{"query": "\\ud800"}'), 400, BAD),
    case("a zero byte", post(b'{"query": "{ __typename \\u0000}"}'), 200, PARSE),
    case("a number of 5,000 digits", variables(b"9" * 5_000), 400, BAD),
    case("a number of a huge exponent", variables(b"1e999999999"), 400, BAD),
    case("not a number", variables(b"NaN"), 400, BAD),
    case("infinity", variables(b"-Infinity"), 400, BAD),
    case("JSON without end", post(DEEP), 400, BAD),
    case("JSON that is deep", variables(b"[" * 900 + b"]" * 900), 400, BAD),
    case("JSON of 120,000 values", variables(b"[" + b"1," * 120_000 + b"1]"), 200, COMPLEX),
    case("JSON of 24,000 keys",
         variables(b"{" + b",".join(b'"%x":1' % n for n in range(24_000)) + b"}"), 200, COMPLEX),
    case("a key twice", post(b'{"query": "{ nothing }", ' + TYPENAME[1:]), 200),
    case("a comment", post(b"/* */" + JSON), 400, BAD),
    case("quotes of another kind", post(JSON.replace(b'"', b"'")), 400, BAD),
    *(case(f"a body of {text[:9]!r}", post(text), 400, BAD)
      for text in (b"42", b"null", b'"x"', b"true", b"{}", b" " * 100_000)),
    case("a body above the limit", post(JSON + b" " * 262_144), 413, LARGE),
    case("chunks above the limit", chunked(chunk(JSON + b" " * 262_144)), 413, LARGE),
    case("a query of a number", sent(query=42), 400, BAD),
    case("a query of a list", sent(query=[QUERY]), 400, BAD),
    case("no query", post(b'{"variables": {}}'), 400, BAD),
    case("variables of a text", sent(variables=f'{{"a": "{MOBILE}"}}'), 400, BAD),
    case("variables of a list", sent(variables=[MOBILE]), 400, BAD),
    case("extensions of a text", sent(extensions=EMAIL), 400, BAD),
    case("a name of a number", sent(operationName=3), 400, BAD),
    case("a name of nobody", sent(operationName="Nobody"), 200, BAD),
    case("a name that is an inherited one", sent(operationName="__proto__"), 200, BAD),
    case("two operations and no name", sent(query="query A { a: __typename } query B { b }"),
         200, INVALID),
    case("no operation", sent(query="fragment F on Query { __typename }"), 200, INVALID),
    case("a mutation", sent(query="mutation { delete }"), 200, INVALID),
    case("a subscription", sent(query="subscription { a }"), 200, INVALID),
    case("a variable of another type",
         sent(query="query($a: Int!) { __typename @skip(if: $a) }", variables={"a": MOBILE}),
         200, INVALID),
    case("a variable that is no number",
         sent(query="query($a: [ID!]!) { nodes(ids: $a) { id } }", variables={"a": {"x": EMAIL}}),
         200, INPUT),
    case("an identifier as a number", sent(query=f"{{ customer(by: {MOBILE}) {{ id }} }}"),
         200, INPUT),
    case("an identifier out of place", sent(query=f"{{ customer(by: {MOBILE}{MOBILE} }}"),
         200, PARSE),
    case("an identifier as a cursor",
         sent(query='{ customer(by: {externalId: "C-CURRENT"})'
              f' {{ promotions(after: "{MOBILE}") {{ totalCount }} }} }}'),
         200, "CURSOR_INVALID"),
    case("an identifier as an id", sent(query=f'{{ node(id: "{EMAIL}") {{ id }} }}'), 200, INPUT),
]  # fmt: skip

BATCHES = [
    case("an empty batch", post(b"[]"), 400, BAD),
    case("a batch in a batch", post(b"[[" + JSON + b"]]"), 400, BAD),
    case("a batch of eleven", post(b"[" + b",".join([JSON] * 11) + b"]"), 400, BAD),
    case("a batch of 9,000", post(b"[" + b",".join([TYPENAME] * 9_000) + b"]"), 400, BAD),
    case("a batch of nothing", post(b"[null, null]"), 400, BAD),
]

QUERY_STRINGS = [
    case("a GET of a mutation", get(b"/graphql?query=mutation{a}"), 200, INVALID),
    case("a GET without a query", get(b"/graphql"), 400, BAD),
    case("a GET of two queries", get(b"/graphql?query={__typename}&query={a}"), 400, BAD),
    case("variables that are no JSON",
         get(b"/graphql?query={__typename}&variables=" + EMAIL.encode()), 400, BAD),
    case("variables that are deep",
         get(b"/graphql?query={__typename}&variables=" + b"[" * 5_000), 400, BAD),
    case("extensions that are no object",
         get(b"/graphql?query={__typename}&extensions=[]"), 400, BAD),
    case("a query string of separators", get(b"/graphql?&&==&;;=%&?"), 400, BAD),
    case("a query string of broken escapes", get(b"/graphql?query=%zz%f"), 400, BAD),
    case("a query string of no UTF-8", get(b"/graphql?query=%ff%fe"), 400, BAD),
    case("10,000 parameters", get(b"/graphql?" + b"a&" * 10_000), 400, BAD),
    case("a GET with a body", get(b"/graphql", b"Content-Length: 27") + TYPENAME, 400, BAD),
    case("a name of a GET that is nobody's",
         get(b"/graphql?query={__typename}&operationName=" + MOBILE.encode()), 200, BAD),
    case("a page's address with a script",
         get(b"/graphql?query=<script>alert(1)</script>"), 200, PARSE),
]  # fmt: skip

ORIGINS = [
    case("a preflight of another origin", head(b"OPTIONS /graphql HTTP/1.1", *PREFLIGHT), 403,
         FORBIDDEN),
    case("an image of another site", get(b"/graphql?query={__typename}", *CROSS_SITE), 403,
         FORBIDDEN),
    case("a form of another site",
         post(JSON, b"Origin: https://evil.example", kind=b"Content-Type: text/plain"), 415, MEDIA),
    case("a script of another site", post(JSON, b"Origin: https://evil.example", *CROSS_SITE), 403,
         FORBIDDEN),
    case("a page of no origin", post(JSON, b"Origin: null", *CROSS_SITE), 403, FORBIDDEN),
]  # fmt: skip
