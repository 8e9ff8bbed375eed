"""The cache of documents is bounded, and keeps those that recur."""

import asyncio

import pytest

from gateway.execution.compiler.compiled_executor import CompiledExecutor
from gateway.execution.documents import Document, DocumentCache
from gateway.execution.operation_store import OperationStore
from gateway.schema.build import build_schema, executable
from tests.execution.lying import Gateway

QUERY = '{ customer(by: {externalId: "C-TEN"}) { promotions { nodes { promotion { name } } } } }'


@pytest.fixture
def documents() -> DocumentCache:
    """Return an empty cache."""
    return DocumentCache()


def request(documents: DocumentCache, text: str, times: int = 1) -> Document:
    """Request a document so often; store it if it is not in the cache."""
    document = documents.get(text)
    if document is None:
        document = Document(text, [])
        documents.put(text, document)
    for _ in range(times - 1):
        assert documents.get(text) is document
    return document


def test_the_least_recently_used_of_many_texts_is_evicted(documents: DocumentCache) -> None:
    """512 stay."""
    texts = [f"query Q{i} {{ __typename }}" for i in range(513)]
    for text in [*texts[:512], texts[0], texts[512]]:
        request(documents, text)
    assert set(documents) == {texts[0], *texts[2:]}


def test_texts_that_come_once_do_not_push_out_one_that_comes_often(
    documents: DocumentCache,
) -> None:
    """However many of them there are."""
    hot = request(documents, "hot", times=2)
    for i in range(1_500):
        request(documents, f"once {i}")
    assert documents.get("hot") is hot


def test_hot_texts_make_room_for_each_other(documents: DocumentCache) -> None:
    """The least recently used document is evicted first, hot or not."""
    request(documents, "first", times=2)
    for i in range(600):
        request(documents, f"hot {i}", times=2)
    assert documents.get("first") is None
    assert documents.get("hot 599") is not None


def test_pinned_texts_stay_whatever_else_is_asked(documents: DocumentCache) -> None:
    """Pinned documents stay, however many they are, and take no space of others."""
    pinned = {}
    for i in range(600):
        text = f"pinned {i}"
        pinned[text] = request(documents, text, times=1 + i % 2)
        documents.pin(text)
    assert documents.bytes == 0
    for i in range(600):
        request(documents, f"hot {i}", times=2)
    assert {text: documents.get(text) for text in pinned} == pinned
    assert len(documents) == 600 + 512


def test_what_there_is_no_room_to_pin_is_a_text_like_others(documents: DocumentCache) -> None:
    """A manifest of any size starts; its last documents are parsed again on request."""
    for i in range(60):
        text = f"{i} {'x' * 9_500}"
        request(documents, text)
        documents.pin(text)
    assert 50 < len(documents) <= 60
    assert documents.bytes > 0


def test_what_is_compiled_counts() -> None:
    """A document's size in the cache grows when it is compiled."""
    schema = build_schema()
    operations = OperationStore(executable(schema), introspection=True)
    executor = CompiledExecutor(schema)
    operation = operations.get(QUERY, None)
    before = operations.documents.bytes

    async def run() -> None:
        await executor.run(operation, {}, Gateway().context())

    asyncio.run(run())
    assert operation.compiled_size > 0
    operations.get(QUERY, None)
    assert operations.documents.bytes > before
