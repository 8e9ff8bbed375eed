"""Apollo Client with the cache and the links that docs/frontend.md recommends."""

from pathlib import Path
from typing import Any

import pytest

from tests.clients.caches import check_customers, check_presses, check_selections, check_tabs
from tests.support.http_client import client
from tests.support.javascript import run_node

pytestmark = [pytest.mark.verify, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def seen(app: Path) -> Any:
    """Return what each scenario has returned, requested and warned of."""
    return run_node("apollo-scenarios.mjs", cwd=app)


def test_tabs_are_lists_of_their_own_that_grow_by_fetch_more(app_gateway: str, seen: Any) -> None:
    """With the filters as keyArgs; without them the second page of a tab is refused."""
    check_tabs(app_gateway, seen["tabs"])
    assert seen["tabs"]["result"]["nodes"] == 20  # of the last page: `edges` are joined alone
    assert seen["tabsWithoutKeyArgs"]["result"] == "CURSOR_INVALID"


@pytest.mark.parametrize("scenario", ["limits", "definitions"])
def test_other_selections_of_an_object_without_id_erase_nothing(seen: Any, scenario: str) -> None:
    """What was selected first is in the cache when other fields have been fetched."""
    check_selections(seen[scenario])


def test_without_merge_they_erase_each_other(seen: Any) -> None:
    """The documented `merge` is needed: without it Apollo warns, and the data are gone."""
    bare = seen["limitsWithoutMerge"]
    assert bare["result"]["after"] is None
    assert "Cache data may be lost" in bare["warnings"][0]


def test_customers_in_one_cache_do_not_overwrite_each_other(seen: Any) -> None:
    """Two customers who share promotions, and one who is registered at two sources."""
    check_customers(seen["customers"])


def test_what_a_list_has_brought_is_found_by_its_id_without_a_request(seen: Any) -> None:
    """`node` is read from the cache for every type; fields that are missing are fetched."""
    node = seen["node"]
    assert node["result"]["found"] == ["Customer", "CustomerPromotion", "Promotion", "Program"]
    assert node["result"]["inCache"]
    assert node["result"]["restrictions"] > 0
    assert len(node["requests"]) == 2
    assert node["warnings"] == []


def test_queries_of_one_moment_are_one_request(seen: Any) -> None:
    """BatchHttpLink sends three operations at once, and each gets its own customer."""
    batch = seen["batch"]
    assert [len(request["body"]) for request in batch["requests"]] == [3]
    assert len(set(batch["result"])) == 3


def test_definitions_arrive_after_the_page(seen: Any) -> None:
    """With `@defer` and the documented handler the page is shown first, without definitions."""
    defer = seen["defer"]
    assert defer["result"][-1] == 10
    assert 0 in defer["result"][:-1]
    assert len(defer["requests"]) == 1
    assert defer["warnings"] == []


def test_the_operators_see_the_name_of_the_app(app_gateway: str, seen: Any) -> None:
    """`clientAwareness` sends a header, by which the gateway counts operations."""
    (request,) = seen["awareness"]["requests"]
    assert request["headers"]["apollographql-client-name"] == "wallet"
    with client(app_gateway) as http:
        metrics = http.get("/metrics").text
    assert 'gateway_client_operations_total{client="wallet",outcome="ok"}' in metrics


def test_a_button_shows_what_is_hoped_for_and_then_what_is_true(seen: Any) -> None:
    """By the code of docs/writing.md; a list that becomes shorter warns of nothing."""
    check_presses(
        seen["press"],
        (
            "You have joined.",
            "You have joined already, or it is full.",
            "Not available just now. Nothing has changed.",
        ),
    )
    assert seen["press"]["result"]["left"] == seen["press"]["result"]["done"]["shown"][0]
