"""Operations by their text: validated once, cached for a while, and within bounds."""

import pytest

from gateway.execution.failures import OperationRefusedError
from gateway.execution.operation_store import OperationStore
from gateway.schema.build import build_schema, executable

SCHEMA = executable(build_schema())


@pytest.fixture
def operations() -> OperationStore:
    """Return operations with an empty cache."""
    return OperationStore(SCHEMA, introspection=True)


def test_a_text_is_validated_once(operations: OperationStore) -> None:
    """Requested again, also for another of its operations, a text is found in the cache."""
    text = "query A { __typename } query B { __typename }"
    first = operations.get(text, "A")
    assert (first.name, operations.get(text, "B").name) == ("A", "B")
    assert operations.get(text, "A") is first
    assert operations.get(text, "B").document is first.document


def test_another_text_of_the_same_query_is_another(operations: OperationStore) -> None:
    """Not even a space more is taken for the same."""
    first = operations.get("{ __typename }", None)
    assert operations.get("{ __typename } ", None) is not first


def test_a_text_that_is_refused_is_not_stored(operations: OperationStore) -> None:
    """Invalid documents do not evict others' queries."""
    with pytest.raises(OperationRefusedError) as refused:
        operations.get("{ nothing }", None)
    assert refused.value.code == "GRAPHQL_VALIDATION_FAILED"
    assert len(operations.documents) == 0


def test_a_text_without_the_named_operation_is_stored(operations: OperationStore) -> None:
    """The document is valid, so it need not be validated again."""
    text = "query A { __typename }"
    for name in ("B", ""):
        with pytest.raises(OperationRefusedError):
            operations.get(text, name)
        assert list(operations.documents) == [text]
    assert operations.get(text, None).name == "A"


def test_long_texts_share_a_bounded_space(operations: OperationStore) -> None:
    """A few long ones evict one another, and one that exceeds the space alone is not stored."""
    texts = [f"query Q{i} {{ __typename }} #" + "x" * 25_000 for i in range(3)]
    for text in texts:
        operations.get(text, None)
    assert list(operations.documents) == texts[1:]
    operations.get("{ __typename } #" + "x" * 75_000, None)
    assert len(operations.documents) == 0
    operations.get("{ __typename }", None)
    assert list(operations.documents) == ["{ __typename }"]


def test_an_operation_knows_itself(operations: OperationStore) -> None:
    """Executors need its name, its kind and its variables."""
    operation = operations.get("query A($x: ID! = 1) { program(programId: $x) { id } }", None)
    assert (operation.name, operation.is_query) == ("A", True)
    assert [one.variable.name.value for one in operation.variable_definitions] == ["x"]
    anonymous = operations.get("{ __typename }", None)
    assert (anonymous.name, anonymous.variable_definitions) == (None, ())
