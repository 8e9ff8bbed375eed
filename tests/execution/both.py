"""Runs an operation on both executors with the same data, and compares results and calls."""

import asyncio
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from random import Random
from typing import Any

import strawberry

from gateway.execution.compiler.compiled_executor import CompiledExecutor
from gateway.execution.executor import Executor, ReferenceExecutor
from gateway.execution.failures import OperationRefusedError
from gateway.execution.limits import Limits
from gateway.execution.operation_store import OperationStore
from gateway.execution.outcome import Outcome
from gateway.schema.build import build_schema, executable
from gateway.schema.ids import write_id
from tests.execution.comparison import difference, removed
from tests.execution.generated import Generated, Pools, generate
from tests.execution.lying import Gateway, quiet

_MAX_ERRORS = 100  # that are shown
_MOBILES = ["919456430850", "", "4915700000001"]
_EXTERNAL = [
    "000003873354",
    "C-TEN",
    "C-MIXED",
    "C-CURRENT",
    "C-NOTYPES",
    "C-LIMITS",
    "C-BIGIDS",
    "C-SCRIPTS",
    "C-MERGED",
    "C-ONE",
    "C-EMPTY",
    "documented-issued",
    "C-UNIFIED",
    "C-001",
    "nobody",
]
_BY = [{"externalId": value} for value in _EXTERNAL] * 2 + [{"mobile": value} for value in _MOBILES]
_IDS = [
    write_id("Promotion", "973", "79555"),
    write_id("Promotion", "9001", "1"),
    write_id("Promotion", "9030", "90300001"),
    write_id("Program", "9005"),
    write_id("Customer", "INSTORE", "564332013"),
    write_id("Customer", "INSTORE", "1"),
    write_id("CustomerPromotion", "INSTORE", "564332013", "973", "79555"),
    "no id",
]
_TYPES = ["Promotion"] * 3 + ["Program"] + ["Customer"] * 2 + ["CustomerPromotion", "Program"]
REFERENCES: list[Any] = [
    *({"__typename": name, "id": id_} for id_, name in zip(_IDS, _TYPES, strict=True)),
    {"__typename": "Program", "id": _IDS[0]},
    {"__typename": "Limit"},
    "no reference",
]
POOLS = Pools(
    {
        "representations": REFERENCES,
        "by": _BY,
        "id": _IDS,
        "ids": _IDS,
        "first": [0, 1, 2, 3, 5, 5, 7, 101],
        "last": [1, 2, -1],
        "orderBy": [{"field": ("NAME",)}, {"field": ("ENDS_AT",), "direction": ("DESC",)}],
        "after": ["nonsense"],
        "before": ["nonsense"],
        "programId": ["973", "9005", "9001", "9030", "9032", "469", "9000", "1", "x"],
        "programIds": ["973", "9001", "9002", "x"],
        "promotionId": ["79555", "79870", "90300001", "90320006", "1", "x"],
        "startRuleId": ["1"],
        "eventName": ["TransactionAdd", ""],
        "search": ["points", "\u0130", "free  coffee", "\uff25", " "],
        "keys": ["badge", "terms", "banner", ""],
        "source": [("INSTORE",)] * 6 + [("ALL",), ("FACEBOOK",)],
    },
    {
        "(first)": 0.85, "(last)": 0.05, "(after)": 0.03, "(before)": 0.03, "(source)": 0.2,
        "(programIds)": 0.08, "(availability)": 0.08, "(type)": 0.08,
        "(search)": 0.08, "(validity)": 0.06, "(orderBy)": 0.12,
        "Customer.promotions": 2.0, "CustomerPromotionConnection.nodes": 2.0,
        "CustomerPromotion.promotion": 2.0, "Promotion.definition": 1.5, "Query.customer": 2.0,
        "Query.viewer": 2.0, "Customer.promotionCounts": 1.5,
        "Query._entities": 2.0,
        # Their definitions alone are hundreds of fields, and more calls than an operation may make.
        "Query.programs": 0.2,
    },
)  # fmt: skip


@dataclass
class Tally:
    """The number of operations by what they showed, and the differences found."""

    counts: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)

    def report(self) -> str:
        """Return the counts, the largest first."""
        return ", ".join(f"{name} {count}" for name, count in self.counts.most_common())


class Watched:
    """An executor that counts the operations that it runs."""

    def __init__(self, executor: Executor) -> None:
        self._executor, self.ran = executor, 0

    async def run(self, operation: Any, variables: dict[str, Any], context: Any) -> Outcome:
        """Run an operation, and count it."""
        self.ran += 1
        return await self._executor.run(operation, variables, context)


def _is_only_batched(calls: Counter[str], others: Counter[str]) -> bool:
    """Whether the others request the same: batched in another way, and everything else once."""
    more, less = others - calls, calls - others
    batched = {call for call in more + less if "/promotionsV2?" in call or "&programs=" in call}
    return set(more) <= batched and set(less) <= batched | set(others)


def _asks_for_less(calls: Counter[str], others: Counter[str]) -> bool:
    """Whether the others only leave out calls, or parts of batched calls."""
    left_out = calls - others
    parts = all(_is_part(call, left_out) for call in others - calls)
    return parts and others.total() <= calls.total()


def _is_part(call: str, larger: Collection[str]) -> bool:
    """Whether a call requests some of the same programs, or one definition of a list."""
    asked, _, programs = call.partition("&programs=")
    if programs:
        parts = [each.partition("&programs=") for each in larger]
        theirs = {each for their, _, them in parts if their == asked for each in them.split("%2C")}
        return {*programs.split("%2C")} <= theirs
    asked, _, definition = call.partition("&promotionId=")
    return bool(definition) and asked.replace("&limit=1&", "&limit=100&") in larger


def _depends_on_order(outcome: Outcome) -> bool:
    """Whether the order of batches decides what is shown.

    It does so for the last calls of an operation's budget, and for the first hundred of its errors.
    """
    codes = [error.get("extensions", {}).get("code") for error in outcome.errors]
    return "UPSTREAM_BUDGET_EXCEEDED" in codes or len(codes) >= _MAX_ERRORS


class Both:
    """Both executors over a schema, by default the real one, and a platform with faults."""

    def __init__(self, schema: strawberry.Schema | None = None, pools: Pools = POOLS) -> None:
        schema = schema or build_schema()
        self._pools = pools
        self.schema = executable(schema)
        unlimited = Limits(*(10**9,) * len(Limits._fields))._replace(
            calls=40
        )  # guards are not what is compared
        self.operations = OperationStore(self.schema, introspection=True, limits=unlimited)
        self.reference = ReferenceExecutor(self.schema)
        self.compiled = CompiledExecutor(schema)
        self.gateway = Gateway()
        self.tally = Tally()

    async def try_one(self, random: Random) -> None:
        """Generate an operation and the faults of the platform, and compare."""
        self.gateway.begin(
            random.randrange(10**9), random.choice([0, 0, 0.15, 0.5]), random.choice([0, 0, 0.1])
        )
        await self.compare(generate(self.schema, random, self._pools))

    async def compare(self, generated: Generated) -> None:
        """Run an operation on both, twice on the compiled one, and collect the differences."""
        counts = self.tally.counts
        counts["operations"] += 1
        try:
            operation = self.operations.get(generated.text, None)
            operation.check(generated.variables)
        except OperationRefusedError as refused:
            counts[f"refused {refused.code}"] += 1
            return
        outcomes, calls = [], []
        for executor in (self.reference, self.compiled, self.compiled):
            before = asyncio.all_tasks()
            context = self.gateway.context()
            outcomes.append(await executor.run(operation, dict(generated.variables), context))
            await quiet(before)
            calls.append(self.gateway.platform.calls)
        self._count(outcomes[0], calls[0])
        counts["queries"] += operation.is_query
        for outcome, called in zip(outcomes[1:], calls[1:], strict=True):
            if self._is_told_otherwise(outcome, calls[0], called):
                counts["told otherwise"] += 1
                continue
            told = difference(outcomes[0], outcome) or self._compare_calls(
                outcome, calls[0], called
            )
            if told and all(map(_depends_on_order, (outcomes[0], outcome))):
                counts["in another order"] += 1
            elif told:
                faults = vars(self.gateway.platform)
                self.tally.differences.append(
                    f"{told}\n  seed {faults['seed']} rate {faults['rate']}"
                    f" spoiling {self.gateway.spoiling}\n{generated.text}\n{generated.variables}"
                )

    def _is_told_otherwise(
        self, outcome: Outcome, calls: Counter[str], others: Counter[str]
    ) -> bool:
        """Whether the outcomes are not comparable: a call for a part has faults of its own."""
        left_out = calls - others
        is_part = any(_is_part(call, left_out) for call in others - calls)
        return is_part and bool(self.gateway.platform.rate) and bool(removed(outcome))

    def _compare_calls(
        self, outcome: Outcome, calls: Counter[str], others: Counter[str]
    ) -> str | None:
        """Return how the calls differ; None where they are the same.

        Fewer calls are allowed where null propagation has removed fields earlier.
        """
        if calls == others:
            return None
        if others.total() < calls.total() and _is_only_batched(calls, others):
            # graphql-core has begun some a turn of the loop later, and so in a batch of their own.
            self.tally.counts["fewer batches than the reference"] += 1
            return None
        if removed(outcome) and _asks_for_less(calls, others):
            self.tally.counts["fewer calls than the reference"] += 1
            return None
        return f"calls\n  {calls - others}\n  {others - calls}"

    def _count(self, outcome: Outcome, calls: Counter[str]) -> None:
        counts = self.tally.counts
        counts["ran"] += 1
        counts["with errors"] += bool(outcome.errors)
        counts["fetched"] += bool(calls)
        counts["of several calls"] += len(calls) > 1
        counts["with null propagation"] += bool(removed(outcome))
        counts["without data"] += outcome.data is None
