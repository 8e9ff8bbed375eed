"""Several operations in one request, sent as an array and answered as one, in the same order.

A batch is no way around what one operation may cost: its operations share one budget of upstream
calls, one deadline and one cost, and each counts as a request of its own in the caller's rate and
in what runs at once. Each has its own loaders and its own errors, and reports its own calls.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from gateway.context import RequestContext, UpstreamReport
from gateway.errors import QueryTooComplexError, RequestError
from gateway.execution.cost import Cost
from gateway.execution.failures import OperationRefusedError
from gateway.graphql_http.operation_statistics import OperationStatistics
from gateway.graphql_http.request import GraphQLRequest, GraphQLRequestBatch
from gateway.telemetry import log

ResponseBody = dict[str, Any]


class BatchCostBudget:
    """What the operations of a batch may cost, together as much as one."""

    def __init__(self) -> None:
        self._requested = 0

    def add(self, cost: Cost) -> None:
        """Count an operation that is about to run.

        Raises OperationRefusedError with QUERY_TOO_COMPLEX for one that is too much, and does not
        count it: those after it may be small enough.
        """
        total = cost._replace(requested=self._requested + cost.requested)
        if total.requested > total.maximum:
            error = QueryTooComplexError("Batch cost", total.maximum, total.requested)
            extensions = error.extensions | {"cost": total.shown}
            raise OperationRefusedError([{"message": error.message, "extensions": extensions}])
        self._requested = total.requested


def sub_request(request: RequestContext) -> RequestContext:
    """Make the request of one of several operations, which share all but their reports."""
    return replace(request, report=UpstreamReport(), warnings={}, answer=request.answer.sibling())


async def run_batch(
    batch: GraphQLRequestBatch,
    request: RequestContext,
    run: Callable[[GraphQLRequest, RequestContext], Awaitable[ResponseBody]],
    statistics: OperationStatistics,
) -> list[ResponseBody]:
    """Run each operation, all at once, and return their answers once all of them have ended."""

    async def one(parameters: GraphQLRequest | RequestError) -> ResponseBody:
        try:
            if isinstance(parameters, RequestError):
                raise parameters
            return await run(parameters, sub_request(request))
        except RequestError as error:
            statistics.errors([error.code])
            log.info("request_rejected", status=200, code=error.code)
            return {"errors": [error.formatted(request.id)]}
        except OperationRefusedError as refused:
            statistics.refused(refused.errors)
            log.info("request_rejected", status=200, code=refused.code)
            return {"errors": refused.errors}

    async with asyncio.TaskGroup() as group:
        tasks = []
        for parameters in batch:
            tasks.append(group.create_task(one(parameters)))
            await asyncio.sleep(0)  # whoever else waits comes between two that take long to read
    return [task.result() for task in tasks]
