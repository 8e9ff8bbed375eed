"""Request coalescing (single flight): equal calls at the same time are one call.

A coalesced call runs in a task of its own. Each waiter may leave, by cancellation or at its own
deadline, without affecting the others; when the last one leaves, the call is cancelled.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

T = TypeVar("T")
_CANCELLED = "a shared call was cancelled"


def _is_never_personal(_error: Exception) -> bool:
    return False


@dataclass(slots=True, eq=False)
class _Flight(Generic[T]):
    """A call in a task; nobody awaits the task, because each waiter has a future of its own."""

    owner: object
    task: asyncio.Task[None] = field(init=False)
    waiters: set[asyncio.Future[None]] = field(default_factory=set)
    joined: list[object] = field(default_factory=list)  # the other owners
    on_join: Callable[[object], None] | None = None
    result: T = field(init=False)
    error: Exception | None = None
    is_over: bool = False

    def end(self, error: Exception | None) -> None:
        """Wake the waiters; without an error there is a `result`."""
        self.error, self.is_over = error, True
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_result(None)


_CURRENT: ContextVar["_Flight[Any] | None"] = ContextVar("current flight", default=None)


def when_joined(on_join: Callable[[object], None]) -> None:
    """Call `on_join` with each other owner that waits for the call that the current task makes.

    Owners that have joined already are reported immediately. A later `on_join` replaces this one.
    """
    flight = _CURRENT.get()
    if flight is not None:
        flight.on_join = on_join
        for owner in flight.joined:
            on_join(owner)


class Coalescer(Generic[T]):
    """Runs at most one call a key at a time.

    `is_personal` identifies errors that concern only the caller that started the call, such as a
    spent budget. Those who joined it do not get them; they start again, on their own account.
    """

    def __init__(self, is_personal: Callable[[Exception], bool] = _is_never_personal) -> None:
        self._is_personal = is_personal
        self._flights: dict[Hashable, _Flight[T]] = {}
        # Cancelled calls included, until they have ended.
        self._tasks: dict[asyncio.Task[None], _Flight[T]] = {}
        # Cached: get_running_loop is a system call in Python 3.11.
        self._loop: asyncio.AbstractEventLoop | None = None

    def __len__(self) -> int:
        """Return the number of calls in flight."""
        return len(self._flights)

    async def run(
        self, key: Hashable, start: Callable[[], Awaitable[T]], owner: object = None
    ) -> tuple[T, bool]:
        """Await the call of this key, starting it with `start` unless it is in flight.

        Return its result, and whether another owner had started it. Raise what the call raises, to
        each waiter a copy with a traceback of its own, and RuntimeError where the call was
        cancelled by anyone but its waiters.

        The call runs in a copy of the starter's context: its log lines carry that request's id. It
        must not be bound to the starter's deadline, which other waiters may outlive.
        """
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        while True:
            is_joined = False
            flight = self._flights.get(key)
            if flight is None:
                flight = self._flights[key] = _Flight(owner)
                flight.task = task = loop.create_task(self._fly(key, flight, start))
                self._tasks[task] = flight
            elif owner is None:
                is_joined = True
            elif flight.owner is not owner:
                is_joined = True
                flight.joined.append(owner)
                if flight.on_join is not None:
                    flight.on_join(owner)
            waiter = loop.create_future()
            flight.waiters.add(waiter)
            try:
                await waiter
            except BaseException:
                self._leave(key, flight, waiter)
                raise
            error = flight.error
            if error is None:
                return flight.result, is_joined
            if not (is_joined and self._is_personal(error)):
                raise _copy(error)

    async def close(self) -> None:
        """Cancel all calls, and wait until they have ended."""
        flights = dict(self._tasks)
        for task in flights:
            task.cancel()
        if flights:
            await asyncio.wait(flights)
        for task, flight in flights.items():
            self._tasks.pop(task, None)
            if not flight.is_over:  # cancelled before its first step, so that `_fly` never ran
                flight.end(RuntimeError(_CANCELLED))

    async def _fly(
        self, key: Hashable, flight: _Flight[T], start: Callable[[], Awaitable[T]]
    ) -> None:
        failure: Exception | None = None
        token = _CURRENT.set(flight)
        try:
            flight.result = await start()
        except Exception as error:  # noqa: BLE001 - every waiter raises it
            failure = error
        except BaseException:
            failure = RuntimeError(_CANCELLED)
            raise
        finally:
            _CURRENT.reset(token)
            if self._flights.get(key) is flight:
                del self._flights[key]
            self._tasks.pop(flight.task, None)
            flight.end(failure)
            flight.on_join = None
            # The error's traceback holds this frame: no reference cycle with what it holds.
            del flight, failure, token

    def _leave(self, key: Hashable, flight: _Flight[T], waiter: asyncio.Future[None]) -> None:
        flight.waiters.discard(waiter)
        if not flight.waiters and not flight.is_over:
            if self._flights.get(key) is flight:  # nobody may join a call that is being cancelled
                del self._flights[key]
            flight.task.add_done_callback(lambda task: self._tasks.pop(task, None))
            flight.task.cancel()


def _copy(error: BaseException) -> BaseException:
    """Return a copy of `error`: raised by several waiters, one exception would mix tracebacks.

    Where its class cannot be instantiated again, return the same exception.
    """
    try:
        copied = type(error).__new__(type(error), *error.args)
        copied.__dict__.update(error.__dict__)
    except Exception:  # noqa: BLE001 - whatever the class raises
        copied = error
    copied.__cause__, copied.__context__ = error.__cause__, error.__context__
    copied.__suppress_context__ = error.__suppress_context__
    return copied.with_traceback(error.__traceback__)
