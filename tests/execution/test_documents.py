"""The cache of documents is bounded, and keeps those that recur."""

import asyncio

import pytest

from gateway.execution.compiler.compiled_executor import CompiledExecutor
from gateway.execution.documents import DocumentCache
from gateway.execution.operation import Operations
from gateway.schema.build import build_schema, executable
from tests.execution.lying import Gateway

HOT = '{ customer(by: {externalId: "C-TEN"}) { promotions { nodes { promotion { name } } } } }'


@pytest.fixture
def operations() -> Operations:
    """Return operations with an empty cache."""
    return Operations(executable(build_schema()), introspection=True)


def test_texts_that_come_once_do_not_push_out_one_that_comes_often(operations: Operations) -> None:
    """However many of them there are."""
    operations.get(HOT, None)
    hot = operations.get(HOT, None)
    for i in range(1500):
        operations.get(f"query Q{i} {{ __typename }}", None)
    assert operations.get(HOT, None) is hot


def test_hot_texts_make_room_for_each_other(operations: Operations) -> None:
    """The least recently used document is evicted first, hot or not."""
    first = "query First { __typename }"
    kept = [operations.get(first, None), operations.get(first, None)][0]
    for i in range(600):
        for _ in range(2):
            operations.get(f"query Q{i} {{ __typename }}", None)
    assert operations.get(first, None) is not kept


def test_pinned_texts_stay_whatever_else_is_asked(operations: Operations) -> None:
    """Pinned documents stay, however many they are, and take no space of others."""
    pinned = [f"query P{i} {{ __typename }}" for i in range(600)]
    kept = []
    for number, text in enumerate(pinned):
        for _ in range(1 + number % 2):
            operation = operations.get(text, None)
        kept.append(operation)
        operations.documents.pin(text)
    assert operations.documents.bytes == 0
    for i in range(600):
        for _ in range(2):
            operations.get(f"query Q{i} {{ __typename }}", None)
    assert [operations.get(text, None) for text in pinned] == kept
    assert len(operations.documents) == 600 + 512


def test_what_there_is_no_room_to_pin_is_a_text_like_others(operations: Operations) -> None:
    """A manifest of any size starts; its last documents are parsed again on request."""
    fields = " ".join("customerId" for _ in range(35))
    texts = [
        f'query P{i}{"x" * 200} {{ customer(by: {{mobile: "{"1" * 9_000}"}}) {{ {fields} }} }}'
        for i in range(60)
    ]
    for text in texts:
        operations.get(text, None)
        operations.documents.pin(text)
    assert 50 < len(operations.documents) <= 60
    assert operations.documents.bytes > 0


def test_what_is_compiled_counts() -> None:
    """A document's size in the cache grows when it is compiled."""
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
