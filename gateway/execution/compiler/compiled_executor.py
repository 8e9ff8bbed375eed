"""The compiled executor: an operation becomes Python functions once (`docs/execution.md`)."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import strawberry
from graphql import (
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    Node,
    VariableNode,
    VariableValues,
)

from gateway.answer_budget import AnswerRefusedError
from gateway.cache.bounded_dict import BoundedDict
from gateway.execution.compiler.codegen import Projection, project_root
from gateway.execution.compiler.resolver_calls import NO_VARIABLES, Variables
from gateway.execution.compiler.selection import Scope, Selection
from gateway.execution.deferral import nodes_of
from gateway.execution.delivery import Delivery
from gateway.execution.documents import Operation
from gateway.execution.execution_state import ExecutionState
from gateway.execution.executor import Executor, ReferenceExecutor
from gateway.execution.field_info import FieldInfos
from gateway.execution.interpreter import Interpreter
from gateway.execution.outcome import Outcome, format_errors
from gateway.execution.part import Projections
from gateway.schema.info import ResolverContext

_MAX_VARIANTS = 8  # of one operation


class MutationState(ExecutionState):
    """The state of a mutation, whose time goes on with each action."""

    @property
    def now(self) -> datetime:
        """Return the time of the last action."""
        return self.context.now

    @now.setter
    def now(self, now: datetime) -> None:
        """Leave it to the context."""


class CompiledExecutor:
    """Runs operations as generated functions; introspection is left to graphql-core."""

    def __init__(self, schema: strawberry.Schema, *, introspection: Executor | None = None) -> None:
        self._fields = FieldInfos(schema)
        self._introspection = introspection or ReferenceExecutor(self._fields.schema)

    async def run(
        self,
        operation: Operation,
        variables: dict[str, Any],
        context: ResolverContext,
        deliveries: list[Delivery] | None = None,
    ) -> Outcome:
        """Run one operation; a failure is an error in the outcome.

        With `deliveries` what is deferred is left out, and its delivery added to the list.
        """
        known = operation.compiled if deliveries is None else operation.compiled_in_parts
        compiled: Any = known or self._compile(operation, in_parts=deliveries is not None)
        if compiled.introspects:
            return await self._introspection.run(operation, variables, context)
        values = NO_VARIABLES
        if compiled.variables is not None:
            values = compiled.variables.coerce(variables)
            if isinstance(values, list):
                return Outcome(None, format_errors(values, context.request.id))
        variant = compiled.variant(values)
        state = MutationState if operation.is_mutation else ExecutionState
        scope, run = variant.scope, state(values, context)
        size, interpreter = scope.size, Interpreter(run)
        try:
            if operation.is_mutation:
                await variant.execute_serially(run, interpreter)
            else:
                run.data = variant.execute(run, interpreter)
                pending, run.pending = run.pending, []
                await run.settle(pending, interpreter)
        except GraphQLError as error:
            run.data = None
            run.add_error(error, ())
        except AnswerRefusedError:
            run.refuse()
        finally:
            if scope.size != size:
                operation.compiled_size = sum(
                    each.size for each in (operation.compiled, operation.compiled_in_parts) if each
                )
        if run.deferred is not None:
            _add_delivery(run, variant.projections(operation), deliveries)
        if run.null_paths:
            errors = format_errors(run.errors, context.request.id, run.more_errors)
            return Outcome(run.data, errors, may_repeat=True)
        return Outcome(run.data, [], variant.repeats)

    async def run_in_parts(
        self, operation: Operation, variables: dict[str, Any], context: ResolverContext
    ) -> tuple[Outcome, Delivery | None]:
        """Run one operation without what is deferred; return the delivery of that, if any."""
        deliveries: list[Delivery] = []
        outcome = await self.run(operation, variables, context, deliveries)
        return outcome, deliveries[0] if deliveries else None

    def _compile(self, operation: Operation, *, in_parts: bool) -> "CompiledOperation":
        compiled = CompiledOperation(self._fields, operation, in_parts=in_parts)
        if in_parts:
            operation.compiled_in_parts = compiled
        else:
            operation.compiled = compiled
        return compiled


def _add_delivery(
    run: ExecutionState, projections: Projections, deliveries: list[Delivery] | None
) -> None:
    """Add the delivery of what has been deferred and is not removed by null propagation."""
    assert deliveries is not None  # noqa: S101 - else the operation has no @defer
    delivery = Delivery(run, projections)
    if delivery.opened:
        deliveries.append(delivery)


class CompiledOperation:
    """An operation with its variables, and a variant for each set of values of its directives.

    With `in_parts` what @defer defers is executed after the rest; else the operation has none.
    """

    def __init__(self, fields: FieldInfos, operation: Operation, *, in_parts: bool = False) -> None:
        self._fields, self._in_parts = fields, in_parts
        self._definition, self._fragments = operation.definition, operation.analysis.fragments
        if operation.defers and not in_parts:
            self._definition, self._fragments = nodes_of(operation.document, operation.name)
        definitions = operation.variable_definitions
        self.variables = Variables(fields.schema, definitions) if definitions else None
        self.introspects = operation.analysis.introspects
        conditions: dict[str, None] = {}
        for node in _reachable(self._definition, self._fragments):
            for directive in getattr(node, "directives", None) or ():
                for argument in directive.arguments or ():
                    if isinstance(argument.value, VariableNode):
                        conditions[argument.value.name.value] = None
        self._conditions = tuple(conditions)
        self._variants: BoundedDict[tuple[Any, ...], CompiledVariant] = BoundedDict(_MAX_VARIANTS)

    @property
    def size(self) -> int:
        """Return the length of the generated source, in characters."""
        return sum(variant.scope.size for variant in self._variants.values())

    def variant(self, values: VariableValues) -> "CompiledVariant":
        """Return the variant for these values of the variables in directives."""
        names: list[str] = []
        key: tuple[Any, ...] = ()
        if self._conditions:
            names = [name for name in self._conditions if name in values.coerced]
            key = tuple((name, values.coerced[name]) for name in names)
        variant = self._variants.get(key)
        if variant is None:
            conditions = VariableValues(
                {name: values.sources[name] for name in names},
                {name: values.coerced[name] for name in names},
            )
            scope = Scope(
                self._fields, self._definition, self._fragments, conditions, self._in_parts
            )
            variant = self._variants[key] = CompiledVariant(scope)
        return variant


def _reachable(node: Node, fragments: Mapping[str, FragmentDefinitionNode]) -> Iterator[Node]:
    """Yield an operation's selections, each fragment's once."""
    remaining, seen = [node], set()
    while remaining:
        current = remaining.pop()
        yield current
        if isinstance(current, FragmentSpreadNode) and current.name.value not in seen:
            seen.add(current.name.value)
            remaining.append(fragments[current.name.value])
        below = getattr(current, "selection_set", None)
        if below is not None:
            remaining += below.selections


class CompiledVariant:
    """An operation whose @skip and @include directives are decided.

    `repeats` says whether its data may contain a text more than once, fetched values aside.
    """

    def __init__(self, scope: Scope) -> None:
        self.scope, self.repeats = scope, False
        self._root: Selection | None = None
        self._projection: Projection | None = None
        self._projections: Projections | None = None
        self._runs = 0

    def projections(self, operation: Operation) -> Projections:
        """Return the functions of what is deferred, once the rest has been executed."""
        if self._projections is None:
            assert self._root is not None  # noqa: S101 - see above
            self._projections = Projections(self.scope, self._root, operation)
        return self._projections

    async def execute_serially(self, run: ExecutionState, interpreter: Interpreter) -> None:
        """Complete the root fields one after the other, as a mutation's are (§6.2.2).

        Each is complete, with all below it, before the next one begins. None begins once the data
        as a whole is null.
        """
        if self._root is None:
            self._root = self.scope.root()
            self.repeats = self._root.repeats
        data = run.data = dict[str, Any]()
        for selected in self._root.fields:
            data[selected.key] = interpreter.field(selected, self._root, None, data, ())
            pending, run.pending = run.pending, []
            await run.settle(pending, interpreter)
            if run.data is None:
                return

    def execute(self, run: ExecutionState, interpreter: Interpreter) -> dict[str, Any]:
        """Return the data that needs no network, by a generated function from the second run on."""
        if self._root is None:
            self._root = self.scope.root()
            self.repeats = self._root.repeats
        elif self._runs == 1:
            self._projection = project_root(self.scope.fields, self._root)
            self.scope.size += self._projection.size if self._projection is not None else 0
        self._runs += 1
        if self._projection is not None:
            make, _, fetches, _ = self._projection
            try:
                data: dict[str, Any] = make(None, run, ()) if fetches else make(None, run)
            except Exception:  # noqa: BLE001 - the interpreter raises it again, with its path
                run.pending.clear()
                run.leaves = run.size = 0
            else:
                return data
        return interpreter.execute(self._root, None, ())
