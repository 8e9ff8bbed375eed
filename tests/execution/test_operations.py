"""Operations by their text: read once, kept for a while, and never without bounds."""

from typing import Any

import pytest
from graphql import DocumentNode, GraphQLError, GraphQLSchema, validate

from gateway.execution.failures import OperationRefusedError
from gateway.execution.operation import Operations
from gateway.schema.build import build_schema, executable


class Validated(list[str]):
    """The beginnings of the documents that have been validated, in their order."""


@pytest.fixture
def validated(monkeypatch: pytest.MonkeyPatch) -> Validated:
    """Count what is validated, and validate it."""
    counted = Validated()

    def count(schema: GraphQLSchema, document: DocumentNode, *a: Any, **k: Any) -> list[Any]:
        assert document.loc is not None
        counted.append(document.loc.source.body[:40])
        errors: list[GraphQLError] = validate(schema, document, *a, **k)
        return errors

    monkeypatch.setattr("gateway.execution.operation.validate", count)
    return counted


@pytest.fixture
def operations() -> Operations:
    """Begin with nothing read."""
    return Operations(executable(build_schema()), introspection=True)


def test_a_text_is_validated_once(operations: Operations, validated: Validated) -> None:
    """Asked again, also for another of its operations, a text is known."""
    text = "query A { __typename } query B { __typename }"
    assert operations.get(text, "A").name == "A"
    assert operations.get(text, "B").name == "B"
    assert operations.get(text, "A").document is operations.get(text, "B").document
    assert len(validated) == 1


def test_another_text_of_the_same_query_is_another(
    operations: Operations, validated: Validated
) -> None:
    """Not even a blank more is taken for the same."""
    operations.get("{ __typename }", None)
    operations.get("{ __typename } ", None)
    assert len(validated) == 2


def test_a_text_that_is_refused_is_not_kept(operations: Operations, validated: Validated) -> None:
    """Whoever sends mistakes does not push others' queries out."""
    for _ in range(2):
        with pytest.raises(OperationRefusedError) as refused:
            operations.get("{ nothing }", None)
        assert refused.value.code == "GRAPHQL_VALIDATION_FAILED"
    assert len(validated) == 2


def test_a_text_without_the_named_operation_is_kept(
    operations: Operations, validated: Validated
) -> None:
    """The document is right, so it need not be read again."""
    for name in ("B", None, ""):
        if name is None:
            operations.get("query A { __typename }", name)
            continue
        with pytest.raises(OperationRefusedError):
            operations.get("query A { __typename }", name)
    assert len(validated) == 1


def test_the_least_recently_used_of_many_texts_is_forgotten(
    operations: Operations, validated: Validated
) -> None:
    """Some five hundred stay."""
    texts = [f"query Q{i} {{ __typename }}" for i in range(513)]
    for text in texts[:512]:
        operations.get(text, None)
    operations.get(texts[0], None)
    operations.get(texts[512], None)
    assert len(validated) == 513
    operations.get(texts[0], None)
    assert len(validated) == 513
    operations.get(texts[1], None)
    assert len(validated) == 514


def test_long_texts_share_a_bounded_space(operations: Operations, validated: Validated) -> None:
    """A few long ones push one another out, and one that fills the space alone is not kept."""
    texts = [f"query Q{i} {{ __typename }} #" + "x" * 25_000 for i in range(3)]
    for text in texts:
        operations.get(text, None)
    operations.get(texts[2], None)
    assert len(validated) == 3
    operations.get(texts[0], None)
    assert len(validated) == 4
    for _ in range(2):
        operations.get("{ __typename } #" + "x" * 75_000, None)
    assert len(validated) == 6
    operations.get("{ __typename }", None)
    operations.get("{ __typename }", None)
    assert len(validated) == 7


def test_an_operation_knows_itself(operations: Operations) -> None:
    """What runs it needs its name, its kind and its variables."""
    operation = operations.get("query A($x: ID! = 1) { program(programId: $x) { id } }", None)
    assert (operation.name, operation.is_query) == ("A", True)
    assert [one.variable.name.value for one in operation.variable_definitions] == ["x"]
    anonymous = operations.get("{ __typename }", None)
    assert (anonymous.name, anonymous.variable_definitions) == (None, ())
