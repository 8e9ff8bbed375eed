"""What is deprecated in a schema, and which operations use it."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from graphql import (
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLSchema,
    ObjectFieldNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    get_nullable_type,
    is_specified_scalar_type,
    type_from_ast,
    visit,
)

from gateway.execution.document_analysis import OperationAnalysis


def deprecatable_elements(schema: GraphQLSchema) -> Iterator[tuple[str, Any]]:
    """Yield all that can be deprecated, by its schema coordinate."""
    for kind in schema.type_map.values():
        if kind.name.startswith("__") or is_specified_scalar_type(kind):
            continue
        for name, field in getattr(kind, "fields", {}).items():
            yield f"{kind.name}.{name}", field
            for argument, definition in getattr(field, "args", {}).items():
                yield f"{kind.name}.{name}({argument}:)", definition
        for name, value in getattr(kind, "values", {}).items():
            yield f"{kind.name}.{name}", value


def deprecated_elements(schema: GraphQLSchema) -> tuple[str, ...]:
    """Return the schema coordinates of all that is deprecated, sorted."""
    return tuple(path for path, _element in _deprecated(schema))


def _deprecated(schema: GraphQLSchema) -> list[tuple[str, Any]]:
    elements = deprecatable_elements(schema)
    found = [(path, each) for path, each in elements if each.deprecation_reason is not None]
    return sorted(found, key=lambda pair: pair[0])


class DeprecatedUses(NamedTuple):
    """What one operation uses of what is deprecated, by index in `deprecated_elements`.

    `variables` are the names and types of those whose value decides.
    """

    indexes: frozenset[int]
    variables: tuple[tuple[str, Any], ...]
    index_of: Mapping[int, int]

    def count_in(self, counts: list[int], variables: Mapping[str, Any]) -> None:
        """Count an operation with these variables, once for each element that it uses."""
        used = self.indexes
        for name, kind in self.variables:
            if name in variables:
                sent = map(id, _elements_of_value(variables[name], kind))
                used = used.union(self.index_of[each] for each in sent if each in self.index_of)
        for index in used:
            counts[index] += 1


class Deprecations:
    """Finds the uses of what is deprecated in a schema, once for each operation."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        deprecated = _deprecated(schema)
        self._index_of = {id(element): index for index, (_path, element) in enumerate(deprecated)}
        self._deciding = self._deciding_types()

    def uses_of(self, operation: OperationAnalysis) -> DeprecatedUses | None:
        """Return what an operation of a valid document uses; None where that is nothing."""
        if not self._index_of:
            return None
        visitor = _UsesVisitor(self._schema)
        pending: list[Any] = [operation.definition]
        seen = set[str]()
        while pending:
            visit(pending.pop(), TypeInfoVisitor(visitor.type_info, visitor))
            pending += [operation.fragments[name] for name in visitor.spreads - seen]
            seen |= visitor.spreads
        indexes = frozenset(
            self._index_of[element] for element in visitor.elements if element in self._index_of
        )
        definitions = operation.definition.variable_definitions or ()
        types = [(each.variable.name.value, self._type_of(each.type)) for each in definitions]
        variables = tuple(each for each in types if get_named_type(each[1]).name in self._deciding)
        return DeprecatedUses(indexes, variables, self._index_of) if indexes or variables else None

    def _type_of(self, node: Any) -> Any:
        return type_from_ast(self._schema, node)

    def _deciding_types(self) -> set[str]:
        """Return the names of the input types that have something deprecated, at any depth."""
        found = set[str]()
        while True:
            more = {
                kind.name
                for kind in self._schema.type_map.values()
                if isinstance(kind, GraphQLEnumType | GraphQLInputObjectType)
                and any(self._decides(each, found) for each in _members(kind))
            }
            if more == found:
                return found
            found = more

    def _decides(self, member: Any, deciding: set[str]) -> bool:
        if id(member) in self._index_of:
            return True
        kind = get_named_type(getattr(member, "type", None))
        return kind is not None and kind.name in deciding


def _members(kind: GraphQLEnumType | GraphQLInputObjectType) -> list[Any]:
    members = kind.values if isinstance(kind, GraphQLEnumType) else kind.fields
    return list(members.values())


def _elements_of_value(value: Any, kind: Any) -> Iterator[Any]:
    """Yield the input fields and enum values in the value of a variable."""
    kind = get_nullable_type(kind)
    if isinstance(kind, GraphQLList):
        for item in value if isinstance(value, list) else [value]:
            yield from _elements_of_value(item, kind.of_type)
    elif isinstance(kind, GraphQLEnumType):
        yield kind.values.get(value)
    elif isinstance(kind, GraphQLInputObjectType) and isinstance(value, dict):
        for name, inner in value.items():
            field = kind.fields[name]
            yield field
            yield from _elements_of_value(inner, field.type)


class _UsesVisitor(Visitor):
    """Collects the ids of all elements that a definition selects or sends, and its spreads."""

    def __init__(self, schema: GraphQLSchema) -> None:
        super().__init__()
        self.type_info = TypeInfo(schema)
        self.elements, self.spreads = set[int](), set[str]()

    def enter_field(self, *_: Any) -> None:
        """Collect a field."""
        self.elements.add(id(self.type_info.get_field_def()))

    def enter_argument(self, *_: Any) -> None:
        """Collect an argument."""
        self.elements.add(id(self.type_info.get_argument()))

    def enter_object_field(self, node: ObjectFieldNode, *_: Any) -> None:
        """Collect an input field."""
        parent = get_named_type(self.type_info.get_parent_input_type())
        if isinstance(parent, GraphQLInputObjectType):
            self.elements.add(id(parent.fields.get(node.name.value)))

    def enter_enum_value(self, *_: Any) -> None:
        """Collect a value of an enum."""
        self.elements.add(id(self.type_info.get_enum_value()))

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: Any) -> None:
        """Collect the name of a fragment."""
        self.spreads.add(node.name.value)
