"""An upstream that counts its calls and responds when a test lets it."""

import asyncio


class OutageError(Exception):
    """The upstream cannot respond."""


class NotHereError(Exception):
    """The upstream has no such resource; `code` is its error code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"not here: {code}")
        self.code = code


class BudgetError(Exception):
    """The caller may make no further call."""


class Platform:
    """Returns `answer` from `load`, or raises it; blocks each call between `hold` and `release`."""

    def __init__(self, answer: bytes | Exception = b"answer") -> None:
        self.answer = answer
        self.calls = 0
        self.cancelled = 0
        self._free = asyncio.Event()
        self._free.set()

    def hold(self) -> None:
        """Block all calls until `release`."""
        self._free.clear()

    def release(self) -> None:
        """Unblock all calls."""
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
    """Yield to every other task until it waits."""
    for _ in range(count):
        await asyncio.sleep(0)
