"""The compiled executor: an operation becomes Python functions, once (`docs/execution.md`)."""

from collections.abc import Iterator, Mapping
from typing import Any

import strawberry
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    Node,
    VariableNode,
    VariableValues,
)

from gateway.answer_budget import AnswerRefusedError
from gateway.execution.compiler.codegen import Projection, project_root
from gateway.execution.compiler.resolver_calls import Variables
from gateway.execution.compiler.selection import Scope, Selection
from gateway.execution.documents import Operation
from gateway.execution.execution_state import ExecutionState
from gateway.execution.executor import Executor, ReferenceExecutor
from gateway.execution.field_info import FieldInfos
from gateway.execution.interpreter import Interpreter
from gateway.execution.outcome import Outcome, show
from gateway.schema.info import ResolverContext

_MOST_PROGRAMS = 8  # of one operation: each combination of what @skip and @include say is another


class CompiledExecutor:
    """Runs operations as generated functions; introspection is graphql-core's own."""

    def __init__(self, schema: strawberry.Schema, *, introspection: Executor | None = None) -> None:
        self._fields = FieldInfos(schema)
        self._introspection = introspection or ReferenceExecutor(self._fields.schema)

    async def run(
        self, operation: Operation, variables: dict[str, Any], context: ResolverContext
    ) -> Outcome:
        """Run one operation; whatever fails is an error in the outcome."""
        compiled = operation.compiled
        if compiled is None:
            compiled = operation.compiled = CompiledOperation(self._fields, operation)
        if compiled.introspects:
            return await self._introspection.run(operation, variables, context)
        values = compiled.variables.coerce(variables)
        if isinstance(values, list):
            return Outcome(None, show(values, context.request.id))
        run = ExecutionState(values, context)
        program = compiled.program(values)
        size = program.size
        try:
            await program.run(run)
        finally:
            if program.size != size:
                operation.compiled_size = compiled.size
        if run.failed:
            errors = show(run.errors, context.request.id, run.more_errors)
            return Outcome(run.data, errors, may_repeat=True)
        return Outcome(run.data, [], program.repeats)


class CompiledOperation:
    """What is known of an operation: its variables, and a program for each set of conditions."""

    def __init__(self, fields: FieldInfos, operation: Operation) -> None:
        self._fields, self._operation = fields, operation
        self._fragments = {
            each.name.value: each
            for each in operation.document.definitions
            if isinstance(each, FragmentDefinitionNode)
        }
        self.variables = Variables(fields.schema, operation.variable_definitions)
        self.introspects = False
        conditions: dict[str, None] = {}
        for node in _reachable(operation.definition, self._fragments):
            if isinstance(node, FieldNode) and node.name.value in {"__schema", "__type"}:
                self.introspects = True
            for directive in getattr(node, "directives", None) or ():
                for argument in directive.arguments:
                    if isinstance(argument.value, VariableNode):
                        conditions[argument.value.name.value] = None
        self._conditions = tuple(conditions)
        self._programs: dict[tuple[Any, ...], CompiledVariant] = {}

    @property
    def size(self) -> int:
        """Return the length of all that has been generated, in characters."""
        return sum(program.size for program in self._programs.values())

    def program(self, values: VariableValues) -> "CompiledVariant":
        """Return the program for what @skip and @include say with these variables."""
        names = [name for name in self._conditions if name in values.coerced]
        key = tuple((name, values.coerced[name]) for name in names)
        program = self._programs.get(key)
        if program is None:
            if len(self._programs) >= _MOST_PROGRAMS:
                del self._programs[next(iter(self._programs))]
            conditions = VariableValues(
                {name: values.sources[name] for name in names},
                {name: values.coerced[name] for name in names},
            )
            definition = self._operation.definition
            scope = Scope(self._fields, definition, self._fragments, conditions)
            program = self._programs[key] = CompiledVariant(scope)
        return program


def _reachable(node: Node, fragments: Mapping[str, FragmentDefinitionNode]) -> Iterator[Node]:
    """Return an operation's selections, each fragment's once."""
    waiting, seen = [node], set()
    while waiting:
        here = waiting.pop()
        yield here
        if isinstance(here, FragmentSpreadNode) and here.name.value not in seen:
            seen.add(here.name.value)
            waiting.append(fragments[here.name.value])
        below = getattr(here, "selection_set", None)
        if below is not None:
            waiting += below.selections


class CompiledVariant:
    """An operation of which it is known what @skip and @include say."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._root: Selection | None = None
        self._projection: Projection | None = None
        self._runs = 0

    @property
    def size(self) -> int:
        """Return the length of all that has been generated, in characters."""
        return self._scope.size

    @property
    def repeats(self) -> bool:
        """Whether the data can hold a text more than once beside what is fetched."""
        return self._root is not None and self._root.repeats

    async def run(self, run: ExecutionState) -> None:
        """Execute; the data and the errors are the run's."""
        exact = Interpreter(run)
        try:
            run.data = self._execute(run, exact)
            pending, run.pending = run.pending, []
            await run.settle(pending, exact)
        except GraphQLError as error:
            run.note(error, ())
        except AnswerRefusedError:
            run.refuse()

    def _execute(self, run: ExecutionState, exact: Interpreter) -> dict[str, Any]:
        """Return what needs no network; by a generated function from the second run on."""
        if self._root is None:
            self._root = self._scope.root()
        elif self._runs == 1:
            self._projection = project_root(self._scope.fields, self._root)
            self._scope.size += self._projection.size if self._projection is not None else 0
        self._runs += 1
        if self._projection is not None:
            make, _, fetches, _ = self._projection
            try:
                data: dict[str, Any] = make(None, run, ()) if fetches else make(None, run)
            except Exception:  # noqa: BLE001 - whatever it is, it is found again, and where
                run.pending.clear()
                run.leaves = run.size = 0
            else:
                return data
        return exact.execute(self._root, None, ())
