import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cache.entry import Entry
from gateway.cache.shared import EntryCodec

SECRET = b"a secret of the tests"
KEY = "a-key"
ENTRY = Entry(b'{"data": 1}', 1_750_000_000.0, 300.0, 3600.0)
CODEC = EntryCodec(SECRET)
WRITTEN = CODEC.encode(KEY, ENTRY)


@pytest.mark.parametrize(
    "entry", [ENTRY, Entry(b"", 0.0, 30.0, is_negative=True), Entry(bytes(range(256)), 1.5, 1.0)]
)
def test_an_entry_is_read_as_it_was_written(entry: Entry) -> None:
    """Every field survives encoding and decoding."""
    assert CODEC.decode(KEY, CODEC.encode(KEY, entry)) == entry


def test_another_replica_reads_it() -> None:
    """Replicas need the same secret and nothing else."""
    assert EntryCodec(SECRET).decode(KEY, WRITTEN) == ENTRY


@given(st.binary(max_size=200))
def test_garbage_is_no_entry(raw: bytes) -> None:
    """Decoding arbitrary bytes returns None and raises nothing."""
    assert CODEC.decode(KEY, raw) is None


@given(st.integers(0, len(WRITTEN) - 1))
def test_a_truncated_entry_is_no_entry(length: int) -> None:
    """An entry that is cut anywhere is rejected."""
    assert CODEC.decode(KEY, WRITTEN[:length]) is None


@given(st.integers(0, len(WRITTEN) - 1), st.integers(1, 255))
def test_a_changed_byte_makes_it_no_entry(position: int, change: int) -> None:
    """An entry of which one byte differs is rejected."""
    raw = bytearray(WRITTEN)
    raw[position] ^= change

    assert CODEC.decode(KEY, bytes(raw)) is None


def test_an_entry_moved_to_another_key_is_no_entry() -> None:
    """One customer's entry under another's key is rejected."""
    assert CODEC.decode("another-key", WRITTEN) is None


def test_an_entry_of_a_stranger_is_no_entry() -> None:
    """An entry encoded with another secret is rejected."""
    planted = EntryCodec(b"the secret of somebody else").encode(KEY, ENTRY)

    assert CODEC.decode(KEY, planted) is None


def test_an_entry_of_another_release_is_no_entry() -> None:
    """An entry with another version is rejected."""
    assert CODEC.decode(KEY, WRITTEN[:3] + bytes([WRITTEN[3] + 1]) + WRITTEN[4:]) is None


@pytest.mark.parametrize(
    "entry",
    [
        Entry(b"", math.nan, 1.0),
        Entry(b"", 0.0, math.inf),
        Entry(b"", 0.0, -1.0),
        Entry(b"", 0.0, 1.0, math.nan),
    ],
)
def test_an_entry_with_impossible_times_is_no_entry(entry: Entry) -> None:
    """Infinite, negative and undefined durations are rejected."""
    assert CODEC.decode(KEY, CODEC.encode(KEY, entry)) is None


def test_a_signed_message_of_another_shape_is_no_entry() -> None:
    """A release that changed the format without its version is harmless."""

    class Other(msgspec.Struct, array_like=True):
        name: str

    raw = CODEC.encode(KEY, Other("x"))  # type: ignore[arg-type]  # that is the mistake

    assert CODEC.decode(KEY, raw) is None
