"""Limit what runs concurrently: whatever exceeds the limit is refused at once, not queued."""

from gateway.errors import ConcurrencyLimitError
from gateway.fairness import share_of

_MAX_IDLE_CALLERS = 1024


class ConcurrencyLimiter:
    """So many slots, of which one caller holds at most four fifths.

    The caller None has no such bound.
    """

    __slots__ = ("_callers", "_max_callers", "_max_slots", "free")

    def __init__(self, max_slots: int) -> None:
        self.free = self._max_slots = max_slots
        self._callers: dict[str | None, _CallerSlots] = {}
        self._max_callers = _MAX_IDLE_CALLERS

    def __len__(self) -> int:
        """Return the number of callers that take up memory."""
        return len(self._callers)

    @property
    def acquired(self) -> int:
        """The number of slots that are taken."""
        return self._max_slots - self.free

    def acquire(
        self, caller: str | None = None, number: int = 1
    ) -> "_CallerSlots | _AcquiredSlots":
        """Acquire slots for a ``with`` block, at most all that this caller may hold.

        The block begins by raising ConcurrencyLimitError if fewer are free.
        """
        slots = self._callers.get(caller) or self._add(caller)
        return slots if number == 1 else _AcquiredSlots(slots, min(number, slots.maximum))

    def _add(self, caller: str | None) -> "_CallerSlots":
        if len(self._callers) >= self._max_callers:
            self._callers = {key: slots for key, slots in self._callers.items() if slots.acquired}
            self._max_callers = len(self._callers) + _MAX_IDLE_CALLERS
        maximum = self._max_slots if caller is None else share_of(self._max_slots)
        slots = self._callers[caller] = _CallerSlots(self, maximum)
        return slots


class _CallerSlots:
    """The slots of one caller; as a reentrant context manager it acquires one more."""

    __slots__ = ("_limiter", "acquired", "maximum")

    def __init__(self, limiter: ConcurrencyLimiter, maximum: int) -> None:
        self._limiter, self.maximum = limiter, maximum
        self.acquired = 0

    def acquire(self, number: int) -> None:
        """Acquire slots. Raise ConcurrencyLimitError if fewer are free."""
        if number > self._limiter.free or self.acquired + number > self.maximum:
            raise ConcurrencyLimitError
        self._limiter.free -= number
        self.acquired += number

    def release(self, number: int) -> None:
        """Release slots."""
        self._limiter.free += number
        self.acquired -= number

    def __enter__(self) -> None:
        # As `acquire(1)`, without its call: each request comes by here twice.
        limiter = self._limiter
        if not limiter.free or self.acquired >= self.maximum:
            raise ConcurrencyLimitError
        limiter.free -= 1
        self.acquired += 1

    def __exit__(self, *_: object) -> None:
        self._limiter.free += 1
        self.acquired -= 1


class _AcquiredSlots:
    """Several slots of one caller for a ``with`` block."""

    __slots__ = ("_number", "_slots")

    def __init__(self, slots: _CallerSlots, number: int) -> None:
        self._slots, self._number = slots, number

    def __enter__(self) -> None:
        self._slots.acquire(self._number)

    def __exit__(self, *_: object) -> None:
        self._slots.release(self._number)
