"""Round-robin queues and the share of one caller."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.fairness import FairQueue, share_of

STEPS = st.lists(st.tuples(st.sampled_from("aaaabc-"), st.integers(0, 9)), max_size=60)


def taken(queue: FairQueue[str]) -> list[str]:
    """Serve all that is queued, one after the other, and return the order."""
    order = []
    while (waiter := queue.take()) is not None:
        queue.current_caller = waiter[0]
        order.append(waiter)
    return order


def fill(*waiters: str) -> FairQueue[str]:
    """Return a queue of these entries; their first letters are their callers."""
    queue: FairQueue[str] = FairQueue()
    for waiter in waiters:
        queue.append(waiter[0], waiter)
    return queue


def test_turns_go_round_the_callers() -> None:
    """A caller with many entries gets one a round; each caller's entries keep their order."""
    queue = fill("a1", "a2", "a3", "a4", "b1", "b2", "c1")
    assert taken(queue) == ["a1", "b1", "c1", "a2", "b2", "a3", "a4"]


def test_a_single_caller_is_first_in_first_out() -> None:
    """With one caller the queue is first in, first out."""
    assert taken(fill(*(f"a{number:02}" for number in range(50)))) == [
        f"a{number:02}" for number in range(50)
    ]


def test_a_waiter_that_arrives_while_another_is_served_is_next() -> None:
    """A new caller comes before the next entry of the one being served."""
    queue = fill("a1", "a2")
    queue.current_caller = "a"
    queue.append("b", "b1")
    assert taken(queue) == ["b1", "a1", "a2"]


def test_new_callers_do_not_delay_a_callers_turn() -> None:
    """A new caller with every turn still leaves one entry a round to a caller with many."""
    queue, order = fill("a0", "a1", "a2", "a3"), []
    queue.current_caller = "a"
    for number in range(5):
        queue.append(chr(ord("p") + number), f"{chr(ord('p') + number)}0")
        waiter = queue.take()
        assert waiter is not None
        queue.current_caller = waiter[0]
        order.append(waiter)
    assert order == ["p0", "a0", "q0", "r0", "a1"]


@given(STEPS)
def test_positions_are_exact(steps: list[tuple[str, int]]) -> None:
    """Joining returns the number of entries ahead, and whether anybody moved back."""
    queue: FairQueue[str] = FairQueue()
    for number, (caller, index) in enumerate(steps):
        before = list(queue)
        if caller == "-":
            if before and index < 5:
                queue.remove(before[index % len(before)][0], before[index % len(before)])
            elif before:
                assert queue.take() == before[0]
                queue.current_caller = before[0][0]
            continue
        name = f"{caller}{number}"
        place = queue.append(caller, name)
        order = list(queue)
        assert order.index(name) == place.ahead == queue.ahead_of(caller, name)
        moved = [one for one in before if order.index(one) > before.index(one)]
        assert place.has_overtaken or not moved
        assert queue.length == len(order) == len(before) + 1
    left = sorted(queue)
    assert sorted(taken(queue)) == left


def test_a_waiter_takes_another_callers_turn_where_that_is_sooner() -> None:
    """An entry moves behind another caller's entries, unless that is later."""
    queue = fill("a1", "a2", "a3", "a4", "b1")
    assert queue.move("a", "a4", "b") == (3, True)
    assert queue.move("a", "a1", "b") is None
    assert queue.move("a", "a4", "c") is None
    assert taken(queue) == ["a1", "b1", "a2", "a4", "a3"]


@pytest.mark.parametrize(
    ("maximum", "share"), [(1, 1), (2, 2), (3, 3), (4, 3), (5, 4), (10, 8), (100, 80), (800, 640)]
)
def test_a_fifth_is_left_to_others(maximum: int, share: int) -> None:
    """One caller may hold at most four fifths, all of fewer than four."""
    assert share_of(maximum) == share
