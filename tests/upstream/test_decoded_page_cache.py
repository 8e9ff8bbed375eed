"""Decoded pages whose responses have not changed."""

import pytest

from gateway.upstream.decoded_page_cache import DecodedPageCache
from gateway.upstream.decoding.decode import UpstreamPage


class Reader:
    """Decodes a body to a page of its characters, a question mark to an item left out."""

    def __init__(self, max_bytes: int = 10_000) -> None:
        self.pages = DecodedPageCache[str](max_bytes)
        self.decoded = 0

    def read(self, target: str, body: bytes) -> UpstreamPage[str]:
        """Return the page of a body, and count those that are decoded."""
        page = self.pages.find(target, body)
        if page is None:
            self.decoded += 1
            items = [None if each == "?" else each for each in body.decode()]
            page = UpstreamPage(items, len(body))
            self.pages.store(target, body, page)
        return page


def test_an_equal_response_is_not_decoded_again() -> None:
    """Equal bytes are enough: each call brings new ones."""
    reader = Reader()

    first = reader.read("/a", b"abc")

    assert reader.read("/a", bytes(bytearray(b"abc"))) is first
    assert reader.decoded == 1


def test_a_changed_response_replaces_the_one_before() -> None:
    """The last response counts, of each target for itself."""
    reader = Reader()
    reader.read("/a", b"abc")
    reader.read("/b", b"xyz")

    assert reader.read("/a", b"abd").items == ["a", "b", "d"]
    assert reader.read("/a", b"abd").items == ["a", "b", "d"]
    assert reader.read("/b", b"xyz").items == ["x", "y", "z"]
    assert reader.decoded == 3


def test_a_page_with_an_item_left_out_is_decoded_each_time() -> None:
    """Decoding it logs the item."""
    reader = Reader()

    for _ in range(2):
        assert reader.read("/a", b"a?").dropped == 1
    assert reader.decoded == 2


@pytest.mark.parametrize(("max_bytes", "decoded"), [(0, 6), (1_000, 6), (2_200, 6), (4_000, 3)])
def test_the_size_is_bounded(max_bytes: int, decoded: int) -> None:
    """The least recently used page goes first; one that is too large is never stored."""
    reader = Reader(max_bytes)

    for _ in range(2):
        for target in ("/a", "/b", "/c"):
            reader.read(target, b"abc")
    assert reader.decoded == decoded


def test_an_empty_page_is_not_stored() -> None:
    """Ten thousand programs that do not exist fill no memory."""
    reader = Reader(1_000_000)

    for _ in range(2):
        reader.read("/a", b"")
    assert reader.decoded == 2
