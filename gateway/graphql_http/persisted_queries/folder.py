"""The operations of a folder of ``.graphql`` files, each a document of its own."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from graphql import (
    DefinitionNode,
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    Node,
    NoUnusedFragmentsRule,
    OperationDefinitionNode,
    Source,
    get_location,
    parse,
    print_ast,
    separate_operations,
    specified_rules,
    validate,
)

from gateway.execution.failures import OperationRefusedError
from gateway.execution.operation_store import OperationStore
from gateway.graphql_http.persisted_queries.manifest import NamedText

_SUFFIXES = frozenset({".graphql", ".gql"})
_NOT_SEARCHED = "node_modules"
_RULES = [rule for rule in specified_rules if rule is not NoUnusedFragmentsRule]


class Mistake(NamedTuple):
    """An error in a file; line 0 stands for the whole file."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {' '.join(self.message.split())}"


class FolderError(Exception):
    """The files do not form a manifest; `mistakes` are sorted by file and line."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = sorted(set(mistakes))
        super().__init__("\n".join(map(str, self.mistakes)))


class _Definitions:
    """What the files define, by name, and the mistakes found so far."""

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
        first: Node
        if isinstance(definition, FragmentDefinitionNode):
            name = definition.name.value
            first = self.fragments.setdefault(name, definition)
        elif not isinstance(definition, OperationDefinitionNode):
            self.report(definition, "it must be an operation or a fragment")
            return
        elif definition.name is None:
            self.report(definition, "an operation must have a name")
            return
        else:
            name = definition.name.value
            first = self.operations.setdefault(name, definition)
        if first is not definition:
            path, line = _place(first)
            self.report(definition, f"{name} is at {path}:{line}")

    def report(self, node: Node, message: str) -> None:
        """Add a mistake at a node."""
        self.mistakes.append(Mistake(*_place(node), message))

    def validate(self, operations: OperationStore, document: DocumentNode) -> bool:
        """Whether a document fits the schema; add the errors of one that does not."""
        errors = validate(operations.schema, document, _RULES, allow_empty_selection_sets=False)
        for error in errors:
            self.report((error.nodes or document.definitions)[0], error.message)
        return not errors


def read_folder(folder: Path, operations: OperationStore) -> list[NamedText]:
    """Return the operations of all files in a folder, sorted by name, with their fragments.

    The fragments of a text are sorted by name too, wherever they were defined. Every operation must
    be valid for `operations`, and every fragment for the schema, even if it is unused. Raise
    FolderError with all mistakes.
    """
    found = _Definitions()
    for path in _files(folder):
        found.read(path)
    if not found.operations and not found.mistakes:
        raise FolderError(
            [Mistake(str(folder), 0, "it must have a .graphql file with an operation")]
        )
    fragments = tuple(found.fragments[name] for name in sorted(found.fragments))
    if fragments:
        found.validate(operations, DocumentNode(definitions=fragments))
    everything = DocumentNode(definitions=(*found.operations.values(), *fragments))
    texts = []
    for name, document in sorted(separate_operations(everything).items()):
        operation, text = found.operations[name], print_ast(document)
        if found.validate(operations, document):
            try:
                operations.get(text, name)
            except OperationRefusedError as refused:
                for error in refused.errors:
                    found.report(operation, error["message"])
        texts.append(NamedText(name, operation.operation.value, text))
    if found.mistakes:
        raise FolderError(found.mistakes)
    return texts


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


def _place(node: Node) -> tuple[str, int]:
    if node.loc is None:
        return "", 0
    return node.loc.source.name, get_location(node.loc.source, node.loc.start).line
