"""Lint rules for a schema, after those of @graphql-eslint; each returns what breaks it."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from graphql import (
    DocumentNode,
    EnumTypeDefinitionNode,
    InputObjectTypeDefinitionNode,
    InterfaceTypeDefinitionNode,
    ListTypeNode,
    NonNullTypeNode,
    ObjectTypeDefinitionNode,
    ScalarTypeDefinitionNode,
    SchemaDefinitionNode,
    print_ast,
)

Rule = Callable[[DocumentNode], Iterator[str]]

_CAMEL = re.compile(r"[a-z][a-zA-Z0-9]*")
_PASCAL = re.compile(r"[A-Z][a-zA-Z0-9]*")
_UPPER = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
_OUTSIDE = re.compile(r"GATEWAY_|\b[\w-]+\.(?:md|py|graphql|json|toml|ya?ml)\b|\b(?:docs|gateway)/")
_CURSORS = {"first": "Int", "after": "String", "last": "Int", "before": "String"}
_PAGE_INFO = {
    "hasNextPage": "Boolean!",
    "hasPreviousPage": "Boolean!",
    "startCursor": "String",
    "endCursor": "String",
}
_KINDS = {
    ObjectTypeDefinitionNode: "Type",
    InterfaceTypeDefinitionNode: "Interface",
    EnumTypeDefinitionNode: "Enum",
    InputObjectTypeDefinitionNode: "Input",
    ScalarTypeDefinitionNode: "Scalar",
}


def _types(schema: DocumentNode) -> list[Any]:
    return [one for one in schema.definitions if isinstance(one, tuple(_KINDS))]


def _fields(kind: Any) -> Any:
    return getattr(kind, "fields", None) or ()


def _with_fields(schema: DocumentNode) -> Iterator[Any]:
    """Return the object types and interfaces."""
    for kind in _types(schema):
        if isinstance(kind, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode):
            yield kind


def _named(schema: DocumentNode) -> Iterator[tuple[str, Any]]:
    """Return everything that has a name and a description, by its coordinate."""
    for kind in _types(schema):
        name = kind.name.value
        yield name, kind
        for value in getattr(kind, "values", None) or ():
            yield f"{name}.{value.name.value}", value
        for field in _fields(kind):
            yield f"{name}.{field.name.value}", field
            for argument in getattr(field, "arguments", None) or ():
                yield f"{name}.{field.name.value}({argument.name.value})", argument


def _inner(node: Any) -> str:
    while isinstance(node, ListTypeNode | NonNullTypeNode):
        node = node.type
    name: str = node.name.value
    return name


def _interfaces(kind: Any) -> set[str]:
    return {one.name.value for one in getattr(kind, "interfaces", None) or ()}


def described(schema: DocumentNode) -> Iterator[str]:
    """Require a description of everything, as a sentence."""
    for path, node in _named(schema):
        words = node.description.value.strip() if node.description else ""
        if not words or not words[0].isupper() or words[-1] not in ".;:?)":
            yield path


def names_in_their_case(schema: DocumentNode) -> Iterator[str]:
    """Require PascalCase of types, camelCase of fields and arguments, UPPER_CASE of values."""
    for path, node in _named(schema):
        if "." not in path:
            pattern = _PASCAL
        else:
            pattern = _UPPER if node.kind == "enum_value_definition" else _CAMEL
        if not pattern.fullmatch(node.name.value):
            yield path


def no_kind_in_a_name(schema: DocumentNode) -> Iterator[str]:
    """Forbid names that contain a kind or a verb: TypeLimit, CurrencyEnum, getPromotion."""
    inputs = {
        _inner(argument.type)
        for kind in _with_fields(schema)
        if kind.name.value == "Mutation"
        for field in _fields(kind)
        for argument in field.arguments or ()
    }
    for kind in _types(schema):
        name, word = kind.name.value, _KINDS[type(kind)]
        # An enum may well be of types (PromotionType): the word is wrong on an object alone. The
        # input of a mutation has the mutation's name, and "Input".
        if (name.startswith(word) or name.endswith(word)) and name not in inputs:
            yield name
    for kind in _with_fields(schema):
        for field in _fields(kind):
            if re.match(r"(get|fetch|list|query)[A-Z]", field.name.value):
                yield f"{kind.name.value}.{field.name.value}"


def no_typename_prefix(schema: DocumentNode) -> Iterator[str]:
    """Forbid fields that repeat their type's name: Promotion.promotionName."""
    for kind in _with_fields(schema):
        prefix = kind.name.value[0].lower() + kind.name.value[1:]
        for field in _fields(kind):
            if re.match(prefix + r"([A-Z]|$)", field.name.value):
                yield f"{kind.name.value}.{field.name.value}"


def no_twins(schema: DocumentNode) -> Iterator[str]:
    """Forbid two names in one place that differ only in case."""
    seen: set[str] = set()
    for path, _ in _named(schema):
        if path.lower() in seen:
            yield path
        seen.add(path.lower())


def no_unused_types(schema: DocumentNode) -> Iterator[str]:
    """Forbid types that no query can reach."""
    types = {kind.name.value: kind for kind in _types(schema)}
    seen, waiting = set[str](), ["Query", "Mutation"]
    while waiting:
        name = waiting.pop()
        if name in seen or name not in types:
            continue
        seen.add(name)
        for field in _fields(types[name]):
            arguments = getattr(field, "arguments", None) or ()
            waiting += [_inner(one.type) for one in (field, *arguments)]
        waiting += [other for other, kind in types.items() if name in _interfaces(kind)]
    yield from types.keys() - seen


def id_is_a_node_s(schema: DocumentNode) -> Iterator[str]:
    """Require that types with `id: ID!` implement Node, and the reverse."""
    for kind in _types(schema):
        ids = [field for field in _fields(kind) if field.name.value == "id"]
        is_node = "Node" in {kind.name.value} | _interfaces(kind)
        if bool(ids) is not is_node or any(print_ast(one.type) != "ID!" for one in ids):
            yield kind.name.value


def ids_are_ids(schema: DocumentNode) -> Iterator[str]:
    """Require the type ID for fields that are named as ids."""
    for path, node in _named(schema):
        is_id = re.search(r"(^id|Ids?|^ids)$", node.name.value) and "." in path
        if is_id and _inner(node.type) != "ID":
            yield path


def connections_are_relay_s(schema: DocumentNode) -> Iterator[str]:
    """Require edges, their nodes and a PageInfo as in Relay's specification of cursors."""
    types = {kind.name.value: kind for kind in _with_fields(schema)}
    for name, kind in types.items():
        fields = {field.name.value: print_ast(field.type) for field in _fields(kind)}
        if name.endswith("Connection"):
            item = name.removesuffix("Connection")
            wanted = {"pageInfo": "PageInfo!", "edges": f"[{item}Edge!]!", "nodes": f"[{item}!]!"}
        elif name.endswith("Edge"):
            wanted = {"cursor": "String!", "node": f"{name.removesuffix('Edge')}!"}
        elif name == "PageInfo":
            wanted = _PAGE_INFO
        else:
            continue
        yield from (f"{name}.{field}" for field in wanted if fields.get(field) != wanted[field])


def connections_take_cursors(schema: DocumentNode) -> Iterator[str]:
    """Require `first`, `after`, `last` and `before` of every field that returns a connection."""
    for kind in _with_fields(schema):
        for field in _fields(kind):
            given = {one.name.value: print_ast(one.type) for one in field.arguments or ()}
            if _inner(field.type).endswith("Connection") and not _CURSORS.items() <= given.items():
                yield f"{kind.name.value}.{field.name.value}"


def lists_have_no_holes(schema: DocumentNode) -> Iterator[str]:
    """Require non-null items of lists."""
    for path, node in _named(schema):
        kind = getattr(node, "type", None)
        kind = kind.type if isinstance(kind, NonNullTypeNode) else kind
        if isinstance(kind, ListTypeNode) and not isinstance(kind.type, NonNullTypeNode):
            yield path


def roots_may_be_null(schema: DocumentNode) -> Iterator[str]:
    """Require nullable root fields, so that one failure does not null the whole result."""
    for kind in _with_fields(schema):
        for field in _fields(kind):
            if kind.name.value == "Query" and isinstance(field.type, NonNullTypeNode):
                yield f"Query.{field.name.value}"


def one_of_is_nullable(schema: DocumentNode) -> Iterator[str]:
    """Require nullable fields of a @oneOf input."""
    for kind in _types(schema):
        if any(one.name.value == "oneOf" for one in kind.directives or ()):
            for field in _fields(kind):
                if isinstance(field.type, NonNullTypeNode) or field.default_value:
                    yield f"{kind.name.value}.{field.name.value}"


def raw_words_have_a_companion(schema: DocumentNode) -> Iterator[str]:
    """Require the platform's word beside an enum with UNKNOWN: `type`, `typeName`."""
    enums = {
        kind.name.value
        for kind in _types(schema)
        if "UNKNOWN" in {value.name.value for value in getattr(kind, "values", None) or ()}
    }
    for kind in _with_fields(schema):
        names = {field.name.value for field in _fields(kind)}
        for field in _fields(kind):
            if _inner(field.type) in enums and f"{field.name.value}Name" not in names:
                yield f"{kind.name.value}.{field.name.value}"


def deprecations_say_why(schema: DocumentNode) -> Iterator[str]:
    """Require a deprecation reason that names the replacement."""
    for path, node in _named(schema):
        for directive in node.directives or ():
            if directive.name.value == "deprecated" and not directive.arguments:
                yield path


def descriptions_stay_inside(schema: DocumentNode) -> Iterator[str]:
    """Forbid names of settings and files: a client of the graph has neither."""
    definitions = [one for one in schema.definitions if isinstance(one, SchemaDefinitionNode)]
    for path, node in [*_named(schema), *(("schema", one) for one in definitions)]:
        if node.description and _OUTSIDE.search(node.description.value):
            yield path


RULES: tuple[Rule, ...] = (
    described,
    descriptions_stay_inside,
    names_in_their_case,
    no_kind_in_a_name,
    no_typename_prefix,
    no_twins,
    no_unused_types,
    id_is_a_node_s,
    ids_are_ids,
    connections_are_relay_s,
    connections_take_cursors,
    lists_have_no_holes,
    roots_may_be_null,
    one_of_is_nullable,
    raw_words_have_a_companion,
    deprecations_say_why,
)
