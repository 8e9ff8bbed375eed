from tests.sandbox.client import SandboxClient


def test_all_usage_adds_the_restrictions_that_are_not_enabled(sandbox: SandboxClient) -> None:
    """With fetchAllUsage=true the three restrictions per customer exist, at -1 if disabled."""
    full = sandbox.promotions("C-CURRENT", fetchAllUsage="true")
    plain = sandbox.promotions("C-CURRENT", fetchAllUsage="false")
    assert plain == sandbox.promotions("C-CURRENT")
    for with_all, without in zip(full, plain, strict=True):
        told = with_all["promotionRestriction"]["redemptionRestrictions"]
        enabled = without["promotionRestriction"]["redemptionRestrictions"]
        assert [restriction for restriction in told if restriction["maxLimit"] != "-1"] == enabled
        assert {
            ("NUMBER_OF_TIMES", "CUSTOMER"),
            ("NUMBER_OF_POINTS", "CUSTOMER"),
            ("NUMBER_OF_REDEMPTIONS_PER_EARN", "CUSTOMER"),
        } <= {(restriction["kpi"], restriction["limitOn"]) for restriction in told}
        assert with_all["limits"] == without["limits"]


def test_restriction_that_is_not_enabled_still_tells_usage(sandbox: SandboxClient) -> None:
    """As documented for 4990 points: the usage stands beside the -1."""
    promotion = next(
        promotion
        for promotion in sandbox.promotions("C-CURRENT", fetchAllUsage="true")
        if promotion["promotionName"] == "Without any limit"
    )
    usage = {
        restriction["kpi"]: (restriction["maxLimit"], restriction["currentCustomerUsage"])
        for restriction in promotion["promotionRestriction"]["redemptionRestrictions"]
    }
    assert usage == {
        "NUMBER_OF_TIMES": ("-1", "3"),
        "NUMBER_OF_POINTS": ("-1", "4990.500"),
        "NUMBER_OF_REDEMPTIONS_PER_EARN": ("-1", "0"),
    }


def test_usage_is_as_untrue_as_the_documented_one(sandbox: SandboxClient) -> None:
    """EVENT has no usage; PROMOTION and REDEMPTIONS_PER_EARN have 0 even after use."""
    promotion = next(
        promotion
        for promotion in sandbox.promotions("C-LIMITS")
        if promotion["promotionName"] == "Every limit"
    )
    usage = {
        (restriction["kpi"], restriction["limitOn"]): restriction.get("currentCustomerUsage")
        for restriction in promotion["promotionRestriction"]["redemptionRestrictions"]
    }
    assert usage == {
        ("NUMBER_OF_POINTS", "EVENT"): None,
        ("NUMBER_OF_TIMES", "CUSTOMER"): "3",
        ("NUMBER_OF_POINTS", "CUSTOMER"): "30.000",
        ("NUMBER_OF_TIMES", "PROMOTION"): "0",
        ("NUMBER_OF_POINTS", "PROMOTION"): "0",
        ("NUMBER_OF_REDEMPTIONS_PER_EARN", "CUSTOMER"): "0",
    }
    assert promotion["customerUsage"]["currentTotalPointsInPromotion"] == "0"


def test_direct_issue_happens_at_one_instant(sandbox: SandboxClient) -> None:
    """Enrolment and issue share the instant and the event log id; GENERIC has no timelines."""
    for promotion in sandbox.promotions("C-CURRENT", promotionType="DIRECT_ISSUE"):
        for timeline in promotion["customerPromotionTimelines"]:
            (issue,) = timeline["issuedDetails"]
            assert issue["issualDate"] == timeline["enrollmentDate"]
            assert issue["issualEventLogId"] == timeline["enrollEventLogId"]
    for promotion in sandbox.promotions("C-CURRENT", promotionType="GENERIC"):
        assert "customerPromotionTimelines" not in promotion


def test_enrolment_and_issue_counts_agree_with_the_timelines(sandbox: SandboxClient) -> None:
    """Issuals are the enrolments, and earns the issues."""
    for promotion in sandbox.promotions("C-CURRENT", promotionType="ENROL_AND_ISSUE"):
        timelines = promotion["customerPromotionTimelines"]
        restrictions = promotion["promotionRestriction"]
        issuals = restrictions["issualRestrictions"][0]["currentCustomerUsage"]
        earns = restrictions["earnRestrictions"][0]["currentCustomerUsage"]
        assert issuals == str(len(timelines))
        assert earns == str(sum(len(timeline["issuedDetails"]) for timeline in timelines))


def test_org_without_promotion_types_has_no_restrictions(sandbox: SandboxClient) -> None:
    """C-NOTYPES has limits and usage, and no promotionRestriction key even with fetchAllUsage."""
    promotions = sandbox.promotions("C-NOTYPES", fetchAllUsage="true")
    assert len(promotions) == 8
    assert all("promotionRestriction" not in promotion for promotion in promotions)
    assert any(promotion["limits"]["pointsPerCustomer"] != "0" for promotion in promotions)


def test_merged_customer_comes_with_a_warning(sandbox: SandboxClient) -> None:
    """C-MERGED has warning 8069; others have none."""
    assert [warning["code"] for warning in sandbox.customer("C-MERGED").json()["warnings"]] == [
        8069
    ]
    assert sandbox.customer("C-ONE").json()["warnings"] == []


def test_figures_are_strings_but_for_the_number_of_times(sandbox: SandboxClient) -> None:
    """As documented, and one promotion of C-LIMITS writes all of them as numbers."""
    for promotion in sandbox.promotions("C-LIMITS"):
        as_numbers = promotion["promotionName"] == "Figures as numbers"
        limits = dict(promotion["limits"])
        assert isinstance(limits.pop("numberOFTimesPerCustomer"), int)
        assert all(isinstance(figure, str) is not as_numbers for figure in limits.values())
