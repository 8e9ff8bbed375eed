"""A map that never outgrows its bound."""

from gateway.cache.bounded_dict import BoundedDict


def test_the_oldest_item_is_dropped() -> None:
    """Setting an item again makes it the newest; reading it does not."""
    bounded: BoundedDict[str, int] = BoundedDict(3)
    for key in "abcab":
        bounded[key] = len(bounded)
    assert list(bounded) == ["c", "a", "b"]
    assert bounded.get("c") == 2
    bounded["d"] = 4
    assert list(bounded) == ["a", "b", "d"]


def test_an_item_that_is_used_stays() -> None:
    """`use` makes a least-recently-used cache of it."""
    bounded: BoundedDict[str, int] = BoundedDict(2)
    bounded["a"], bounded["b"] = 1, 2
    assert bounded.use("a") == 1
    assert bounded.use("z") is None
    bounded["c"] = 3
    assert list(bounded) == ["a", "c"]


def test_iterating_reads_without_changing_the_order() -> None:
    """Values may be read while iterating."""
    bounded: BoundedDict[str, int] = BoundedDict(3)
    for number, key in enumerate("abc"):
        bounded[key] = number
    assert [bounded[key] for key in bounded] == list(bounded.values()) == [0, 1, 2]
