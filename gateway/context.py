"""What belongs to one request: its caller, its deadline, its call budget and its report."""

import asyncio
import hashlib
import math
from asyncio import current_task
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from functools import cached_property
from typing import NamedTuple

from gateway.answer_budget import AnswerBudget, AnswerShare
from gateway.errors import BudgetExceededError

# A call ends at its operation's deadline; who waits for it leaves a moment later, to hear how.
_GRACE_S = 0.1


class Role(Enum):
    """What a caller may be allowed beyond the public graph."""

    RULESETS = "rulesets"


class CustomerClaim(NamedTuple):
    """A customer whom a caller may ask for: as the platform names sources and identifiers."""

    source: str
    identifier_name: str
    identifier_value: str


@dataclass(frozen=True)
class Caller:
    """Who asks: the roles held, and the credential headers to hand on with `passthrough`.

    `customers` are those whom the caller may ask for, None all; `subject` tells callers apart in
    logs, and nothing of who they are.
    """

    roles: frozenset[Role] = frozenset()
    credential: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    customers: frozenset[CustomerClaim] | None = field(default=None, repr=False)
    subject: str = ""

    @cached_property
    def credential_hash(self) -> str:
        """Return a text that tells credentials apart, and does not give them away."""
        return hashlib.sha256(repr(self.credential).encode()).hexdigest()

    @cached_property
    def fingerprint(self) -> str:
        """Return a text that two callers share only where both may see the same.

        It is a plain hash, and customers' identifiers can be guessed: it is for keys that are
        hashed with a secret, and for no log.
        """
        customers = None if self.customers is None else sorted(self.customers)
        rights = (sorted(role.value for role in self.roles), customers, self.credential)
        return hashlib.sha256(repr(rights).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(slots=True)
class CallBudget:
    """How many upstream calls one operation may make, and how many it has made.

    Calls are reserved for those who need them: a low-priority call waits where it could take the
    last call that is reserved. A customer's page reserves one call, except while it makes it; a
    walk through a customer's list, whose length is unknown, reserves all of them.

    `max_startable` bounds the calls that are not of low priority, None for no bound: so many can
    start before the operation's deadline. An operation that needs more could never succeed, because
    a retry of it does not benefit from the calls of the attempt before.
    """

    max_calls: int
    spent: int = 0
    max_startable: int | None = None
    _started: int = 0  # not of low priority
    _reserved: int = 0
    _waiting: list[asyncio.Future[None]] = field(default_factory=list)

    @property
    def is_spent(self) -> bool:
        """Whether no further call may start."""
        return self.spent >= self.max_calls

    def allows(self, *, is_low_priority: bool) -> bool:
        """Whether one more call may start."""
        return not self.is_spent and (is_low_priority or self._is_startable())

    def _is_startable(self) -> bool:
        return self.max_startable is None or self._started < self.max_startable

    def reserve(self, calls: int = 1) -> "_Reservation":
        """Reserve calls for the length of a ``with`` block."""
        return _Reservation(self, calls)

    def reserve_more(self, calls: int) -> None:
        """Add to the reserved calls; a negative number releases reserved ones."""
        self._reserved += calls
        if calls < 0 and self._waiting:
            self._wake()

    def try_acquire(self, *, is_low_priority: bool = False) -> bool:
        """Acquire one call unless that has to wait; return whether. `release` ends it."""
        remaining = self.max_calls - self.spent
        if remaining <= 0 or (is_low_priority and 0 < self._reserved >= remaining):
            return False
        if not is_low_priority:
            if self.max_startable is not None and not self._is_startable():
                return False
            self._started += 1
            self._reserved -= 1
        self.spent += 1
        return True

    async def acquire(self, *, is_low_priority: bool = False) -> None:
        """Acquire one call; `release` ends it.

        A low-priority call waits while the remaining calls are reserved, until the operation's
        deadline cancels it. Raise BudgetExceededError where no call is left.
        """
        while not self.try_acquire(is_low_priority=is_low_priority):
            if self.is_spent or not is_low_priority:
                limit = self.max_calls if self.is_spent else self.max_startable
                raise BudgetExceededError(self.max_calls if limit is None else limit)
            wake = asyncio.get_running_loop().create_future()
            self._waiting.append(wake)
            await wake

    def release(self, *, is_low_priority: bool = False, is_sent: bool = True) -> None:
        """End an acquired call; one that was not sent is refunded."""
        if not is_sent:
            self.spent -= 1
            self._started -= not is_low_priority
        if not is_low_priority:
            self._reserved += 1
        if self._waiting:
            self._wake()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for wake in waiting:
            if not wake.done():
                wake.set_result(None)


class _Reservation:
    __slots__ = ("_budget", "_calls")

    def __init__(self, budget: CallBudget, calls: int) -> None:
        self._budget, self._calls = budget, calls

    def __enter__(self) -> None:
        self._budget.reserve_more(self._calls)

    def __exit__(self, *_: object) -> None:
        self._budget.reserve_more(-self._calls)


class DeadlineScope:
    """Ends tasks at one deadline, by one timer for them all.

    Each task marks by a ``with`` block what is bounded, one block at a time; a block that is ended
    raises TimeoutError. `at` is in seconds of the event loop's clock.
    """

    __slots__ = ("_ended", "_inside", "_loop", "_timer", "at")

    def __init__(self, at: float) -> None:
        self.at = at
        # With how often each had been told to cancel: what is told later is not the deadline's.
        self._inside: dict[asyncio.Task[object], int] = {}
        self._ended: set[asyncio.Task[object]] = set()
        self._timer: asyncio.TimerHandle | None = None
        # Asking which loop runs is a system call in Python 3.11, so that it is asked once.
        self._loop: asyncio.AbstractEventLoop | None = None

    def cancel(self) -> None:
        """Cancel the tasks that are inside."""
        for task in self._inside:
            task.cancel()

    def __enter__(self) -> None:
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        task = current_task(loop)
        if task is None:
            raise RuntimeError("outside of a task nothing can be ended")
        self._inside[task] = task.cancelling()
        if self._timer is None:
            self._timer = loop.call_at(self.at, self._end)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> None:
        task = current_task(self._loop)
        assert task is not None  # noqa: S101 - as it entered
        cancelling = self._inside.pop(task)
        if self._timer is not None and not self._inside:
            self._timer.cancel()
            self._timer = None
        if self._ended and task in self._ended:
            self._ended.discard(task)
            is_cancelled = kind is not None and issubclass(kind, asyncio.CancelledError)
            if task.uncancel() <= cancelling and is_cancelled:
                raise TimeoutError from error

    def _end(self) -> None:
        self._timer = None
        # Who has been ended may still be leaving when another comes in too late.
        for task in self._inside.keys() - self._ended:
            self._ended.add(task)
            task.cancel()


@dataclass(slots=True)
class UpstreamReport:
    """Where one operation's answers came from; of a batch, each operation has its own.

    `calls` are those that were made on its account, second attempts included.
    `fresh_until` is when the first of them is no longer fresh, in wall-clock seconds: 0 where one
    was not kept, was stale or failed, and infinite where there were none.
    """

    calls: int = 0
    coalesced: int = 0
    cached: int = 0
    stale: int = 0
    fresh_until: float = math.inf

    def count(self, source: str) -> None:
        """Count one answer by its source: COALESCED, CACHE or STALE; UPSTREAM is a call."""
        self.coalesced += source == "COALESCED"
        self.cached += source == "CACHE"
        self.stale += source == "STALE"

    def lasts(self, until: float) -> None:
        """Note how long one answer stands, in wall-clock seconds; 0 where it does not."""
        self.fresh_until = min(self.fresh_until, until)


@dataclass(slots=True)
class RequestContext:
    """One GraphQL request on its way.

    `caller_key` tells its caller from others wherever something is shared out; nobody but this
    process ever sees it.
    `now` is the one time of the whole answer, in UTC; `deadline` is when all upstream work must be
    done, in seconds of the event loop's clock. `calls` ends by then what is called on the request's
    account, and `waits` what it waits for, its own calls and those of others. `read` is what its
    own calls have brought, by their keys: equal calls of one request are read once.
    `trace_headers` go upstream with each call made on its account, and decide nothing. `answer`
    counts how large its answer becomes.
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

    def __post_init__(self) -> None:
        """Bound what the request does, of which there is nothing yet."""
        self.call_scope, self.wait_scope = (
            DeadlineScope(self.deadline),
            DeadlineScope(self.deadline + _GRACE_S),
        )
        self.decoded = {}

    def abandon(self) -> None:
        """Cancel what is waited for: nobody wants the answer any more."""
        self.wait_scope.cancel()

    def warn(self, code: str, message: str) -> None:
        """Tell the client something about the whole answer, once however often it happens."""
        self.warnings[code] = message
