"""Whether an operation names a customer by the platform's own id.

For a caller whose token names customers otherwise, those have to be looked up before the id is
known to be one of theirs (`schema/customer_gate.py`), and that is part of what it costs.
"""

from collections.abc import Iterator
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
)

# The fields of the root whose cost is not all calls anyway.
_LOOKING_UP = frozenset({"customer", "customers"})
_ID = "customerId"


def selects_customer_by_id(
    document: DocumentNode, operation: OperationDefinitionNode, variables: dict[str, Any]
) -> bool:
    """Return whether `customer` or `customers` has an identifier that is the platform's own id."""
    defaults = {
        one.variable.name.value: one.default_value for one in operation.variable_definitions or ()
    }
    for field in _root_fields(document, operation.selection_set):
        for argument in field.arguments or ():
            value: Any = argument.value
            if isinstance(value, VariableNode):
                name = value.name.value
                value = variables[name] if name in variables else defaults.get(name)
            if _has_id(value):
                return True
    return False


def _root_fields(document: DocumentNode, selections: SelectionSetNode) -> Iterator[FieldNode]:
    fragments = {
        one.name.value: one.selection_set
        for one in document.definitions
        if isinstance(one, FragmentDefinitionNode)
    }
    waiting, seen = [selections], set[str]()
    while waiting:
        for selection in waiting.pop().selections:
            if isinstance(selection, FieldNode):
                if selection.name.value in _LOOKING_UP:
                    yield selection
            elif not isinstance(selection, FragmentSpreadNode):
                inline: Any = selection
                waiting.append(inline.selection_set)
            elif selection.name.value not in seen:
                seen.add(selection.name.value)
                waiting.append(fragments[selection.name.value])


def _has_id(value: ValueNode | Any) -> bool:
    """Look into a literal, or into a variable's value."""
    if isinstance(value, ListValueNode):
        return any(_has_id(one) for one in value.values)
    if isinstance(value, ObjectValueNode):
        return any(field.name.value == _ID for field in value.fields)
    if isinstance(value, list):
        return any(_has_id(one) for one in value)
    # A literal list may hold variables: whether those do is not worth a second look.
    return isinstance(value, VariableNode) or (isinstance(value, dict) and _ID in value)
