"""When Python looks for garbage that counting references does not find: seldom, but after errors.

Nothing that an operation makes is part of a ring, unless it fails: an error and the frames of its
traceback may hold each other, and with them answers of megabytes. Python's own threshold lets a
page of 100 promotions set off some ten collections that find nothing.
"""

import asyncio
import gc
from collections.abc import Callable

_OBJECTS_PER_COLLECTION = 50_000
_AFTER_ERRORS_S = 0.2
_YOUNG = 1  # the generation up to which garbage is sought: what was made lately


def freeze_gc() -> None:
    """Take what has been made up to now for permanent, and look for garbage more seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_PER_COLLECTION, 10, 10)


Later = Callable[[float, Callable[[], None]], object]
"""Calls a function after some seconds."""


def _later(seconds: float, call: Callable[[], None]) -> object:
    return asyncio.get_running_loop().call_later(seconds, call)


class DeferredGc:
    """Looks for garbage a moment after errors, once for all of that moment."""

    def __init__(self, later: Later = _later) -> None:
        self._later, self._is_waiting = later, False

    def after_errors(self) -> None:
        """Say that errors have happened."""
        if not self._is_waiting:
            self._is_waiting = True
            self._later(_AFTER_ERRORS_S, self._collect)

    def _collect(self) -> None:
        self._is_waiting = False
        gc.collect(_YOUNG)
