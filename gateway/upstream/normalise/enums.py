"""The enums of the graph, and the words of both endpoints that they are parsed from.

A member's name is the graph's word; the value of a filter's member is the word sent upstream. An
undocumented word is UNKNOWN, and the graph shows it raw in a second field.
"""

import re
from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache
from typing import Annotated, Any, TypeVar

from gateway.upstream.decoding.field_types import EnumWords, Normalised, Text
from gateway.upstream.normalise.memoizable import memoizable

_E = TypeVar("_E", bound=Enum)


class WireEnum(Enum):
    """An enum whose members are hashed by identity, which is faster than by name."""

    __hash__ = object.__hash__


class CustomerSource(WireEnum):
    """Where a customer is registered: the customer view's ``source``."""

    INSTORE = "INSTORE"
    FACEBOOK = "FACEBOOK"
    WEB_ENGAGE = "WEB_ENGAGE"
    MARTJACK = "MARTJACK"
    TMALL = "TMALL"
    TAOBAO = "TAOBAO"
    JD = "JD"
    ECOMMERCE = "ECOMMERCE"
    WEBSITE = "WEBSITE"
    LINE = "LINE"
    ALL = "ALL"


class PromotionAvailability(WireEnum):
    """What a customer can do with a promotion: ``promotionStatusForCustomer``."""

    AVAILABLE_TO_ENROL = "AVAILABLE_TO_ENROL"
    AVAILABLE_FOR_ISSUE = "AVAILABLE_TO_EARN"
    AVAILABLE_TO_REDEEM = "AVAILABLE_TO_REDEEM"
    EXPIRED = "EXPIRED"


class PromotionTypeFilter(WireEnum):
    """The customer view's ``promotionType``."""

    GENERIC = "GENERIC"
    DIRECT_ISSUE = "DIRECT_ISSUE"
    ENROL_AND_ISSUE = "ENROL_AND_ISSUE"


class CustomerPromotionSourceType(WireEnum):
    """The customer view's ``sourceType``."""

    UI = "UI"
    API = "API"
    CAMPAIGN = "CAMPAIGN"


class PromotionSourceType(WireEnum):
    """The legacy list's ``sourceType``."""

    UI = "UI"
    IMPORT = "IMPORT"
    GOODWILL = "GOODWILL"
    CAMPAIGN = "CAMPAIGN"
    POINTS_TRANSFER = "POINTS_TRANSFER"
    IMPORT_API = "IMPORT_API"
    PROMOTION_API = "PROMOTION_API"
    POINTS_CONTRIBUTION_TO_GROUP = "POINTS_CONTRIBUTION_TO_GROUP"
    MANUAL_POINTS_ADJUSTMENT = "MANUAL_POINTS_ADJUSTMENT"
    BADGES = "BADGES"
    USER_CREATED = "USER_CREATED"


class PromotionType(WireEnum):
    """How a promotion reaches a customer: ``pointsOfferType``."""

    GENERIC = "GENERIC"
    DIRECT_ISSUE = "DIRECT_ISSUE"
    ENROL_AND_ISSUE = "ENROL_AND_ISSUE"
    UNKNOWN = "UNKNOWN"


class PromotionEvent(WireEnum):
    """The event that triggers a promotion; a member's value is its one spelling in the graph."""

    TRANSACTION_ADD = "TransactionAdd"
    TARGET_COMPLETED = "TargetCompleted"
    POINTS_REDEMPTION = "PointsRedemption"
    GENERIC_EVENT = "GenericEvent"
    CUSTOMER_REGISTRATION = "CustomerRegistration"
    CUSTOMER_UPDATE = "CustomerUpdate"
    NEW_BILL = "NewBill"
    RETURN_BILL = "ReturnBill"
    POINTS_TRANSFER = "PointsTransfer"
    POINTS_CONTRIBUTION_TO_GROUP = "PointsContributionToGroup"
    GROUP_TRANSACTION_ADD = "GroupTransactionAdd"
    TRANSACTION_FINISHED = "TransactionFinished"
    SLAB_UPGRADE = "SlabUpgrade"
    BULK_EMF_EVENT = "BulkEMFEvent"
    UNKNOWN = ""


class PromotionStatus(WireEnum):
    """The lifecycle status of a definition: ``promotionStatus``."""

    DRAFT = "DRAFT"
    UPCOMING = "UPCOMING"
    LIVE = "LIVE"
    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    STOPPED = "STOPPED"
    COMPLETED = "COMPLETED"
    EXPIRED = "EXPIRED"
    PENDING_APPROVAL = "PENDING_APPROVAL"
    INACTIVE = "INACTIVE"
    ENDED = "ENDED"
    PUBLISH_FAILED = "PUBLISH_FAILED"
    REJECTED = "REJECTED"
    SNAPSHOT = "SNAPSHOT"
    UNKNOWN = "UNKNOWN"


class PromotionValidity(WireEnum):
    """Where the time of the response lies between a promotion's start and end."""

    UPCOMING = "UPCOMING"
    CURRENT = "CURRENT"
    ENDED = "ENDED"
    UNKNOWN = "UNKNOWN"


class CustomerPromotionOrderField(WireEnum):
    """What a customer's promotions can be sorted by; the platform sorts by none of it."""

    NEXT_EXPIRY_AT = "NEXT_EXPIRY_AT"
    ENDS_AT = "ENDS_AT"
    STARTS_AT = "STARTS_AT"
    NAME = "NAME"


class OrderDirection(WireEnum):
    """The direction of an order."""

    ASC = "ASC"
    DESC = "DESC"


class EarningType(WireEnum):
    """``loyaltyEarningType``."""

    ISSUE_AND_EARN = "ISSUE_AND_EARN"
    DIRECT_EARN = "DIRECT_EARN"
    UNKNOWN = "UNKNOWN"


class ExpiryBasis(WireEnum):
    """What an expiry counts from: ``expiryRestrictions[].type``."""

    PROMOTION = "PROMOTION"
    CUSTOM = "CUSTOM"
    UNKNOWN = "UNKNOWN"


class RestrictionStage(WireEnum):
    """The stage that a restriction limits: issual, earn or redemption (docs/platform.md#stages)."""

    ENROL = "ENROL"
    ISSUE = "ISSUE"
    REDEEM = "REDEEM"


class RestrictionMeasure(WireEnum):
    """What a restriction counts."""

    TIMES = "TIMES"
    POINTS = "POINTS"
    ENROLMENTS = "ENROLMENTS"
    ISSUES = "ISSUES"
    REDEMPTIONS_PER_ISSUE = "REDEMPTIONS_PER_ISSUE"
    POINTS_PER_ISSUE = "POINTS_PER_ISSUE"
    UNKNOWN = "UNKNOWN"


class RestrictionScope(WireEnum):
    """What a restriction's counter is for: ``limitOn``."""

    EVENT = "EVENT"
    CUSTOMER = "CUSTOMER"
    PROMOTION = "PROMOTION"
    UNKNOWN = "UNKNOWN"


class WindowType(WireEnum):
    """``periodType``."""

    MOVING_WINDOW = "MOVING_WINDOW"
    FIXED_CALENDAR_WINDOW = "FIXED_CALENDAR_WINDOW"
    FIXED_WINDOW = "FIXED_WINDOW"
    CYCLIC_WINDOW = "CYCLIC_WINDOW"
    UNKNOWN = "UNKNOWN"


class WindowUnit(WireEnum):
    """``periodUnit``."""

    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    UNKNOWN = "UNKNOWN"


class DefinitionSource(WireEnum):
    """The endpoint that a definition is from."""

    LEGACY = "LEGACY"
    V3 = "V3"


class LimitKind(WireEnum):
    """Whether a limit is a figure, no limit, or not known."""

    LIMITED = "LIMITED"
    UNLIMITED = "UNLIMITED"
    NOT_STATED = "NOT_STATED"


_SEPARATORS = re.compile(r"[\s_-]")


def folded(raw: str | None) -> str:
    """Return a word in lower case and without separators, in which its spellings differ."""
    return _SEPARATORS.sub("", raw or "").lower()


def parse_enum(words: type[_E], raw: str | None) -> _E:
    """Return the member whose name `raw` is, in any spelling; UNKNOWN where there is none."""
    members = _members(words)
    found: _E = members.get(raw) or members.get(folded(raw)) or members["UNKNOWN"]
    return found


@cache
def _members(words: type[Enum]) -> Mapping[str | None, Any]:
    members: dict[str | None, Enum] = {}
    for name, member in words.__members__.items():
        members[folded(name)] = members[name] = member
    return members


def parser_of(words: type[_E]) -> Callable[[str | None], _E]:
    """Return `parse_enum` of one enum."""

    @memoizable
    def read(raw: str | None) -> _E:
        return parse_enum(words, raw)

    return read


def words_of(words: type[_E]) -> EnumWords:
    """Return the mark of a field that has the words of an enum."""
    unknown = words["UNKNOWN"]
    return EnumWords(lambda raw: parse_enum(words, raw) is not unknown)


@memoizable
def status_spelling(raw: str | None) -> str | None:
    """Return the canonical spelling of a status; an unknown one stays as it is."""
    status = parse_enum(PromotionStatus, raw)
    return raw if status is PromotionStatus.UNKNOWN else status.value


StatusName = Annotated[
    Text, Normalised(status_spelling, parser_of(PromotionStatus)), words_of(PromotionStatus)
]
"""``promotionStatus``."""


@memoizable
def parse_earning_type(raw: str | None) -> EarningType | None:
    """Parse ``loyaltyEarningType``; None where it is absent."""
    return None if raw is None else parse_enum(EarningType, raw)


EarningTypeName = Annotated[Text, Normalised(member=parse_earning_type), words_of(EarningType)]
"""``loyaltyEarningType``."""

# The words of the responses and those of the filter (docs/platform.md#promotion-types).
_TYPES = {
    "generic": PromotionType.GENERIC,
    "loyalty": PromotionType.DIRECT_ISSUE,
    "directissue": PromotionType.DIRECT_ISSUE,
    "loyaltyearning": PromotionType.ENROL_AND_ISSUE,
    "enrolandissue": PromotionType.ENROL_AND_ISSUE,
}
_TYPE_SPELLINGS = {
    PromotionType.GENERIC: "GENERIC",
    PromotionType.DIRECT_ISSUE: "LOYALTY",
    PromotionType.ENROL_AND_ISSUE: "LOYALTY_EARNING",
}
_MAX_SPELLINGS, _MAX_SPELLING_LENGTH = 256, 40


class _CustomerPromotionTypes(dict[str | None, PromotionType]):
    """Parsed types by their spellings: the first few hundred short ones."""

    def __missing__(self, raw: str | None) -> PromotionType:
        found = _TYPES.get(folded(raw), PromotionType.UNKNOWN)
        if len(self) < _MAX_SPELLINGS and len(raw or "") <= _MAX_SPELLING_LENGTH:
            self[raw] = found
        return found


CUSTOMER_PROMOTION_TYPES = _CustomerPromotionTypes()
"""The results of `customer_promotion_type`, for callers to whom a function call is too slow."""


def customer_promotion_type(raw: str | None) -> PromotionType:
    """Parse the customer view's ``pointsOfferType`` (docs/platform.md#promotion-types)."""
    return CUSTOMER_PROMOTION_TYPES[raw]


TypeName = Annotated[
    Text, EnumWords(lambda raw: customer_promotion_type(raw) is not PromotionType.UNKNOWN)
]
"""``pointsOfferType``."""


def definition_promotion_type(raw: str | None, earning_type_name: str | None) -> PromotionType:
    """Parse the legacy ``pointsOfferType``; LOYALTY with ISSUE_AND_EARN is ENROL_AND_ISSUE."""
    parsed = customer_promotion_type(raw)
    if (
        parsed is PromotionType.DIRECT_ISSUE
        and parse_enum(EarningType, earning_type_name) is EarningType.ISSUE_AND_EARN
    ):
        return PromotionType.ENROL_AND_ISSUE
    return parsed


def type_spelling(parsed: PromotionType, raw: str | None) -> str | None:
    """Return the customer view's word for a type, which the legacy list may spell differently."""
    return _TYPE_SPELLINGS.get(parsed, raw)


_EVENTS = {event.value.lower(): event for event in PromotionEvent}


@memoizable
def parse_event(raw: str | None) -> PromotionEvent:
    """Parse an event name in any of its spellings (docs/platform.md#event-names)."""
    return _EVENTS.get(folded(raw), PromotionEvent.UNKNOWN)


@memoizable
def event_spelling(raw: str | None) -> str | None:
    """Return the canonical spelling of an event name; an unknown one stays as it is."""
    return parse_event(raw).value or raw


ScopeName = Annotated[Text, words_of(RestrictionScope)]
"""``limitOn``."""

WindowTypeName = Annotated[Text, words_of(WindowType)]
"""``periodType``."""

# The successor's words beside those of the other two (docs/platform.md#successor-words).
_UNITS = {"days": WindowUnit.DAILY, "weeks": WindowUnit.WEEKLY, "months": WindowUnit.MONTHLY}


@memoizable
def parse_window_unit(raw: str | None) -> WindowUnit:
    """Parse ``periodUnit`` in the words of all endpoints."""
    return _UNITS.get(folded(raw)) or parse_enum(WindowUnit, raw)


WindowUnitName = Annotated[
    Text, EnumWords(lambda raw: parse_window_unit(raw) is not WindowUnit.UNKNOWN)
]
"""``periodUnit``."""


ExpiryBasisName = Annotated[Text, words_of(ExpiryBasis)]
"""``type`` of an expiry."""

EventName = Annotated[
    Text,
    Normalised(event_spelling, parse_event),
    EnumWords(lambda raw: parse_event(raw) is not PromotionEvent.UNKNOWN),
]
"""``eventName``."""
