"""A platform that counts its calls and answers when it is told to."""

import asyncio


class OutageError(Exception):
    """The platform does not answer."""


class NotHereError(Exception):
    """The platform says that there is no such thing; `code` is its word for it."""

    def __init__(self, code: int) -> None:
        super().__init__(f"not here: {code}")
        self.code = code


class BudgetError(Exception):
    """The caller has no call left."""


class Platform:
    """Answers `load` with `answer`, or raises it; holds each call while `is_held`."""

    def __init__(self, answer: bytes | Exception = b"answer") -> None:
        self.answer = answer
        self.calls = 0
        self.cancelled = 0
        self._free = asyncio.Event()
        self._free.set()

    def hold(self) -> None:
        """Answer no call until `release`."""
        self._free.clear()

    def release(self) -> None:
        """Answer all that are held, and all to come."""
        self._free.set()

    async def load(self) -> bytes:
        """Make one call."""
        self.calls += 1
        try:
            await self._free.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def turns(count: int = 5) -> None:
    """Let every other task run until it waits."""
    for _ in range(count):
        await asyncio.sleep(0)
