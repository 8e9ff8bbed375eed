"""What the two executors cost, without HTTP and with pages in memory.

Prints CPU microseconds for each operation: the best of several rounds, both in turns.
"""

import asyncio
import gc
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

sys.path.insert(0, str(Path(__file__).parent.parent))

from graphql import get_named_type, is_interface_type, is_leaf_type

from gateway.execution.bridge import metadata_of
from gateway.execution.compiler.compiled_executor import CompiledExecutor
from gateway.execution.documents import Operation
from gateway.execution.executor import Executor, ReferenceExecutor
from gateway.execution.operation_store import OperationStore
from gateway.schema.build import build_schema, executable
from gateway.schema.declare import DECLARATION, Fetching
from gateway.schema.info import ResolverContext
from tests.execution.comparison import difference
from tests.execution.lying import Gateway

ROUNDS = 9
SCHEMA = executable(build_schema())
PAGE = "query($id: String!) { customer(by: {externalId: $id}) { promotions(first: %d) { %s } } }"
FIELDS = (
    "nodes { id promotion { promotionId name type startsAt endsAt validity isActive }"
    " limits { pointsPerCustomer { kind max used remaining } }"
    " nextExpiryAt currentEnrolment { expiresAt isExpired } }"
)


def everything(kind: Any, above: frozenset[str]) -> str:
    """Return a selection of all that needs no call of its own, each type once on a path.

    Empty where there is nothing of the kind.
    """
    parts = []
    for name, field in kind.fields.items():
        inner = get_named_type(field.type)
        declared = metadata_of(field).get(DECLARATION)
        if isinstance(declared, Fetching) or inner.name in above or is_interface_type(inner):
            continue
        below = "" if is_leaf_type(inner) else everything(inner, above | {inner.name})
        if below or is_leaf_type(inner):
            parts.append(f"{name} {below}")
    return f"{{ {' '.join(parts)} }}" if parts else ""


def leaves(data: Any) -> int:
    """Count the leaves of a result."""
    if isinstance(data, dict | list):
        return sum(map(leaves, data.values() if isinstance(data, dict) else data))
    return 1


async def measure(name: str, text: str, customer: str, runs: int) -> None:
    """Measure one operation, and print a line."""
    gateway, operations = Gateway(), OperationStore(SCHEMA, introspection=True)
    reference, compiled = ReferenceExecutor(SCHEMA), CompiledExecutor(build_schema())
    operation, variables = operations.get(text, None), {"id": customer}
    warm = gateway.context()
    outcome = await compiled.run(operation, variables, warm)
    expected = await reference.run(operation, variables, gateway.context())
    if different := difference(outcome, expected):
        raise SystemExit(f"the executors differ: {different}")

    def context() -> ResolverContext:
        made = gateway.context()
        results = warm.loaders.customer_pages._results  # noqa: SLF001 - what was fetched once
        made.loaders.customer_pages._results = results  # noqa: SLF001 - is there from the start
        return made

    async def spent(executor: Executor, count: int, operation: Operation = operation) -> float:
        contexts = [context() for _ in range(count)]
        gc.collect()
        began = time.process_time()
        for each in contexts:
            await executor.run(operation, variables, each)
        return (time.process_time() - began) / count * 1e6

    def fresh(*, cold: bool) -> Operation:
        if cold:
            compiled._fields.functions.clear()
            compiled._fields.memos.clear()
        return replace(operation, text=text, compiled=None, compiled_size=0)

    ours, theirs, cold, again, read = [], [], [], [], []
    for _ in range(ROUNDS):
        theirs.append(await spent(reference, max(1, runs // 10)))
        ours.append(await spent(compiled, runs))
        cold.append(await spent(compiled, 1, fresh(cold=True)))
        again.append(await spent(compiled, 1, fresh(cold=False)))
        read.append(_spent(lambda: OperationStore(SCHEMA, introspection=True).get(text, None)))
    encode = min(_spent(lambda: msgspec.json.encode(outcome.data)) for _ in range(ROUNDS))
    best, reading = min(ours), min(read)
    compiling, known = min(cold) - best, min(again) - best
    print(
        f"{name}: {leaves(outcome.data)} leaves; reference {min(theirs):.0f}, compiled {best:.0f}"
        f" ({min(theirs) / best:.1f} times), encoding {encode:.0f};"
        f" parse and validate {reading:.0f}, compile {compiling:.0f} ({compiling / reading:.0%}),"
        f" where its selections are known {known:.0f} ({known / reading:.0%})"
    )


def _spent(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1e6


async def main() -> None:
    """Measure a small page and a large one."""
    kind: Any = SCHEMA.type_map["CustomerPromotion"]
    nodes = f"nodes {everything(kind, frozenset({kind.name}))}"
    await measure("page of 10, 14 fields", PAGE % (10, FIELDS), "000003873354", 200)
    await measure("page of 20, everything, enrolled", PAGE % (20, nodes), "C-CURRENT", 60)
    await measure("page of 100, everything", PAGE % (100, nodes), "000003873354", 20)


if __name__ == "__main__":
    asyncio.run(main())
