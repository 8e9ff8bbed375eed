"""Request coalescing (single flight): equal calls at the same time are one call.

A coalesced call runs in a task of its own. Each waiter may leave, by cancellation or at its own
deadline, without affecting the others; when the last one leaves, the call is cancelled.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

T = TypeVar("T")
_ErrorT = TypeVar("_ErrorT", bound=BaseException)
_CANCELLED = "a shared call was cancelled"
_UNBOUNDED = nullcontext()


def _concerns_all(_error: Exception) -> bool:
    return False


class SharedCallTimeoutError(TimeoutError):
    """A waiter's time has ended; the call that it waited for was started by `owner`."""

    def __init__(self, owner: object) -> None:
        super().__init__()
        self.owner = owner


@dataclass(slots=True, eq=False)
class _SharedCall(Generic[T]):
    """A call in a task; nobody awaits the task, because each waiter has a future of its own.

    `owner` is that of the waiter who started it.
    """

    owner: object
    task: asyncio.Task[None] = field(init=False)
    waiters: set[asyncio.Future[None]] = field(default_factory=set)
    other_owners: list[object] = field(default_factory=list)  # those who joined
    on_join: Callable[[object], None] | None = None
    result: T = field(init=False)
    error: Exception | None = None
    is_over: bool = False

    def join(self, owner: object) -> bool:
        """Add a waiter of this owner; return whether another one has started the call."""
        if owner is None:
            return True
        if self.owner is owner:
            return False
        self.other_owners.append(owner)
        if self.on_join is not None:
            self.on_join(owner)
        return True

    def end(self, error: Exception | None) -> None:
        """Wake the waiters; without an error there is a `result`."""
        self.error, self.is_over = error, True
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_result(None)


_CURRENT_CALL: ContextVar["_SharedCall[Any] | None"] = ContextVar(
    "current shared call", default=None
)


def when_joined(on_join: Callable[[object], None]) -> None:
    """Call `on_join` with each owner that joins the call which the current task makes.

    Owners that have joined already are reported immediately. A later `on_join` replaces this one.
    """
    shared = _CURRENT_CALL.get()
    if shared is not None:
        shared.on_join = on_join
        for owner in shared.other_owners:
            on_join(owner)


class Coalescer(Generic[T]):
    """Runs at most one call a key at a time.

    `concerns_starter_only` is true for errors that concern only the owner that started the call,
    such as a spent budget. Those who joined it do not get them; they start again, on their own
    account.
    """

    def __init__(self, concerns_starter_only: Callable[[Exception], bool] = _concerns_all) -> None:
        self._concerns_starter_only = concerns_starter_only
        self._calls: dict[Hashable, _SharedCall[T]] = {}
        # Cancelled calls included, until they have ended.
        self._tasks: dict[asyncio.Task[None], _SharedCall[T]] = {}
        # Cached: get_running_loop is a system call in Python 3.11.
        self._loop: asyncio.AbstractEventLoop | None = None

    def __len__(self) -> int:
        """Return the number of calls in flight."""
        return len(self._calls)

    async def run(
        self,
        key: Hashable,
        start: Callable[[], Awaitable[T]],
        owner: object = None,
        within: AbstractContextManager[None] = _UNBOUNDED,
    ) -> tuple[T, bool]:
        """Await the call of this key, starting it with `start` unless it is in flight.

        Return its result, and whether another owner had started it. Raise what the call raises, to
        each waiter a copy with a traceback of its own, and RuntimeError where the call was
        cancelled by `close`. `within` bounds the wait: its TimeoutError becomes a
        SharedCallTimeoutError.

        The call runs in a copy of the starter's context: its log lines carry that request's id. It
        must not be bound to the starter's deadline, which other waiters may outlive.
        """
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        while True:
            shared = self._calls.get(key)
            if shared is not None:
                is_joined = shared.join(owner)
            else:
                is_joined = False
                shared = self._calls[key] = _SharedCall(owner)
                shared.task = task = loop.create_task(self._run_shared(key, shared, start))
                self._tasks[task] = shared
            waiter = loop.create_future()
            shared.waiters.add(waiter)
            try:
                with within:
                    await waiter
            except TimeoutError:
                self._leave(key, shared, waiter)
                raise SharedCallTimeoutError(shared.owner) from None
            except BaseException:
                self._leave(key, shared, waiter)
                raise
            error = shared.error
            if error is None:
                return shared.result, is_joined
            if not (is_joined and self._concerns_starter_only(error)):
                raise copied_error(error)

    async def close(self) -> None:
        """Cancel all calls, and wait until they have ended."""
        calls = dict(self._tasks)
        for task in calls:
            task.cancel()
        if calls:
            await asyncio.wait(calls)
        for task, shared in calls.items():
            self._tasks.pop(task, None)
            if not shared.is_over:  # cancelled before `_run_shared` began
                shared.end(RuntimeError(_CANCELLED))

    async def _run_shared(
        self, key: Hashable, shared: _SharedCall[T], start: Callable[[], Awaitable[T]]
    ) -> None:
        failure: Exception | None = None
        token = _CURRENT_CALL.set(shared)
        try:
            shared.result = await start()
        except Exception as error:  # noqa: BLE001 - every waiter raises it
            failure = error
        except BaseException:
            failure = RuntimeError(_CANCELLED)
            raise
        finally:
            _CURRENT_CALL.reset(token)
            if self._calls.get(key) is shared:
                del self._calls[key]
            self._tasks.pop(shared.task, None)
            shared.end(failure)
            shared.on_join = None
            # Break the cycle error -> traceback -> frame -> error.
            del shared, failure, token

    def _leave(self, key: Hashable, shared: _SharedCall[T], waiter: asyncio.Future[None]) -> None:
        shared.waiters.discard(waiter)
        if not shared.waiters and not shared.is_over:
            if self._calls.get(key) is shared:  # nobody may join a call that is being cancelled
                del self._calls[key]
            shared.task.add_done_callback(lambda task: self._tasks.pop(task, None))
            shared.task.cancel()


def copied_error(error: _ErrorT) -> _ErrorT:
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
