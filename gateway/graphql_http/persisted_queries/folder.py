"""The operations of a folder of ``.graphql`` files, each a document of its own."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from graphql import (
    DefinitionNode,
    DocumentNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    Node,
    NoUnusedFragmentsRule,
    OperationDefinitionNode,
    SelectionSetNode,
    Source,
    get_location,
    parse,
    print_ast,
    specified_rules,
    validate,
)

from gateway.execution.failures import OperationRefusedError
from gateway.execution.operation import Operations
from gateway.graphql_http.persisted_queries.manifest import NamedText

_SUFFIXES = frozenset({".graphql", ".gql"})
_NOT_SEARCHED = "node_modules"


class Mistake(NamedTuple):
    """What is wrong, and where; line 0 is the whole file."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {' '.join(self.message.split())}"


class FolderError(Exception):
    """The folder does not make a manifest; `mistakes` are by file and line."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = sorted(set(mistakes))
        super().__init__("\n".join(map(str, self.mistakes)))


_Executable = OperationDefinitionNode | FragmentDefinitionNode
_RULES = [rule for rule in specified_rules if rule is not NoUnusedFragmentsRule]


class _Definitions:
    """What the files define, by name, and what is wrong with that."""

    def __init__(self) -> None:
        self.operations: dict[str, OperationDefinitionNode] = {}
        self.fragments: dict[str, FragmentDefinitionNode] = {}
        self.mistakes: list[Mistake] = []

    def read(self, path: Path) -> None:
        """Add what a file defines."""
        try:
            source = Source(path.read_text(encoding="utf-8"), str(path))
            definitions = parse(source, allow_empty_selection_sets=False).definitions
        except GraphQLError as error:
            line = error.locations[0].line if error.locations else 0
            self.mistakes.append(Mistake(str(path), line, error.message))
        except UnicodeDecodeError:
            self.mistakes.append(Mistake(str(path), 0, "it must be UTF-8"))
        except OSError as error:
            self.mistakes.append(Mistake(str(path), 0, error.strerror or "it cannot be read"))
        else:
            for definition in definitions:
                self._add(definition)

    def _add(self, definition: DefinitionNode) -> None:
        first: _Executable
        if isinstance(definition, FragmentDefinitionNode):
            name = definition.name.value
            first = self.fragments.setdefault(name, definition)
        elif not isinstance(definition, OperationDefinitionNode):
            self.tell(definition, "it must be an operation or a fragment")
            return
        elif definition.name is None:
            self.tell(definition, "an operation must have a name")
            return
        else:
            name = definition.name.value
            first = self.operations.setdefault(name, definition)
        if first is not definition:
            path, line = _place(first)
            self.tell(definition, f"{name} is at {path}:{line}")

    def tell(self, node: Node, message: str) -> None:
        """Note what is wrong with a node."""
        self.mistakes.append(Mistake(*_place(node), message))

    def needed(self, definition: _Executable) -> list[FragmentDefinitionNode]:
        """Return the fragments that a definition spreads, directly or not, by name."""
        found: dict[str, FragmentDefinitionNode] = {}
        open_ended = [definition.selection_set]
        while open_ended:
            for name in _spread(open_ended.pop()):
                fragment = self.fragments.get(name)
                if fragment is not None and name not in found:
                    found[name] = fragment
                    open_ended.append(fragment.selection_set)
        return [found[name] for name in sorted(found) if found[name] is not definition]


def read_folder(folder: Path, operations: Operations) -> list[NamedText]:
    """Read the operations of all files in a folder, by name, each with the fragments it needs.

    Each is one that `operations` lets run; a fragment that none needs fits the schema too. A text
    its fragments by name, wherever they stood. Raises FolderError with all that is wrong.
    """
    definitions = _Definitions()
    for path in _files(folder):
        definitions.read(path)
    if not definitions.operations and not definitions.mistakes:
        raise FolderError(
            [Mistake(str(folder), 0, "it must have a .graphql file with an operation")]
        )
    for fragment in definitions.fragments.values():
        _check(definitions, operations, fragment)
    texts = [
        _text(definitions, operations, name, definition)
        for name, definition in sorted(definitions.operations.items())
    ]
    if definitions.mistakes:
        raise FolderError(definitions.mistakes)
    return texts


def _text(
    definitions: _Definitions, operations: Operations, name: str, operation: OperationDefinitionNode
) -> NamedText:
    before = len(definitions.mistakes)
    document = _check(definitions, operations, operation)
    text = print_ast(document)
    if len(definitions.mistakes) == before:
        try:
            operations.get(text, name)
        except OperationRefusedError as refused:
            for told in refused.errors:
                definitions.tell(operation, told["message"])
    return NamedText(name, operation.operation.value, text)


def _check(
    definitions: _Definitions, operations: Operations, definition: _Executable
) -> DocumentNode:
    """Return the document of a definition, having noted where it does not fit the schema."""
    document = DocumentNode(definitions=(definition, *definitions.needed(definition)))
    errors = validate(operations.schema, document, _RULES, allow_empty_selection_sets=False)
    for error in errors:
        definitions.tell((error.nodes or [definition])[0], error.message)
    return document


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise FolderError([Mistake(str(folder), 0, "the folder does not exist")])
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix in _SUFFIXES
        and path.is_file()
        and not any(
            part == _NOT_SEARCHED or part.startswith(".")
            for part in path.relative_to(folder).parts[:-1]
        )
    )


def _spread(selection_set: SelectionSetNode) -> Iterator[str]:
    open_ended = [selection_set]
    while open_ended:
        for selection in open_ended.pop().selections:
            inner = getattr(selection, "selection_set", None)
            if isinstance(selection, FragmentSpreadNode):
                yield selection.name.value
            elif inner is not None:
                open_ended.append(inner)


def _place(node: Node) -> tuple[str, int]:
    if node.loc is None:
        return "", 0
    return node.loc.source.name, get_location(node.loc.source, node.loc.start).line
