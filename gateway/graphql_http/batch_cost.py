"""The cost of a batch: that of its operations together."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from gateway.errors import QueryTooComplexError
from gateway.execution.cost import Cost
from gateway.execution.documents import Operation
from gateway.execution.failures import OperationRefusedError
from gateway.execution.outcome import Outcome

Run = Callable[..., Awaitable[Outcome]]


class BatchCostBudget:
    """The cost that the operations of a batch may have together: as much as one operation.

    Its mutations run one after the other.
    """

    def __init__(self) -> None:
        self._requested = 0
        self._mutations = asyncio.Lock()

    def add(self, cost: Cost) -> None:
        """Count an operation that is about to be executed.

        Raise OperationRefusedError with QUERY_TOO_COMPLEX for one that exceeds the budget; it is
        not counted, since the next ones may be small enough.
        """
        total = cost._replace(requested=self._requested + cost.requested)
        if total.requested > total.maximum:
            error = QueryTooComplexError("Batch cost", total.maximum, total.requested)
            extensions = error.extensions | {"cost": total.extension}
            raise OperationRefusedError([{"message": error.message, "extensions": extensions}])
        self._requested = total.requested

    def in_turn(self, run: Run, operation: Operation) -> Run:
        """Return how an operation is run: a mutation when the ones before it have ended."""
        if not operation.is_mutation:
            return run

        async def wait_and_run(*arguments: Any) -> Outcome:
            async with self._mutations:
                return await run(*arguments)

        return wait_and_run
