"""Hostile documents by what they attack, each with the code of its error; null for data."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from graphql import get_introspection_query

MANY = 1_000_000
BY = 'by:{mobile:"4915700000003"}'
COMPLEX = "QUERY_TOO_COMPLEX"
LONG = "LIST_TOO_LONG"
PARSE = "GRAPHQL_PARSE_FAILED"
INVALID = "GRAPHQL_VALIDATION_FAILED"
INPUT = "BAD_USER_INPUT"


class Case(NamedTuple):
    """A document, and the only code that its errors may have."""

    name: str
    query: str
    code: str | None
    variables: dict[str, Any] | None = None


def customer(selection: str) -> str:
    """Return a query with this selection below a customer."""
    return f"{{customer({BY}){{{selection}}}}}"


def nested(begin: str, middle: str, end: str, depth: int) -> str:
    """Return text nested in itself `times` times."""
    return begin * depth + middle + end * depth


def fragments(number: int, body: str, last: str, kind: str = "Query") -> str:
    """Return fragment definitions; NEXT in a body is the next fragment's name."""
    names = [f"F{i}" for i in range(number)]
    bodies = [body.replace("NEXT", following) for following in names[1:]] + [last]
    return " ".join(
        f"fragment {name} on {kind} {{{inner}}}" for name, inner in zip(names, bodies, strict=True)
    )


def each(number: int, text: str) -> str:
    """Return a text repeated, with N as the number."""
    return " ".join(text.replace("N", str(i)) for i in range(number))


def size() -> Iterator[Case]:
    """Documents that are large and do little."""
    yield Case("comment of 10 MiB", "#" + "x" * 10 * 2**20 + "\n{__typename}", None)
    yield Case("nothing but a comment", "#" * MANY, PARSE)
    yield Case("50,000 comments", "#x\n" * 50_000 + "{__typename}", None)
    yield Case("comments between all tokens", "#x\n{#x\n__typename#{\n}#x", None)
    for name, blank in (("commas", ","), ("newlines", "\n"), ("CRLF", "\r\n"), ("BOMs", "\ufeff")):
        yield Case(f"a million {name}", "{" + blank * MANY + "__typename}", None)
    signs = ("x ", "{", "}", "(", ")", "[", "]", "$", "&", "|", ":", "=", "!", "...", "1 ", "-1 ")
    for sign in (*signs, '"" ', '"" "" ', '"""""" '):
        yield Case(f"a million of {sign}", sign * (MANY // len(sign)), COMPLEX)
    yield Case("a million of @", "@" * MANY, COMPLEX)
    yield Case("a million of \\", "\\" * MANY, PARSE)
    yield Case("a million of .", "." * MANY, COMPLEX)
    yield Case("a million of quotes", '"' * MANY, COMPLEX)
    yield Case("2,001 tokens", "{" + "x " * 1_999 + "}", COMPLEX)
    yield Case("the word query", "query " * 5_000, COMPLEX)
    yield Case("blanks alone", " " * MANY, PARSE)
    for name, text in (("NUL", "\u0000"), ("BOM", "\ufeff"), ("DEL", "\u007f"), ("emoji", "{🙂}")):
        yield Case(name, text, PARSE)


def words() -> Iterator[Case]:
    """Long names, numbers and strings."""
    yield Case("a name of a million", "{" + "x" * MANY + "}", COMPLEX)
    yield Case("an alias of a million", "{" + "x" * MANY + ":__typename}", COMPLEX)
    yield Case("a fragment's name of a million", "{..." + "x" * MANY + "}", COMPLEX)
    yield Case("a variable's name of a million", "query($" + "x" * MANY + ":Int){x}", COMPLEX)
    yield Case("a directive's name of a million", "{x @" + "x" * MANY + "}", COMPLEX)
    yield Case("names of 256", "{" + each(100, "x" * 250 + "N") + "}", COMPLEX)
    yield Case("twenty names of 256", "{" + each(20, "x" * 250 + "N") + "}", INVALID)
    yield Case("5,000 digits", f"{{program(programId:{'9' * 5_000}){{id}}}}", COMPLEX)
    yield Case("200 digits", customer(f"promotions(first:{'9' * 200}){{totalCount}}"), INPUT)
    yield Case("an exponent", customer(f"promotions(first:1e{'9' * 250}){{totalCount}}"), INPUT)
    yield Case("first of 2^31-1", customer("promotions(first:2147483647){totalCount}"), INPUT)
    for name, text in (
        ("a million", "x" * MANY),
        ("newlines written", "\\n" * (MANY // 2)),
        ("code points written", "\\u{41}" * 50_000),
        ("lone surrogates", "\\uD800"),
        ("no such escape", "\\q" * 50_000),
    ):
        code = PARSE if text == "\\uD800" else COMPLEX
        yield Case(f"text of {name}", f'{{program(programId:"{text}"){{id}}}}', code)
    for name, text in (
        ("a million", "x" * MANY),
        ("newlines", "\n" * 300_000),
        ("indented lines", " \n  x\n" * 50_000),
        ("quotes", '"" ' * 100_000),
        ("quotes written", '\\"""' * 100_000),
        ("backslashes", "\\" * 300_000 + " "),
    ):
        yield Case(f"block of {name}", f'{{program(programId:"""{text}"""){{id}}}}', COMPLEX)
    yield Case("text of 10,000", f'{{program(programId:"{"x" * 9_998}"){{id}}}}', INPUT)
    yield Case("text without an end", '{a(b:"' + "x" * MANY, PARSE)
    yield Case("block without an end", '{a(b:"""' + "x" * MANY, PARSE)
    yield Case("block ending in a backslash", '{a(b:"""' + "\\" * MANY, PARSE)


def depth() -> Iterator[Case]:
    """Deep nesting."""
    cycle = "program(programId:1){promotions{nodes{"
    yield Case("fields 50,000 deep", nested("{a", "", "}", 50_000), COMPLEX)
    yield Case("fields 500 deep", nested("{a", "{b}", "}", 500), COMPLEX)
    yield Case("fields 16 deep", nested("{a", "{b}", "}", 15), COMPLEX)
    yield Case("fields 15 deep", nested("{a", "{b}", "}", 14), INVALID)
    yield Case(
        "promotions of programs",
        "{" + cycle + nested("program{promotions{nodes{", "id", "}}}", 4) + "}}}}",
        COMPLEX,
    )
    yield Case("inline fragments 10,000 deep", nested("{...", "{x}", "}", 10_000), COMPLEX)
    yield Case("inline fragments 500 deep", nested("{...", "{x}", "}", 500), COMPLEX)
    yield Case("inline fragments 50 deep", nested("{...", "{__typename}", "}", 50), None)
    yield Case(
        "lists 50,000 deep", "{customer(by:" + nested("[", "", "]", 50_000) + "){id}}", COMPLEX
    )
    yield Case("lists 11 deep", "{customer(by:" + nested("[", "", "]", 11) + "){id}}", COMPLEX)
    yield Case("lists 10 deep", "{customer(by:" + nested("[", "", "]", 10) + "){id}}", INPUT)
    yield Case(
        "objects 3,000 deep",
        "{customer(by:" + nested("{mobile:", "1", "}", 3_000) + "){id}}",
        COMPLEX,
    )
    yield Case(
        "objects 10 deep", "{customer(by:" + nested("{mobile:", "1", "}", 10) + "){id}}", INPUT
    )
    yield Case(
        "list types 4,000 deep", "query($a:" + nested("[", "Int", "]", 4_000) + "){x}", COMPLEX
    )
    yield Case("list types 10 deep", "query($a:" + nested("[", "Int", "]", 10) + "){x}", INVALID)
    yield Case("a default 500 deep", "query($a:Int=" + nested("[", "1", "]", 500) + "){x}", COMPLEX)
    yield Case(
        "a directive's argument 500 deep",
        "{__typename @skip(if:" + nested("[", "1", "]", 500) + ")}",
        COMPLEX,
    )
    yield Case("brackets that never close", "{[(" * 600, COMPLEX)
    yield Case("brackets that only close", "}])" * 600, PARSE)
    yield Case("brackets of all kinds", nested("{a(b:[{c:", "1", "}])}", 100), COMPLEX)
    yield Case(
        "many fragments, each 50 deep",
        "{...F0}" + fragments(11, nested("...{", "...NEXT", "}", 49), "x"),
        INVALID,
    )
    yield Case(
        "a chain of fragments as deep as may be",
        "{...F0}" + fragments(13, nested("...{", "...NEXT", "}", 14), "__typename"),
        None,
    )
    yield Case(
        "fragments with fields as deep as may be",
        "{...F0}" + fragments(40, "a{...NEXT}", "b"),
        COMPLEX,
    )
    yield Case("introspection", get_introspection_query(), None)
    yield Case(
        "introspection 21 deep",
        "{__schema{types{" + nested("ofType{", "name", "}", 18) + "}}}",
        COMPLEX,
    )
    yield Case(
        "introspection of fields' fields",
        "{__schema{types{" + nested("fields{type{", "name", "}}", 5) + "}}}",
        INVALID,
    )
    yield Case("variables 500 deep", "{__typename}", "BAD_REQUEST", {"a": _deep(500)})
    yield Case("variables 50 deep", "{__typename}", COMPLEX, {"a": _deep(50)})
    yield Case("variables 11 deep", "{__typename}", COMPLEX, {"a": _deep(11)})
    yield Case("variables 10 deep", "{__typename}", None, {"a": _deep(10)})


def _deep(depth: int) -> Any:
    value: Any = 1
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value
