"""Whether an endpoint that is being phased out is still there, and when to ask it again."""

import time
from collections.abc import Callable, Hashable

from gateway.errors import PhasedOutError
from gateway.telemetry import log

ASK_AGAIN_AFTER_S = 300.0
_PROGRAMS_TO_BELIEVE = 3


class PhaseOut:
    """What is known of one endpoint's end; `endpoint` is its documented name.

    It is gone once it answers 410, or 404 without a documented error body for three different
    programs, or where `switched_on` is False (`GATEWAY_LEGACY=off`), and then for good. Otherwise
    one call every five minutes may see whether it is back. `clock` gives monotonic seconds.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        switched_on: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._endpoint, self._switched_on, self._clock = endpoint, switched_on, clock
        self._not_found: set[Hashable] = set()  # the programs, never more than it takes
        self._ask_at: float | None = None  # None: there, as far as we know

    @property
    def is_gone(self) -> bool:
        """Whether it is, as far as we know."""
        return not self._switched_on or self._ask_at is not None

    def ask(self) -> None:
        """Say that a call is about to be made; its retries need not ask.

        Raises PhasedOutError while the endpoint is gone, except for one call every five minutes,
        however that one ends.
        """
        if not self.is_gone:
            return
        now = self._clock()
        if not self._switched_on or self._ask_at is None or now < self._ask_at:
            raise PhasedOutError(self._endpoint)
        self._ask_at = now + ASK_AGAIN_AFTER_S

    def answered(self) -> None:
        """Take note of an answer that only a living endpoint gives; a documented error is one."""
        self._not_found.clear()
        if self._ask_at is not None:
            self._ask_at = None
            log.info("endpoint_is_back", endpoint=self._endpoint)

    def not_found(self, program_id: Hashable) -> None:
        """Take note of a 404 without a documented error body for this program."""
        self._not_found.add(program_id)
        if len(self._not_found) >= _PROGRAMS_TO_BELIEVE:
            self.gone(status=404)

    def gone(self, status: int = 410) -> None:
        """Take note of a 410."""
        self._not_found.clear()
        if self._ask_at is None:
            log.warning("endpoint_is_gone", endpoint=self._endpoint, status=status)
            self._ask_at = self._clock() + ASK_AGAIN_AFTER_S
