"""Run Python's garbage collector seldom, but soon after errors.

An operation without errors creates no reference cycles; an error and the frames of its traceback
may form one, and keep payloads of megabytes alive. With Python's own threshold a page of 100
promotions triggers some ten collections that find nothing.
"""

import asyncio
import gc
from collections.abc import Callable

_OBJECTS_PER_COLLECTION = 50_000
_DELAY_S = 0.2
_YOUNG_GENERATIONS = 1  # objects created lately

CallLater = Callable[[float, Callable[[], None]], object]
"""Call a function after some seconds, as an event loop's `call_later`."""


def freeze_gc() -> None:
    """Exclude all existing objects from collections, and make collections less frequent."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_PER_COLLECTION, 10, 10)


class DeferredGc:
    """Collects garbage shortly after errors, once for all errors in that time."""

    def __init__(self, call_later: CallLater | None = None) -> None:
        self._call_later, self._is_scheduled = call_later, False

    def after_errors(self) -> None:
        """Schedule a collection, unless one is scheduled."""
        if not self._is_scheduled:
            self._is_scheduled = True
            call_later = self._call_later or asyncio.get_running_loop().call_later
            call_later(_DELAY_S, self._collect)

    def _collect(self) -> None:
        self._is_scheduled = False
        gc.collect(_YOUNG_GENERATIONS)
