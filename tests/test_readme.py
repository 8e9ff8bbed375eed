"""What the README promises, a newcomer gets."""

import re
from pathlib import Path

import pytest

from tests.support.graph import Graph

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
QUERIES = re.findall(r"```graphql\n(query (\w+).*?)```", README, re.DOTALL)
CALLS = {"Redeemable": 1, "WithDefinitions": 3, "Pages": 1, "Program": 2, "Family": 3}


@pytest.mark.parametrize(("query", "name"), QUERIES, ids=[name for _, name in QUERIES])
def test_each_query_costs_the_calls_that_the_readme_says(
    by_default: Graph, query: str, name: str
) -> None:
    """The README's five queries run against the sandbox without an error, at the stated price."""
    data = by_default.ask(query)
    assert all(data.values())
    assert by_default.calls == CALLS[name]


def test_the_first_screens_query_gives_the_first_screens_answer(by_default: Graph) -> None:
    """The picture on the first screen is a query and its true answer, side by side."""
    lines = re.search(r"```graphql\n(\{.*?)```", README, re.DOTALL)[1].splitlines()  # type: ignore[index]  # it is there
    query = "\n".join(line.partition("#")[0] for line in lines)
    told = "".join(line.partition("#")[2].strip() for line in lines)
    answer = by_default.answer(query)
    shown = re.sub(r"\s", "", told)
    assert shown == str(answer["data"]).translate({ord(" "): None}).replace("'", '"').replace(
        "None", "null"
    ).replace("False", "false")


def test_it_is_short_and_begins_with_what_to_run() -> None:
    """A newcomer reads it whole; the two commands are on the first screen."""
    lines = README.splitlines()
    assert len(lines) <= 150
    assert {"make run", "make test"} <= {" ".join(line.split()[:2]) for line in lines[:35]}
