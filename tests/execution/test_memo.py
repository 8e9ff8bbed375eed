"""What is kept of values that recur is bounded, whatever clients and the platform do."""

import msgspec

from gateway.execution.leaf_types import Memo

MIB = 1024 * 1024


def test_long_values_are_made_each_time() -> None:
    """A client's names make JSON as long as it likes; texts of the platform's are no shorter."""
    kept = Memo(lambda raw: msgspec.Raw(b"1" * raw))
    assert len(memoryview(kept[8 * 1024])) == 8 * 1024
    assert len(memoryview(kept[8 * 1024 + 1])) == 8 * 1024 + 1
    assert set(kept) == {8 * 1024}
    texts = Memo(len)
    for raw in ("x" * 41, ("x" * 2000, b"y" * 49)):
        assert texts[raw] == len(raw)
    assert not texts


def test_all_values_together_are_bounded_in_bytes() -> None:
    """When there would be more than 2 MiB, all are forgotten but the last."""
    kept = Memo(lambda raw: msgspec.Raw(b"%d" % raw + b" " * 8_000))
    most = 0
    for raw in range(1000):
        _ = kept[raw]
        most = max(most, sum(len(memoryview(made)) for made in kept.values()))
    assert 1.9 * MIB < most <= 2 * MIB


def test_values_are_bounded_in_number() -> None:
    """However small they are."""
    kept = Memo(str, 10)
    for raw in range(25):
        assert kept[raw] == str(raw)
    assert list(kept) == [20, 21, 22, 23, 24]
