"""A program and the promotions that are defined in it."""

import asyncio
from collections.abc import Iterator
from typing import Annotated, Any, NamedTuple

import strawberry

from gateway.context import RequestContext
from gateway.dataloaders.definitions import FoundDefinition
from gateway.errors import (
    BadUserInputError,
    GatewayError,
    PhasedOutError,
    UndocumentedNotFoundError,
    UpstreamAuthFailedError,
    UpstreamInputRefusedError,
    UpstreamNotFoundError,
)
from gateway.pagination.arguments import ConnectionArguments, PageRequest
from gateway.pagination.cursor import Binding
from gateway.pagination.page import ConnectionPage, Drift, Place
from gateway.pagination.paginate import paginate
from gateway.pagination.window_buffer import Fetch, plausible_total
from gateway.schema.declare import (
    CostArguments,
    calls_of_a_page,
    computed,
    fetching,
    no_call,
    one_call,
)
from gateway.schema.ids import ID_DESCRIPTION, Node, check_digits, write_id
from gateway.schema.info import Info, ResolverContext
from gateway.schema.paging import (
    PAGE_FIELDS,
    After,
    Before,
    BoundPage,
    First,
    Last,
    PageInfo,
    PageWarning,
)
from gateway.schema.promotion import Promotion, view_definition
from gateway.upstream.decoding.decode import UpstreamPage
from gateway.upstream.definitions.endpoint import DefinitionFilters, DefinitionPageKey
from gateway.upstream.definitions.payload import DefinitionPayload
from gateway.upstream.normalise.enums import DefinitionSource, PromotionSourceType, folded
from gateway.upstream.normalise.warnings import UpstreamWarning
from gateway.upstream.successor.catalogue import Catalogue
from gateway.upstream.successor.catalogues import CataloguePort
from gateway.upstream.successor.definition import SuccessorDefinition
from gateway.upstream.successor.endpoint import ENDPOINT as PROMOTIONS_V3

SourceTypes = Annotated[
    list[PromotionSourceType],
    strawberry.argument(
        description="Where the promotions were created. Several make one list, type after type; a"
        " page costs a call to the platform for each that it reaches."
    ),
]
Sources = Annotated[
    list[DefinitionSource],
    strawberry.argument(
        description="The endpoints whose promotions are listed. With both, those of `LEGACY` are"
        " first, type after type, and then those that only `V3` has, by their ids; what is said of"
        " source types and of `startRuleId` is of `LEGACY` alone."
    ),
]
EventName = Annotated[
    str | None,
    strawberry.argument(description="Only those that this event triggers, e.g. TransactionAdd."),
]
IncludeInactive = Annotated[
    bool, strawberry.argument(description="Also those that are switched off.")
]
StartRuleId = Annotated[
    strawberry.ID | None, strawberry.argument(description="Only those with this start rule.")
]
PromotionId = Annotated[
    strawberry.ID | None, strawberry.argument(description="Only the one with this id.")
]
_MAX_EVENT_NAME = 256

Defined = DefinitionPayload | SuccessorDefinition
Segment = PromotionSourceType | None
_NOT_OFFERED = (PhasedOutError, UndocumentedNotFoundError, UpstreamAuthFailedError)
"""A part of the list: a source type of the legacy endpoint, or None for the successor."""


def _calls_of_pages(known: CostArguments) -> int:
    """Return the calls of a page in each source type, also for totals and ends beyond the page."""
    return calls_of_a_page(known) * known.length("sourceTypes")


class ProgramPromotions(NamedTuple):
    """A fetched page, what its cursors are bound to, and the function that fetches windows."""

    page: ConnectionPage[Defined]
    binding: Binding
    segments: tuple[Segment, ...]
    fetch: Fetch[Defined]


@strawberry.type(description="A program's promotion and its place in the list.")
class PromotionEdge:
    """The Relay edge."""

    cursor: str = strawberry.field(description="Pass it as `after` or `before`.")
    node: Promotion = strawberry.field(description="The promotion.")


@strawberry.type(description="A page of a program's promotions.")
class PromotionConnection:
    """A view over one fetched page."""

    payload: strawberry.Private[ProgramPromotions]

    @computed("The promotions with their cursors.")
    def edges(self) -> list[PromotionEdge]:
        """Return an edge for each readable item."""
        write = self.payload.binding.write
        return [
            PromotionEdge(cursor=write(place.position), node=node) for place, node in self._nodes()
        ]

    @computed("The promotions alone.")
    def nodes(self) -> list[Promotion]:
        """Return a node for each readable item."""
        return [node for _, node in self._nodes()]

    def _nodes(self) -> Iterator[tuple[Place[Defined], Promotion]]:
        page, _, segments, _ = self.payload
        for place in page.places:
            if place.item is not None:
                found = FoundDefinition(place.item, segments[place.context.segment])
                yield place, view_definition(found)

    @computed("Where the page lies in the list.")
    def page_info(self) -> PageInfo:
        """Return the page's place in the list."""
        return PageInfo(payload=BoundPage.of(self.payload.page, self.payload.binding))

    @fetching(
        "How many there are in all, as the upstream counts; null where it does not say.",
        calls=no_call,  # `promotions` counts them
    )
    async def total_count(self) -> int | None:
        """Return the sum of the segments' totals; each source type beyond the page takes a call."""
        totals = self.payload.page.totals
        types = range(len(self.payload.segments))
        unknown = [segment for segment in types if segment not in totals]
        windows = await asyncio.gather(*(self.payload.fetch(segment, 0, 1) for segment in unknown))
        counted = [*totals.values(), *(plausible_total(window, 0) for window in windows)]
        known = [total for total in counted if total is not None]
        return sum(known) if len(known) == len(counted) else None

    @computed("Whether the list moved since the cursor was given.")
    def drift(self) -> Drift:
        """Return the drift that was found while the page was fetched."""
        return self.payload.page.drift

    @computed("What the upstream says of this page, and what had to be left out.")
    def warnings(self) -> list[PageWarning]:
        """Return the warnings."""
        return [PageWarning(payload=warning) for warning in self.payload.page.warnings]


@strawberry.type(description="A loyalty program of the brand.")
class Program(Node):
    """A view over a program's id; the list of programs and a page of promotions have its name."""

    payload: strawberry.Private[str]
    known_name: strawberry.Private[str | None] = None

    @computed(ID_DESCRIPTION)
    def id(self) -> strawberry.ID:
        """Return the global id."""
        return strawberry.ID(write_id("Program", self.payload))

    @computed("The platform's own id.")
    def program_id(self) -> strawberry.ID:
        """Return the id."""
        return strawberry.ID(self.payload)

    @fetching(
        "Its name: from `programs` where that is selected or was lately, else from its promotions."
        " Where no page at hand has it, one promotion is asked, of the first source type in which"
        " definitions are looked for, and then that list, where there may be promotions of `V3`;"
        " null where none of them tells.",
        calls=one_call,
    )
    async def name(self, info: Info) -> str | None:
        """Return the name where it is known, else load it."""
        loaders = info.context.loaders
        if self.known_name:
            return (await loaders.programs.requested_names()).get(self.payload) or self.known_name
        return await loaders.program_names.load(self.payload)

    @fetching(
        "The promotions that are defined in it.", calls=_calls_of_pages, looks_for=PAGE_FIELDS
    )
    async def promotions(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        source_types: SourceTypes = [PromotionSourceType.UI],  # noqa: B006 - GraphQL's default; nobody writes to it
        event_name: EventName = None,
        include_inactive: IncludeInactive = False,
        start_rule_id: StartRuleId = None,
        promotion_id: PromotionId = None,
        sources: Sources = [DefinitionSource.LEGACY, DefinitionSource.V3],  # noqa: B006 - as above
    ) -> PromotionConnection | None:
        """Fetch a page over the source types, one after the other, and then the successor."""
        types = _segments(info.context, _check_source_types(source_types), sources)
        filters = DefinitionFilters(
            _check_event_name(event_name),
            include_inactive,
            None if start_rule_id is None else check_digits("startRuleId", start_rule_id),
            None if promotion_id is None else check_digits("promotionId", promotion_id),
        )
        binding = Binding(connection_key(self.payload, types, filters))
        request = PageRequest.check(
            ConnectionArguments(first, after, last, before), binding, len(types), info.page_fields
        )
        fetch = _fetch(info.context, self.payload, types, filters)
        page = await paginate(fetch, request, len(types))
        return PromotionConnection(payload=ProgramPromotions(page, binding, types, fetch))


def _segments(
    context: ResolverContext,
    types: tuple[PromotionSourceType, ...],
    sources: list[DefinitionSource],
) -> tuple[Segment, ...]:
    """Return the parts of the list: of several sources those that are configured.

    Raise PhasedOutError where the successor alone is requested and not configured.
    """
    if not sources:
        raise BadUserInputError("sources", "it must have at least one source.")
    loaders = context.loaders
    has_successor = DefinitionSource.V3 in sources and loaders.catalogues is not None
    has_legacy = DefinitionSource.LEGACY in sources and (loaders.asks_legacy or not has_successor)
    if not has_legacy and not has_successor:
        raise PhasedOutError(PROMOTIONS_V3)
    segments: tuple[Segment, ...] = types if has_legacy else ()
    return (*segments, None) if has_successor else segments


def _fetch(
    context: ResolverContext,
    program_id: str,
    segments: tuple[Segment, ...],
    filters: DefinitionFilters,
) -> Fetch[Defined]:
    """Return the function that fetches windows; where one endpoint fails, the other's are shown."""
    has_legacy, has_successor = segments[0] is not None, segments[-1] is None
    catalogues = context.loaders.catalogues if has_successor else None

    async def fetch(segment: int, offset: int, limit: int) -> UpstreamPage[Defined]:
        source_type = segments[segment]
        try:
            if source_type is None and catalogues is not None:
                catalogue = await _catalogue(catalogues, program_id, context.request)
                promotions = _listed(catalogue, program_id, filters, has_legacy=has_legacy)
                return UpstreamPage(promotions[offset : offset + limit], len(promotions))
            assert source_type is not None  # noqa: S101 - see `_segments`
            key = DefinitionPageKey(program_id, source_type, filters, offset, limit)
            return await _fetch_legacy(context, key)
        except UpstreamNotFoundError:
            return UpstreamPage([], 0)  # 4027: the promotion that is filtered for does not exist
        except UpstreamInputRefusedError as refusal:
            if not await _is_event_of_successor(catalogues, context.request, filters, refusal):
                raise
            return UpstreamPage([], 0)
        except GatewayError as error:
            is_replaced = has_legacy
            if source_type is not None:
                is_replaced = await _has_successor_alone(catalogues, context.request, error)
            if not is_replaced:
                raise
            return UpstreamPage([], 0, (UpstreamWarning(None, error.message),))

    return fetch


async def _has_successor_alone(
    catalogues: CataloguePort | None, request: RequestContext, error: GatewayError
) -> bool:
    """Whether the legacy endpoint is not offered, and its successor is.

    An outage is none of that: who reads on then would miss what is there.
    """
    if catalogues is None or not isinstance(error, _NOT_OFFERED):
        return False
    try:
        return await catalogues.load(request) is not None
    except GatewayError:
        return False


async def _is_event_of_successor(
    catalogues: CataloguePort | None,
    request: RequestContext,
    filters: DefinitionFilters,
    refusal: UpstreamInputRefusedError,
) -> bool:
    """Whether the legacy endpoint refused an event that promotions of the successor have.

    Raise GatewayError where that is not known, in an outage of the successor.
    """
    if catalogues is None or filters.event_name is None or refusal.argument != "eventName":
        return False
    try:
        catalogue = await catalogues.load(request)
    except (PhasedOutError, UpstreamAuthFailedError):
        return False
    return catalogue.has_event(filters.event_name)


async def _catalogue(
    catalogues: CataloguePort, program_id: str, request: RequestContext
) -> Catalogue:
    """Return the catalogue, with the promotions of a program as they are now."""
    catalogues.concerns(request, program_id=program_id)
    catalogue = await catalogues.load(request)
    changed = catalogue.changed_in(program_id)
    for error in (await catalogues.update(catalogue, changed, request)).values():
        raise error
    return catalogue


async def _fetch_legacy(context: ResolverContext, key: DefinitionPageKey) -> UpstreamPage[Any]:
    page = await context.loaders.definition_pages.load(key)
    source_types = context.loaders.source_types
    if key.source_type not in source_types.configured:  # `node` searches those anyway
        for item in filter(None, page.items):
            ids = str(item.program_id), str(item.promotion_id)
            source_types.found(*ids, key.source_type, context.request)
    return page


def _listed(
    catalogue: Catalogue, program_id: str, filters: DefinitionFilters, *, has_legacy: bool
) -> list[Defined | None]:
    """Return the promotions of the successor that pass the filters.

    With the legacy endpoint's among them, those that were made in the successor: others are listed
    there.
    """
    event_name, includes_inactive, start_rule_id, promotion_id = filters
    event = None if event_name is None else folded(event_name)
    return [
        each
        for each in catalogue.of_program(program_id)
        if (each.is_unified or not has_legacy)
        and (includes_inactive or each.is_active is not False)
        and (promotion_id is None or each.promotion_id == int(promotion_id))
        and (event is None or event in map(folded, each.event_names))
        and start_rule_id is None
    ]


def _check_source_types(types: list[PromotionSourceType]) -> tuple[PromotionSourceType, ...]:
    if not types:
        raise BadUserInputError("sourceTypes", "it must have at least one source type.")
    return tuple(dict.fromkeys(types))


def _check_event_name(name: str | None) -> str | None:
    if name is not None and not (1 <= len(name) <= _MAX_EVENT_NAME and name.isprintable()):
        raise BadUserInputError(
            "eventName", f"it must have 1 to {_MAX_EVENT_NAME} printable characters."
        )
    return name


def connection_key(
    program_id: str, segments: tuple[Segment, ...], filters: DefinitionFilters
) -> str:
    """Return what identifies a connection of a program."""
    names = ",".join(segment.name if segment else DefinitionSource.V3.name for segment in segments)
    event_name, *others = filters
    words = ("Program.promotions", program_id, names, _word(event_name), *map(str, others))
    return "|".join(words)


def _word(text: str | None) -> str:
    """Return a text such that no other text, and no absent filter, is encoded alike.

    It may contain the separator, because it is the only part that may.
    """
    if text is None:
        return str(None)
    return f"={text}" if text == str(None) or text.startswith("=") else text
