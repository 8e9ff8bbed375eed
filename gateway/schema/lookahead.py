"""Which fields are selected right below a field, and with which arguments."""

from collections.abc import Iterator
from typing import Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLIncludeDirective,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSkipDirective,
    InlineFragmentNode,
    SelectionNode,
)
from graphql.execution.values import get_argument_values, get_directive_values


def selections_below(
    info: GraphQLResolveInfo[Any], type_name: str, field_name: str
) -> list[dict[str, Any]]:
    """Give the coerced arguments of each selection of `type_name.field_name` below this field."""
    parent = info.schema.type_map[type_name]
    if not isinstance(parent, GraphQLObjectType):
        raise TypeError(f"{type_name} is not an object type")
    names = {type_name, *(interface.name for interface in parent.interfaces)}
    definition = parent.fields[field_name]
    return [
        get_argument_values(definition, node, info.variable_values)
        for field_node in info.field_nodes
        if field_node.selection_set
        for node in _fields(info, field_node.selection_set.selections, names)
        if node.name.value == field_name
    ]


def _fields(
    info: GraphQLResolveInfo[Any], selections: tuple[SelectionNode, ...], type_names: set[str]
) -> Iterator[FieldNode]:
    for selection in selections:
        if not _is_included(info, selection):
            continue
        if isinstance(selection, FieldNode):
            yield selection
            continue
        fragment: Any = selection
        if isinstance(selection, FragmentSpreadNode):
            fragment = info.fragments[selection.name.value]
        elif not isinstance(selection, InlineFragmentNode):
            continue
        condition = fragment.type_condition
        if condition is None or condition.name.value in type_names:
            yield from _fields(info, fragment.selection_set.selections, type_names)


def _is_included(info: GraphQLResolveInfo[Any], node: SelectionNode) -> bool:
    skip = get_directive_values(GraphQLSkipDirective, node, info.variable_values)
    include = get_directive_values(GraphQLIncludeDirective, node, info.variable_values)
    return not (skip and skip["if"]) and (include is None or include["if"])
