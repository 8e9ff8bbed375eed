"""Whether an endpoint that is being phased out is still there, and when to ask it again.

Its paths name programs, and clients name those: what is not found may never have been there. So
each path that is missing is remembered for itself, and only what has answered before tells by its
absence that the endpoint is gone.
"""

import time
from collections.abc import Callable, Hashable
from typing import NamedTuple, TypeVar

from gateway.errors import PhasedOutError, UndocumentedNotFoundError, UpstreamError
from gateway.telemetry import log

ASK_AGAIN_AFTER_S = 300.0
_NOT_FOUND_S = 30.0  # at first, for it may just be being created; twice as long each time
_PROGRAMS_TO_BELIEVE = 3
_MAX_IDENTITIES = 512
_MAX_PATHS = 64  # of an identity, each for what has answered and for what is missing

_K = TypeVar("_K")
_V = TypeVar("_V")


class Window(NamedTuple):
    """What a call asks for: of a program's list `path`, and in full `target`.

    Where `is_plain`, nothing else that a client has written is in it, which could be what is not
    found.
    """

    program_id: str
    path: Hashable
    target: str
    is_plain: bool


class _Missing(NamedTuple):
    until: float
    wait_s: float
    error: type[UpstreamError]


class Presence:
    """What is known of the endpoint with one identity."""

    def __init__(self, endpoint: str, clock: Callable[[], float]) -> None:
        self._endpoint, self._clock = endpoint, clock
        self._answered: dict[Hashable, str] = {}  # each with its program
        self._missing: dict[Hashable, _Missing] = {}
        # Programs that were missing since the last answer, never more than it takes to believe it;
        # those that had answered before are what is believed.
        self._absent: set[str] = set()
        self._believed: set[str] = set()
        # When a call may see whether it is back: one that has answered before, and any other.
        self._ask_at: dict[bool, float] = {}
        self.looks_gone = False
        """Whether nothing of what is asked for is there, be it believed or not."""

    @property
    def is_gone(self) -> bool:
        """Whether it is believed to be gone, so that hardly anything is asked of it."""
        return bool(self._ask_at)

    def ask(self, window: Window) -> None:
        """Say that a call is about to be made; its retries need not ask.

        Raises what the last call of its kind was answered with, where it was missing lately, and
        PhasedOutError while the endpoint is gone; except for one call every five minutes of those
        that have answered before, and one of the others, however these end.
        """
        now = self._clock()
        for key in (window.path, window.target):
            missing = self._missing.get(key)
            if missing is not None and now < missing.until:
                raise missing.error(self._endpoint)
        if self._ask_at:
            is_known = window.is_plain and window.path in self._answered
            if now < self._ask_at[is_known]:
                raise PhasedOutError(self._endpoint)
            self._ask_at[is_known] = now + ASK_AGAIN_AFTER_S

    def answered(self, window: Window, *, has_found: bool) -> None:
        """Take note of an answer that only a living endpoint gives; a documented error is one."""
        if has_found and window.is_plain:
            _remember(self._answered, window.path, window.program_id, _MAX_PATHS)
        if not self._missing:
            return
        self._missing.pop(window.path, None)
        self._missing.pop(window.target, None)
        self._absent.clear()
        self._believed.clear()
        if self._ask_at:
            self._missing.clear()
            self._ask_at.clear()
        if self.looks_gone:
            self.looks_gone = False
            log.info("endpoint_is_back", endpoint=self._endpoint)

    def not_found(self, window: Window) -> None:
        """Take note of a 404 without a documented error body."""
        key = window.path if window.is_plain else window.target
        before = self._missing.get(key)
        wait_s = _NOT_FOUND_S if before is None else min(before.wait_s * 2, ASK_AGAIN_AFTER_S)
        self._miss(window, _Missing(self._clock() + wait_s, wait_s, UndocumentedNotFoundError), 404)

    def gone(self, window: Window) -> None:
        """Take note of a 410."""
        until = self._clock() + ASK_AGAIN_AFTER_S
        self._miss(window, _Missing(until, ASK_AGAIN_AFTER_S, PhasedOutError), 410)

    def _miss(self, window: Window, missing: _Missing, status: int) -> None:
        key = window.path if window.is_plain else window.target
        _remember(self._missing, key, missing, _MAX_PATHS)
        if not window.is_plain or self._ask_at:
            return
        if len(self._absent) < _PROGRAMS_TO_BELIEVE:
            self._absent.add(window.program_id)
        if window.path in self._answered:
            self._believed.add(window.program_id)
        if len(self._believed) >= _PROGRAMS_TO_BELIEVE:
            at = self._clock() + ASK_AGAIN_AFTER_S
            self._ask_at = {True: at, False: at}
        known = set(self._answered.values())
        has_lost_all = bool(known) and known <= self._believed
        if not self.looks_gone and (has_lost_all or len(self._absent) >= _PROGRAMS_TO_BELIEVE):
            self.looks_gone = True
            log.warning("endpoint_is_gone", endpoint=self._endpoint, status=status)


class PhaseOut:
    """What is known of one endpoint's end; `endpoint` is its documented name.

    With an identity it is gone once it has answered 404 without a documented error body, or 410,
    for three programs that had answered before; one identity tells nothing of another. Where
    `switched_on` is False (`GATEWAY_LEGACY=off`) it is gone for good. `clock` gives monotonic
    seconds.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        switched_on: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._endpoint, self._switched_on, self._clock = endpoint, switched_on, clock
        self._presences: dict[str, Presence] = {}

    @property
    def gone_share(self) -> float:
        """Return with which share of the identities it looks gone: 0 or 1 where there is one."""
        if not self._switched_on:
            return 1.0
        looks = [presence.looks_gone for presence in self._presences.values()]
        return sum(looks) / max(1, len(looks))

    def is_gone(self, identity: str) -> bool:
        """Whether it is believed to be gone for this identity."""
        presence = self._presences.get(identity)
        return not self._switched_on or (presence is not None and presence.is_gone)

    def ask(self, identity: str, window: Window) -> None:
        """Say that a call is about to be made, as `Presence.ask` does."""
        if not self._switched_on:
            raise PhasedOutError(self._endpoint)
        presence = self._presences.get(identity)
        if presence is not None:
            presence.ask(window)

    def of(self, identity: str) -> Presence:
        """Return what is known with this identity, to take note of an answer."""
        presence = self._presences.get(identity) or Presence(self._endpoint, self._clock)
        _remember(self._presences, identity, presence, _MAX_IDENTITIES)
        return presence


def _remember(memory: dict[_K, _V], key: _K, value: _V, max_entries: int) -> None:
    """Keep a value as the latest, and at most so many: the longest unused goes."""
    memory.pop(key, None)
    memory[key] = value
    if len(memory) > max_entries:
        del memory[next(iter(memory))]
