"""Documents are kept within bounds, and those that come again stay."""

import asyncio

import pytest

from gateway.execution.compiled import CompiledExecutor
from gateway.execution.documents import DocumentCache
from gateway.execution.operation import Operations
from gateway.schema.build import build_schema, executable
from tests.execution.lying import Gateway

HOT = '{ customer(by: {externalId: "C-TEN"}) { promotions { nodes { promotion { name } } } } }'


@pytest.fixture
def operations() -> Operations:
    """Begin with nothing read."""
    return Operations(executable(build_schema()), introspection=True)


def test_texts_that_come_once_do_not_push_out_one_that_comes_often(operations: Operations) -> None:
    """However many of them there are."""
    operations.get(HOT, None)
    hot = operations.get(HOT, None)
    for i in range(1500):
        operations.get(f"query Q{i} {{ __typename }}", None)
    assert operations.get(HOT, None) is hot


def test_hot_texts_make_room_for_each_other(operations: Operations) -> None:
    """What nobody has asked for longest is the first to go, hot or not."""
    first = "query First { __typename }"
    kept = [operations.get(first, None), operations.get(first, None)][0]
    for i in range(600):
        for _ in range(2):
            operations.get(f"query Q{i} {{ __typename }}", None)
    assert operations.get(first, None) is not kept


def test_what_is_compiled_counts() -> None:
    """A document grows when it runs, and its place in the cache with it."""
    schema = build_schema()
    operations = Operations(executable(schema), introspection=True)
    executor = CompiledExecutor(schema)
    documents: DocumentCache = operations.documents
    operation = operations.get(HOT, None)
    before = documents.bytes

    async def run() -> None:
        await executor.run(operation, {}, Gateway().context())

    asyncio.run(run())
    assert operation.compiled_size > 0
    operations.get(HOT, None)
    assert documents.bytes > before
