"""A promotion as it stands for one customer."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, NamedTuple, Self

import strawberry

from gateway.dataloaders.customer_promotions import CustomerPromotionKey
from gateway.errors import CustomerMismatchError, UpstreamNotFoundError
from gateway.schema.declare import PAYLOAD, AsView, AsViews, computed, plain, timed, view
from gateway.schema.definition import Stage
from gateway.schema.ids import ID_DESCRIPTION, Node, encode_id
from gateway.schema.info import Info, ResolverContext
from gateway.schema.limits import Limit, PromotionLimits, Restriction
from gateway.schema.metadata import Keys, PromotionMetadata, with_keys
from gateway.schema.promotion import Promotion
from gateway.upstream.customer_view import payload as wire
from gateway.upstream.customer_view.endpoint import ENDPOINT, CustomerKey
from gateway.upstream.normalise import validity
from gateway.upstream.normalise.availability import availability
from gateway.upstream.normalise.enums import PromotionAvailability
from gateway.upstream.normalise.limits import LimitFigures, LimitsAndUsage, parse_customer_limits
from gateway.upstream.normalise.restrictions import (
    StatedRestrictions,
    customer_restriction,
    customer_restrictions,
    redemptions_per_issue,
    stated_restrictions,
)
from gateway.upstream.normalise.tightest_limit import stated_limits, tightest_limit
from gateway.upstream.shown_promotions import ShownTo

if TYPE_CHECKING:
    from gateway.schema.customer import Customer


_EXPIRES = "When it expires: the last instant at which it has not."
_EXPIRED = (
    "Whether it has expired at the time of the answer: after `expiresAt`, not yet at it. Null where"
    " that is not known."
)


@view(description="One issue of a promotion to a customer.")
class PromotionIssue:
    """A view over one entry of ``issuedDetails``, within its promotion."""

    payload: strawberry.Private[wire.Issue]
    promotion: strawberry.Private[wire.CustomerPromotionPayload]

    issue_id: strawberry.ID = plain("The issue's id.")
    issued_at: datetime | None = plain("When it was issued.")
    expires_at: datetime | None = plain(_EXPIRES)

    is_expired: bool | None = timed(_EXPIRED, validity.is_expired, "expires_at")

    event_log_id: strawberry.ID | None = plain("The event that issued it.")
    redeemed_count: int | None = plain("How often it has been redeemed.")

    @computed("How often it may be redeemed, and how often it has been.", AsView(Limit))
    def redemptions(self) -> LimitFigures:
        """Combine the promotion's limit with this issue's count."""
        return redemptions_per_issue(self.promotion, self.payload.redeemed_count)


@view(description="One enrolment of a customer in a promotion.")
class Enrolment:
    """A view over one entry of ``customerPromotionTimelines``, within its promotion."""

    payload: strawberry.Private[wire.Timeline]
    promotion: strawberry.Private[wire.CustomerPromotionPayload]

    enrolment_id: strawberry.ID = plain("The enrolment's id.")
    enrolled_at: datetime | None = plain("When the customer was enrolled.")
    expires_at: datetime | None = plain(_EXPIRES)

    is_expired: bool | None = timed(_EXPIRED, validity.is_expired, "expires_at")

    event_log_id: strawberry.ID | None = plain("The event that enrolled the customer.")

    @computed("What was issued under it.")
    def issues(self) -> list[PromotionIssue]:
        """Return the issues."""
        return [
            PromotionIssue(payload=issue, promotion=self.promotion)
            for issue in self.payload.issues or ()
        ]


class PromotionOwner(NamedTuple):
    """The customer of a promotion: the key of the look-up, and the platform's id.

    `availability` is the value by which the platform has filtered the list that has the promotion.
    """

    key: CustomerKey
    customer_id: str
    id_prefix: str  # of the promotions' global ids
    availability: PromotionAvailability | None

    @classmethod
    def of(
        cls, key: CustomerKey, customer_id: str, availability: PromotionAvailability | None = None
    ) -> Self:
        """Create it."""
        id_prefix = f"CustomerPromotion:{key.source._name_}:{customer_id}:"
        return cls(key, customer_id, id_prefix, availability)


IncludeDisabled = Annotated[
    bool,
    strawberry.argument(description="Also those that are switched off; their limit is UNLIMITED."),
]


@view(
    description="A promotion as it stands for one customer: what is used, what is left, what the"
    " customer is enrolled in."
)
class CustomerPromotion(Node):
    """A view over one entry of the customer view, and its customer."""

    payload: strawberry.Private[wire.CustomerPromotionPayload]
    owner: strawberry.Private[PromotionOwner]

    @computed(ID_DESCRIPTION)
    def id(self) -> strawberry.ID:
        """Return the global id: the customer, the program and the promotion."""
        payload = self.payload
        return encode_id(f"{self.owner.id_prefix}{payload.program_id}:{payload.promotion_id}")  # type: ignore[return-value]  # an ID is a str; the call that makes it one costs as much

    @computed("The customer.")
    def customer(self) -> Annotated["Customer", strawberry.lazy("gateway.schema.customer")]:
        """Return the customer, without prefetched pages."""
        from gateway.schema.customer import Customer  # noqa: PLC0415 - each shows the other

        return Customer(key=self.owner.key, payload=self.owner.customer_id)

    promotion: Promotion = plain("The promotion itself.", PAYLOAD)

    @computed(
        "What the customer can do with it now, read off its dates, type, restrictions and"
        " enrolments by the platform's definitions. Empty where nothing can be done, as before it"
        " begins and while it is switched off; once it has ended EXPIRED and nothing else. In a"
        " list that was asked for with an `availability`, that value is always present: the"
        " platform decides."
    )
    def availability(self, info: Info) -> list[PromotionAvailability]:
        """Return what the customer can do at the time of the response."""
        return availability(self.payload, info.context.now, self.owner.availability)

    @computed(
        "What the brand has noted about it, in the platform's order. A key that it does not have is"
        " left out; one that occurs several times is there as often.",
        AsViews(PromotionMetadata),
    )
    def metadata(self, keys: Keys = None) -> list[wire.Metadata] | None:
        """Return the entries with some keys, or all."""
        metadata = self.payload.metadata
        return metadata if keys is None else with_keys(metadata, keys)

    @computed(
        "Its limits as a whole, with what this customer has used.",
        AsView(PromotionLimits, parse_customer_limits),
    )
    def limits(self) -> LimitsAndUsage:
        """Return the four limits with their usage."""
        return self.payload.limits, self.payload.usage

    @computed(
        "What caps its stages, with what this customer has used.",
        AsViews(Restriction, customer_restrictions, customer_restriction),
    )
    def restrictions(
        self, stage: Stage = None, include_disabled: IncludeDisabled = False
    ) -> StatedRestrictions:
        """Return the restrictions of one stage or all."""
        return stated_restrictions(self.payload, stage, include_disabled=include_disabled)

    @computed(
        "The one of its limits and restrictions of which the least is left, as a share of its"
        " maximum: for a progress bar. Only those count that are LIMITED and have a known use. With"
        " a maximum of 0 nothing is left. Of several with the same share it is the first in the"
        " order of `restrictions`, then of `limits`, which show as a restriction of the stage"
        " REDEEM. Null where there is none.",
        AsView(Restriction, tightest_limit),
    )
    def tightest_limit(self) -> StatedRestrictions:
        """Return what the tightest limit is found in."""
        return stated_limits(self.payload)

    @computed(
        "The customer's enrolments. Null: none are tracked for this promotion; empty: not enrolled."
    )
    def enrolments(self) -> list[Enrolment] | None:
        """Return the enrolments, null where the upstream does not track them."""
        timelines = self.payload.timelines
        if timelines is None:
            return None
        return [Enrolment(payload=timeline, promotion=self.payload) for timeline in timelines]

    @computed("The latest enrolment that has begun and has not expired.")
    def current_enrolment(self, info: Info) -> Enrolment | None:
        """Return the enrolment at the time of the response."""
        timeline = validity.current_enrolment(self.payload, info.context.now)
        return None if timeline is None else Enrolment(payload=timeline, promotion=self.payload)

    next_expiry_at: datetime | None = timed(
        "The earliest that has not passed of its end and its enrolments' and issues' expiry.",
        validity.next_expiry,
    )


async def load_customer_promotion(
    context: ResolverContext, key: CustomerPromotionKey
) -> CustomerPromotion | None:
    """Load one promotion of one customer; null if they do not have it, or do not exist.

    The number of pages that takes is unknown, so that the whole call budget is reserved.
    """
    budget = context.request.budget
    try:
        with budget.reserve(budget.max_calls):
            found = await context.loaders.customer_promotions.load(key)
    except UpstreamNotFoundError:
        return None
    if found is None:
        return None
    if not context.loaders.customer_ids.agrees(key.customer, found.customer_id):
        raise CustomerMismatchError(ENDPOINT)
    shown_to = ShownTo(key.customer.source.name, found.customer_id)
    context.loaders.shown_promotions.remember(context.request, shown_to, [found.payload])
    return CustomerPromotion(
        payload=found.payload, owner=PromotionOwner.of(key.customer, found.customer_id)
    )
