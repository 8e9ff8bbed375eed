import json
from typing import Any

import pytest

from tests.sandbox.client import SandboxClient, unified_code
from tests.sandbox.faulty import faults


@pytest.fixture(scope="module")
def entries(sandbox: SandboxClient) -> list[dict[str, Any]]:
    """Return all entries of the list."""
    return sandbox.catalogue()


def by_name(entries: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """Return the entry of that name."""
    (found,) = (entry for entry in entries if entry["metadata"]["name"] == name)
    return found


def test_page_has_the_published_form(sandbox: SandboxClient) -> None:
    """A page is a Spring page in an envelope; without parameters it is the first ten."""
    body = sandbox.unified().json()
    assert (body.keys(), body["errors"], body["warnings"]) == (
        {"data", "errors", "warnings"},
        None,
        None,
    )
    data = body["data"]
    content = data.pop("content")
    assert len(content) == 10
    unsorted = {"empty": True, "sorted": False, "unsorted": True}
    assert data == {
        "pageable": {
            "pageNumber": 0,
            "pageSize": 10,
            "sort": unsorted,
            "offset": 0,
            "unpaged": False,
            "paged": True,
        },
        "totalElements": 145,
        "totalPages": 15,
        "last": False,
        "size": 10,
        "number": 0,
        "sort": unsorted,
        "numberOfElements": 10,
        "first": True,
        "empty": False,
    }


def test_pages_are_numbered_and_make_up_the_list(sandbox: SandboxClient) -> None:
    """`page` counts pages, the last one is short, and one beyond it is empty."""
    pages = [sandbox.unified(page=nth, size=100).json()["data"] for nth in range(3)]
    assert [page["numberOfElements"] for page in pages] == [100, 45, 0]
    assert [page["first"] for page in pages] == [True, False, False]
    assert [page["last"] for page in pages] == [False, True, True]
    assert pages[2]["empty"]
    ids = [entry["id"] for page in pages for entry in page["content"]]
    assert len(set(ids)) == 145


@pytest.mark.parametrize(
    "parameters",
    [{"page": -1}, {"page": "x"}, {"size": 0}, {"size": 101}, {"size": ""}, {"page": "1.0"}],
)
def test_wrong_page_is_refused(sandbox: SandboxClient, parameters: dict[str, Any]) -> None:
    """300004, for what is no page or no size from 1 to 100."""
    assert unified_code(sandbox.unified(**parameters)) == 300004


@pytest.mark.parametrize("status", ["STOPPED", "COMPLETED", "live", "LIVE,NOPE", ","])
def test_status_that_is_not_documented_is_refused(sandbox: SandboxClient, status: str) -> None:
    """310151, for a word that the documented list lacks."""
    assert unified_code(sandbox.unified(status=status)) == 310151


def test_status_filters_the_list(sandbox: SandboxClient) -> None:
    """Several words may be asked for, and ACTIVE is whatever runs, will run or has run."""

    def statuses(words: str) -> set[str]:
        return {entry["metadata"]["status"] for entry in sandbox.catalogue(status=words)}

    assert statuses("PAUSED") == {"PAUSED"}
    assert statuses("DRAFT, PENDING_APPROVAL") == {"DRAFT", "PENDING_APPROVAL"}
    assert statuses("ACTIVE") == {"ACTIVE", "LIVE", "UPCOMING", "COMPLETED"}


@pytest.mark.parametrize("text", ["90320004", "ENROL AND OPT IN"])
def test_text_is_searched(sandbox: SandboxClient, text: str) -> None:
    """The text is in the name, whatever its case, or in the id: all three versions are found."""
    found = sandbox.catalogue(searchText=text)
    assert {entry["metadata"]["promotionId"] for entry in found} == {90320004}
    assert len(found) == 3
    assert sandbox.catalogue(searchText="nothing has this") == []


def test_access_can_be_denied_on_the_successor_alone(sandbox: SandboxClient) -> None:
    """A fault answers 403 with 300005 there, and the old list does not notice."""
    with faults(sandbox, "status=403,body=documented,endpoint=promotionsV3"):
        assert unified_code(sandbox.unified(), 403) == 300005
        assert sandbox.definitions(9010)


@pytest.mark.parametrize("path", ["promotions", "promotions/0123", "unifiedPromotions/health"])
def test_authentication_is_required(sandbox: SandboxClient, path: str) -> None:
    """Without credentials the successor answers 401, in its own form."""
    assert unified_code(sandbox.get(f"/v3/{path}", auth=("x", "y")), 401) == 401


def test_health_is_told(sandbox: SandboxClient) -> None:
    """The health endpoint answers with a sentence."""
    assert sandbox.get("/v3/unifiedPromotions/health").json() == {
        "data": "Unified Promotion API is up and running",
        "errors": None,
        "warnings": None,
    }


def test_one_is_found_by_its_id(sandbox: SandboxClient, entries: list[dict[str, Any]]) -> None:
    """The hexadecimal id finds one version, the other id the newest of all."""
    before = by_name(entries, "Enrol and opt in, before")
    newest = by_name(entries, "Enrol and opt in, soon")
    answer = sandbox.get(f"/v3/promotions/{before['id']}").json()
    assert (answer["errors"], answer["data"]) == (None, before)
    answer = sandbox.get(f"/v3/promotions/{before['unifiedPromotionId']}").json()
    assert answer["data"]["id"] == newest["id"]
    assert all(len(entry["id"]) == 24 for entry in entries)


def test_parent_is_told_where_it_is_asked_for(
    sandbox: SandboxClient, entries: list[dict[str, Any]]
) -> None:
    """`includeParentDetails` fills `parentDetails` of a draft."""
    draft = by_name(entries, "Enrol and opt in, soon")
    path = f"/v3/promotions/{draft['id']}"
    assert sandbox.get(path).json()["data"]["parentDetails"] is None
    told = sandbox.get(path, params={"includeParentDetails": "true"}).json()["data"]
    assert told["parentDetails"]["id"] == draft["parentId"]


@pytest.mark.parametrize("wanted", ["0" * 24, "90320001", "enrol"])
def test_unknown_id_is_200_without_data(sandbox: SandboxClient, wanted: str) -> None:
    """9013, with HTTP status 200; the number of the old list finds nothing."""
    assert unified_code(sandbox.get(f"/v3/promotions/{wanted}"), 200) == 9013


def test_draft_details_are_told_where_they_are_asked_for(sandbox: SandboxClient) -> None:
    """`includeDraftDetails` fills `metadata.draftDetails`."""

    def details(**parameters: Any) -> list[Any]:
        return [
            entry["metadata"]["draftDetails"]
            for entry in sandbox.catalogue(status="DRAFT", **parameters)
        ]

    assert set(details()) == {None}
    assert all(told["status"] == "DRAFT" for told in details(includeDraftDetails="true"))


def test_keys_stand_twice(sandbox: SandboxClient) -> None:
    """As in the published example; a reader that takes the last has the right value."""
    entry = by_name(sandbox.catalogue(), "Keys that stand twice")
    raw = sandbox.get(f"/v3/promotions/{entry['id']}").text
    assert '"enrolmentMethod":"IMPORT","enrolmentMethod":"TRANSACTION"' in raw
    assert '"type":"GROUP","type":"SINGLE"' in raw
    assert json.loads(raw)["data"]["activities"][0]["type"] == "SINGLE"


def test_program_id_has_every_spelling(entries: list[dict[str, Any]]) -> None:
    """A number, its text, and a word."""
    told = {entry["metadata"]["programId"] for entry in entries}
    assert told == {9030, 9032, "9032", 9033, "HiddenGemDefaultProgram_ID"}


def test_versions_share_the_number(entries: list[dict[str, Any]]) -> None:
    """One promotion has three versions; unpublished ones have the number 0."""
    numbers = [entry["metadata"]["promotionId"] for entry in entries]
    assert numbers.count(90320004) == 3
    assert numbers.count(0) == 4
    versions = [e for e in entries if e["metadata"]["promotionId"] == 90320004]
    assert {(e["version"], e["metadata"]["status"]) for e in versions} == {
        (0, "SNAPSHOT"),
        (1, "LIVE"),
        (2, "DRAFT"),
    }
    assert len({e["unifiedPromotionId"] for e in versions}) == 1


def test_both_modes_and_every_status_occur(entries: list[dict[str, Any]]) -> None:
    """LEGACY and UNIFIED, the documented statuses and an unknown one."""
    metadata = [entry["metadata"] for entry in entries]
    assert {each["promotionMode"] for each in metadata} == {"LEGACY", "UNIFIED"}
    assert {each["status"] for each in metadata} == {
        *("DRAFT", "PENDING_APPROVAL", "REJECTED", "SNAPSHOT", "ACTIVE", "LIVE", "UPCOMING"),
        *("COMPLETED", "PAUSED", "STOPPED", "PUBLISH_FAILED", "HIBERNATING"),
    }
    assert any(each["promotionMetadata"] for each in metadata)
    assert any(each["timezoneName"] is None for each in metadata)
    assert any(each["startDate"].endswith("+05:30") for each in metadata)


def test_every_limit_and_period_occurs(entries: list[dict[str, Any]]) -> None:
    """One promotion has all granularities, both types, and every kind of period."""
    limits = by_name(entries, "Everything at once")["limits"]
    assert {each["granularity"] for each in limits} == {
        "OVERALL",
        "USER",
        "PER_ACTIVITY",
        "HOUSEHOLD",
    }
    assert {each["limitType"] for each in limits} == {"SUM", "COUNT"}
    assert {each["entityScope"] for each in limits} == {"PROMOTION", "PROGRAM"}
    assert {each["active"] for each in limits} == {True, False}
    assert {each["period"]["periodType"] for each in limits} == {
        "NON_PERIOD_BASED",
        "MOVING_WINDOW",
        "FIXED_CALENDAR_WINDOW",
        "FIXED_WINDOW",
        "CYCLIC_WINDOW",
    }


def test_workflow_has_restrictions_expiries_and_a_window(entries: list[dict[str, Any]]) -> None:
    """Restrictions with and without a period, an expiry with a date, the window of the opt-in."""
    workflow = by_name(entries, "Everything at once")["workflowMetadata"]
    enrolment, optin = workflow["enrolment"]["restrictions"], workflow["optin"]["restrictions"]
    assert enrolment["enrolmentExpiryBasedOn"]["expiryDate"]
    assert enrolment["enrolmentLimitPerCustomer"]["periodUnit"] == "MONTHLY"
    assert enrolment["enrolmentLimitPerPromotion"]["value"] == 100_000
    assert optin.keys() == {
        "optinExpiryBasedOn",
        "optinLimitPerCustomer",
        "maxRedemptionsPerEarnPerCustomer",
        "maxPointsPerEarnPerCustomer",
    }
    assert workflow["optin"]["optInStartDate"] < workflow["optin"]["optInEndDate"]


def test_activities_are_nested_and_have_milestones(entries: list[dict[str, Any]]) -> None:
    """Groups hold activities and groups, events differ, and dates occur without a time."""
    activities = by_name(entries, "Everything at once")["activities"]
    group = activities[0]
    assert (group["type"], group["combinationType"]) == ("GROUP", "ANY")
    assert group["children"][1]["combinationType"] == "ALL"
    singles = [*activities[1:], *group["children"][:1], *group["children"][1]["children"]]
    assert {each["event"] for each in singles} == {
        *("TransactionFinished", "SlabUpgrade", "TransactionAdd", "VisitAdd")
    }
    assert activities[1]["milestones"][0]["targetRuleIds"]
    starts = {
        len(mapping["startDate"])
        for each in activities
        for mapping in each["commonCycleActionMapping"]
    }
    assert starts == {len("2026-02-10"), len("2026-02-10T00:00:00Z")}


def test_customer_holds_what_only_the_successor_defines(sandbox: SandboxClient) -> None:
    """Of C-UNIFIED's 16 promotions the old list has two, whose mode is LEGACY; v3 has all."""
    held = {each["promotionId"] for each in sandbox.promotions("C-UNIFIED")}
    defined = {each["id"] for each in sandbox.definitions(9032, includeInactivePromotions="true")}
    assert (len(held), len(defined & held)) == (16, 2)
    modes: dict[int, set[str]] = {}
    for entry in sandbox.catalogue():
        modes.setdefault(entry["metadata"]["promotionId"], set()).add(
            entry["metadata"]["promotionMode"]
        )
    assert held <= modes.keys()
    assert [modes[number] for number in defined] == [{"LEGACY"}, {"LEGACY"}]
