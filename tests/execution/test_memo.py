"""Memos are bounded, whatever clients and the platform send."""

import msgspec

from gateway.execution.leaf_types import Memo

MIB = 1024 * 1024


def test_long_values_are_made_each_time() -> None:
    """JSON has a client's aliases in it, keys are strings of the platform: both may be long."""
    kept = Memo(lambda raw: msgspec.Raw(b"1" * raw))
    assert len(memoryview(kept[8 * 1024])) == 8 * 1024
    assert len(memoryview(kept[8 * 1024 + 1])) == 8 * 1024 + 1
    assert set(kept) == {8 * 1024}
    texts = Memo(len)
    for raw in ("x" * 41, ("x" * 2000, b"y" * 49)):
        assert texts[raw] == len(raw)
    assert not texts


def test_all_values_together_are_bounded_in_bytes() -> None:
    """A memo that would exceed 2 MiB starts again with the last value."""
    kept = Memo(lambda raw: msgspec.Raw(b"%d" % raw + b" " * 8_000))
    most = 0
    for raw in range(1000):
        _ = kept[raw]
        most = max(most, sum(len(memoryview(made)) for made in kept.values()))
    assert 1.9 * MIB < most <= 2 * MIB


def test_values_are_bounded_in_number() -> None:
    """A memo that is full starts again."""
    kept = Memo(str, 10)
    for raw in range(25):
        assert kept[raw] == str(raw)
    assert list(kept) == [20, 21, 22, 23, 24]
