"""Each limit: up to it a document passes, one above it is refused by a code."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from gateway.execution.failures import OperationRefusedError
from gateway.execution.lexical_limits import MAX_NAME_LENGTH, MAX_NESTING, MAX_STRING_LENGTH
from gateway.execution.limits import DEFAULT_LIMITS
from gateway.execution.operation_store import OperationStore
from gateway.schema.build import build_schema, executable


class Limit(NamedTuple):
    """A limit, and functions that return a document and variables of a given size."""

    name: str
    most: int
    document: Callable[[int], str]
    variables: Callable[[int], dict[str, Any]] = lambda _number: {}
    words: str = ""
    code: str = "QUERY_TOO_COMPLEX"


LONG = "LIST_TOO_LONG"


def deep(opening: str, middle: str, closing: str, depth: int) -> str:
    """Nest a text in itself."""
    return opening * depth + middle + closing * depth


def customer(selection: str) -> str:
    """Select below a customer."""
    return f'{{customer(by:{{mobile:"1"}}){{{selection}}}}}'


def fields(depth: int) -> str:
    """Nest valid fields: three to a round, and one to three at the end."""
    ends = ("customerId", "promotions{drift}", "promotions{nodes{id}}")
    rounds, left = divmod(depth - 2, 3)
    return customer(deep("promotions(first:1){nodes{customer{", ends[left], "}}}", rounds))


def introspection(depth: int) -> str:
    """Nest valid fields of the introspection."""
    return "{__schema{queryType{" + deep("ofType{", "name", "}", depth - 3) + "}}}"


def nested(depth: int) -> Any:
    """Nest lists."""
    return [nested(depth - 1)] if depth else 1


def fragments(number: int) -> str:
    """Spread fragments in each other, the last of which has a field."""
    names = [f"F{i}" for i in range(number)]
    spread = [f"...{name}" for name in [*names[1:]]] + ["__typename"]
    return "{...F0}" + "".join(
        f"fragment {n} on Query{{{s}}}" for n, s in zip(names, spread, strict=True)
    )


D = DEFAULT_LIMITS
NODES = "query($ids:[ID!]!){nodes(ids:$ids){id}}"
LIMITS = [
    Limit(
        "tokens", D.tokens,
        lambda n: "#x\n{x{" + "".join(f"x{i} " for i in range(n - 5)) + "}}", words="Document",
    ),
    Limit("depth", D.depth, fields, words="Query depth"),
    Limit("introspection depth", D.introspection_depth, introspection, words="Introspection depth"),
    Limit("aliases", D.aliases, lambda n: customer("".join(f"a{i}:id " for i in range(n)))),
    Limit(
        "aliases in a fragment",
        D.aliases,
        lambda n: customer("...A " + "".join(f"a{i}:id " for i in range(n - 5)))
        + "fragment A on Customer{" + "".join(f"b{i}:id " for i in range(5)) + "}",
    ),
    Limit("root fields", D.root_fields, lambda n: "{" + "__typename " * n + "}"),
    Limit(
        "root fields in a fragment",
        D.root_fields,
        lambda n: "{...F ...F " + "__typename " * (n - 3) + "}fragment F on Query{"
        + "__typename " * 3 + "}",
    ),
    Limit(
        "directives",
        D.directives,
        lambda n: customer("id@skip(if:false) " * n),
        words="Directives",
    ),
    Limit("fragments", D.fragments, fragments, words="Fragments"),
    Limit(
        "depth of a literal", D.json_depth,
        lambda n: "{customer(by:" + deep("[", "1", "]", n) + "){id}}", words="Input nesting depth",
    ),
    Limit(
        "depth of a variable", D.json_depth, lambda _: "{__typename}",
        lambda n: {"v": nested(n)}, "Input nesting depth",
    ),
    Limit(
        "values of variables", D.tokens, lambda _: "{__typename}",
        lambda n: {"v": [1] * (n - 1)}, "Variable values",
    ),
    Limit(
        "nodes", D.list_length,
        lambda n: "{nodes(ids:[" + "1 " * n + "]){id}}", words="ids: ", code=LONG,
    ),
    Limit(
        "nodes by variable", D.list_length, lambda _: NODES,
        lambda n: {"ids": ["1"] * n}, "ids: ", LONG,
    ),
    Limit(
        "nodes by default", D.list_length,
        lambda n: NODES.replace("!]!", "!]!=[" + "1 " * n + "]"), words="ids: ", code=LONG,
    ),
    Limit(
        "customers", D.list_length,
        lambda n: "{customers(by:[" + '{mobile:"1"}' * n + "]){id}}", words="by: ", code=LONG,
    ),
    Limit("brackets", MAX_NESTING, lambda n: deep("{...", "{__typename}", "}", n - 1)),
    Limit("words", MAX_NAME_LENGTH, lambda n: "query " + "x" * n + "{__typename}"),
    Limit("texts", MAX_STRING_LENGTH, lambda n: f'{{program(programId:"{"x" * (n - 2)}"){{id}}}}'),
]  # fmt: skip


@pytest.fixture(scope="module")
def operations() -> OperationStore:
    """Return operations with the default limits."""
    return OperationStore(executable(build_schema()), introspection=True)


def code(operations: OperationStore, limit: Limit, number: int) -> tuple[str, str]:
    """Return the code and message with which a document is refused; empty if it is not."""
    try:
        operation = operations.get(limit.document(number), None)
        operation.check(limit.variables(number))
    except OperationRefusedError as refused:
        return refused.code, refused.errors[0]["message"]
    return "", ""


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_a_limit_is_where_it_is_said_to_be(operations: OperationStore, limit: Limit) -> None:
    """Up to it a document is not refused; beyond it, it is, and the message has the limit."""
    for number in (limit.most - 1, limit.most):
        assert code(operations, limit, number)[0] != limit.code
    refused, words = code(operations, limit, limit.most + 1)
    assert refused == limit.code
    assert f"the limit of {limit.most}" in words
    assert words.startswith(limit.words)


@pytest.mark.parametrize("name", D._fields[:9])
def test_each_limit_can_be_set(name: str) -> None:
    """A lower limit refuses what the default lets pass."""
    limit = next(one for one in LIMITS if one.name.replace(" ", "_") == NAMED.get(name, name))
    lower = limit.most - 1
    strict = OperationStore(
        executable(build_schema()), introspection=True, limits=D._replace(**{name: lower})
    )
    assert code(strict, limit, limit.most)[0] == limit.code


NAMED = {"json_depth": "depth_of_a_variable", "list_length": "nodes"}


def test_a_message_repeats_nothing_of_the_document(operations: OperationStore) -> None:
    """No message contains text of the document."""
    for limit in LIMITS:
        _, words = code(operations, limit, limit.most + 1)
        assert "xx" not in words
        assert "F0" not in words
