"""A platform with large responses, and the resources that executing an operation on it takes."""

import asyncio
import json
import tracemalloc
from collections.abc import Callable
from typing import Any, NamedTuple

import httpx
import msgspec

from gateway.answer_budget import AnswerBudget
from gateway.execution.compiler.compiled_executor import CompiledExecutor
from gateway.execution.encoding import encode_answer
from gateway.execution.executor import Executor, ReferenceExecutor
from gateway.execution.limits import DEFAULT_LIMITS
from gateway.execution.operation_store import OperationStore
from gateway.schema.build import build_schema, executable
from gateway.schema.info import ResolverContext
from tests.execution.lying import Platform

Change = Callable[[dict[str, Any]], None]
"""Changes one item of an upstream page in place."""

SCHEMA = build_schema()
# The cost of an operation is not what is tested.
OPERATIONS = OperationStore(
    executable(SCHEMA), introspection=True, limits=DEFAULT_LIMITS._replace(cost=10**9)
)


def executor_of(name: str) -> Executor:
    """Return a new executor."""
    return CompiledExecutor(SCHEMA) if name == "compiled" else ReferenceExecutor(executable(SCHEMA))


class LargePlatform(Platform):
    """The sandbox, with every item of its pages changed."""

    def __init__(self, change: Change) -> None:
        super().__init__()
        self._change = change

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Respond to a call."""
        answer = await super().handle_async_request(request)
        tree = json.loads(answer.content)
        for item in tree.get("promotions") or tree.get("data") or ():
            self._change(item)
        return httpx.Response(answer.status_code, json=tree)


class Made(NamedTuple):
    """A response; `peak` is the memory used, `turns` counts the turns of other tasks meanwhile."""

    json: bytes
    errors: list[dict[str, Any]]
    peak: int
    turns: int

    @property
    def codes(self) -> list[str]:
        """The errors' codes."""
        return [error["extensions"]["code"] for error in self.errors]


async def make(
    executor: Executor,
    text: str,
    context: ResolverContext,
    budget: AnswerBudget,
    *,
    traces: bool = False,
) -> Made:
    """Execute an operation and encode its data; with `traces` the memory used is measured."""
    operation = OPERATIONS.get(text, None)
    context.request.answer = budget.share()
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    others = asyncio.create_task(count())
    if traces:
        tracemalloc.start()
    try:
        outcome = await executor.run(operation, {}, context)
        outcome = await encode_answer(outcome, context.request.answer, "r")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        others.cancel()
        tracemalloc.stop()
    return Made(msgspec.json.encode(outcome.data), outcome.errors, peak, turns)
