"""Equal calls in flight are one call.

A shared call belongs to all who wait for it. Each may leave, by cancellation or at its own
deadline, and costs the others nothing; when the last has left, the call is cancelled.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


def _is_never_personal(_error: Exception) -> bool:
    return False


class _Flight(Generic[T]):
    __slots__ = ("task", "waiters")

    def __init__(self, task: asyncio.Task[T]) -> None:
        self.task = task
        self.waiters = 0


class Coalescer(Generic[T]):
    """Runs at most one call a key at a time.

    `is_personal` tells the errors that concern only the caller that started the call: its budget,
    its deadline. Those who joined do not get them, and go again on their own account.
    """

    def __init__(self, is_personal: Callable[[Exception], bool] = _is_never_personal) -> None:
        self._is_personal = is_personal
        self._flights: dict[Hashable, _Flight[T]] = {}
        self._tasks: set[asyncio.Task[T]] = set()  # cancelled ones included, until they have ended

    def __len__(self) -> int:
        """Count the calls in flight."""
        return len(self._flights)

    async def run(self, key: Hashable, start: Callable[[], Awaitable[T]]) -> tuple[T, bool]:
        """Await the call of this key, starting it with `start` where none is in flight.

        Gives its result, and whether another had started it. Raises what the call raises, each
        waiter a copy with a traceback of its own. A call that was cancelled by somebody else than
        its waiters is a RuntimeError.

        The call runs in a task with the context of whoever started it: its log lines carry that
        request's id. It must not be bound to that caller's deadline, which others may outlive.
        """
        while True:
            flight = self._flights.get(key)
            # A task that has ended leaves the map one turn of the loop later.
            joined = flight is not None and not flight.task.done()
            if flight is None or not joined:
                flight = self._start(key, start)
            await self._wait(key, flight)
            if flight.task.cancelled():
                raise RuntimeError("a shared call was cancelled")
            error = flight.task.exception()
            if error is None:
                return flight.task.result(), joined
            if not (joined and isinstance(error, Exception) and self._is_personal(error)):
                raise _own_copy(error)

    async def close(self) -> None:
        """Cancel what is in flight, and wait until it has ended."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _start(self, key: Hashable, start: Callable[[], Awaitable[T]]) -> _Flight[T]:
        task = asyncio.create_task(_awaited(start), name="coalesced call")
        flight = _Flight(task)
        self._flights[key] = flight
        self._tasks.add(task)

        def ended(task: asyncio.Task[T]) -> None:
            self._tasks.discard(task)
            self._forget(key, flight)
            if not task.cancelled():
                task.exception()  # retrieved, so that asyncio does not complain if nobody waits

        task.add_done_callback(ended)
        return flight

    async def _wait(self, key: Hashable, flight: _Flight[T]) -> None:
        flight.waiters += 1
        try:
            await asyncio.wait([flight.task])  # which, unlike awaiting it, never cancels it
        finally:
            flight.waiters -= 1
            if not flight.waiters and not flight.task.done():
                self._forget(key, flight)  # at once: nobody may join a call that is being cancelled
                flight.task.cancel()

    def _forget(self, key: Hashable, flight: _Flight[T]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]


async def _awaited(start: Callable[[], Awaitable[T]]) -> T:
    return await start()


def _own_copy(error: BaseException) -> BaseException:
    """Copy `error` for one waiter: raised by many, one exception would mix up their tracebacks.

    Where its class does not allow that, all raise the same one.
    """
    try:
        copied = type(error).__new__(type(error), *error.args)
        copied.__dict__.update(error.__dict__)
    except Exception:  # noqa: BLE001 - whatever such a class does when it is made
        copied = error
    copied.__cause__, copied.__context__ = error.__cause__, error.__context__
    copied.__suppress_context__ = error.__suppress_context__
    return copied.with_traceback(error.__traceback__)
