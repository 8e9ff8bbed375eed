"""urql with the normalised cache that docs/frontend.md recommends."""

from pathlib import Path
from typing import Any

import pytest

from tests.clients.caches import check_customers, check_presses, check_selections, check_tabs
from tests.support.javascript import run_node

pytestmark = [pytest.mark.verify, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def seen(app: Path) -> Any:
    """Return what each scenario has returned, requested and warned of."""
    return run_node("urql-scenarios.mjs", cwd=app)


def test_tabs_are_lists_of_their_own_that_grow(app_gateway: str, seen: Any) -> None:
    """`relayPagination` tells lists apart by all arguments but those of paging."""
    check_tabs(app_gateway, seen["tabs"])
    assert seen["tabs"]["result"]["nodes"] == 40  # joined as `edges` are


@pytest.mark.parametrize("scenario", ["limits", "definitions"])
def test_other_selections_of_an_object_without_id_erase_nothing(seen: Any, scenario: str) -> None:
    """What was selected first is in the cache when other fields have been fetched."""
    check_selections(seen[scenario])


def test_without_keys_the_cache_warns(seen: Any) -> None:
    """The documented `keys` are needed for a quiet console."""
    warnings = seen["limitsWithoutKeys"]["warnings"]
    assert any("create a `keys` config for `PromotionLimits`" in warning for warning in warnings)


def test_customers_in_one_cache_do_not_overwrite_each_other(seen: Any) -> None:
    """Two customers who share promotions, and one who is registered at two sources."""
    check_customers(seen["customers"])


def test_every_type_with_an_id_is_found_by_it(seen: Any) -> None:
    """`node` matches fragments on all four types, without a warning."""
    node = seen["node"]
    assert node["result"]["found"] == ["Customer", "CustomerPromotion", "Promotion", "Program"]
    assert node["warnings"] == []


def test_a_button_shows_what_is_hoped_for_and_then_what_is_true(seen: Any) -> None:
    """By the code of docs/writing.md; the card that goes with the variables is not sent."""
    check_presses(
        seen["press"],
        (
            "You have joined.",
            "You have joined already, or it is full.",
            "Not available just now. Nothing has changed.",
        ),
    )
