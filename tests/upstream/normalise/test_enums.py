from enum import Enum

import pytest

from gateway.upstream.normalise import enums
from gateway.upstream.normalise.enums import (
    PromotionAvailability,
    PromotionEvent,
    PromotionType,
    customer_promotion_type,
    definition_promotion_type,
    event_spelling,
    parse_enum,
    parse_event,
    status_spelling,
)

OPEN = [
    enums.PromotionStatus,
    enums.EarningType,
    enums.ExpiryBasis,
    enums.RestrictionScope,
    enums.WindowType,
    enums.WindowUnit,
]


@pytest.mark.parametrize("words", OPEN)
def test_documented_word_is_its_member_and_any_other_is_unknown(words: type[Enum]) -> None:
    """Undocumented words are UNKNOWN."""
    for name, member in words.__members__.items():
        assert parse_enum(words, name) is member
        for spelling in (name.lower(), name.title(), name.replace("_", " "), f" {name}"):
            assert parse_enum(words, spelling) is member
    for raw in (None, "", "SOMETHING_NEW", "LIVELY", "__members__"):
        assert parse_enum(words, raw).name == "UNKNOWN"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("GENERIC", "GENERIC"),
        ("LOYALTY", "DIRECT_ISSUE"),
        ("LOYALTY_EARNING", "ENROL_AND_ISSUE"),
        ("DIRECT_ISSUE", "DIRECT_ISSUE"),
        ("ENROL_AND_ISSUE", "ENROL_AND_ISSUE"),
        ("loyalty", "DIRECT_ISSUE"),
        ("DISCOUNT", "UNKNOWN"),
        ("", "UNKNOWN"),
        (None, "UNKNOWN"),
    ],
)
def test_type_in_the_customer_view(raw: str | None, expected: str) -> None:
    """Three types, spelled differently in responses and filters."""
    assert customer_promotion_type(raw) is PromotionType[expected]


@pytest.mark.parametrize(
    ("raw", "earning", "expected"),
    [
        ("GENERIC", None, "GENERIC"),
        ("GENERIC", "ISSUE_AND_EARN", "GENERIC"),
        ("LOYALTY", "ISSUE_AND_EARN", "ENROL_AND_ISSUE"),
        ("LOYALTY", "issue_and_earn", "ENROL_AND_ISSUE"),
        ("LOYALTY", "DIRECT_EARN", "DIRECT_ISSUE"),
        ("LOYALTY", "SOMETHING_NEW", "DIRECT_ISSUE"),
        ("LOYALTY", "", "DIRECT_ISSUE"),
        ("LOYALTY", None, "DIRECT_ISSUE"),
        ("LOYALTY_EARNING", None, "ENROL_AND_ISSUE"),
        ("LOYALTY_EARNING", "DIRECT_EARN", "ENROL_AND_ISSUE"),
        ("SOMETHING_NEW", "ISSUE_AND_EARN", "UNKNOWN"),
        ("", "ISSUE_AND_EARN", "UNKNOWN"),
        (None, "ISSUE_AND_EARN", "UNKNOWN"),
    ],
)
def test_type_of_a_definition_depends_on_how_it_is_earned(
    raw: str | None, earning: str | None, expected: str
) -> None:
    """LOYALTY with ISSUE_AND_EARN is ENROL_AND_ISSUE, as in the documented example."""
    assert definition_promotion_type(raw, earning) is PromotionType[expected]


@pytest.mark.parametrize(
    ("raw", "event", "spelling"),
    [
        ("TransactionAdd", "TRANSACTION_ADD", "TransactionAdd"),
        ("TRANSACTIONADD", "TRANSACTION_ADD", "TransactionAdd"),
        ("TRANSACTION_ADD", "TRANSACTION_ADD", "TransactionAdd"),
        ("TargetCompleted", "TARGET_COMPLETED", "TargetCompleted"),
        ("TARGETCOMPLETED", "TARGET_COMPLETED", "TargetCompleted"),
        ("target-completed", "TARGET_COMPLETED", "TargetCompleted"),
        ("PointsRedemption", "POINTS_REDEMPTION", "PointsRedemption"),
        ("GenericEvent", "GENERIC_EVENT", "GenericEvent"),
        ("CustomerRegistration", "CUSTOMER_REGISTRATION", "CustomerRegistration"),
        ("CUSTOMERREGISTRATION", "CUSTOMER_REGISTRATION", "CustomerRegistration"),
        ("CUSTOMERUPDATE", "CUSTOMER_UPDATE", "CustomerUpdate"),
        ("NewBill", "NEW_BILL", "NewBill"),
        ("ReturnBill", "RETURN_BILL", "ReturnBill"),
        ("PointsTransfer", "POINTS_TRANSFER", "PointsTransfer"),
        ("PointsContributionToGroup", "POINTS_CONTRIBUTION_TO_GROUP", "PointsContributionToGroup"),
        ("GroupTransactionAdd", "GROUP_TRANSACTION_ADD", "GroupTransactionAdd"),
        ("TRANSACTIONFINISHED", "TRANSACTION_FINISHED", "TransactionFinished"),
        ("SlabUpgrade", "SLAB_UPGRADE", "SlabUpgrade"),
        ("BULKEMFEVENT", "BULK_EMF_EVENT", "BulkEMFEvent"),
        ("MoonLanding", "UNKNOWN", "MoonLanding"),
        ("Unknown", "UNKNOWN", "Unknown"),
        ("TransactionAdd2", "UNKNOWN", "TransactionAdd2"),
        (" ", "UNKNOWN", " "),
        ("", "UNKNOWN", ""),
        (None, "UNKNOWN", None),
    ],
)
def test_event_has_one_spelling_where_it_is_known(
    raw: str | None, event: str, spelling: str | None
) -> None:
    """Both documented spellings are one event; an unknown name is unchanged."""
    assert parse_event(raw) is PromotionEvent[event]
    assert event_spelling(raw) == spelling


@pytest.mark.parametrize(
    ("raw", "status", "spelling"),
    [
        ("INACTIVE", "INACTIVE", "INACTIVE"),
        ("Inactive", "INACTIVE", "INACTIVE"),
        ("ENDED", "ENDED", "ENDED"),
        ("PUBLISH_FAILED", "PUBLISH_FAILED", "PUBLISH_FAILED"),
        ("publish failed", "PUBLISH_FAILED", "PUBLISH_FAILED"),
        ("REJECTED", "REJECTED", "REJECTED"),
        ("SNAPSHOT", "SNAPSHOT", "SNAPSHOT"),
        ("On hold", "UNKNOWN", "On hold"),
        ("UNKNOWN", "UNKNOWN", "UNKNOWN"),
        ("", "UNKNOWN", ""),
        (None, "UNKNOWN", None),
    ],
)
def test_status_has_one_spelling_where_it_is_known(
    raw: str | None, status: str, spelling: str | None
) -> None:
    """All spellings are one status; an unknown one is unchanged."""
    assert parse_enum(enums.PromotionStatus, raw).name == status
    assert status_spelling(raw) == spelling


def test_filters_go_upstream_in_the_documented_words() -> None:
    """What the graph calls issue, the query parameter calls earn; other words are the same."""
    assert {word.name: word.value for word in PromotionAvailability} == {
        "AVAILABLE_TO_ENROL": "AVAILABLE_TO_ENROL",
        "AVAILABLE_FOR_ISSUE": "AVAILABLE_TO_EARN",
        "AVAILABLE_TO_REDEEM": "AVAILABLE_TO_REDEEM",
        "EXPIRED": "EXPIRED",
    }
    for words in (
        enums.CustomerSource,
        enums.PromotionTypeFilter,
        enums.CustomerPromotionSourceType,
        enums.PromotionSourceType,
    ):
        assert all(word.name == word.value for word in words)
