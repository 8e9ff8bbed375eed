"""Variables and arguments: coerced by graphql-core, and only where they can differ from before."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

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
from gateway.execution.compiler.selection import Selected
from gateway.execution.field_info import FieldInfo
from gateway.pagination.arguments import PageFields
from gateway.schema.info import ResolverContext
from gateway.schema.lookahead import Ahead, LooksFor, Paths, page_fields

_NO_VARIABLES = VariableValues({}, {})


class Variables:
    """An operation's variables: what they are is worked out once, their values each time."""

    def __init__(
        self, schema: GraphQLSchema, definitions: Sequence[VariableDefinitionNode]
    ) -> None:
        self._schema, self._definitions = schema, definitions
        self._signatures: list[tuple[str, GraphQLVariableSignature, Coerce]] | None = None

    def coerce(self, inputs: Mapping[str, Any]) -> VariableValues | list[GraphQLError]:
        """Return the values, or what is wrong with them."""
        if not self._definitions:
            return _NO_VARIABLES
        values = self._coerce_given(inputs)
        if values is None:  # a default, or a mistake: seldom, and intricate
            return get_variable_values(
                self._schema, self._definitions, dict(inputs), hide_suggestions=True
            )
        return values

    def _coerce_given(self, inputs: Mapping[str, Any]) -> VariableValues | None:
        if self._signatures is None:
            known = [get_variable_signature(self._schema, each) for each in self._definitions]
            self._signatures = [
                (each.name, each, coercer(each.type))
                for each in known
                if not isinstance(each, GraphQLError)
            ]
        sources: dict[str, VariableValueSource] = {}
        values: dict[str, Any] = {}
        for name, signature, coerce in self._signatures:
            given = inputs.get(name, Undefined)
            coerced = Undefined if given is Undefined else coerce(given)
            if coerced is Undefined:
                return None
            sources[name] = VariableValueSource(signature, given)
            values[name] = coerced
        return VariableValues(sources, values)


class Refused:
    """Stands for a call whose arguments cannot be: GraphQL lets null come in by a variable."""

    def __init__(self, error: GraphQLError) -> None:
        self._error = error

    def __call__(self, _view: object) -> Any:
        """Raise the error, a new one each time: it carries where it was raised."""
        raise GraphQLError(self._error.message, self._error.nodes) from self._error.original_error


class Fetch:
    """A fetching field's function of the view, and the one that gives what is at hand."""

    __slots__ = ("at_hand", "fetch")

    def __init__(self, fetch: Callable[[Any], Any], at_hand: Callable[[Any], Any]) -> None:
        self.fetch, self.at_hand = fetch, at_hand

    def __call__(self, view: Any) -> Any:
        """Fetch."""
        return self.fetch(view)


Bound = Callable[[Any], Any]


class Arguments:
    """A field's arguments as its function takes them: what no variable changes is worked out once.

    Resolvers do not write to their arguments.
    """

    def __init__(self, field: FieldInfo, node: FieldNode) -> None:
        self._field, self._node = field, node
        given = node.arguments or ()
        self._variables = {
            each.value.name.value: each.name.value
            for each in given
            if isinstance(each.value, VariableNode)
        }
        self.are_constant = not _has_variables(given)
        # Variables within lists and objects, or the same one twice, are seldom, and left alone.
        self._are_simple = len(self._variables) == sum(_has_variables([each]) for each in given)
        self._constant: dict[str, Any] | None = None
        self._plan: list[tuple[str, str, bool, Callable[[Any], Any] | None]] = []

    def of(self, values: VariableValues) -> dict[str, Any]:
        """Return the arguments, by the names of the function's.

        Raises GraphQLError where they cannot be.
        """
        constant = self._constant
        if constant is None:
            return self._first(values)
        if self.are_constant:
            return constant
        coerced = values.coerced
        arguments = constant.copy()
        for variable, name, is_nullable, change in self._plan:
            value = coerced.get(variable, Undefined)
            if value is Undefined or (value is None and not is_nullable):
                return self._work_out(values)
            arguments[name] = value if change is None else change(value)
        return arguments

    def _first(self, values: VariableValues) -> dict[str, Any]:
        arguments = self._work_out(values)
        if self._are_simple:
            graphql, plan = self._field.graphql, self._field.convert.plan
            assert graphql is not None  # noqa: S101 - see `_work_out`
            varying = {argument: variable for variable, argument in self._variables.items()}
            self._plan = [
                (
                    varying[name],
                    python_name,
                    not isinstance(graphql.args[name].type, GraphQLNonNull),
                    change,
                )
                for name, python_name, change in plan
                if name in varying
            ]
            names = {name for _, name, *_ in self._plan}
            self._constant = {name: arguments[name] for name in arguments if name not in names}
        return arguments

    def _work_out(self, values: VariableValues) -> dict[str, Any]:
        graphql = self._field.graphql
        assert graphql is not None  # noqa: S101 - __typename is never called
        return self._field.convert(
            get_argument_values(graphql, self._node, values, hide_suggestions=True)
        )


class Call:
    """A field's function with all that it takes beside the view."""

    def __init__(self, selected: Selected) -> None:
        self._selected, self._scope = selected, selected.scope
        self._field = selected.field
        self._arguments = Arguments(self._field, selected.nodes[0])

    @property
    def fixed(self) -> Callable[..., Any] | None:
        """Return the method with its arguments, which are the same each time; None where not so."""
        if not self._arguments.are_constant:
            return None
        try:
            arguments = self._arguments.of(_NO_VARIABLES)
        except GraphQLError:
            return None
        return partial(self._field.computes, **arguments) if arguments else self._field.computes

    def bind(self, values: VariableValues, context: ResolverContext) -> Bound:
        """Return a function of the view alone; one with impossible arguments is `Refused`."""
        try:
            arguments = self._arguments.of(values)
        except GraphQLError as error:
            return Refused(error)
        field = self._field
        bound = field.computes
        if field.wants_info:
            bound = partial(bound, info=_Info(self, values, context), **arguments)
        elif arguments:
            bound = partial(bound, **arguments)
        at_hand = field.at_hand
        return bound if at_hand is None else Fetch(bound, partial(at_hand, **arguments))

    @cached_property
    def _ahead(self) -> dict[tuple[str, str], list[tuple[Arguments, PageFields]]]:
        return {}

    @cached_property
    def _own(self) -> PageFields:
        selected, field = self._selected, self._field
        assert field.graphql is not None  # noqa: S101 - it is declared to look for something
        paths = self._scope.document.selected(field.graphql, selected.nodes, looks_for(field))
        return PageFields(paths)

    def page_fields(self, values: VariableValues) -> PageFields:
        """Return what `Info.page_fields` returns."""
        return self._page_fields(self._field, self._arguments, self._own, values)

    def look_ahead(self, type_name: str, field_name: str, values: VariableValues) -> list[Ahead]:
        """Return what `Info.look_ahead` returns."""
        scope = self._scope
        kind: Any = scope.fields.schema.type_map[type_name]
        field = scope.fields.get(kind, field_name)
        known = self._ahead.get((type_name, field_name))
        if known is None:
            document = scope.document
            known = self._ahead[type_name, field_name] = [
                (
                    Arguments(field, node),
                    PageFields(
                        document.selected(kind.fields[field_name], [node], looks_for(field))
                    ),
                )
                for node in document.nodes_below(kind, self._selected.nodes, field_name)
            ]
        return [
            Ahead(arguments.of(values), self._page_fields(field, arguments, own, values))
            for arguments, own in known
        ]

    def _page_fields(
        self, field: FieldInfo, arguments: Arguments, own: PageFields, values: VariableValues
    ) -> PageFields:
        peers = self._scope.peers.get(field)
        if peers is None:
            peers = self._scope.peers[field] = self._peers(field)
        if not peers:
            return own
        others = [(peer.of(values), paths) for peer, paths in peers]
        return page_fields(own.own, arguments.of(values), others, looks_for(field))

    def _peers(self, field: FieldInfo) -> list[tuple[Arguments, Paths]]:
        scope = self._scope
        kind: Any = scope.fields.schema.type_map[field.owner]
        peers = scope.document.peers(kind, field.name, looks_for(field))
        return [(Arguments(field, node), paths) for node, paths in peers]


class _Info:
    """All of ``info`` that a resolver may use (`gateway.schema.info.Info`)."""

    __slots__ = ("_call", "_values", "context")

    def __init__(self, call: Call, values: VariableValues, context: ResolverContext) -> None:
        self._call, self._values, self.context = call, values, context

    @property
    def page_fields(self) -> PageFields:
        """Return which of the fields that this one looks for are selected below it."""
        return self._call.page_fields(self._values)

    def look_ahead(self, type_name: str, field_name: str) -> list[Ahead]:
        """Return each selection of a field right below this one."""
        return self._call.look_ahead(type_name, field_name, self._values)


def looks_for(field: FieldInfo) -> LooksFor:
    """Return what a field looks for below itself; it is declared to look for something."""
    declaration: Any = field.declaration
    found: LooksFor = declaration.looks_for
    return found


def _has_variables(arguments: Iterable[ArgumentNode] | None) -> bool:
    """Return whether a variable stands in a value, at any depth."""
    waiting: list[Node] = [argument.value for argument in arguments or ()]
    while waiting:
        value = waiting.pop()
        if isinstance(value, VariableNode):
            return True
        if isinstance(value, ListValueNode):
            waiting += value.values
        elif isinstance(value, ObjectValueNode):
            waiting += [each.value for each in value.fields]
    return False


def call_of(selected: Selected) -> Call:
    """Return the call of a field, which is kept with it."""
    call: Call | None = selected.call
    if call is None:
        call = selected.call = Call(selected)
    return call
