"""Calls of resolvers: their arguments are coerced once where no variable changes them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, NamedTuple

from graphql import (
    ArgumentNode,
    FieldNode,
    GraphQLError,
    GraphQLNonNull,
    GraphQLSchema,
    ListValueNode,
    Node,
    ObjectValueNode,
    Undefined,
    VariableDefinitionNode,
    VariableNode,
    VariableValues,
    get_argument_values,
    get_variable_values,
)

from gateway.execution.bridge import (
    GraphQLVariableSignature,
    VariableValueSource,
    get_variable_signature,
)
from gateway.execution.coercion import Coerce, coercer
from gateway.execution.compiler.selection import Scope, Selected
from gateway.execution.field_info import FieldInfo
from gateway.pagination.arguments import PageFields
from gateway.schema.info import ResolverContext, ResolverInfo
from gateway.schema.lookahead import Ahead, LooksFor, page_fields

NO_VARIABLES = VariableValues({}, {})


class Variables:
    """The variables of an operation; their types are looked up once."""

    def __init__(
        self, schema: GraphQLSchema, definitions: Sequence[VariableDefinitionNode]
    ) -> None:
        self._schema, self._definitions = schema, definitions
        self._signatures: list[tuple[str, GraphQLVariableSignature, Coerce]] | None = None

    def coerce(self, inputs: Mapping[str, Any]) -> VariableValues | list[GraphQLError]:
        """Return the coerced values, or the errors in them."""
        if self._signatures is None:
            self._signatures = [
                (signature.name, signature, coercer(signature.type))
                for each in self._definitions
                if not isinstance(
                    signature := get_variable_signature(self._schema, each), GraphQLError
                )
            ]
        sources: dict[str, VariableValueSource] = {}
        values: dict[str, Any] = {}
        for name, signature, coerce in self._signatures:
            value = inputs.get(name, Undefined)
            coerced = Undefined if value is Undefined else coerce(value)
            if coerced is Undefined:  # a default or an error: rare, and left to graphql-core
                return get_variable_values(
                    self._schema, self._definitions, dict(inputs), hide_suggestions=True
                )
            sources[name] = VariableValueSource(signature, value)
            values[name] = coerced
        return VariableValues(sources, values)


class Arguments:
    """The arguments of one selection of a field, converted to those of its function.

    The parts that no variable changes are converted once; functions do not modify arguments.
    """

    def __init__(self, field: FieldInfo, node: FieldNode) -> None:
        self._field, self._node = field, node
        nodes = node.arguments or ()
        self._variables = {
            each.value.name.value: each.name.value
            for each in nodes
            if isinstance(each.value, VariableNode)
        }
        self.are_constant = not _has_variables(nodes)
        # Variables within lists and objects, or one variable twice, are rare: no plan for those.
        self._are_simple = len(self._variables) == sum(_has_variables([each]) for each in nodes)
        self._constant: dict[str, Any] | None = None
        self._plan: list[tuple[str, str, bool, Callable[[Any], Any] | None]] = []

    def of(self, values: VariableValues) -> dict[str, Any]:
        """Return the arguments by Python name; raise GraphQLError where a value is not allowed."""
        constant = self._constant
        if constant is None:
            return self._first(values)
        if self.are_constant:
            return constant
        coerced = values.coerced
        arguments = constant.copy()
        for variable, name, is_nullable, convert in self._plan:
            value = coerced.get(variable, Undefined)
            if value is Undefined or (value is None and not is_nullable):
                return self._coerce(values)
            arguments[name] = value if convert is None else convert(value)
        return arguments

    def _first(self, values: VariableValues) -> dict[str, Any]:
        arguments = self._coerce(values)
        if self._are_simple:
            graphql, plan = self._field.graphql, self._field.convert.plan
            assert graphql is not None  # noqa: S101 - see `_coerce`
            variable_of = {argument: variable for variable, argument in self._variables.items()}
            self._plan = [
                (
                    variable_of[name],
                    python_name,
                    not isinstance(graphql.args[name].type, GraphQLNonNull),
                    convert,
                )
                for name, python_name, convert in plan
                if name in variable_of
            ]
            names = {name for _, name, *_ in self._plan}
            self._constant = {name: arguments[name] for name in arguments if name not in names}
        return arguments

    def _coerce(self, values: VariableValues) -> dict[str, Any]:
        graphql = self._field.graphql
        assert graphql is not None  # noqa: S101 - __typename is never called
        return self._field.convert(
            get_argument_values(graphql, self._node, values, hide_suggestions=True)
        )


class BoundCall(NamedTuple):
    """A field's function with the arguments of one execution; it takes the view alone.

    `prefetched` returns the value where no network is needed (`Fetching.prefetched`). With
    `is_refused` the arguments are not allowed, and `method` raises the error.
    """

    method: Callable[[Any], Any]
    prefetched: Callable[[Any], Any] | None = None
    is_refused: bool = False


def _refused(error: GraphQLError) -> BoundCall:
    """Return a call that raises an error, a new one each time: it gets the path of its field."""

    def refuse(_view: object) -> Any:
        raise GraphQLError(error.message, error.nodes) from error.original_error

    return BoundCall(refuse, is_refused=True)


class _PageSelection:
    """A selection of a field that looks for what is selected below it (`LooksFor`).

    `peers` are the other selections of that field, where what is selected below them differs.
    """

    def __init__(self, scope: Scope, field: FieldInfo, nodes: Sequence[FieldNode]) -> None:
        assert field.graphql is not None  # noqa: S101 - it is declared, so it is no __typename
        declaration: Any = field.declaration
        self._looks_for: LooksFor = declaration.looks_for
        self.arguments = Arguments(field, nodes[0])
        self.own = PageFields(scope.document.selected(field.graphql, nodes, self._looks_for))
        if field not in scope.peers:
            kind: Any = scope.fields.schema.type_map[field.owner]
            scope.peers[field] = [
                (Arguments(field, node), paths)
                for node, paths in scope.document.peers(kind, field.name, self._looks_for)
            ]
        self.peers = scope.peers[field]

    def page_fields(self, values: VariableValues) -> PageFields:
        """Return which of the fields are selected, here and by peers with equal arguments."""
        if not self.peers:
            return self.own
        peers = [(peer.of(values), paths) for peer, paths in self.peers]
        return page_fields(self.own.own, self.arguments.of(values), peers, self._looks_for)


class Call:
    """The call of one selected field: its function, arguments and look-ahead."""

    def __init__(self, selected: Selected) -> None:
        self._selected, self._scope = selected, selected.scope
        self._field = selected.field
        self._arguments = Arguments(self._field, selected.nodes[0])
        declaration: Any = self._field.declaration
        self._looks_for: LooksFor | None = getattr(declaration, "looks_for", None)
        self._looks_ahead_to: tuple[tuple[str, str], ...] = getattr(
            declaration, "looks_ahead_to", ()
        )
        self._ahead: dict[tuple[str, str], list[_PageSelection]] = {}
        self._not_selected: dict[tuple[str, str], list[Ahead] | GraphQLError] = {}

    @property
    def constant(self) -> Callable[..., Any] | None:
        """Return the function with its arguments; None where a variable changes them."""
        if not self._arguments.are_constant:
            return None
        try:
            arguments = self._arguments.of(NO_VARIABLES)
        except GraphQLError:
            return None
        return partial(self._field.resolver, **arguments) if arguments else self._field.resolver

    def bind(self, values: VariableValues, context: ResolverContext) -> BoundCall:
        """Return the call with the arguments of one execution."""
        try:
            arguments = self._arguments.of(values)
        except GraphQLError as error:
            return _refused(error)
        field = self._field
        method = field.resolver
        if field.wants_info:
            method = partial(method, info=self._info(values, context), **arguments)
        elif arguments:
            method = partial(method, **arguments)
        prefetched = field.prefetched
        return BoundCall(method, prefetched and partial(prefetched, **arguments))

    def _info(self, values: VariableValues, context: ResolverContext) -> ResolverInfo:
        """Return the info of the field; an error in what it looks for is raised on access."""
        page: PageFields | GraphQLError | None = None
        if self._looks_for is not None:
            try:
                own = self._page
                page = own.page_fields(values) if own.peers else own.own
            except GraphQLError as error:
                page = error
        ahead = self._not_selected.copy()
        for name in self._looks_ahead_to:
            try:
                pages = self._ahead.get(name) or self._pages_below(*name)
                ahead[name] = [
                    Ahead(
                        each.arguments.of(values),
                        each.page_fields(values) if each.peers else each.own,
                    )
                    for each in pages
                ]
            except GraphQLError as error:
                ahead[name] = error
        return ResolverInfo(context, page, ahead)

    @cached_property
    def _page(self) -> _PageSelection:
        return _PageSelection(self._scope, self._field, self._selected.nodes)

    def _pages_below(self, type_name: str, field_name: str) -> list[_PageSelection]:
        """Return the selections of a field right below this one; without any, never again."""
        scope = self._scope
        kind: Any = scope.fields.schema.type_map[type_name]
        field = scope.fields.get(kind, field_name)
        nodes = scope.document.nodes_below(kind, self._selected.nodes, field_name)
        found = self._ahead[type_name, field_name] = [
            _PageSelection(scope, field, [node]) for node in nodes
        ]
        if not found:
            name = type_name, field_name
            self._not_selected[name] = []
            self._looks_ahead_to = tuple(each for each in self._looks_ahead_to if each != name)
        return found


def _has_variables(arguments: Iterable[ArgumentNode]) -> bool:
    """Whether a value contains a variable, at any depth."""
    remaining: list[Node] = [argument.value for argument in arguments]
    while remaining:
        value = remaining.pop()
        if isinstance(value, VariableNode):
            return True
        if isinstance(value, ListValueNode):
            remaining += value.values
        elif isinstance(value, ObjectValueNode):
            remaining += [each.value for each in value.fields]
    return False


def call_of(selected: Selected) -> Call:
    """Return the call of a selected field, created on first use."""
    call: Call | None = selected.call
    if call is None:
        call = selected.call = Call(selected)
    return call
