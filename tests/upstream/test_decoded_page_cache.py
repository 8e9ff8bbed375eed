"""Pages whose answers have not changed since they were read."""

import pytest

from gateway.upstream.decoded_page_cache import DecodedPageCache
from gateway.upstream.decoding.decode import UpstreamPage


class Reader:
    """Reads an answer as a page of its characters, a question mark as an item left out."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, body: bytes) -> UpstreamPage[str]:
        """Read, and count that."""
        self.times += 1
        if body == b"broken":
            raise ValueError(body)
        return UpstreamPage([None if each == "?" else each for each in body.decode()], len(body))


def test_an_answer_that_has_not_changed_is_not_read_again() -> None:
    """Equal bytes are enough: each call brings new ones."""
    known, read = DecodedPageCache[str](10_000), Reader()

    first = known.read("/a", b"abc", read)
    again = known.read("/a", bytes(bytearray(b"abc")), read)

    assert again is first
    assert read.times == 1


def test_an_answer_that_has_changed_is_read_and_known_from_then_on() -> None:
    """The last answer counts, of each target for itself."""
    known, read = DecodedPageCache[str](10_000), Reader()
    known.read("/a", b"abc", read)
    known.read("/b", b"xyz", read)

    assert known.read("/a", b"abd", read).items == ["a", "b", "d"]
    assert known.read("/a", b"abd", read).items == ["a", "b", "d"]
    assert known.read("/b", b"xyz", read).items == ["x", "y", "z"]
    assert read.times == 3


def test_a_page_with_an_item_left_out_is_read_each_time() -> None:
    """Whoever reads it says so in the log."""
    known, read = DecodedPageCache[str](10_000), Reader()

    for _ in range(2):
        assert known.read("/a", b"a?", read).left_out == 1
    assert read.times == 2


def test_what_cannot_be_read_is_not_known() -> None:
    """It fails each time, and the page before it stays."""
    known, read = DecodedPageCache[str](10_000), Reader()
    page = known.read("/a", b"abc", read)

    for _ in range(2):
        with pytest.raises(ValueError, match="broken"):
            known.read("/a", b"broken", read)
    assert known.read("/a", b"abc", read) is page


@pytest.mark.parametrize(("most_bytes", "times"), [(0, 6), (1_000, 6), (2_200, 6), (4_000, 3)])
def test_what_is_kept_is_bounded(most_bytes: int, times: int) -> None:
    """What was asked for least lately goes first; what is too large is never kept."""
    known, read = DecodedPageCache[str](most_bytes), Reader()

    for _ in range(2):
        for target in ("/a", "/b", "/c"):
            known.read(target, b"abc", read)
    assert read.times == times


def test_an_empty_page_is_not_kept() -> None:
    """Whoever asks for ten thousand programs that there are not fills no memory."""
    known, read = DecodedPageCache[str](1_000_000), Reader()

    for _ in range(2):
        known.read("/a", b"", read)
    assert read.times == 2
