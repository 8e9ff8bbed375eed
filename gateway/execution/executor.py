"""How an operation runs: ``run(operation, variables, context) → data, errors``."""

from typing import Any, Protocol

from graphql import ExecutionResult, GraphQLSchema, execute

from gateway.execution.documents import Operation
from gateway.execution.outcome import Outcome, show
from gateway.schema.context import Context


class Executor(Protocol):
    """Runs operations that have been parsed, guarded and validated."""

    async def run(
        self, operation: Operation, variables: dict[str, Any], context: Context
    ) -> Outcome:
        """Run one operation; whatever fails is an error in the outcome."""
        ...


class ReferenceExecutor:
    """graphql-core's own executor, over the Strawberry schema's resolvers."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema

    async def run(
        self, operation: Operation, variables: dict[str, Any], context: Context
    ) -> Outcome:
        """Run one operation; whatever fails is an error in the outcome."""
        result = execute(
            self._schema,
            operation.document,
            context_value=context,
            variable_values=variables,
            operation_name=operation.name,
        )
        if not isinstance(result, ExecutionResult):
            result = await result
        return Outcome(result.data, show(result.errors, context.request.id))
