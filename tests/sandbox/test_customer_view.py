from collections import Counter
from datetime import timedelta

import pytest

from gateway.sandbox.world import World
from tests.sandbox.client import NOW, SandboxClient, new_world, serving


@pytest.mark.parametrize(
    ("external_id", "total"),
    [("C-EMPTY", 0), ("C-ONE", 1), ("C-100", 100), ("C-101", 101), ("C-3000", 3000)],
)
def test_pages_hold_every_promotion_once(
    sandbox: SandboxClient, external_id: str, total: int
) -> None:
    """Pages of a hundred have each promotion once, and correct page details."""
    seen: list[int] = []
    for number in range(max(1, -(-total // 100))):
        answer = sandbox.customer(external_id, limit=100, offset=number * 100).json()
        assert answer["pageDetails"] == {
            "pageNumber": number,
            "pageSize": 100,
            "totalEntries": total,
            "pageCount": -(-total // 100),
        }
        seen += [promotion["promotionId"] for promotion in answer["promotions"]]
    assert len(seen) == total
    assert len(set(seen)) == total


def test_page_without_limit_and_offset_has_ten_from_the_start(sandbox: SandboxClient) -> None:
    """The defaults are ten promotions from offset 0."""
    assert sandbox.customer("C-101").json() == (
        sandbox.customer("C-101", limit=10, offset=0).json()
    )


def test_offset_is_an_index_of_promotions(sandbox: SandboxClient) -> None:
    """An offset need not be a multiple of the limit; its page number is rounded."""
    all_of_them = sandbox.promotions("C-100")
    answer = sandbox.customer("C-100", limit=10, offset=7).json()
    assert answer["promotions"] == all_of_them[7:17]
    assert answer["pageDetails"]["pageNumber"] == 0


def test_page_behind_the_end_is_empty(sandbox: SandboxClient) -> None:
    """An offset past the last promotion is no error."""
    answer = sandbox.customer("C-ONE", limit=10, offset=50).json()
    assert answer["promotions"] == []
    assert answer["pageDetails"]["totalEntries"] == 1


@pytest.mark.parametrize(
    ("status", "names"),
    [
        (
            "AVAILABLE_TO_ENROL",
            {
                "Open for enrolment",
                "Enrolled, nothing issued",
                "Enrolled and issued",
                "Issued and partly redeemed",
                "Enrolment has expired",
                "Issues used up",
            },
        ),
        (
            "AVAILABLE_TO_EARN",
            {
                "Not issued yet",
                "Issued",
                "Partly redeemed",
                "Fully redeemed",
                "Issue has expired",
                "Enrolled, nothing issued",
                "Enrolled and issued",
                "Issued and partly redeemed",
            },
        ),
        (
            "AVAILABLE_TO_REDEEM",
            {
                "Unused",
                "Partly used",
                "Without any limit",
                "Issued",
                "Partly redeemed",
                "Issued as often as allowed",
                "Enrolled and issued",
                "Issued and partly redeemed",
                "Issues used up",
                "An old enrolment and a new one",
            },
        ),
        ("EXPIRED", set()),
    ],
)
def test_status_filter_has_its_documented_meaning(
    sandbox: SandboxClient, status: str, names: set[str]
) -> None:
    """Each promotionStatusForCustomer selects the states of C-CURRENT that it describes."""
    found = sandbox.promotions("C-CURRENT", promotionStatusForCustomer=status)
    assert {promotion["promotionName"] for promotion in found} == names


def test_expired_is_decided_by_the_clock(world: World) -> None:
    """Redeemable promotions are expired for a sandbox whose clock is a year ahead."""
    with serving(world=world, clock=lambda: NOW + timedelta(days=365)) as client:
        expired = client.promotions("C-CURRENT", promotionStatusForCustomer="EXPIRED")
        assert len(expired) == 20
        for status in ("AVAILABLE_TO_ENROL", "AVAILABLE_TO_EARN", "AVAILABLE_TO_REDEEM"):
            assert client.promotions("C-CURRENT", promotionStatusForCustomer=status) == []


def test_ended_and_inactive_promotions_are_not_available(sandbox: SandboxClient) -> None:
    """The documented promotions of 2025 have all ended by the sandbox's clock, though active."""
    names = [
        promotion["promotionName"]
        for promotion in sandbox.promotions("documented-used", promotionStatusForCustomer="EXPIRED")
    ]
    assert names == ["Promotion Points", "Points Promo", "2X Points"]
    for promotion in sandbox.promotions(
        "C-MIXED", promotionStatusForCustomer="AVAILABLE_TO_REDEEM"
    ):
        assert promotion["active"] is True


@pytest.mark.parametrize(
    ("promotion_type", "offer_type", "count"),
    [("GENERIC", "GENERIC", 6), ("DIRECT_ISSUE", "LOYALTY", 6), ("ENROL_AND_ISSUE", None, 8)],
)
def test_type_filter_maps_query_to_response_spelling(
    sandbox: SandboxClient, promotion_type: str, offer_type: str | None, count: int
) -> None:
    """The query has DIRECT_ISSUE where the response has LOYALTY, and so on."""
    found = sandbox.promotions("C-CURRENT", promotionType=promotion_type)
    offer_types = Counter(promotion["pointsOfferType"] for promotion in found)
    assert offer_types == {offer_type or "LOYALTY_EARNING": count}


def test_source_type_filter_splits_the_mixed_customer(sandbox: SandboxClient) -> None:
    """UI, API and CAMPAIGN each select their part of C-MIXED."""
    counts = {
        source_type: sandbox.customer("C-MIXED", sourceType=source_type).json()["pageDetails"][
            "totalEntries"
        ]
        for source_type in ("UI", "API", "CAMPAIGN")
    }
    assert counts == {"UI": 6, "API": 3, "CAMPAIGN": 3}


@pytest.mark.parametrize(
    ("programs", "expected"),
    [
        ("9001", {9001: 5}),
        ("9002", {9002: 5}),
        ("9001,9002", {9001: 5, 9002: 5}),
        (" 9001 , 9002 ", {9001: 5, 9002: 5}),
        ("9003", {}),
        ("", {9001: 5, 9002: 5}),
    ],
)
def test_programs_filter_is_a_comma_separated_list(
    sandbox: SandboxClient, programs: str, expected: dict[int, int]
) -> None:
    """Only promotions of the listed programs are returned; an empty list filters nothing."""
    found = Counter(
        promotion["programId"] for promotion in sandbox.promotions("C-TEN", programs=programs)
    )
    assert found == expected


def test_filters_count_in_the_page_details(sandbox: SandboxClient) -> None:
    """Total and page count are those of the filtered list."""
    details = sandbox.customer("C-TEN", programs="9001", limit=2, offset=2).json()["pageDetails"]
    assert details == {"pageNumber": 1, "pageSize": 2, "totalEntries": 5, "pageCount": 3}


def test_list_of_a_customer_may_change_between_two_calls() -> None:
    """A test can remove a promotion between two pages, as on a live upstream."""
    world = new_world()
    with serving(world=world) as client:
        before = client.promotions("C-100")
        customer = world.customer("externalId", "C-100")
        assert customer is not None
        del customer.holdings[0]
        assert client.promotions("C-100") == before[1:]
