"""The size limit of a request's responses together, and which response is refused."""

import gc
import weakref
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.answer_budget import AnswerBudget, AnswerRefusedError, has_value, leaves_of

NAMES = st.sampled_from(["a", "id", "name"])
TEXTS = st.text(st.sampled_from('":\\{[n,'), max_size=6)
LEAVES = st.none() | st.booleans() | st.integers(0, 9) | TEXTS
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner), max_leaves=20
)


def _leaves(data: Any) -> int:
    if isinstance(data, dict):
        ends = sum(not isinstance(value, dict | list) for value in data.values())
        return ends + sum(map(_leaves, data.values()))
    return sum(map(_leaves, data)) if isinstance(data, list) else 0


@given(st.dictionaries(NAMES, VALUES))
def test_leaves_are_counted_in_json_whatever_is_in_texts(data: dict[str, Any]) -> None:
    """Brackets and commas inside strings are not counted."""
    assert leaves_of(msgspec.json.encode(data)) == _leaves(data)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"a": None}, False),
        ({"a": None, "b": {"c": None}, "d": [{"e": None}, None]}, False),
        ({"a": {"b": '":null'}}, True),
        ({"a": []}, True),
        ({"a": ["x"]}, True),
        ({"a": [{"b": 0}]}, True),
    ],
)
def test_what_is_null_throughout_is_no_value(data: dict[str, Any], *, expected: bool) -> None:
    """Nulls are not counted; an empty list counts as one value."""
    assert has_value(msgspec.json.encode(data)) is expected


def test_one_answer_may_have_all_of_it_and_no_more() -> None:
    """A response's reservation counts until it is complete, then its real size does."""
    share = AnswerBudget(2, 100).share()
    share.has(2, 100)
    share.complete(b'{"a":1,"b":"' + b"x" * 80 + b'"}')
    for leaves, size in ((3, 0), (0, 101)):
        share = AnswerBudget(2, 100).share()
        with pytest.raises(AnswerRefusedError):
            share.has(leaves, size)
        assert share.error is not None
        assert share.error.code == "ANSWER_TOO_LARGE"


def test_the_largest_of_several_is_refused_and_takes_no_more_room() -> None:
    """The largest response is refused; the others, and later ones, are completed."""
    budget = AnswerBudget(1_000, 1_000)
    done, large, small, late = (budget.share() for _ in range(4))
    done.complete(b'{"a":"' + b"x" * 300 + b'"}')
    large.has(0, 600)
    small.has(0, 300)
    assert large.error is not None
    late.has(0, 300)
    with pytest.raises(AnswerRefusedError):
        large.grows(1)
    assert [each.error for each in (done, small, late)] == [None] * 3


def test_a_share_is_freed_without_the_garbage_collector() -> None:
    """A reservation ends with its response, without waiting for garbage collection."""
    share = AnswerBudget().share()
    share.complete(b"{}")
    gone = weakref.ref(share.sibling()._budget)  # noqa: SLF001 - the ring would be within
    gc.disable()
    try:
        del share
        assert gone() is None
    finally:
        gc.enable()


def test_a_complete_answer_is_not_refused_any_more() -> None:
    """A completed response may be in transit: the next one is refused, however small it is."""
    budget = AnswerBudget(1_000, 1_000)
    done, next_one = budget.share(), budget.share()
    done.complete(b'{"a":"' + b"x" * 900 + b'"}')
    with pytest.raises(AnswerRefusedError):
        next_one.has(0, 200)
    assert done.error is None
