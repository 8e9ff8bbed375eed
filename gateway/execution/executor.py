"""The interface of executors, and the reference executor: graphql-core's own."""

from contextlib import suppress
from types import NoneType
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import msgspec
from graphql import (
    ExecutionResult,
    GraphQLLeafType,
    GraphQLSchema,
    experimental_execute_incrementally,
)
from graphql import Executor as GraphQLExecutor

from gateway.answer_budget import AnswerRefusedError
from gateway.execution.documents import Operation
from gateway.execution.encoding import encode
from gateway.execution.outcome import Outcome, format_errors
from gateway.schema.info import ResolverContext

if TYPE_CHECKING:
    from gateway.execution.delivery import Delivery

_LEAVES_PER_CHECK = 1_000
_LEAVES = frozenset({NoneType, str, int, float, bool})
_execute_field, _complete_leaf = GraphQLExecutor.execute_field, GraphQLExecutor.complete_leaf_value


class Executor(Protocol):
    """Runs operations that have been parsed, validated and found within the limits."""

    async def run(
        self, operation: Operation, variables: dict[str, Any], context: ResolverContext
    ) -> Outcome:
        """Run one operation; a failure is an error in the outcome."""
        ...


@runtime_checkable
class ExecutorInParts(Protocol):
    """Runs operations that have @defer in parts."""

    async def run_in_parts(
        self, operation: Operation, variables: dict[str, Any], context: ResolverContext
    ) -> tuple[Outcome, "Delivery | None"]:
        """Run one operation without what is deferred; return the delivery of that, if any."""
        ...


class ReferenceExecutor:
    """graphql-core's executor, over the resolvers of the Strawberry schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema

    async def run(
        self, operation: Operation, variables: dict[str, Any], context: ResolverContext
    ) -> Outcome:
        """Run one operation as a whole; a failure is an error in the outcome."""
        # Its `execute` refuses a schema with @defer; the document has none.
        result = experimental_execute_incrementally(
            self._schema,
            operation.document,
            context_value=context,
            variable_values=variables,
            operation_name=operation.name,
            executor_class=_CountingExecutor,
        )
        if not isinstance(result, ExecutionResult):
            result = await result  # type: ignore[misc]  # nothing is incremental
        error = context.request.answer.error
        if error is not None:
            return Outcome(None, [error.formatted(context.request.id)])
        return Outcome(
            result.data, format_errors(result.errors, context.request.id), may_repeat=True
        )


class _CountingExecutor(GraphQLExecutor[ResolverContext]):
    """Counts leaves and bytes, and completes no more fields once the response is too large."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._share = self.context_value.request.answer
        self._leaves = self._size = 0

    def execute_field(self, *arguments: Any) -> Any:
        """Execute a field, and count a leaf."""
        if self._share.error is not None:
            return None
        value = _execute_field(self, *arguments)
        if value.__class__ in _LEAVES:
            self._leaves += 1
            if self._leaves % _LEAVES_PER_CHECK == 0:
                self._check()
        return value

    def complete_leaf_value(  # type: ignore[override]  # a static method there
        self, return_type: GraphQLLeafType, result: Any
    ) -> Any:
        """Complete a leaf; JSON is encoded, so that its size is known."""
        value = _complete_leaf(return_type, result)
        if return_type.name == "JSON":
            value = msgspec.Raw(encode(value))
            self._size += len(memoryview(value))
            self._check()
        elif value.__class__ is str:
            self._size += len(value)
            if self._size > self._share.max_bytes:
                self._check()
        return value

    def _check(self) -> None:
        with suppress(AnswerRefusedError):  # `_share.error` is set from now on
            self._share.has(self._leaves, self._size)
