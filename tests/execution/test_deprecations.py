"""What an operation uses of what is deprecated, in its document and in its variables."""

from typing import Any

import pytest
from graphql import build_schema

from gateway.execution.deprecations import deprecated_elements
from gateway.execution.operation_store import OperationStore

SCHEMA = build_schema("""
type Query {
  old: Int @deprecated(reason: "Use new.")
  new(plain: Int, gone: Int @deprecated(reason: "No use."), kind: Kind, where: Where): Node
  list(kinds: [Kind!], wheres: [Where]): Int
}
interface Node { id: ID! }
type Thing implements Node { id: ID! name: String @deprecated(reason: "Use title.") title: String }
enum Kind { A B @deprecated(reason: "Use A.") }
input Where { a: Int b: Int @deprecated(reason: "Use a.") kind: Kind inner: Where }
""")
NAMES = deprecated_elements(SCHEMA)
STORE = OperationStore(SCHEMA, introspection=True)
NOT_SENT = "query($w: Where, $k: Kind = A) { new(where: $w, kind: $k) { id } }"
KINDS = "query($k: [Kind!]) { list(kinds: $k) }"
WHERES = "query($w: [Where]) { list(wheres: $w) }"
USES = [
    ("{ new { id } }", {}, set()),
    ("{ new(plain: 1, kind: A, where: {a: 1}) { id } __schema { queryType { name } } }", {}, set()),
    ("{ old }", {}, {"Query.old"}),
    ("{ a: old b: old c: old }", {}, {"Query.old"}),
    ("{ new(gone: 1) { id } }", {}, {"Query.new(gone:)"}),
    ("query($g: Int) { new(gone: $g) { id } }", {}, {"Query.new(gone:)"}),
    ("{ new(kind: B) { id } }", {}, {"Kind.B"}),
    ("{ list(kinds: [A, B]) }", {}, {"Kind.B"}),
    ("{ list(kinds: B) }", {}, {"Kind.B"}),
    ("{ new(where: {inner: {b: 1, kind: B}}) { id } }", {}, {"Where.b", "Kind.B"}),
    ("{ new { ... on Thing { name } } }", {}, {"Thing.name"}),
    ("{ new { ...F } } fragment F on Node { ...G } fragment G on Thing { name }", {},
     {"Thing.name"}),
    (NOT_SENT, {}, set()),
    (NOT_SENT, {"w": None, "k": None}, set()),
    (NOT_SENT, {"w": {"a": 1, "kind": "A"}}, set()),
    (NOT_SENT, {"w": {"inner": {"kind": "B"}}}, {"Kind.B"}),
    (NOT_SENT, {"w": {"b": None}, "k": "B"}, {"Where.b", "Kind.B"}),
    ("query($k: Kind = B) { new(kind: $k) { id } }", {}, {"Kind.B"}),
    (KINDS, {"k": ["A", "A"]}, set()),
    (KINDS, {"k": ["A", "B", "B"]}, {"Kind.B"}),
    (KINDS, {"k": "B"}, {"Kind.B"}),
    (WHERES, {"w": [None, {"a": 1}, {"inner": {"b": 1}}]}, {"Where.b"}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "variables", "used"), USES)
def test_an_operation_counts_once_for_each_element(
    text: str, variables: dict[str, Any], used: set[str]
) -> None:
    """For fields, arguments, input fields and values of enums, however often it uses them."""
    counts = [0] * len(NAMES)
    operation = STORE.get(text, None)
    for _ in range(2):
        if operation.deprecated is not None:
            operation.deprecated.count_in(counts, variables)
    assert dict.fromkeys(used, 2) == {
        name: count for name, count in zip(NAMES, counts, strict=True) if count
    }


def test_each_operation_of_a_document_counts_its_own() -> None:
    """A fragment counts for those that spread it."""
    text = "query A { ...F } query B { new { id } } fragment F on Query { old }"
    assert STORE.get(text, "A").deprecated is not None
    assert STORE.get(text, "B").deprecated is None


def test_nothing_is_collected_where_nothing_is_deprecated() -> None:
    """Nor of operations whose variables cannot hold anything deprecated."""
    plain = OperationStore(build_schema("type Query { a: Int }"), introspection=True)
    assert plain.get("{ a }", None).deprecated is None
    assert STORE.get("query($p: Int) { new(plain: $p) { id } }", None).deprecated is None


def test_all_that_is_deprecated_has_its_coordinate() -> None:
    """Sorted, so that all workers have the same order."""
    assert NAMES == ("Kind.B", "Query.new(gone:)", "Query.old", "Thing.name", "Where.b")
