"""Garbage of errors is collected soon, once for all of them."""

from collections.abc import Callable
from weakref import ref

from gateway.graphql_http.gc_tuning import DeferredGc


class Ring:
    """A reference cycle."""

    def __init__(self) -> None:
        self.itself = self


def test_rings_are_freed_a_moment_after_errors() -> None:
    """Several errors share one timer; the next error starts another."""
    timers: list[tuple[float, Callable[[], None]]] = []
    collector = DeferredGc(lambda seconds, call: timers.append((seconds, call)))
    kept = ref(Ring())
    collector.after_errors()
    collector.after_errors()
    ((seconds, collect),) = timers
    assert 0 < seconds < 1
    collect()
    assert kept() is None
    collector.after_errors()
    assert len(timers) == 2
