"""Which fields are selected right below a field, and with which arguments."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLIncludeDirective,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSkipDirective,
    InlineFragmentNode,
    SelectionNode,
)
from graphql.execution.values import VariableValues, get_argument_values, get_directive_values

Fragments = Mapping[str, FragmentDefinitionNode]


def selections_below(
    info: GraphQLResolveInfo[Any], type_name: str, field_name: str
) -> list[dict[str, Any]]:
    """Give the coerced arguments of each selection of `type_name.field_name` below this field."""
    parent = info.schema.type_map[type_name]
    if not isinstance(parent, GraphQLObjectType):
        raise TypeError(f"{type_name} is not an object type")
    definition = parent.fields[field_name]
    below = nodes_below(parent, info.field_nodes, info.fragments, info.variable_values, field_name)
    return [get_argument_values(definition, node, info.variable_values) for node in below]


def nodes_below(
    parent: GraphQLObjectType,
    field_nodes: Iterable[FieldNode],
    fragments: Fragments,
    values: VariableValues,
    field_name: str,
) -> Iterator[FieldNode]:
    """Give each selection of a field of `parent` right below these fields."""
    names = {parent.name, *(interface.name for interface in parent.interfaces)}
    for field_node in field_nodes:
        if field_node.selection_set:
            for node in _fields(field_node.selection_set.selections, fragments, values, names):
                if node.name.value == field_name:
                    yield node


def _fields(
    selections: tuple[SelectionNode, ...],
    fragments: Fragments,
    values: VariableValues,
    type_names: set[str],
) -> Iterator[FieldNode]:
    for selection in selections:
        if not _is_included(values, selection):
            continue
        if isinstance(selection, FieldNode):
            yield selection
            continue
        fragment: Any = selection
        if isinstance(selection, FragmentSpreadNode):
            fragment = fragments[selection.name.value]
        elif not isinstance(selection, InlineFragmentNode):
            continue
        condition = fragment.type_condition
        if condition is None or condition.name.value in type_names:
            yield from _fields(fragment.selection_set.selections, fragments, values, type_names)


def _is_included(values: VariableValues, node: SelectionNode) -> bool:
    skip = get_directive_values(GraphQLSkipDirective, node, values)
    include = get_directive_values(GraphQLIncludeDirective, node, values)
    return not (skip and skip["if"]) and (include is None or include["if"])
