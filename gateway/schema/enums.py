"""The enums of the graph, with their descriptions."""

from enum import Enum

import strawberry

from gateway.execution.bridge import enum_values
from gateway.pagination.page import Drift
from gateway.upstream.normalise import actions
from gateway.upstream.normalise import enums as words
from gateway.upstream.successor.words import ActivityCombination


def _describe(enum: type[Enum], description: str, **values: str) -> None:
    """Register an enum; each member needs a description, except UNKNOWN, which has a common one."""
    strawberry.enum(enum, description=description)
    texts = {"UNKNOWN": "A word that this gateway does not know; the field beside it has it raw."}
    texts |= values
    for value in enum_values(enum):
        value.description = texts[value.name]


_describe(
    words.CustomerSource,
    "Where a customer is registered. The same person may be several customers, one a source.",
    INSTORE="In a shop of the brand; the usual one.",
    FACEBOOK="On Facebook.",
    WEB_ENGAGE="Through WebEngage.",
    MARTJACK="In a Martjack web shop.",
    TMALL="On Tmall.",
    TAOBAO="On Taobao.",
    JD="On JD.com.",
    ECOMMERCE="In an online shop.",
    WEBSITE="On the brand's website.",
    LINE="On LINE.",
    ALL="Wherever the customer is found.",
)
_describe(
    words.PromotionAvailability,
    "What a customer can do with a promotion now.",
    AVAILABLE_TO_ENROL="An enrol-and-issue promotion that the customer can still enrol in.",
    AVAILABLE_FOR_ISSUE="A direct-issue promotion, or one the customer is enrolled in, that can be"
    " issued.",
    AVAILABLE_TO_REDEEM="A promotion whose benefits the customer can get.",
    EXPIRED="A promotion that has ended.",
)
_describe(
    words.PromotionTypeFilter,
    "The types of promotion that can be asked for.",
    GENERIC="Available to everybody, without enrolment or issue.",
    DIRECT_ISSUE="Issued to the customer directly.",
    ENROL_AND_ISSUE="The customer enrols first; an activity then issues it.",
)
_describe(
    words.PromotionType,
    "How a promotion reaches a customer.",
    GENERIC="Available to everybody, without enrolment or issue.",
    DIRECT_ISSUE="Issued to the customer directly: enrolment and issue happen at one instant.",
    ENROL_AND_ISSUE="The customer enrols first; an activity then issues it.",
)
_describe(
    words.CustomerPromotionSourceType,
    "Where a customer's promotion was created, as far as it can be asked for.",
    UI="In the platform's user interface.",
    API="Through the platform's API.",
    CAMPAIGN="By a campaign.",
)
_describe(
    words.PromotionSourceType,
    "Where a promotion's definition was created.",
    UI="In the platform's user interface.",
    IMPORT="By an import.",
    GOODWILL="As a goodwill gesture.",
    CAMPAIGN="By a campaign.",
    POINTS_TRANSFER="For a transfer of points.",
    IMPORT_API="By an import through the API.",
    PROMOTION_API="Through the promotion API.",
    POINTS_CONTRIBUTION_TO_GROUP="For points given to a group.",
    MANUAL_POINTS_ADJUSTMENT="For a manual adjustment of points.",
    BADGES="For badges.",
    USER_CREATED="By users, for user-created challenges.",
)
_describe(
    words.PromotionEvent,
    "The customer's action or milestone that triggers a promotion.",
    TRANSACTION_ADD="A purchase is recorded.",
    TARGET_COMPLETED="A target is reached.",
    POINTS_REDEMPTION="Points are redeemed.",
    GENERIC_EVENT="A behavioural event that the brand defines.",
    CUSTOMER_REGISTRATION="A customer registers.",
    CUSTOMER_UPDATE="A customer's data change.",
    NEW_BILL="A bill is recorded.",
    RETURN_BILL="A bill is returned.",
    POINTS_TRANSFER="Points go from one customer to another.",
    POINTS_CONTRIBUTION_TO_GROUP="Points are given to a group.",
    GROUP_TRANSACTION_ADD="A purchase of a group is recorded.",
    TRANSACTION_FINISHED="A purchase has been processed.",
    SLAB_UPGRADE="A customer reaches a higher tier.",
    BULK_EMF_EVENT="The platform reaches many customers at once, as a broadcast does.",
)
_describe(
    words.PromotionStatus,
    "Where a definition stands in its life.",
    DRAFT="Being written.",
    UPCOMING="Has not started.",
    LIVE="Running.",
    ACTIVE="Switched on.",
    PAUSED="Halted for a while.",
    STOPPED="Halted for good.",
    COMPLETED="Has run its course.",
    EXPIRED="Its end has passed.",
    PENDING_APPROVAL="Waits for somebody's approval.",
    INACTIVE="Switched off.",
    ENDED="Has ended.",
    PUBLISH_FAILED="Was to go live and could not.",
    REJECTED="Was not approved.",
    SNAPSHOT="A copy of an earlier version.",
)
_describe(
    words.PromotionValidity,
    "Where the time of the answer lies between a promotion's start and end.",
    UPCOMING="Before the start.",
    CURRENT="Between start and end, or at either of them.",
    ENDED="After the end.",
    UNKNOWN="A date that would decide is missing.",
)
_describe(
    words.CustomerPromotionOrderField,
    "What a customer's promotions can be sorted by.",
    NEXT_EXPIRY_AT="By `nextExpiryAt`: ascending, what ends soonest comes first.",
    ENDS_AT="By the promotion's `endsAt`.",
    STARTS_AT="By the promotion's `startsAt`.",
    NAME="By the promotion's `name`: its first 64 characters, case, accents and width aside.",
)
_describe(
    words.OrderDirection,
    "The direction of an order. What has no value comes last in both.",
    ASC="The smallest or earliest first.",
    DESC="The largest or latest first.",
)
_describe(
    words.EarningType,
    "How customers come to a promotion's benefits.",
    ISSUE_AND_EARN="They enrol, and an activity then issues it.",
    DIRECT_EARN="It is issued directly.",
)
_describe(
    words.ExpiryBasis,
    "What an expiry counts from.",
    PROMOTION="It ends with the promotion.",
    CUSTOM="It ends a number of days after it began.",
)
_describe(
    words.RestrictionStage,
    "The stage that a restriction caps. What the customer sees happens in this order.",
    ENROL="The customer enrols in the promotion.",
    ISSUE="The promotion is issued to the customer.",
    REDEEM="The customer gets its benefits.",
)
_describe(
    words.RestrictionMeasure,
    "What a restriction counts.",
    TIMES="Activities.",
    POINTS="Points.",
    ENROLMENTS="Enrolments.",
    ISSUES="Issues.",
    REDEMPTIONS_PER_ISSUE="Redemptions of one issue.",
    POINTS_PER_ISSUE="Points of one issue.",
    UNKNOWN="Something this gateway does not know; `measureName` has the upstream's word.",
)
_describe(
    words.RestrictionScope,
    "Over what a restriction counts.",
    EVENT="One activity.",
    CUSTOMER="One customer.",
    PROMOTION="All customers together.",
)
_describe(
    words.WindowType,
    "How a restriction's period runs.",
    MOVING_WINDOW="The last days, weeks or months before now.",
    FIXED_CALENDAR_WINDOW="Whole days, weeks or months of the calendar.",
    FIXED_WINDOW="One period with a start and an end.",
    CYCLIC_WINDOW="Periods of the same length, one after the other, from `anchorAt` on.",
)
_describe(
    words.WindowUnit,
    "The unit of a restriction's period.",
    DAILY="Days.",
    WEEKLY="Weeks.",
    MONTHLY="Months.",
)
_describe(
    ActivityCombination,
    "How many activities of a group have to happen.",
    ANY="One of them.",
    ALL="All of them.",
    UNKNOWN="A word that this gateway does not know.",
)
_describe(
    words.DefinitionSource,
    "The endpoint of the platform that a definition is from.",
    LEGACY="The older one, which has the promotions made in the old user interface.",
    V3="Its successor, which has those made in the new one.",
)
_describe(
    words.LimitKind,
    "Whether a limit is a figure, none at all, or not known.",
    LIMITED="There is a limit: `max`.",
    UNLIMITED="There is none.",
    NOT_STATED="The upstream does not say.",
)
_describe(
    Drift,
    "Whether the list moved between two pages.",
    NONE="It did not, as far as can be seen.",
    REPAIRED="It did; this page goes on at the right place all the same.",
    SUSPECTED="Items may be missing or repeated between the last page and this one: the list moved"
    " too far, or the platform's answers contradict each other.",
)
_describe(
    actions.ActionOutcome,
    "What became of something that a customer wanted done.",
    DONE="It was done.",
    REFUSED="It was not done, and would be refused again; `userErrors` says why.",
    UNCERTAIN="It may have been done: the platform's answer was lost or unreadable. It is not sent"
    " again; `customerPromotion` is what is true now.",
)
_describe(
    actions.PromotionUserErrorCode,
    "Why something was refused.",
    CUSTOMER_NOT_FOUND="There is no such customer.",
    PROMOTION_NOT_FOUND="There is no such promotion in the program.",
    PROMOTION_NOT_ACTIVE="The promotion is not active.",
    NOT_ENROLLABLE="It is not a promotion to enrol in: it is for everybody, or issued directly.",
    NOT_ISSUABLE="It cannot be issued: it is for everybody, or the customer is not enrolled.",
    ALREADY_ENROLLED_OR_LIMIT_REACHED="The customer is enrolled already, or a limit is reached.",
    WINDOW_NOT_OPEN="The time for it has not begun.",
    WINDOW_CLOSED="The time for it is over.",
    NOTHING_TO_WITHDRAW="The customer has nothing of this, or not with these ids.",
    IDEMPOTENCY_KEY_REUSED="The key was used with other input in the last 24 hours.",
    REFUSED="The platform refused it for another reason.",
)
