"""Restrictions and rulesets with their arguments."""

from typing import Any

from tests.support.graph import Graph, graph_over

BY = 'by:{externalId:"%s"}'


def _restrictions(graph: Graph, name: str, arguments: str = "") -> list[list[dict[str, Any]]]:
    data = graph.ask(
        f"{{customer({BY % name}){{promotions(first:100){{nodes{{restrictions{arguments}"
        "{stage measure measureName scope limit{kind max used remaining} window{unit}}}}}}"
    )
    return [node["restrictions"] for node in data["customer"]["promotions"]["nodes"]]


def test_restrictions_of_one_stage_are_those_of_all_filtered(graph: Graph) -> None:
    """`stage:` filters; without it all three stages are in order."""
    everything = _restrictions(graph, "C-CURRENT")
    assert {r["stage"] for listed in everything for r in listed} == {"ENROL", "ISSUE", "REDEEM"}
    for stage in ("ENROL", "ISSUE", "REDEEM"):
        picked = _restrictions(graph, "C-CURRENT", f"(stage:{stage})")
        assert picked == [[r for r in listed if r["stage"] == stage] for listed in everything]


def test_disabled_restrictions_are_shown_on_request_only(graph: Graph) -> None:
    """Disabled restrictions are the unlimited ones."""
    shown = _restrictions(graph, "C-CURRENT")
    with_disabled = _restrictions(graph, "C-CURRENT", "(includeDisabled:true)")
    assert all(r["limit"]["kind"] == "LIMITED" for listed in shown for r in listed)
    assert [
        [r for r in listed if r["limit"]["kind"] == "LIMITED"] for listed in with_disabled
    ] == shown
    assert any(r["limit"]["kind"] == "UNLIMITED" for listed in with_disabled for r in listed)


def test_the_upstream_is_asked_the_same_either_way(graph: Graph) -> None:
    """Usage is always requested, so that both selections are one call."""
    graph.ask(
        f"{{customer({BY % 'C-TEN'}){{promotions(first:2){{nodes{{a:restrictions{{stage}}"
        " b:restrictions(includeDisabled:true){stage}}}}}"
    )
    (query,) = graph.queries()
    assert "fetchAllUsage=true" in query


def test_without_promotion_types_restrictions_are_built_from_the_limits(graph: Graph) -> None:
    """C-NOTYPES: stage REDEEM, the limit's key as the measure's name, only limits that are set."""
    listed = [r for listed in _restrictions(graph, "C-NOTYPES") for r in listed]
    assert listed
    assert {r["stage"] for r in listed} == {"REDEEM"}
    assert {r["limit"]["kind"] for r in listed} == {"LIMITED"}
    assert {r["measureName"] for r in listed} <= {
        "maxPointsPerEvent",
        "pointsPerCustomer",
        "numberOFTimesPerCustomer",
        "totalPointsInPromotion",
    }
    assert _restrictions(graph, "C-NOTYPES", "(stage:ENROL)") == [[]] * 8


DEFINITION = '{promotion(programId:"973",promotionId:"96664"){name definition{status %s}}}'


def test_rulesets_are_for_their_role_and_the_rest_for_everybody(sandbox_url: str) -> None:
    """Without the role they are null with FORBIDDEN, and the other data is intact."""
    with graph_over(sandbox_url, anonymous_roles=frozenset()) as graph:
        answer = graph.answer(DEFINITION % "rulesets{rulesetId}")
        assert answer["data"]["promotion"] == {
            "name": "test_promo_uniqueName110",
            "definition": {"status": "LIVE", "rulesets": None},
        }
        (error,) = answer["errors"]
        assert error["extensions"]["code"] == "FORBIDDEN"
        assert error["path"] == ["promotion", "definition", "rulesets"]
        assert "rulesets" in error["message"]


def test_rulesets_are_shown_to_whom_may_see_them(graph: Graph) -> None:
    """The rulesets of the documented example, with their rules."""
    data = graph.ask(DEFINITION % "rulesets{rulesetId rules{ruleId outcomes{actions{name}}}}")
    (ruleset, *_) = data["promotion"]["definition"]["rulesets"]
    assert ruleset["rulesetId"] == "126412694"
    assert ruleset["rules"]


def test_filters_reach_the_upstream_in_its_words(graph: Graph) -> None:
    """AVAILABLE_FOR_ISSUE is sent as AVAILABLE_TO_EARN, and so on."""
    graph.ask(
        f"{{customer({BY % 'C-CURRENT'},source:ALL){{promotions(availability:AVAILABLE_FOR_ISSUE,"
        'type:ENROL_AND_ISSUE,sourceType:UI,programIds:["9020"]){totalCount}}}'
    )
    (query,) = graph.queries()
    for part in (
        "source=ALL",
        "promotionStatusForCustomer=AVAILABLE_TO_EARN",
        "promotionType=ENROL_AND_ISSUE",
        "sourceType=UI",
        "programs=9020",
    ):
        assert part in query.split("&")
    graph.ask(
        '{program(programId:"9005"){promotions(eventName:"TransactionAdd",includeInactive:true,'
        'startRuleId:"007",promotionId:"0090050001",sourceTypes:[UI]){totalCount}}}'
    )
    (query,) = graph.queries()
    assert query.split("&") == [
        "sourceType=UI",
        "limit=20",
        "offset=0",
        "includeInactivePromotions=true",
        "eventName=TransactionAdd",
        "startRuleIdentifier=7",
        "promotionId=90050001",
    ]
