from typing import Any

import pytest

from tests.sandbox.client import LEGACY_BASICS, SandboxClient, code, serving


@pytest.mark.parametrize(
    ("expected", "parameters"),
    [
        (4056, {}),
        (4056, {"promotionId": 90050001}),
        (4086, {"limit": 10}),
        (4086, {"limit": 10, "offset": 0}),
        (4086, {"limit": 10, "sourceType": "UI"}),
        (4086, {"offset": 0, "sourceType": "UI"}),
        (4086, LEGACY_BASICS | {"limit": "ten"}),
        (4086, LEGACY_BASICS | {"limit": -1}),
        (4086, LEGACY_BASICS | {"offset": -1}),
        (4086, LEGACY_BASICS | {"offset": ""}),
        (4055, LEGACY_BASICS | {"limit": 101}),
        (4084, LEGACY_BASICS | {"sourceType": ""}),
        (4085, LEGACY_BASICS | {"sourceType": "API"}),
        (4085, LEGACY_BASICS | {"sourceType": "ui"}),
        (4082, LEGACY_BASICS | {"eventName": ""}),
        (4083, LEGACY_BASICS | {"eventName": "WidgetSpun"}),
        (4050, LEGACY_BASICS | {"page": 1}),
        (4050, LEGACY_BASICS | {"includeInactivePromotions": "maybe"}),
        (4027, LEGACY_BASICS | {"promotionId": 1}),
        (4027, LEGACY_BASICS | {"promotionId": "x"}),
        (4027, LEGACY_BASICS | {"promotionId": 90010001}),
        (4027, LEGACY_BASICS | {"startRuleIdentifier": 1}),
    ],
)
def test_wrong_parameter_gets_its_code(
    sandbox: SandboxClient, expected: int, parameters: dict[str, Any]
) -> None:
    """Each documented code, and the condition that causes it, in program 9005."""
    assert code(sandbox.legacy(9005, **parameters)) == expected


def test_error_can_have_the_shape_of_the_response_table() -> None:
    """In the "status" style, status.code is the error's and validationErrors is not null."""
    with serving(legacy_error_style="status") as client:
        answer = client.legacy(973)
    told = {"code": 4056, "message": "All mandatory query parameters are missing"}
    assert answer.status_code == 400
    assert answer.json() == {"status": told, "validationErrors": [told], "data": None}


@pytest.mark.parametrize(
    ("program_id", "total"), [(9000, 0), (9010, 1), (9100, 100), (9101, 101), (9003, 3000)]
)
def test_pages_hold_every_definition_once(
    sandbox: SandboxClient, program_id: int, total: int
) -> None:
    """Pages of a hundred have each definition once, and correct page details."""
    seen: list[int] = []
    for number in range(max(1, -(-total // 100))):
        answer = sandbox.legacy(program_id, **(LEGACY_BASICS | {"offset": number * 100})).json()
        assert answer["pageDetails"] == {
            "pageNumber": number,
            "pageSize": 100,
            "totalEntries": total,
            "pageCount": -(-total // 100),
        }
        seen += [definition["id"] for definition in answer["data"]]
    assert len(seen) == total
    assert len(set(seen)) == total


def test_limit_zero_gives_the_total_only(sandbox: SandboxClient) -> None:
    """The document supports a limit of zero: no data, but the total."""
    answer = sandbox.legacy(9101, **(LEGACY_BASICS | {"limit": 0})).json()
    assert answer["data"] == []
    assert answer["pageDetails"] == {
        "pageNumber": 0,
        "pageSize": 0,
        "totalEntries": 101,
        "pageCount": 0,
    }


def test_offset_is_an_index_of_definitions(sandbox: SandboxClient) -> None:
    """An offset need not be a multiple of the limit."""
    page = sandbox.definitions(9100, limit=10, offset=7)
    assert page == sandbox.definitions(9100)[7:17]


@pytest.mark.parametrize(
    ("source_type", "active", "with_inactive"),
    [("UI", 30, 34), ("CAMPAIGN", 25, 27), ("PROMOTION_API", 7, 7), ("IMPORT", 0, 0)],
)
def test_inactive_definitions_are_told_on_request(
    sandbox: SandboxClient, source_type: str, active: int, with_inactive: int
) -> None:
    """Only includeInactivePromotions=true includes inactive ones; false is the default."""
    plain = sandbox.definitions(9005, sourceType=source_type)
    refused = sandbox.definitions(9005, sourceType=source_type, includeInactivePromotions="false")
    full = sandbox.definitions(9005, sourceType=source_type, includeInactivePromotions="true")
    assert plain == refused
    assert (len(plain), len(full)) == (active, with_inactive)
    assert [definition for definition in full if definition["isActive"]] == plain


@pytest.mark.parametrize(
    "event_name", ["TargetCompleted", "TARGETCOMPLETED", "targetcompleted", "PointsRedemption"]
)
def test_event_filter_ignores_the_case(sandbox: SandboxClient, event_name: str) -> None:
    """Both documented spellings of an event find the same definitions."""
    found = sandbox.definitions(9005, eventName=event_name)
    every = sandbox.definitions(9005)
    assert found
    assert found == [
        definition for definition in every if definition["eventName"].lower() == event_name.lower()
    ]


def test_promotion_id_finds_one_definition(sandbox: SandboxClient) -> None:
    """The filter finds the one definition, under its own source type."""
    (found,) = sandbox.definitions(9005, promotionId=90050003)
    assert found["id"] == 90050003


@pytest.mark.parametrize(
    ("promotion_id", "parameters"),
    [(90050003, {"sourceType": "CAMPAIGN"}), (90050031, {})],
)
def test_promotion_of_another_kind_is_an_empty_list(
    sandbox: SandboxClient, promotion_id: int, parameters: dict[str, Any]
) -> None:
    """An id under another source type, or inactive, is an empty list and not 4027."""
    assert sandbox.definitions(9005, promotionId=promotion_id, **parameters) == []


def test_start_rule_finds_its_promotion(sandbox: SandboxClient) -> None:
    """A rule's id finds the promotions that have the rule, generated and documented."""
    definition = next(one for one in sandbox.definitions(9005) if one["rulesetInfos"])
    rule_id = definition["rulesetInfos"][-1]["rules"][-1]["id"]
    assert sandbox.definitions(9005, startRuleIdentifier=rule_id) == [definition]
    (documented,) = sandbox.definitions(
        973, sourceType="USER_CREATED", startRuleIdentifier=126600796
    )
    assert documented["id"] == 96664


def test_unknown_program_has_no_definitions(sandbox: SandboxClient) -> None:
    """An unknown program has an empty list."""
    answer = sandbox.legacy(123456, **LEGACY_BASICS)
    assert answer.status_code == 200
    assert answer.json()["data"] == []


def test_program_id_that_is_no_number_is_not_found(sandbox: SandboxClient) -> None:
    """The path accepts whole numbers only."""
    assert sandbox.legacy("abc", **LEGACY_BASICS).status_code == 404


def test_definitions_are_of_many_shapes(sandbox: SandboxClient) -> None:
    """Program 9005 has every status, several rulesets, rules, cases, filters, groups, expiries."""
    found = [
        definition
        for source_type in ("UI", "CAMPAIGN", "PROMOTION_API")
        for definition in sandbox.definitions(
            9005, sourceType=source_type, includeInactivePromotions="true"
        )
    ]
    rulesets = [ruleset for definition in found for ruleset in definition["rulesetInfos"]]
    rules = [rule for ruleset in rulesets for rule in ruleset["rules"]]
    restrictions = [definition["promotionRestrictions"] for definition in found]
    expiries = [
        expiry
        for restriction in restrictions
        for expiry in restriction["restrictions"]["expiryRestrictions"]
    ]
    assert len({definition["promotionStatus"] for definition in found}) == 10
    assert {len(definition["rulesetInfos"]) for definition in found} == {0, 1, 2}
    assert {len(ruleset["rules"]) for ruleset in rulesets} == {1, 2, 3}
    assert {len(ruleset["filterInfo"]) for ruleset in rulesets} == {0, 1, 2}
    assert {len(rule["caseToActions"]) for rule in rules} == {1, 2}
    assert {expiry["type"] for expiry in expiries} == {"PROMOTION", "CUSTOM"}
    assert any(restriction["targetGroupIds"] for restriction in restrictions)
    assert {str(restriction["scope"]) for restriction in restrictions} == {
        "None",
        "['PROGRAM']",
        "[{'type': 'TIER', 'ids': [11, 12]}, {'type': 'SUPPLEMENTARY_PROGRAM', 'ids': []}]",
    }
    assert {restriction["loyaltyEarningType"] for restriction in restrictions} == {
        None,
        "DIRECT_EARN",
        "ISSUE_AND_EARN",
    }


def test_enrol_and_issue_is_written_in_both_legacy_ways(sandbox: SandboxClient) -> None:
    """ISSUE_AND_EARN occurs with LOYALTY, as in the document, and with LOYALTY_EARNING."""
    offer_types = {
        definition["pointsOfferType"]
        for definition in sandbox.definitions(9100)
        if definition["promotionRestrictions"]["loyaltyEarningType"] == "ISSUE_AND_EARN"
    }
    assert offer_types == {"LOYALTY", "LOYALTY_EARNING"}


def test_instants_have_both_documented_spellings(sandbox: SandboxClient) -> None:
    """A full minute is written without seconds, as in the document."""
    definition = sandbox.definitions(9010)[0]
    assert definition["startDate"].endswith("T00:00Z")
    assert definition["endDate"].endswith("T23:59:59Z")


def test_org_without_promotion_types_has_no_legacy_restrictions(sandbox: SandboxClient) -> None:
    """Program 9021 has limits only."""
    for definition in sandbox.definitions(9021):
        assert "promotionRestrictions" not in definition
        assert "limits" in definition
