"""What belongs to one request: its caller, its deadline, its call budget and its report."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from gateway.errors import BudgetExceededError


class Role(Enum):
    """What a caller may be allowed beyond the public graph."""

    RULESETS = "rulesets"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the roles held, and the credential headers to hand on with `passthrough`."""

    roles: frozenset[Role] = frozenset()
    credential: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(slots=True)
class CallBudget:
    """How many upstream calls one operation may make, and how many it has made."""

    most: int
    spent: int = 0

    @property
    def is_spent(self) -> bool:
        """Whether no further call may start."""
        return self.spent >= self.most

    def check(self) -> None:
        """Raise BudgetExceededError where no further call may start."""
        if self.is_spent:
            raise BudgetExceededError(self.most)

    def spend(self) -> None:
        """Count one call that starts now.

        Raises BudgetExceededError where it would be one too many.
        """
        self.check()
        self.spent += 1


@dataclass(slots=True)
class Report:
    """Where one operation's answers came from, beside the calls that its budget counts."""

    coalesced: int = 0
    cached: int = 0
    stale: int = 0

    def count(self, source: str) -> None:
        """Count one answer by its source: COALESCED, CACHE or STALE; UPSTREAM is a call."""
        self.coalesced += source == "COALESCED"
        self.cached += source == "CACHE"
        self.stale += source == "STALE"


@dataclass(slots=True)
class Request:
    """One GraphQL request on its way.

    `now` is the one time of the whole answer, in UTC; `deadline` is when all upstream work must be
    done, in seconds of the event loop's clock.
    """

    id: str
    now: datetime
    caller: Caller
    deadline: float
    budget: CallBudget
    report: Report = field(default_factory=Report)
    warnings: dict[str, str] = field(default_factory=dict)

    def warn(self, code: str, message: str) -> None:
        """Tell the client something about the whole answer, once however often it happens."""
        self.warnings[code] = message
