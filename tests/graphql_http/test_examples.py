"""The example queries in GraphiQL's tabs."""

import re
from pathlib import Path

import pytest
from graphql import OperationDefinitionNode, parse

from tests.support.graph import Graph

EXAMPLES = sorted((Path(__file__).parents[2] / "explorer/src/examples").glob("*.graphql"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_answered_without_an_error(path: Path, graph: Graph) -> None:
    """Each returns data from the sandbox that `dev` runs."""
    data = graph.ask(path.read_text(encoding="utf-8"))
    assert None not in data.values()
    assert 0 < graph.calls <= 10


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_one_named_operation(path: Path) -> None:
    """A tab has the operation's name, which is the file's."""
    definitions = parse(path.read_text(encoding="utf-8")).definitions
    (operation,) = [one for one in definitions if isinstance(one, OperationDefinitionNode)]
    assert operation.name is not None
    words = re.findall("[A-Z][a-z]*", operation.name.value)
    assert path.stem.partition("-")[2] == "-".join(words).lower()


def test_there_are_examples() -> None:
    """Without any the page would be an empty editor."""
    assert len(EXAMPLES) >= 3
