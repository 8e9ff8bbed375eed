"""The words of what a customer can do with a promotion, and of what became of it."""

from gateway.upstream.normalise.enums import WireEnum


class PromotionAction(WireEnum):
    """What is done; the words are the gateway's own."""

    ENROL = "enrol"
    ISSUE = "issue"
    WITHDRAW_ENROLMENTS = "withdraw_enrolments"
    WITHDRAW_ISSUES = "withdraw_issues"


class ActionOutcome(WireEnum):
    """What became of an action."""

    DONE = "DONE"
    REFUSED = "REFUSED"
    UNCERTAIN = "UNCERTAIN"


class PromotionUserErrorCode(WireEnum):
    """Why an action was refused."""

    CUSTOMER_NOT_FOUND = "CUSTOMER_NOT_FOUND"
    PROMOTION_NOT_FOUND = "PROMOTION_NOT_FOUND"
    PROMOTION_NOT_ACTIVE = "PROMOTION_NOT_ACTIVE"
    NOT_ENROLLABLE = "NOT_ENROLLABLE"
    NOT_ISSUABLE = "NOT_ISSUABLE"
    ALREADY_ENROLLED_OR_LIMIT_REACHED = "ALREADY_ENROLLED_OR_LIMIT_REACHED"
    WINDOW_NOT_OPEN = "WINDOW_NOT_OPEN"
    WINDOW_CLOSED = "WINDOW_CLOSED"
    NOTHING_TO_WITHDRAW = "NOTHING_TO_WITHDRAW"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    REFUSED = "REFUSED"
