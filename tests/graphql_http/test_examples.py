"""The example operations in GraphiQL's tabs."""

import re
from collections.abc import Iterator

import pytest
from graphql import OperationDefinitionNode, parse

from tests.support.graph import Graph
from tests.support.tabs import FOLDER, TABS, Tab
from tests.writes.support import Writer, writer

ALL = pytest.mark.parametrize("tab", TABS, ids=lambda tab: tab.path.stem)
MUTATIONS = [tab for tab in TABS if tab.is_mutation]


@pytest.fixture(scope="module")
def dev() -> Iterator[Writer]:
    """Serve a gateway with what `dev` allows, on a sandbox as it starts."""
    with writer(definitions="both") as own:
        yield own


@ALL
def test_an_example_is_answered_without_an_error(tab: Tab, dev: Writer) -> None:
    """Each returns data from the sandbox that `dev` runs, with its own variables, and again."""
    for _ in range(2):
        data = dev.graph.ask(tab.query, tab.variables)
        assert None not in data.values()
        assert 0 < dev.graph.calls <= 10


@ALL
def test_an_example_is_one_named_operation(tab: Tab) -> None:
    """A tab has the operation's name, which is the file's."""
    definitions = parse(tab.query).definitions
    (operation,) = [one for one in definitions if isinstance(one, OperationDefinitionNode)]
    assert operation.name is not None
    words = re.findall("[A-Z][a-z]*", operation.name.value)
    assert tab.path.stem.partition("-")[2] == "-".join(words).lower()


def test_a_mutations_tab_is_done_and_done_once(dev: Writer) -> None:
    """Each of the three, on a customer of its own; pressed again it writes nothing more."""
    fields = set()
    for tab in MUTATIONS:
        first, again = (dev.graph.ask(tab.query, tab.variables) for _ in range(2))
        ((field, done),) = first.items()
        fields.add(field)
        assert done["outcome"] == "DONE"
        assert done.get("enrolmentIds") or done.get("issueIds")
        assert again == first
    assert fields == {"enrolInPromotion", "issuePromotion", "withdrawFromPromotion"}
    assert dev.applied == len(dev.writes) == len(MUTATIONS)


def test_a_mutations_tab_says_what_switches_it_on(graph: Graph) -> None:
    """Where writing is off it is FORBIDDEN; the first of them names the setting."""
    for tab in MUTATIONS:
        code, _ = graph.refusal(tab.query, tab.variables)
        assert code == "FORBIDDEN"
    assert "FORBIDDEN" in MUTATIONS[0].query
    assert "GATEWAY_WRITES=true" in MUTATIONS[0].query


def test_the_endpoints_tab_has_definitions_of_both(dev: Writer) -> None:
    """Of the program of the example, in one list."""
    (tab,) = [tab for tab in TABS if tab.name == "BothEndpoints"]
    data = dev.graph.ask(tab.query, tab.variables)
    assert data["program"]["promotions"]["warnings"] == []
    nodes = data["program"]["promotions"]["nodes"]
    assert [node["definition"]["source"] for node in nodes] == ["LEGACY"] * 2 + ["V3"] * 9


def test_the_activities_tab_has_activities_and_milestones(dev: Writer) -> None:
    """A group before those in it, and a milestone of one of them."""
    (tab,) = [tab for tab in TABS if tab.name == "Activities"]
    nodes = dev.graph.ask(tab.query, tab.variables)["program"]["promotions"]["nodes"]
    activities = nodes[0]["definition"]["activities"]
    assert activities[0]["combination"] in {"ANY", "ALL"}
    assert activities[1]["groupId"] == activities[0]["activityId"]
    assert any(activity["milestones"] for activity in activities)


def test_every_file_of_an_example_is_a_tab() -> None:
    """The page imports each query, in order, and the variables of each that has some."""
    page = (FOLDER.parent / "examples.ts").read_text(encoding="utf-8")
    imported = re.findall(r"from './examples/(.*)\?raw';$", page, re.MULTILINE)
    assert len(TABS) >= 3
    assert imported == sorted(path.name for path in FOLDER.iterdir())
