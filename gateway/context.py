"""What belongs to one request: its caller, its deadline, its call budget and its report."""

import asyncio
import hashlib
import math
from asyncio import current_task
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from functools import cached_property
from typing import NamedTuple

from gateway.answer_budget import AnswerBudget, AnswerShare
from gateway.errors import BudgetExceededError, GatewayError

# A call ends at its operation's deadline; what waits for it ends later, to receive its error.
_GRACE_S = 0.1
TIMER_TOLERANCE_S = 0.01
"""By how much the event loop's timers may fire early."""


class Role(Enum):
    """What a caller may be allowed beyond the public graph."""

    RULESETS = "rulesets"


class CustomerClaim(NamedTuple):
    """A customer whom a caller may query, by the platform's names of sources and identifiers."""

    source: str
    identifier_name: str
    identifier_value: str


@dataclass(frozen=True)
class Caller:
    """The client of a request: its roles, and the credential headers that `passthrough` forwards.

    `customers` are those whom the caller may query, in the order of the token, None for all;
    `subject` identifies the caller in logs by a hash.
    """

    roles: frozenset[Role] = frozenset()
    credential: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    customers: tuple[CustomerClaim, ...] | None = field(default=None, repr=False)
    subject: str = ""

    @cached_property
    def credential_hash(self) -> str:
        """Return a hash of the credential, which differs for each credential."""
        return hashlib.sha256(repr(self.credential).encode()).hexdigest()

    @cached_property
    def fingerprint(self) -> str:
        """Return a hash that two callers share only if both may see the same.

        It is not keyed, and customers' identifiers can be guessed: it is for keys that are hashed
        with a secret, and must not be logged.
        """
        rights = (sorted(role.value for role in self.roles), self.customers, self.credential)
        return hashlib.sha256(repr(rights).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(slots=True)
class CallBudget:
    """The number of upstream calls that one operation may make, and that it has made.

    Calls for customers' pages can be reserved; a call of low priority, for a definition, waits
    while all that remain are reserved. A page reserves one call, which is not counted while it is
    made; a walk over a customer's pages, whose length is unknown, reserves all.

    `max_startable` limits the calls of normal priority, None for no limit: what they return is not
    cached for the next try, so that an operation which needs more can never succeed.
    """

    max_calls: int
    spent: int = 0
    max_startable: int | None = None
    _started: int = 0  # calls of normal priority
    _reserved: int = 0
    _waiting: list[asyncio.Future[None]] = field(default_factory=list)

    @property
    def is_spent(self) -> bool:
        """Whether no further call may start."""
        return self.spent >= self.max_calls

    def allows(self, *, is_low_priority: bool) -> bool:
        """Whether one more call of this priority may start."""
        return not self.is_spent and (
            is_low_priority or self.max_startable is None or self._started < self.max_startable
        )

    @contextmanager
    def reserve(self, calls: int = 1) -> Iterator[None]:
        """Reserve calls for the length of a ``with`` block."""
        self.reserve_more(calls)
        try:
            yield
        finally:
            self.reserve_more(-calls)

    def reserve_more(self, calls: int) -> None:
        """Reserve so many calls more, or fewer if `calls` is negative."""
        self._reserved += calls
        if calls < 0 and self._waiting:
            self._wake()

    def try_acquire(self, *, is_low_priority: bool = False) -> bool:
        """Start a call unless it has to wait or is not allowed; return whether it has started."""
        remaining = self.max_calls - self.spent
        if is_low_priority:
            if remaining <= 0 or 0 < self._reserved >= remaining:
                return False
        elif remaining <= 0 or (
            self.max_startable is not None and self._started >= self.max_startable
        ):
            return False
        else:
            self._started += 1
            self._reserved -= 1
        self.spent += 1
        return True

    async def acquire(self, *, is_low_priority: bool = False) -> None:
        """Start a call, which ends with `release`.

        One of low priority waits while all remaining calls are reserved. Raise BudgetExceededError
        if the call is one too many.
        """
        while not self.try_acquire(is_low_priority=is_low_priority):
            if self.is_spent or not is_low_priority:
                limit = self.max_calls if self.is_spent else self.max_startable
                raise BudgetExceededError(self.max_calls if limit is None else limit)
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            await turn

    def release(self, *, is_low_priority: bool = False, is_sent: bool = True) -> None:
        """End a call; one that was not sent is not counted."""
        if not is_sent:
            self.spent -= 1
            self._started -= not is_low_priority
        if not is_low_priority:
            self._reserved += 1
        if self._waiting:
            self._wake()

    def _wake(self) -> None:
        """Wake all waiting calls, which try again."""
        waiting, self._waiting = self._waiting, []
        for turn in waiting:
            if not turn.done():
                turn.set_result(None)


@dataclass(slots=True, eq=False)
class DeadlineScope:
    """Cancels tasks at one deadline, by one timer for all, in seconds of the event loop's clock.

    Each task marks what is bounded by a ``with`` block, one block at a time. The deadline raises
    TimeoutError from the block. With `grace_s` it does so later than its event loop has reached the
    deadline by this, however late the loop is.
    """

    deadline: float
    grace_s: float = 0.0
    # By how often each task had been cancelled when it entered: only a later one is the deadline's.
    _tasks: dict[asyncio.Task[object], int] = field(default_factory=dict)
    _timed_out: set[asyncio.Task[object]] = field(default_factory=set)
    _timer: asyncio.TimerHandle | None = None
    # Python 3.11 makes a system call to find the running loop, so that it is found once.
    _loop: asyncio.AbstractEventLoop | None = None

    @property
    def has_ended(self) -> bool:
        """Whether the deadline, and nothing else, has cancelled the current task in its block."""
        task = current_task(self._loop)
        return task in self._timed_out and task.cancelling() == self._tasks[task] + 1

    def cancel(self) -> None:
        """Cancel the tasks within their blocks."""
        for task in self._tasks:
            task.cancel()

    def __enter__(self) -> None:
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        task = current_task(loop)
        if task is None:
            raise RuntimeError("only a task can have a deadline")
        self._tasks[task] = task.cancelling()
        if self._timer is None:
            at_deadline = self._begin_grace if self.grace_s else self._time_out
            self._timer = loop.call_at(self.deadline, at_deadline)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> None:
        task = current_task(self._loop)
        assert task is not None  # noqa: S101 - as it entered
        cancelling = self._tasks.pop(task)
        if self._timer is not None and not self._tasks:
            self._timer.cancel()
            self._timer = None
        if self._timed_out and task in self._timed_out:
            self._timed_out.discard(task)
            is_cancelled = kind is not None and issubclass(kind, asyncio.CancelledError)
            if task.uncancel() <= cancelling and is_cancelled:
                raise TimeoutError from error

    def _begin_grace(self) -> None:
        assert self._loop is not None  # noqa: S101 - a task has entered
        self._timer = self._loop.call_later(self.grace_s, self._time_out)

    def _time_out(self) -> None:
        self._timer = None
        # A task that has been cancelled may still be leaving when another one enters too late.
        for task in self._tasks.keys() - self._timed_out:
            self._timed_out.add(task)
            task.cancel()


@dataclass(slots=True)
class UpstreamReport:
    """Where one operation's data came from; in a batch each operation has its own report.

    `calls` are those made for it, retries included, `quota_wait_s` is how long they waited for the
    quota. `fresh_until` is when the first of its responses is no longer fresh, in wall-clock
    seconds: 0 if one was not cached, was stale or failed, infinite if there were none. `position`
    is that of evictions at its beginning, and `subjects` what its responses are about.
    """

    calls: int = 0
    coalesced: int = 0
    cached: int = 0
    stale: int = 0
    fresh_until: float = math.inf
    quota_wait_s: float = 0.0
    position: int = 0
    subjects: tuple[str, ...] = ()

    def count(self, source: str) -> None:
        """Count a response by its source: COALESCED, CACHE or STALE; calls are counted apart."""
        self.coalesced += source == "COALESCED"
        self.cached += source == "CACHE"
        self.stale += source == "STALE"


@dataclass(slots=True)
class RequestContext:
    """One GraphQL request.

    `caller_key` identifies its caller wherever a limit is shared between callers; it is never
    logged or sent. `now` is the time of the whole response, in UTC, and of its last action in
    a mutation; `deadline` is that of all its upstream calls, in seconds of the event loop's clock.
    `call_scope` ends the calls that it makes then, and `wait_scope` soon after what waits for a
    call, be it its own or another request's.
    `decoded` has what its own calls have returned, by cache key, so that equal calls of one request
    are decoded once. `queued` has its calls that wait for their turn (`upstream/waiting.py`), by
    target. `trace_headers` are sent with each call. `answer` counts the response's size.
    """

    id: str
    now: datetime
    caller: Caller
    deadline: float
    budget: CallBudget
    caller_key: str = ""
    report: UpstreamReport = field(default_factory=UpstreamReport)
    warnings: dict[str, str] = field(default_factory=dict)
    trace_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    answer: AnswerShare = field(default_factory=lambda: AnswerBudget().share())
    call_scope: DeadlineScope = field(init=False, repr=False)
    wait_scope: DeadlineScope = field(init=False, repr=False)
    decoded: dict[str, object] = field(init=False, repr=False)
    queued: dict[str, Callable[[str], GatewayError]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Create what `dataclasses.replace` must not share."""
        self.call_scope = DeadlineScope(self.deadline)
        self.wait_scope = DeadlineScope(self.deadline, _GRACE_S)
        self.decoded = {}
        self.queued = {}

    def abandon(self) -> None:
        """Cancel what waits for calls: the client has disconnected."""
        self.wait_scope.cancel()

    def warn(self, code: str, message: str) -> None:
        """Add a warning to the response; of one code, the last."""
        self.warnings[code] = message
