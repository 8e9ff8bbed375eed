"""An event about a definition reaches the catalogue of the successor."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import pytest

from tests.sandbox.writing import new_id, old_id
from tests.support.commands import until
from tests.support.graph import Graph, graph_over
from tests.support.platform_changes import Changing, changing
from tests.support.valkey import Valkey
from tests.support.webhooks import CACHING, Sender, customer_event
from tests.writes.support import ENROL

PROGRAM, OLD_PROGRAM = 9030, 9031
MINE = new_id("C-ENROL")
BOTH: dict[str, Any] = CACHING | {"definitions": "both", "cache_customer_ttl_s": 0}
ONE = """query One($program: ID!, $id: ID!) { promotion(programId: $program, promotionId: $id) {
  name description definition { source } } }"""
LIST = """{ program(programId: "9030") { promotions(
  first: 100, includeInactive: true, sources: [V3]) { nodes {
  promotionId name description } } } }"""
PAGE = """{ customer(by: {externalId: "C-ENROL"}) { promotions(first: 20) { nodes { promotion {
  promotionId definition { updatedAt status } } } } } }"""


def one(graph: Graph, promotion_id: int, program_id: int = PROGRAM) -> Any:
    """Return a definition by its ids."""
    return graph.ask(ONE, {"program": program_id, "id": promotion_id})["promotion"]


def described(graph: Graph, promotion_id: int = MINE) -> str | None:
    """Return the description of a definition."""
    found = one(graph, promotion_id)
    text: str | None = found and found["description"]
    return text


def listed(graph: Graph) -> dict[str, str]:
    """Return the names of the program's promotions, by their ids."""
    nodes = graph.ask(LIST)["program"]["promotions"]["nodes"]
    return {node["promotionId"]: node["name"] for node in nodes}


def searches(platform: Changing) -> list[str]:
    """Return the searches for single promotions."""
    return [query for query in platform.requested("promotionsV3") if "searchText" in query]


def pages(platform: Changing) -> list[str]:
    """Return the queries of the catalogue's pages."""
    return [query for query in platform.requested("promotionsV3") if "searchText" not in query]


@contextmanager
def gateways(
    platform: Changing, number: int = 1, valkey: Valkey | None = None, **settings: Any
) -> Iterator[list[Graph]]:
    """Serve gateways, the first of which gets the events."""
    shared: dict[str, Any] = (
        {}
        if valkey is None
        else {"cache_url": valkey.url, "cache_key_secret": "a secret of the tests"}
    )
    with ExitStack() as stack:
        found = []
        for _ in range(number):
            graph = stack.enter_context(graph_over(platform.url, **BOTH | shared | settings))
            with Sender(str(graph.http.base_url)) as sender:
                assert until(lambda: sender.post(customer_event(1)).status_code == 200)
            found.append(graph)
        platform.send_events_to(found[0])
        yield found


@pytest.fixture
def platform() -> Iterator[Changing]:
    """Return a sandbox for one test."""
    with changing() as own:
        yield own


def test_a_change_shows_at_once_by_a_search(platform: Changing) -> None:
    """Alone, in a list and in a customer's page; what has not changed costs no call."""
    with gateways(platform) as (graph,):
        assert described(graph) != "new"
        platform.change(PROGRAM, MINE, description="new", name="Other")
        assert described(graph) == "new"
        assert searches(platform) == [f"page=0&size=100&searchText={MINE}"]
        assert listed(graph)[str(MINE)] == "Other"
        one(graph, new_id("C-ENROLLED"))
        assert searches(platform) == []
        platform.change(PROGRAM, MINE, status="PAUSED")
        nodes = graph.ask(PAGE)["customer"]["promotions"]["nodes"]
        statuses = {
            node["promotion"]["promotionId"]: node["promotion"]["definition"]["status"]
            for node in nodes
        }
        assert statuses[str(MINE)] == "PAUSED"


def test_a_list_has_a_change_that_nobody_has_asked_for_yet(platform: Changing) -> None:
    """And a promotion that was made, in its place among the others."""
    with gateways(platform) as (graph,):
        before = listed(graph)
        platform.change(PROGRAM, MINE, name="Other")
        platform.change(PROGRAM, MINE - 1, name="Made", unified=True)
        after = listed(graph)
        assert after[str(MINE)] == "Other"
        assert after[str(MINE - 1)] == "Made"
        assert list(after) == sorted({*before, str(MINE - 1)}, key=int)
        assert len(searches(platform)) == 2


@pytest.mark.parametrize("definitions", ["both", "v3"])
def test_a_promotion_that_was_made_shows_at_once(platform: Changing, definitions: str) -> None:
    """Although it was not there a moment ago, in neither endpoint."""
    with gateways(platform, definitions=definitions) as (graph,):
        assert one(graph, 90_300_777) is None
        assert one(graph, 90_310_777, OLD_PROGRAM) is None
        platform.change(PROGRAM, 90_300_777, name="New", unified=True)
        platform.change(OLD_PROGRAM, 90_310_777, name="Old")
        assert one(graph, 90_300_777)["name"] == "New"
        assert one(graph, 90_300_777)["definition"] == {"source": "V3"}
        old = one(graph, 90_310_777, OLD_PROGRAM)
        assert (old and old["name"]) == ("Old" if definitions == "both" else None)


def test_all_is_read_again_once_a_minute_at_most(platform: Changing) -> None:
    """In the background, and only once somebody asks; each change shows meanwhile."""
    with gateways(platform) as (graph,):
        listed(graph)
        number = len(pages(platform))
        made = []
        for text in ("first", "second", "third"):
            platform.count_anew()
            platform.change(PROGRAM, MINE, description=text)
            assert pages(platform) == []
            assert described(graph) == text
            assert until(lambda: len(pages(platform)) in {0, number})
            made.append(len(pages(platform)))
        assert sum(made) <= number
        platform.change(PROGRAM, MINE, description="last")
        assert described(graph) == "last"


def test_one_of_several_replicas_reads_all_again(platform: Changing) -> None:
    """Both show each change, one by the other's search unless Redis was too slow once."""
    valkey = Valkey()
    try:
        with gateways(platform, 2, valkey) as replicas:
            for graph in replicas:
                listed(graph)
            made: list[str] = []

            def is_shown(graph: Graph, name: str) -> bool:
                is_shown = listed(graph)[str(MINE)] == name
                made.extend(platform.requested("promotionsV3"))
                return is_shown

            for name in ("First", "Second", "Third"):
                platform.change(PROGRAM, MINE, name=name)
                for graph in replicas:
                    assert until(partial(is_shown, graph, name))
            found = [query for query in made if "searchText" in query]
            assert 3 <= len(found) < 6
            assert len(set(made)) == len(made) - len(found) + 1, "each page once at most"
    finally:
        valkey.stop()


def test_a_search_that_fails_shows_nothing_old(platform: Changing) -> None:
    """As with any definition that is known to have changed."""
    with gateways(platform) as (graph,):
        assert described(graph) != "new"
        platform.change(PROGRAM, MINE, description="new")
        platform.play("status=503,endpoint=promotionsV3")
        variables = {"program": PROGRAM, "id": MINE}
        assert graph.errors(ONE, variables) == [("UPSTREAM_UNAVAILABLE", ["promotion"])]
        page = graph.ask(
            LIST.replace("V3", "LEGACY, V3").replace("nodes", "warnings{message} nodes")
        )
        assert page["program"]["promotions"]["warnings"]
        assert one(graph, new_id("C-ENROLLED"))
        platform.play()
        assert until(lambda: described(graph) == "new")


@pytest.mark.parametrize("fault", ["status=404", "status=400", "cut_json"])
def test_where_ids_cannot_be_searched_all_is_read_again(platform: Changing, fault: str) -> None:
    """That they can is not documented: the old one shows until then."""
    platform.play(f"{fault},endpoint=promotionsV3,match=searchText")
    with gateways(platform) as (graph,):
        before = described(graph)
        platform.change(PROGRAM, MINE, description="new")
        assert described(graph) in {before, "new"}
        assert until(lambda: described(graph) == "new")


def test_what_a_cached_response_was_built_from_is_known(platform: Changing) -> None:
    """With the response cache, too: one by its ids, and a list."""
    with gateways(platform, cache_customer_ttl_s=600) as (graph,):
        for _ in range(2):
            listed(graph)
            described(graph)
        assert one(graph, 90_300_777) is None
        platform.change(PROGRAM, MINE, description="new", name="Other")
        platform.change(PROGRAM, 90_300_777, name="New", unified=True)
        assert described(graph) == "new"
        assert listed(graph)[str(MINE)] == "Other"
        assert one(graph, 90_300_777)["name"] == "New"


def test_of_many_changes_some_show_when_all_is_read_again(platform: Changing) -> None:
    """A list searches for ten at once at most."""
    with gateways(platform) as (graph,):
        listed(graph)
        for number in range(14):
            platform.change(PROGRAM, new_id("C-ENROL") + number, name="Other")
        first = listed(graph)
        assert list(first.values()).count("Other") == 10
        assert len(searches(platform)) == 10
        assert until(lambda: list(listed(graph).values()).count("Other") == 14)


def test_a_look_up_by_id_is_tried_again_once_the_promotion_was_made() -> None:
    """Its 404 had been about that promotion alone."""
    promotion_id = old_id("C-ENROL") + 500
    with changing() as platform, gateways(platform, definitions="legacy") as (graph,):
        platform.play("status=404,endpoint=promotionById")
        assert one(graph, promotion_id, OLD_PROGRAM) is None
        platform.play()
        assert one(graph, promotion_id, OLD_PROGRAM) is None
        assert platform.requested("promotionById") == [], "it counts as absent"
        platform.change(OLD_PROGRAM, promotion_id, name="Made")
        assert one(graph, promotion_id, OLD_PROGRAM)["name"] == "Made"
        assert platform.requested("promotionById") == [""]


def test_a_program_whose_list_was_missing_is_asked_again_once_something_was_made() -> None:
    """A 404 is remembered for half a minute and longer else."""
    query = '{ program(programId: "9031") { promotions(first: 100) { totalCount } } }'
    with changing() as platform, gateways(platform, definitions="legacy") as (graph,):
        platform.play("status=404,endpoint=promotionsV2")
        assert graph.errors(query)
        platform.play()
        assert graph.errors(query), "it is remembered"
        platform.change(OLD_PROGRAM, 90_310_779, name="Made")
        assert graph.ask(query)["program"]["promotions"]["totalCount"] > 0


def test_a_write_names_the_version_that_an_event_has_announced(platform: Changing) -> None:
    """The one before is no longer known: it would be refused."""
    with gateways(platform, writes=True) as (graph,):
        assert described(graph) != "new"
        platform.change(PROGRAM, MINE, description="new")
        given = {
            "by": {"externalId": "C-ENROL"},
            "programId": str(PROGRAM),
            "promotionId": str(MINE),
            "idempotencyKey": "key-of-a-version",
        }
        done = graph.ask(ENROL, {"input": given})["done"]
        assert (done["outcome"], done["userErrors"]) == ("DONE", [])
