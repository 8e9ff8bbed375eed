"""A promotion: what does not depend on a customer, from any endpoint."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from gateway.dataloaders.customer_promotions import CustomerPromotionKey
from gateway.dataloaders.definitions import DefinitionKey, FoundDefinition
from gateway.errors import PhasedOutError
from gateway.schema.customer_gate import authorize_customer
from gateway.schema.declare import (
    NOT_PREFETCHED,
    PAYLOAD,
    any_calls,
    calls_of_a_definition,
    computed,
    fetching,
    plain,
    timed,
    view,
)
from gateway.schema.definition import PromotionDefinition
from gateway.schema.identifiers import By, Source
from gateway.schema.ids import ID_DESCRIPTION, Node, encode_id
from gateway.schema.info import Info, ResolverContext
from gateway.upstream.customer_view.payload import CustomerPromotionPayload
from gateway.upstream.definitions.payload import DefinitionPayload
from gateway.upstream.normalise.enums import (
    CUSTOMER_PROMOTION_TYPES,
    CustomerSource,
    PromotionEvent,
    PromotionSourceType,
    PromotionType,
    PromotionValidity,
    definition_promotion_type,
    event_spelling,
    parse_event,
    type_spelling,
)
from gateway.upstream.normalise.validity import validity
from gateway.upstream.successor.definition import SuccessorDefinition

if TYPE_CHECKING:
    from gateway.schema.customer_promotion import CustomerPromotion
    from gateway.schema.program import Program

AnyPromotion = CustomerPromotionPayload | DefinitionPayload | SuccessorDefinition
"""A promotion, as one of the three endpoints has it."""

SoughtSourceType = Annotated[
    PromotionSourceType | None,
    strawberry.argument(
        description="Where to look for it; without it, in all places that are set up."
    ),
]


def _global_id(payload: AnyPromotion) -> str:
    """Return the global id: the program and the promotion."""
    return encode_id(f"Promotion:{payload.program_id}:{payload.promotion_id}")


def promotion_type(payload: AnyPromotion) -> PromotionType:
    """Parse the type by the rule of the payload's endpoint."""
    if payload.__class__ is CustomerPromotionPayload:
        return CUSTOMER_PROMOTION_TYPES[payload.type_name]
    assert not isinstance(payload, CustomerPromotionPayload)  # noqa: S101 - see above
    earning = payload.rules.earning_type_name if payload.rules is not None else None
    return definition_promotion_type(payload.type_name, earning)


def _type_name(payload: AnyPromotion) -> str | None:
    """Return the type's name, spelled alike for both endpoints."""
    return type_spelling(promotion_type(payload), payload.type_name)


def _event_names(payload: AnyPromotion) -> list[str]:
    """Return the names of all events; only the successor has several."""
    if isinstance(payload, SuccessorDefinition):
        return payload.event_names
    name = event_spelling(payload.event_name)
    return [name] if name else []


def _events(payload: AnyPromotion) -> list[PromotionEvent]:
    """Return all events, in the order of their names."""
    return [parse_event(name) for name in _event_names(payload)]


@view(description="A promotion of a loyalty program: what is true of it whoever looks at it.")
class Promotion(Node):
    """A view over any payload; `found` is set where the payload is a definition."""

    payload: strawberry.Private[AnyPromotion]
    found: strawberry.Private[FoundDefinition | None] = None

    id: strawberry.ID = plain(ID_DESCRIPTION, PAYLOAD, _global_id)  # type: ignore[assignment]  # to a type checker the interface's is a method

    promotion_id: strawberry.ID = plain("The platform's own id.")
    program_id: strawberry.ID = plain("The program it belongs to.")

    @computed("The program it belongs to.")
    def program(self) -> Annotated["Program", strawberry.lazy("gateway.schema.program")]:
        """Return the program, with its name where the payload has it."""
        from gateway.schema.program import Program  # noqa: PLC0415 - each shows the other

        payload = self.payload
        name = None if isinstance(payload, CustomerPromotionPayload) else payload.program_name
        return Program(payload=str(payload.program_id), known_name=name)

    name: str = plain("Its name, as the upstream has it, blanks included.")
    identifier: str | None = plain("An id of the brand's own making.")
    description: str | None = plain("Free text by unknown authors. Never render it as markup.")

    type: PromotionType = plain("How it reaches a customer.", PAYLOAD, promotion_type)

    type_name: str | None = plain(
        "The upstream's own word for it, in one spelling where it is known: GENERIC, LOYALTY for"
        " DIRECT_ISSUE, LOYALTY_EARNING for ENROL_AND_ISSUE.",
        PAYLOAD,
        _type_name,
    )
    event: PromotionEvent = plain(
        "The event that triggers it; of several, the first.", "event_name"
    )
    event_name: str | None = plain(
        "That event's name, in one spelling where it is known, else as the upstream has it."
    )
    events: list[PromotionEvent] = plain(
        "All events that trigger it, in the order of `eventNames`. Only a definition of the"
        " source `V3` has several.",
        PAYLOAD,
        _events,
    )
    event_names: list[str] = plain(
        "The names of these events, each once, in one spelling where it is known.",
        PAYLOAD,
        _event_names,
    )
    starts_at: datetime | None = plain("When it starts.")
    ends_at: datetime | None = plain("When it ends: the last instant at which it runs.")
    is_active: bool | None = plain(
        "Whether it is switched on. Says nothing about dates: see `validity`."
    )

    validity: PromotionValidity = timed(
        "Whether it is running, by its dates, at the time of the answer.", validity
    )

    def _prefetched_definition(
        self, source_type: PromotionSourceType | None = None
    ) -> PromotionDefinition:
        """Return the definition if it is the payload."""
        found = self.found
        if found is None or source_type not in {None, found.source_type}:
            return NOT_PREFETCHED  # type: ignore[no-any-return]  # a marker of type Any
        return PromotionDefinition(payload=found.payload, found_under=found.source_type)

    @fetching(
        "How it is set up; null where the endpoint that knows it has no such promotion.",
        calls=calls_of_a_definition,
        prefetched=_prefetched_definition,
    )
    async def definition(
        self, info: Info, source_type: SoughtSourceType = None
    ) -> PromotionDefinition | None:
        """Return the definition if it is the payload, else load it."""
        if self.found is not None:
            prefetched = self._prefetched_definition(source_type)
            if prefetched is not NOT_PREFETCHED:
                return prefetched
        payload = self.payload
        key = DefinitionKey(
            str(payload.program_id), str(payload.promotion_id), payload.identifier, source_type
        )
        try:
            found = await info.context.loaders.definitions.load(key)
        except PhasedOutError as gone:
            info.context.request.warn("DEFINITIONS_PHASED_OUT", gone.message)
            return None
        if found is None:
            return None
        return PromotionDefinition(payload=found.payload, found_under=found.source_type)

    @fetching("How one customer stands with it; null where they do not have it.", calls=any_calls)
    async def for_customer(
        self, info: Info, by: By, source: Source = CustomerSource.INSTORE
    ) -> (
        Annotated["CustomerPromotion", strawberry.lazy("gateway.schema.customer_promotion")] | None
    ):
        """Search the customer's promotions of this program."""
        from gateway.schema.customer_promotion import (  # noqa: PLC0415 - each shows the other
            load_customer_promotion,
        )

        customer = await authorize_customer(info.context, by, source)
        key = CustomerPromotionKey(
            customer, str(self.payload.program_id), str(self.payload.promotion_id)
        )
        return await load_customer_promotion(info.context, key)


def view_definition(found: FoundDefinition) -> Promotion:
    """Return the view of a promotion over its definition."""
    return Promotion(payload=found.payload, found=found)


async def load_promotion(
    context: ResolverContext, program_id: str, promotion_id: str
) -> Promotion | None:
    """Load a promotion by its ids; null where the legacy endpoint has none."""
    found = await context.loaders.definitions.load(DefinitionKey(program_id, promotion_id))
    return None if found is None else view_definition(found)
