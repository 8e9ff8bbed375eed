"""The payload of the customer view: ``GET /v2/customers/lookup/promotionData``.

Attributes have the graph's names, and their `name` is the documented key. What this payload and the
legacy one (`gateway/upstream/definitions/payload.py`) have in common has one attribute name.

Newer clusters send each date twice (docs/platform.md#iso-twins). The one whose key ends in ``ISO``
is right; the other may be local time labelled UTC. `prefer_iso_dates` replaces it.
"""

from collections.abc import Iterable
from typing import Annotated

from msgspec import Raw, Struct, field

from gateway.upstream.decoding.field_types import (
    ENTRIES,
    ESSENTIAL,
    RESTRICTIONS,
    Count,
    Digits,
    Figure,
    Flag,
    Instant,
    Key,
    OptionalKey,
    Text,
    Tree,
    Usage,
)
from gateway.upstream.decoding.lazy_field import LazyField
from gateway.upstream.normalise.enums import (
    EventName,
    ScopeName,
    TypeName,
    WindowTypeName,
    WindowUnitName,
)
from gateway.upstream.normalise.instants import prefer_readable
from gateway.upstream.normalise.measures import Basis, CustomerMeasureName


class PageDetails(Struct, gc=False):
    """``pageDetails``, of which all but the total repeats the request."""

    total: Count = field(name="totalEntries", default=None)


class Metadata(Struct, gc=False):
    """One entry of ``promotionMetadata`` (docs/platform.md#metadata-list)."""

    key: str
    value: Text = None
    is_brand_defined: Flag = field(name="brandDefined", default=None)


class CustomerLimits(Struct, frozen=True, gc=False):
    """``limits``: 0 means not configured (docs/platform.md#zero-in-limits), -1 no limit."""

    points_per_event: Figure = field(name="maxPointsPerEvent", default=None)
    points_per_customer: Figure = field(name="pointsPerCustomer", default=None)
    times_per_customer: Figure = field(name="numberOFTimesPerCustomer", default=None)
    points_in_promotion: Figure = field(name="totalPointsInPromotion", default=None)


class CustomerUsage(Struct, frozen=True, gc=False):
    """``customerUsage``."""

    points_per_customer: Usage = field(name="currentPointsPerCustomer", default=None)
    times_per_customer: Usage = field(name="currentNumberOfTimesPerCustomer", default=None)
    points_in_promotion: Usage = field(name="currentTotalPointsInPromotion", default=None)


class CustomerRestriction(Struct, frozen=True, gc=False):
    """One entry of ``promotionRestriction``'s three lists."""

    measure_name: CustomerMeasureName = field(name="kpi")
    maximum: Figure = field(name="maxLimit", default=None)
    used: Usage = field(name="currentCustomerUsage", default=None)
    scope_name: ScopeName = field(name="limitOn", default=None)
    basis: Basis = field(name="type", default=None)
    window_type: WindowTypeName = field(name="periodType", default=None)
    window_unit: WindowUnitName = field(name="periodUnit", default=None)


CustomerRestrictions = Annotated[
    Annotated[list[CustomerRestriction], RESTRICTIONS] | None, ESSENTIAL
]


class CustomerRestrictionLists(Struct, gc=False):
    """``promotionRestriction``; the list that holds a restriction is its stage."""

    enrol: CustomerRestrictions = field(name="issualRestrictions", default=None)
    issue: CustomerRestrictions = field(name="earnRestrictions", default=None)
    redeem: CustomerRestrictions = field(name="redemptionRestrictions", default=None)


class Issue(Struct, gc=False):
    """One entry of ``issuedDetails``; ``issual`` means issue here, not enrol.

    See docs/platform.md#issual-in-timelines.
    """

    issue_id: Key = field(name="issualId")
    issued_at: Instant = field(name="issualDate", default=None)
    expires_at: Instant = field(name="issualExpiryDate", default=None)
    event_log_id: OptionalKey = field(name="issualEventLogId", default=None)
    redeemed_count: Count = field(name="redeemedCount", default=None)
    issued_at_iso: Instant = field(name="issualDateISO", default=None)
    expires_at_iso: Instant = field(name="issualExpiryDateISO", default=None)


class Timeline(Struct, gc=False, kw_only=True):
    """One entry of ``customerPromotionTimelines``: an enrolment and what was issued under it."""

    enrolled_at: Instant = field(name="enrollmentDate", default=None)
    expires_at: Instant = field(name="enrollmentExpiryDate", default=None)
    enrolment_id: Key = field(name="enrollmentId")
    event_log_id: OptionalKey = field(name="enrollEventLogId", default=None)
    issues: Annotated[list[Issue] | None, ESSENTIAL] = field(name="issuedDetails", default=None)
    enrolled_at_iso: Instant = field(name="enrollmentDateISO", default=None)
    expires_at_iso: Instant = field(name="enrollmentExpiryDateISO", default=None)


restrictions_field: LazyField[CustomerRestrictionLists] = LazyField(
    "promotionRestriction", "restrictions_json", CustomerRestrictionLists | None, is_essential=True
)


class CustomerPromotionPayload(Struct, gc=False):
    """One entry of ``promotions``."""

    promotion_id: Digits = field(name="promotionId")
    name: str = field(name="promotionName")
    program_id: Digits = field(name="programId")
    starts_at: Instant = field(name="startDate", default=None)
    ends_at: Instant = field(name="endDate", default=None)
    identifier: Text = None
    description: Text = None
    is_active: Flag = field(name="active", default=None)
    event_name: EventName = field(name="eventName", default=None)
    metadata: Annotated[Annotated[list[Metadata], ENTRIES] | None, ESSENTIAL] = field(
        name="promotionMetadata", default=None
    )
    limits: Annotated[CustomerLimits | None, ESSENTIAL] = None
    usage: CustomerUsage | None = field(name="customerUsage", default=None)
    type_name: TypeName = field(name="pointsOfferType", default=None)
    restrictions_json: Raw = field(name="promotionRestriction", default_factory=Raw)
    timelines: list[Timeline] | None = field(name="customerPromotionTimelines", default=None)
    starts_at_iso: Instant = field(name="startDateISO", default=None)
    ends_at_iso: Instant = field(name="endDateISO", default=None)


def prefer_iso_dates(items: Iterable[CustomerPromotionPayload | None]) -> None:
    """Replace each date by its ``ISO`` twin, where that is present and readable."""
    for item in filter(None, items):
        if item.starts_at_iso is not None:
            item.starts_at = prefer_readable(item.starts_at_iso, item.starts_at)
        if item.ends_at_iso is not None:
            item.ends_at = prefer_readable(item.ends_at_iso, item.ends_at)
        for timeline in item.timelines or ():
            if timeline.enrolled_at_iso is not None:
                twin, date = timeline.enrolled_at_iso, timeline.enrolled_at
                timeline.enrolled_at = prefer_readable(twin, date)
            if timeline.expires_at_iso is not None:
                twin, date = timeline.expires_at_iso, timeline.expires_at
                timeline.expires_at = prefer_readable(twin, date)
            for issue in timeline.issues or ():
                if issue.issued_at_iso is not None:
                    issue.issued_at = prefer_readable(issue.issued_at_iso, issue.issued_at)
                if issue.expires_at_iso is not None:
                    issue.expires_at = prefer_readable(issue.expires_at_iso, issue.expires_at)


class CustomerPagePayload(Struct, gc=False):
    """A response; ``promotions`` may be absent only where the total is 0."""

    customer_id: Digits = field(name="customerId")
    items: list[CustomerPromotionPayload] | None = field(name="promotions", default=None)
    page_details: PageDetails | None = field(name="pageDetails", default=None)
    warnings: Tree = None
    errors: Tree = None

    @property
    def total(self) -> int | None:
        """Return the total of the page details."""
        return self.page_details.total if self.page_details is not None else None
