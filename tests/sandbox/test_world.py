import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.sandbox import world as world_module
from gateway.sandbox.customer_payload import instant as customer_instant
from gateway.sandbox.customer_payload import render_holding
from gateway.sandbox.definition_payload import render_definition
from gateway.sandbox.programs import STATUSES
from gateway.sandbox.world import World
from tests.sandbox.client import TODAY, SandboxClient


def everything_answered(world: World) -> list[Any]:
    """Return all payloads of the world, rendered as by the endpoints (large programs truncated)."""
    customers = [
        [
            customer.customer_id,
            [
                render_holding(holding, all_usage=True, has_promotion_types=True)
                for holding in customer.holdings[:50]
            ],
        ]
        for customer in world.customers
    ]
    programs = [
        [render_definition(promotion, program) for promotion in program.definitions[:50]]
        for program in world.programs.values()
    ]
    return [customers, programs]


def test_world_is_the_same_for_seed_and_date() -> None:
    """Two worlds of one seed and date are equal; another seed or date differs."""
    world = everything_answered(World.generate(seed=7, today=TODAY))
    assert world == everything_answered(World.generate(seed=7, today=TODAY))
    assert world != everything_answered(World.generate(seed=8, today=TODAY))
    assert world != everything_answered(World.generate(seed=7, today=TODAY + timedelta(days=1)))


def test_world_is_of_today_unless_told_otherwise() -> None:
    """Without a date the promotions are valid today."""
    program = World.generate().programs[9010]
    (promotion,) = program.definitions
    assert promotion.starts_at < datetime.now(UTC) < promotion.ends_at


def test_ten_promotions_are_on_the_first_ui_pages(sandbox: SandboxClient) -> None:
    """All of C-TEN's definitions are found with one call for each of its two programs."""
    held = {(one["programId"], one["promotionId"]) for one in sandbox.promotions("C-TEN")}
    defined = {
        (program_id, definition["id"])
        for program_id in (9001, 9002)
        for definition in sandbox.definitions(program_id)
    }
    assert len(held) == 10
    assert held <= defined


def test_twenty_customers_share_definitions(world: World) -> None:
    """C-001 to C-020 hold ten promotions each, and fewer different ones than 200."""
    held: list[int] = []
    for nth in range(1, 21):
        customer = world.customer("externalId", f"C-{nth:03}")
        assert customer is not None
        assert len(customer.holdings) == 10
        held += [holding.promotion.promotion_id for holding in customer.holdings]
    assert len(held) == 200
    assert len(set(held)) < 100


def test_current_customer_is_current(sandbox: SandboxClient) -> None:
    """All of C-CURRENT is valid on the world's date, in all types, some with metadata."""
    promotions = sandbox.promotions("C-CURRENT")
    assert {promotion["pointsOfferType"] for promotion in promotions} == {
        "GENERIC",
        "LOYALTY",
        "LOYALTY_EARNING",
    }
    assert any("promotionMetadata" in promotion for promotion in promotions)
    assert any("promotionMetadata" not in promotion for promotion in promotions)
    for promotion in promotions:
        assert promotion["startDate"] < TODAY.isoformat() < promotion["endDate"]


def test_texts_arrive_character_by_character(sandbox: SandboxClient, world: World) -> None:
    """Every script, control character and the 20 kB description survive the wire."""
    customer = world.customer("externalId", "C-SCRIPTS")
    assert customer is not None
    promotions = sandbox.promotions("C-SCRIPTS")
    for promotion, holding in zip(promotions, customer.holdings, strict=True):
        assert promotion["promotionName"] == holding.promotion.name
        assert promotion["description"] == holding.promotion.description
    assert max(len(promotion["description"]) for promotion in promotions) == 20480


def test_big_ids_arrive_digit_by_digit(sandbox: SandboxClient) -> None:
    """Ids that a double cannot represent are exact."""
    answer = sandbox.customer("C-BIGIDS")
    assert b'"customerId":9007199254740993' in answer.content
    ids = [promotion["promotionId"] for promotion in answer.json()["promotions"]]
    assert ids == [2**31, 2**53 + 1, 2**53 + 3, 2**53 + 5]
    assert sandbox.definitions(4294967311)[0]["id"] == 2**53 + 5


@pytest.mark.parametrize(
    ("name", "maximum", "usage"),
    [
        ("Unlimited", "-1", "4990.000"),
        ("A limit of zero", "0", "0"),
        ("Used beyond a tenth", "0.1", "0.300"),
        ("Used a tenth of three", "0.3", "0.100"),
        ("Three decimals", "4990.000", "4990.000"),
        ("Figures as numbers", 99.5, 12.5),
    ],
)
def test_limits_have_every_spelling(
    sandbox: SandboxClient, name: str, maximum: str | float, usage: str | float
) -> None:
    """C-LIMITS has points of a customer unlimited, zero, decimal, and as JSON numbers."""
    promotion = named(sandbox, name)
    restriction = next(
        restriction
        for restriction in promotion["promotionRestriction"]["redemptionRestrictions"]
        if (restriction["kpi"], restriction["limitOn"]) == ("NUMBER_OF_POINTS", "CUSTOMER")
    )
    assert restriction["maxLimit"] == maximum
    assert restriction["currentCustomerUsage"] == usage
    assert promotion["limits"]["pointsPerCustomer"] == maximum
    assert promotion["customerUsage"]["currentPointsPerCustomer"] == usage


def named(sandbox: SandboxClient, name: str) -> dict[str, Any]:
    """Find a promotion of C-LIMITS by its name."""
    return next(
        promotion
        for promotion in sandbox.promotions("C-LIMITS", fetchAllUsage="true")
        if promotion["promotionName"] == name
    )


def test_window_limits_are_told_as_documented(sandbox: SandboxClient) -> None:
    """Each window is a PERIOD_BASED restriction, and `limits` says 0."""
    promotion = named(sandbox, "Windows")
    windows = [
        (one["type"], one["periodType"], one["periodUnit"], one["currentCustomerUsage"])
        for one in promotion["promotionRestriction"]["redemptionRestrictions"]
        if one["kpi"] == "NUMBER_OF_TIMES"
    ]
    assert windows == [
        ("PERIOD_BASED", "MOVING_WINDOW", "DAILY", "1"),
        ("PERIOD_BASED", "MOVING_WINDOW", "WEEKLY", "1"),
        ("PERIOD_BASED", "MOVING_WINDOW", "MONTHLY", "1"),
    ]
    assert promotion["limits"]["numberOFTimesPerCustomer"] == 0


def test_words_that_nobody_knows_occur(sandbox: SandboxClient) -> None:
    """An unknown measure, scope, window, event, type and status occur in the world."""
    text = sandbox.customer("C-LIMITS", limit=100).text
    for word in ("NUMBER_OF_WIDGETS", "HOUSEHOLD", "FORTNIGHTLY", "WidgetSpun", "CASHBACK"):
        assert f'"{word}"' in text
    assert STATUSES[-1] == "HIBERNATING"


def test_program_that_nobody_knows_has_promotion_types(world: World) -> None:
    """The org's switch is on by default."""
    assert world.has_promotion_types(1)
    assert not world.has_promotion_types(9021)


def test_table_of_the_module_has_everybody(world: World) -> None:
    """Each customer C-… and each program is in the documentation of the module."""
    text = str(world_module.__doc__)
    names = {
        name
        for customer in world.customers
        for name in customer.identifiers.get("externalId", ())
        if name.startswith("C-")
    }
    twenty = {f"C-{nth:03}" for nth in range(1, 21)}
    mentioned = set(re.findall(r"C-[A-Z0-9]+", text))
    assert names - twenty == mentioned - {"C-001", "C-020"}
    numbers = set(map(int, re.findall(r"\b\d{3,10}\b", text)))
    assert world.programs.keys() - {9021} <= numbers


def test_instants_of_the_customer_view_have_milliseconds(world: World) -> None:
    """Every instant is written with three decimals and a Z."""
    (promotion,) = world.programs[9010].definitions
    assert customer_instant(promotion.starts_at).endswith("T00:00:00.000Z")
