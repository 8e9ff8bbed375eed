"""Whether an endpoint that is being phased out is still served, and when to try it again.

A path names a program, which clients choose: a 404 may mean that the program never existed. So each
missing path is remembered for itself, and the endpoint counts as gone only when paths are missing
that were found before.
"""

import math
import time
from collections.abc import Callable, Hashable
from typing import NamedTuple

from gateway.cache.bounded_dict import BoundedDict
from gateway.errors import PhasedOutError, UndocumentedNotFoundError, UpstreamError
from gateway.telemetry import log

RETRY_AFTER_S = 300.0
_FIRST_WAIT_S = 30.0  # the path may be about to be created; doubled at each further 404
_PROGRAMS_FOR_EVIDENCE = 3
_MAX_IDENTITIES = 512
_MAX_PATHS = 64  # of an identity: 64 found ones, and 64 missing ones


class RequestedList(NamedTuple):
    """The list that a call requests: of a program, by its `path`; `target` is the call's URL.

    `is_plain`: it is the start of the list without a filter from a client, so that a 404 cannot be
    the filter's fault.
    """

    program_id: str
    path: Hashable
    target: str
    is_plain: bool


class _Missing(NamedTuple):
    until: float
    wait_s: float
    error: type[UpstreamError]
    program_id: str


class Presence:
    """What is known about the endpoint under one identity."""

    def __init__(self, endpoint: str, clock: Callable[[], float]) -> None:
        self._endpoint, self._clock = endpoint, clock
        self._found: BoundedDict[Hashable, str] = BoundedDict(_MAX_PATHS)  # programs by path
        self.missing: BoundedDict[Hashable, _Missing] = BoundedDict(_MAX_PATHS)
        """Paths and targets that were missing lately; never empty while the endpoint is gone."""
        # Programs that were missing since a response last proved the endpoint to be served, at most
        # as many as are evidence; and those of them that had been found before.
        self._missing_programs: set[str] = set()
        self._formerly_found_programs: set[str] = set()
        # While the endpoint is gone: when the next call may probe it, for a path that had been
        # found before, and for any other.
        self._probe_found_at: float | None = None
        self._probe_other_at: float | None = None
        self.looks_gone = False
        """Whether nothing that was requested is there: for metrics, weaker evidence than `is_gone`.

        It holds back no call.
        """

    @property
    def is_gone(self) -> bool:
        """Whether there is evidence that the endpoint is gone, so that it is only probed."""
        return self._probe_found_at is not None

    def check(self, requested: RequestedList) -> None:
        """Raise the list's last error while it is recent, and PhasedOutError while it is gone.

        While the endpoint is gone, one call for a path that had been found before may probe it
        every five minutes, and one for any other path. Retries of a call need no check.
        """
        now = self._clock()
        for key in (requested.path, requested.target):
            missing = self.missing.get(key)
            if missing is not None and now < missing.until:
                raise missing.error(self._endpoint)
        if self._probe_found_at is None or self._probe_other_at is None:
            return
        was_found = requested.is_plain and requested.path in self._found
        if now < (self._probe_found_at if was_found else self._probe_other_at):
            raise PhasedOutError(self._endpoint)
        if was_found:
            self._probe_found_at = now + RETRY_AFTER_S
        else:
            self._probe_other_at = now + RETRY_AFTER_S

    def served(self, requested: RequestedList, *, is_found: bool) -> None:
        """Record that the endpoint is served: the list was found, or it is a documented error."""
        if is_found and requested.is_plain:
            self._found[requested.path] = requested.program_id
        if self.missing:
            self.missing.pop(requested.path, None)
            self.missing.pop(requested.target, None)
            self._missing_programs.clear()
            self._formerly_found_programs.clear()
            if self.is_gone:
                self.missing.clear()
                self._probe_found_at = self._probe_other_at = None
            if self.looks_gone:
                self.looks_gone = False
                log.info("upstream_endpoint_restored", endpoint=self._endpoint)

    def not_found(self, requested: RequestedList) -> None:
        """Record a 404 without a documented error body."""
        before = self.missing.get(requested.path if requested.is_plain else requested.target)
        wait_s = _FIRST_WAIT_S if before is None else min(before.wait_s * 2, RETRY_AFTER_S)
        self._record_missing(requested, 404, wait_s, UndocumentedNotFoundError)

    def gone(self, requested: RequestedList) -> None:
        """Record a 410."""
        self._record_missing(requested, 410, RETRY_AFTER_S, PhasedOutError)

    def announced(self, program_id: str | None) -> None:
        """Request missing lists of a program again, as something was made in it; None is of any.

        While the endpoint is gone that proves nothing: it may have been made in the successor.
        """
        if self.is_gone:
            return
        for key, missing in list(self.missing.items()):
            if missing.error is UndocumentedNotFoundError and program_id in {
                None,
                missing.program_id,
            }:
                self.missing[key] = missing._replace(until=-math.inf, wait_s=_FIRST_WAIT_S / 2)

    def _record_missing(
        self, requested: RequestedList, status: int, wait_s: float, error: type[UpstreamError]
    ) -> None:
        now = self._clock()
        key = requested.path if requested.is_plain else requested.target
        self.missing[key] = _Missing(now + wait_s, wait_s, error, requested.program_id)
        if not requested.is_plain or self.is_gone:
            return
        if len(self._missing_programs) < _PROGRAMS_FOR_EVIDENCE:
            self._missing_programs.add(requested.program_id)
        if requested.path in self._found:
            self._formerly_found_programs.add(requested.program_id)
        if len(self._formerly_found_programs) >= _PROGRAMS_FOR_EVIDENCE:
            self._probe_found_at = self._probe_other_at = now + RETRY_AFTER_S
        known = set(self._found.values())
        are_all_missing = bool(known) and known <= self._formerly_found_programs
        if not self.looks_gone and (
            are_all_missing or len(self._missing_programs) >= _PROGRAMS_FOR_EVIDENCE
        ):
            self.looks_gone = True
            log.warning("upstream_endpoint_gone", endpoint=self._endpoint, status=status)


class PhaseOut:
    """The phase-out of one endpoint, whose documented name is `endpoint`.

    Under an identity the endpoint is gone once it has answered 410, or 404 without a documented
    error body, for three programs that had been found before; identities prove nothing for each
    other. With `switched_on` False (`GATEWAY_DEFINITIONS=v3`) it is always gone. `clock` is
    monotonic, in seconds.
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
        presences = self._presences.values()
        return sum(presence.looks_gone for presence in presences) / max(1, len(presences))

    def is_gone(self, identity: str) -> bool:
        """Whether there is evidence that the endpoint is gone for this identity."""
        presence = self._presences.get(identity)
        return not self._switched_on or (presence is not None and presence.is_gone)

    def check(self, identity: str, requested: RequestedList) -> None:
        """Raise UpstreamError where a call must not be made, as `Presence.check` does."""
        if not self._switched_on:
            raise PhasedOutError(self._endpoint)
        presence = self._presences.get(identity)
        if presence is not None and presence.missing:
            presence.check(requested)

    def announced(self, program_id: str | None) -> None:
        """Record that something was made in a program; None is that it may have been in any."""
        for presence in self._presences.values():
            presence.announced(program_id)

    def of(self, identity: str) -> Presence:
        """Return what is known under an identity, to record a response."""
        presence = self._presences.use(identity)
        if presence is None:
            presence = self._presences[identity] = Presence(self._endpoint, self._clock)
        return presence
