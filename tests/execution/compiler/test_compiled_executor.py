"""The executor: when an operation is compiled, into how many variants, and what it delegates."""

from typing import Any

import pytest

from gateway.execution.compiler.compiled_executor import CompiledExecutor
from gateway.execution.documents import Operation
from gateway.execution.limits import Limits
from gateway.execution.operation_store import OperationStore
from gateway.execution.outcome import Outcome
from tests.execution.compiler.library import GRAPHQL, SCHEMA, context

pytestmark = pytest.mark.anyio

UNLIMITED = Limits(*(10**9,) * len(Limits._fields))


class Introspection:
    """Counts the operations that are left to it."""

    def __init__(self) -> None:
        self.ran = 0

    async def run(self, *_: Any) -> Outcome:
        """Count an operation."""
        self.ran += 1
        return Outcome({}, [])


def _operation(text: str) -> Operation:
    return OperationStore(GRAPHQL, introspection=True, limits=UNLIMITED).get(text, None)


async def _run(executor: CompiledExecutor, operation: Operation, **variables: Any) -> Outcome:
    return await executor.run(operation, variables, context())


async def test_an_operation_is_generated_when_it_runs_again() -> None:
    """What runs once is interpreted; the data is the same."""
    executor, operation = CompiledExecutor(SCHEMA), _operation("{ book { title pages } }")
    sizes, data = [], []
    for _ in range(3):
        outcome = await _run(executor, operation)
        sizes.append(operation.compiled_size)
        data.append(outcome.data)
    assert sizes[0] == 0 < sizes[1] == sizes[2]
    assert data == [{"book": {"title": "Emma", "pages": 100}}] * 3


async def test_each_set_of_conditions_is_a_variant() -> None:
    """Of which the last eight are stored."""
    declared = " ".join(f"$c{index}: Boolean!" for index in range(4))
    fields = " ".join(f"t{index}: title @include(if: $c{index})" for index in range(4))
    operation = _operation(f"query Q({declared}) {{ book {{ pages {fields} }} }}")
    executor = CompiledExecutor(SCHEMA)
    sizes = []
    for number in range(16):
        conditions = {f"c{index}": bool(number >> index & 1) for index in range(4)}
        for _ in range(2):
            outcome = await _run(executor, operation, **conditions)
        assert outcome.data is not None
        assert isinstance(outcome.data, dict)
        assert len(outcome.data["book"]) == 1 + sum(conditions.values())
        sizes.append(operation.compiled_size)
    assert sizes[7] > sizes[0]
    assert sizes[15] < 2.5 * sizes[7]


async def test_introspection_is_delegated() -> None:
    """Wherever it is selected, also beside other fields."""
    introspection = Introspection()
    executor = CompiledExecutor(SCHEMA, introspection=introspection)
    for text in (
        "{ __schema { queryType { name } } }",
        '{ book { title } ...F } fragment F on Query { __type(name: "Book") { name } }',
    ):
        await _run(executor, _operation(text))
    assert introspection.ran == 2
    await _run(executor, _operation("{ __typename book { __typename } }"))
    assert introspection.ran == 2


async def test_variables_that_are_wrong_leave_no_data() -> None:
    """Nothing runs."""
    operation = _operation("query Q($n: Int!) { book { repeated(times: $n) } }")
    outcome = await _run(CompiledExecutor(SCHEMA), operation)
    assert outcome.data is None
    assert len(outcome.errors) == 1


async def test_data_that_may_show_a_text_twice_is_said_to() -> None:
    """It is measured before it is encoded, and so is data with errors."""
    executor = CompiledExecutor(SCHEMA)
    assert not (await _run(executor, _operation("{ book { title } }"))).may_repeat
    assert (await _run(executor, _operation("{ book { title t: title } }"))).may_repeat
    refused = _operation("query Q($n: Int = 1) { book { repeated(times: $n) } }")
    outcome = await _run(executor, refused, n=None)
    assert outcome.errors
    assert outcome.may_repeat


async def test_a_prefetched_field_is_not_fetched() -> None:
    """Any other is."""
    operation = _operation("query Q($i: Int!) { knownShelf(index: $i) { books { title } } }")
    executor = CompiledExecutor(SCHEMA)
    for index, title in ((0, "prefetched"), (1, "fetched"), (0, "prefetched")):
        outcome = await _run(executor, operation, i=index)
        assert outcome.data == {"knownShelf": {"books": [{"title": title}]}}
