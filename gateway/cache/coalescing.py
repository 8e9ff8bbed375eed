"""Equal calls in flight are one call.

A shared call belongs to all who wait for it. Each may leave, by cancellation or at its own
deadline, and costs the others nothing; when the last has left, the call is cancelled.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from contextvars import ContextVar
from typing import Any, Generic, TypeVar

T = TypeVar("T")


def _is_never_personal(_error: Exception) -> bool:
    return False


class _Flight(Generic[T]):
    """A call in a task of its own, which nobody awaits: each waiter has a future that is told."""

    __slots__ = ("error", "is_over", "joined", "owner", "result", "task", "tell", "waiters")

    task: asyncio.Task[None]
    result: T

    def __init__(self, owner: object) -> None:
        self.owner = owner
        self.waiters: set[asyncio.Future[None]] = set()
        self.joined: list[object] = []  # other owners, in the order of coming
        self.tell: Callable[[object], None] | None = None
        self.error: Exception | None = None
        self.is_over = False

    def join(self, owner: object) -> None:
        """Note that another owner waits for it, too."""
        self.joined.append(owner)
        if self.tell is not None:
            self.tell(owner)

    def end(self, error: Exception | None) -> None:
        """Tell all who wait; what the call has brought is in `result`, unless there is an error."""
        self.error, self.is_over = error, True
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_result(None)


_RUNNING: ContextVar["_Flight[Any] | None"] = ContextVar("running", default=None)


def when_joined(tell: Callable[[object], None]) -> None:
    """Have `tell` called with each other owner who waits for the call that this code is part of.

    At once with those who do already. The last one to ask is told.
    """
    flight = _RUNNING.get()
    if flight is not None:
        flight.tell = tell
        for owner in flight.joined:
            tell(owner)


class Coalescer(Generic[T]):
    """Runs at most one call a key at a time.

    `is_personal` tells the errors that concern only the caller that started the call: its budget,
    its deadline. Those who joined do not get them, and go again on their own account.
    """

    def __init__(self, is_personal: Callable[[Exception], bool] = _is_never_personal) -> None:
        self._is_personal = is_personal
        self._flights: dict[Hashable, _Flight[T]] = {}
        # Cancelled ones included, until they have ended.
        self._tasks: dict[asyncio.Task[None], _Flight[T]] = {}
        # Asking which loop runs is a system call in Python 3.11, so that it is asked once.
        self._loop: asyncio.AbstractEventLoop | None = None

    def __len__(self) -> int:
        """Count the calls in flight."""
        return len(self._flights)

    async def run(
        self, key: Hashable, start: Callable[[], Awaitable[T]], owner: object = None
    ) -> tuple[T, bool]:
        """Await the call of this key, starting it with `start` where none is in flight.

        Gives its result, and whether another had started it; what the same `owner` has started is
        no other's. Raises what the call raises, each waiter a copy with a traceback of its own. A
        call that was cancelled by somebody else than its waiters is a RuntimeError.

        The call runs in a task with the context of whoever started it: its log lines carry that
        request's id. It must not be bound to that caller's deadline, which others may outlive.
        """
        while True:
            flight = self._flights.get(key)
            joined = flight is not None and (owner is None or flight.owner is not owner)
            if flight is None:
                flight = self._start(key, start, owner)
            elif joined and owner is not None:
                flight.join(owner)
            waiter = flight.task.get_loop().create_future()
            flight.waiters.add(waiter)
            try:
                await waiter
            except BaseException:
                self._leave(key, flight, waiter)
                raise
            error = flight.error
            if error is None:
                return flight.result, joined
            if not (joined and self._is_personal(error)):
                raise _own_copy(error)

    async def close(self) -> None:
        """Cancel what is in flight, and wait until it has ended."""
        flights = dict(self._tasks)
        for task in flights:
            task.cancel()
        if flights:
            await asyncio.wait(flights)
        for task, flight in flights.items():  # one that had not begun yet tells nobody
            self._tasks.pop(task, None)
            if not flight.is_over:
                flight.end(_cancelled())

    def _start(self, key: Hashable, start: Callable[[], Awaitable[T]], owner: object) -> _Flight[T]:
        flight: _Flight[T] = _Flight(owner)
        self._flights[key] = flight
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        task = self._loop.create_task(self._fly(key, flight, start), name="coalesced call")
        flight.task = task
        self._tasks[task] = flight
        return flight

    async def _fly(
        self, key: Hashable, flight: _Flight[T], start: Callable[[], Awaitable[T]]
    ) -> None:
        failure: Exception | None = None
        running = _RUNNING.set(flight)
        try:
            flight.result = await start()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the waiters'
            failure = error
        except BaseException:
            failure = _cancelled()
            raise
        finally:
            _RUNNING.reset(running)
            self._forget(key, flight)
            self._tasks.pop(flight.task, None)
            flight.end(failure)
            flight.tell = None
            # Which this frame, in the error's traceback, would keep in a ring.
            del flight, failure, running

    def _leave(self, key: Hashable, flight: _Flight[T], waiter: asyncio.Future[None]) -> None:
        flight.waiters.discard(waiter)
        if not flight.waiters and not flight.is_over:
            self._forget(key, flight)  # at once: nobody may join a call that is being cancelled
            flight.task.add_done_callback(self._ended)
            flight.task.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.pop(task, None)

    def _forget(self, key: Hashable, flight: _Flight[T]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]


def _cancelled() -> RuntimeError:
    return RuntimeError("a shared call was cancelled")


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
