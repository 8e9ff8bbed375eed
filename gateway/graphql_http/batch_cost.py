"""The cost of a batch: that of its operations together."""

from gateway.errors import QueryTooComplexError
from gateway.execution.cost import Cost
from gateway.execution.failures import OperationRefusedError


class BatchCostBudget:
    """The cost that the operations of a batch may have together: as much as one operation."""

    def __init__(self) -> None:
        self._requested = 0

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
