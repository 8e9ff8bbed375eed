"""Random requests: operations over the schema, and mutations of them.

An operation is a valid one (`tests/execution/generated.py`), sent unchanged, or with its text, its
variables or the request around them mutated. No response may repeat its identifiers.
"""

import json
import re
from random import Random
from typing import Any, NamedTuple
from urllib.parse import urlencode

from graphql import GraphQLSchema
from hypothesis import strategies as st

from gateway.schema.ids import write_id
from tests.execution.both import POOLS
from tests.execution.generated import Generated, generate
from tests.support.http_client import GRAPHQL

_REAL = [
    {"mobile": "919456430850"},
    {"mobile": "4915700000001"},
    {"email": "anna.müller+test@example.com"},
    {"externalId": "documented-used"},
    {"externalId": "000003873354"},
]
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|\w+|\.\.\.|\S')
_WORDS = [
    "{", "}", "(", ")", "[", "]", "...", "@", "!", ":", "$", "#", '"', '"""', "on", "query", "null",
    "mutation", "subscription", "fragment", "__typename", "__schema", "id", "nodes", "true", "-1",
    "2147483648", "1e999", "$v1", "@skip(if: true)", "@deprecated", "... on Node", "first: 100",
    "\u0000", "\ufeff", "\\u{D800}",
]  # fmt: skip
_PROBES = [
    "", "\u0000", "\ud800", "x" * 10_001, "9" * 400, "' OR 1=1 --", "${jndi:ldap://x/y}", "%0d%0a",
    "../../../etc/passwd", "<script>", "__proto__", "{{7*7}}", "\u202e", "-1", "1e400", "٣",
    "Infinity", "null", write_id("Customer", "INSTORE", "0"), write_id("Promotion", "0"),
    write_id("Nobody", "1", "2"), write_id("CustomerPromotion", "INSTORE", "1", "973", "-5"),
]  # fmt: skip
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([2**31, -(2**31) - 1, 2**53 + 1, 10**30, 10**400, -1, 101])
    | st.floats()
    | st.sampled_from(_PROBES)
    | st.text(st.characters(codec=None), max_size=40)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=25)
        | st.dictionaries(st.sampled_from(["mobile", "email", "id", "x", ""]), inner, max_size=3)
    ),
    max_leaves=30,
)
SPOILS = {"nothing": 45, "word": 15, "text": 5, "variables": 22, "request": 13}
"""What is spoilt, and in how many of a hundred requests."""


class Asked(NamedTuple):
    """One request: how it is sent, its parameters, and the identifiers in it.

    `customer_ids` are shown in the data of a caller who queries by them, and nowhere else. `way` is
    GET, WHOLE for a POST that is sent at once, or PARTS for one whose body follows its head: the
    server has a path for each.
    """

    way: str
    body: Any
    private: tuple[str, ...]
    customer_ids: tuple[str, ...]

    @property
    def pieces(self) -> list[bytes]:
        """Return the request's bytes; NaN and lone surrogates are written as they are."""
        content = json.dumps(self.body).encode()
        if self.way == "GET" and len(content) < 8_000:
            return [_head(f"GET /graphql?{urlencode(self._query_string)}") + b"\r\n"]
        head = _head("POST /graphql", "Content-Type: application/json")
        head += b"Content-Length: %d\r\n\r\n" % len(content)
        return [head + content] if self.way == "WHOLE" else [head, content]

    @property
    def _query_string(self) -> dict[str, str]:
        parameters = self.body if isinstance(self.body, dict) else {"query": self.body}
        return {
            name: _sendable(value if isinstance(value, str) else json.dumps(value))
            for name, value in parameters.items()
        }


def _head(line: str, *headers: str) -> bytes:
    accept = f"Accept: {GRAPHQL}, application/json;q=0.5"
    lines = [f"{line} HTTP/1.1", "Host: gateway.example", accept, *headers]
    return "".join(f"{one}\r\n" for one in lines).encode()


def _sendable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


@st.composite
def requests(draw: st.DrawFn, schema: GraphQLSchema) -> Asked:
    """Return a strategy of requests: hypothesis chooses what is inserted, and where."""
    values = draw(st.lists(VALUES, min_size=3, max_size=3))
    junk = draw(st.text(st.characters(codec="utf-8"), max_size=20))
    random = Random(f"{draw(st.integers(0, 2**63))} {values} {junk}")  # noqa: S311 - no secret
    identifiers = _REAL + _strangers(random)
    ids = POOLS.values["ids"] * 3 + random.sample(_PROBES, 4)
    pool = POOLS.values | {
        "by": POOLS.values["by"] + identifiers * 3,
        "id": ids,
        "ids": ids,
        "after": _PROBES,
        "before": _PROBES,
    }
    generated = generate(schema, random, POOLS._replace(values=pool))
    named = [item for one in identifiers for item in one.items()]
    private = tuple(value for name, value in named if name != "customerId")
    theirs = tuple(value for name, value in named if name == "customerId")
    body = _Spoiling(random, values, junk).spoilt(generated)
    return Asked(random.choice(["WHOLE", "WHOLE", "PARTS", "GET"]), body, private, theirs)


def _strangers(random: Random) -> list[dict[str, str]]:
    """Return customers whom no other request queries."""
    number = random.randrange(10**9, 10**10)
    return [
        {"mobile": f"99{number}"},
        {"email": f"private.{number}@mail.example"},
        {"externalId": f"EXT-{number}-Z"},
        {"cuid": f"cu{number}id"},
        {"customerId": f"88{number}"},
    ]


class _Spoiling:
    """Inserts values and junk in the wrong places."""

    def __init__(self, random: Random, values: list[Any], junk: str) -> None:
        self._random, self._values, self._junk = random, values, junk

    def spoilt(self, generated: Generated) -> Any:
        """Return a request's body, in which something may be invalid."""
        text, variables = generated
        body: dict[str, Any] = {"query": text, "variables": variables}
        (spoil,) = self._random.choices(list(SPOILS), list(SPOILS.values()))
        match spoil:
            case "word":
                return body | {"query": self._with_other_words(text)}
            case "text":
                at = self._random.randint(0, len(text))
                rest = text[at + self._random.randint(0, 20) :]
                return body | {"query": text[:at] + self._junk + rest}
            case "variables":
                return body | {"variables": self._other_variables(variables)}
            case "request":
                return self._other_request(body)
        return body

    def _with_other_words(self, text: str) -> str:
        """Delete, repeat or replace tokens, mostly by tokens of their kind."""
        words = _TOKENS.findall(text)
        for _ in range(self._random.randint(1, 4)):
            at = self._random.randrange(len(words))
            alike = [one for one in words if one[0].isalpha() is words[at][0].isalpha()]
            others = [[], [words[at]] * 2, [words[at]] * 40, [self._random.choice(_WORDS)]]
            likely = [[self._random.choice(alike)]] * 6
            words[at : at + 1] = self._random.choice(others + likely)
            words = words or ["{"]
        return " ".join(words)

    def _other_variables(self, variables: dict[str, Any]) -> Any:
        """Replace variables by other values, or by something that is no object."""
        names = self._random.sample([*variables, "unknown"], min(len(variables) + 1, 2))
        changed = variables | dict(zip(names, self._values, strict=False))
        return self._random.choice([changed] * 6 + [{}, [changed], "x", 1])

    def _other_request(self, body: dict[str, Any]) -> Any:
        """Mutate what surrounds an operation."""
        name = self._random.choice(["operationName", "extensions", "documentId", "query", "else"])
        hashed = {"version": 1, "sha256Hash": "a" * 64}
        persisted = {"persistedQuery": self._random.choice([hashed, self._values[0]])}
        spoilt = body | {name: self._random.choice([*self._values, persisted])}
        others = [[spoilt, body], [body] * 3, [body] * 11, self._values[0]]
        return self._random.choice([spoilt] * 5 + others)
