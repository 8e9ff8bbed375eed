"""Whether an endpoint that is being phased out is still served, and when to try it again.

A path names a program, which clients choose: a 404 may mean that the program never existed. So each
missing path is remembered for itself, and the endpoint counts as gone only when paths are missing
that were found before.
"""

import time
from collections.abc import Callable, Hashable
from typing import NamedTuple

from gateway.cache.bounded_dict import BoundedDict
from gateway.errors import PhasedOutError, UndocumentedNotFoundError, UpstreamError
from gateway.telemetry import log

RETRY_AFTER_S = 300.0
_NOT_FOUND_S = 30.0  # at first: the path may be about to be created; doubled at each further 404
_PROGRAMS_FOR_EVIDENCE = 3
_MAX_IDENTITIES = 512
_MAX_PATHS = 64  # of an identity: as many found ones, and as many missing ones


class RequestedList(NamedTuple):
    """What a call requests: a program's list `path`, and in full its `target`.

    `is_plain`: it has no filter from a client whose value could be what is not found.
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
    """What is known about the endpoint under one identity."""

    def __init__(self, endpoint: str, clock: Callable[[], float]) -> None:
        self._endpoint, self._clock = endpoint, clock
        self._found: BoundedDict[Hashable, str] = BoundedDict(_MAX_PATHS)  # programs by path
        self.missing: BoundedDict[Hashable, _Missing] = BoundedDict(_MAX_PATHS)
        """What has been missing lately; never empty while the endpoint is gone."""
        # Programs that are missing since the last response, at most as many as are evidence; and
        # those of them that had been found before.
        self._absent: set[str] = set()
        self._lost: set[str] = set()
        # While it is gone: when the next call may probe a path that had been found, or another.
        self._probe_at: dict[bool, float] = {}
        self.looks_gone = False
        """Whether nothing that was requested is there, for the metrics: less than `is_gone`."""

    @property
    def is_gone(self) -> bool:
        """Whether there is evidence that the endpoint is gone, so that it is only probed."""
        return bool(self._probe_at)

    def check(self, window: RequestedList) -> None:
        """Raise UpstreamError where a call must not be made; its retries need no check.

        That is what the last call for the window ended with, while that is recent, and
        PhasedOutError while the endpoint is gone. Every five minutes one call for a path that had
        been found may probe it, and one for any other.
        """
        now = self._clock()
        for key in (window.path, window.target):
            missing = self.missing.get(key)
            if missing is not None and now < missing.until:
                raise missing.error(self._endpoint)
        if self._probe_at:
            was_found = window.is_plain and window.path in self._found
            if now < self._probe_at[was_found]:
                raise PhasedOutError(self._endpoint)
            self._probe_at[was_found] = now + RETRY_AFTER_S

    def answered(self, window: RequestedList, *, is_found: bool) -> None:
        """Record a response that proves the endpoint to be served, as a documented error does."""
        if is_found and window.is_plain:
            self._found[window.path] = window.program_id
        if self.missing:
            self.missing.pop(window.path, None)
            self.missing.pop(window.target, None)
            self._absent.clear()
            self._lost.clear()
            if self._probe_at:
                self.missing.clear()
                self._probe_at.clear()
            if self.looks_gone:
                self.looks_gone = False
                log.info("upstream_endpoint_restored", endpoint=self._endpoint)

    def not_found(self, window: RequestedList) -> None:
        """Record a 404 without a documented error body."""
        before = self.missing.get(window.path if window.is_plain else window.target)
        wait_s = _NOT_FOUND_S if before is None else min(before.wait_s * 2, RETRY_AFTER_S)
        self._record_missing(window, 404, wait_s, UndocumentedNotFoundError)

    def gone(self, window: RequestedList) -> None:
        """Record a 410."""
        self._record_missing(window, 410, RETRY_AFTER_S, PhasedOutError)

    def _record_missing(
        self, window: RequestedList, status: int, wait_s: float, error: type[UpstreamError]
    ) -> None:
        now = self._clock()
        key = window.path if window.is_plain else window.target
        self.missing[key] = _Missing(now + wait_s, wait_s, error)
        if not window.is_plain or self._probe_at:
            return
        if len(self._absent) < _PROGRAMS_FOR_EVIDENCE:
            self._absent.add(window.program_id)
        if window.path in self._found:
            self._lost.add(window.program_id)
        if len(self._lost) >= _PROGRAMS_FOR_EVIDENCE:
            self._probe_at = dict.fromkeys((True, False), now + RETRY_AFTER_S)
        known = set(self._found.values())
        has_lost_all = bool(known) and known <= self._lost
        if not self.looks_gone and (has_lost_all or len(self._absent) >= _PROGRAMS_FOR_EVIDENCE):
            self.looks_gone = True
            log.warning("upstream_endpoint_gone", endpoint=self._endpoint, status=status)


class PhaseOut:
    """The phase-out of one endpoint, whose documented name is `endpoint`.

    Under an identity the endpoint is gone once it has answered 410, or 404 without a documented
    error body, for three programs that had been found before; identities prove nothing for each
    other. With `switched_on` False (`GATEWAY_LEGACY`) it is gone for good. `clock` is monotonic,
    in seconds.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        switched_on: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._endpoint, self._switched_on, self._clock = endpoint, switched_on, clock
        self._presences: BoundedDict[str, Presence] = BoundedDict(_MAX_IDENTITIES)

    @property
    def gone_share(self) -> float:
        """Return the share of identities under which it looks gone, 0..1."""
        if not self._switched_on:
            return 1.0
        looks = [presence.looks_gone for presence in self._presences.values()]
        return sum(looks) / max(1, len(looks))

    def is_gone(self, identity: str) -> bool:
        """Whether there is evidence that the endpoint is gone for this identity."""
        presence = self._presences.get(identity)
        return not self._switched_on or (presence is not None and presence.is_gone)

    def check(self, identity: str, window: RequestedList) -> None:
        """Raise UpstreamError where a call must not be made, as `Presence.check` does."""
        if not self._switched_on:
            raise PhasedOutError(self._endpoint)
        presence = self._presences.get(identity)
        if presence is not None and presence.missing:
            presence.check(window)

    def of(self, identity: str) -> Presence:
        """Return what is known under an identity, to record a response."""
        presence = self._presences.use(identity)
        if presence is None:
            presence = self._presences[identity] = Presence(self._endpoint, self._clock)
        return presence
