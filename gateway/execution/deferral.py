"""The directive ``@defer`` in documents: whether one has it, and the same document without it."""

from collections.abc import Mapping
from typing import Any

from graphql import (
    REMOVE,
    DirectiveNode,
    DocumentNode,
    FragmentDefinitionNode,
    OperationDefinitionNode,
    Visitor,
    visit,
)

from gateway.schema.directives import DEFER


class _DeferFinder(Visitor):
    """Whether the directive has occurred."""

    is_found = False

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        """Compare the name."""
        self.is_found = self.is_found or node.name.value == DEFER.name


class _DeferRemover(Visitor):
    """Removes the directive."""

    @staticmethod
    def enter_directive(node: DirectiveNode, *_: Any) -> Any:
        """Remove it, and keep all others."""
        return REMOVE if node.name.value == DEFER.name else None


def has_defer(document: DocumentNode, text: str) -> bool:
    """Whether a document, of this text, has the directive."""
    if DEFER.name not in text:
        return False
    finder = _DeferFinder()
    visit(document, finder)
    return finder.is_found


def without_defer(document: DocumentNode) -> DocumentNode:
    """Return a document without the directive: its fragments are like all others."""
    plain: DocumentNode = visit(document, _DeferRemover())
    return plain


def nodes_of(
    document: DocumentNode, name: str | None
) -> tuple[OperationDefinitionNode, Mapping[str, FragmentDefinitionNode]]:
    """Return the operation of that name, which exists, and the fragments of a document."""
    (operation,) = (
        each
        for each in document.definitions
        if isinstance(each, OperationDefinitionNode)
        and (each.name.value if each.name else None) == name
    )
    fragments = [each for each in document.definitions if isinstance(each, FragmentDefinitionNode)]
    return operation, {each.name.value: each for each in fragments}
