"""What comes before a write: the customer and their promotion are read, and where it was made.

Nothing here writes. An action that cannot be is refused without a call.
"""

import asyncio
from dataclasses import replace
from typing import NamedTuple

from gateway.context import RequestContext
from gateway.dataloaders.customer_promotions import CustomerPromotionKey
from gateway.dataloaders.data_loaders import DataLoaders
from gateway.dataloaders.definitions import DefinitionKey
from gateway.dataloaders.merged_definitions import find as find_in_catalogue
from gateway.dataloaders.merged_definitions import ids_of
from gateway.errors import (
    GatewayError,
    PhasedOutError,
    UpstreamAuthFailedError,
    UpstreamNotFoundError,
)
from gateway.schema.info import ResolverContext
from gateway.schema.promotion import promotion_type
from gateway.upstream.customer_view.endpoint import CustomerKey
from gateway.upstream.customer_view.payload import CustomerPromotionPayload, Timeline
from gateway.upstream.normalise.actions import PromotionAction, PromotionUserErrorCode
from gateway.upstream.normalise.enums import PromotionType
from gateway.upstream.successor.definition import SuccessorDefinition
from gateway.upstream.writes.write import Write

_CATALOGUE_SHARE = 0.5  # of the time that is left: the write needs some, too
_Action, _Code, _Type = PromotionAction, PromotionUserErrorCode, PromotionType


class WantedAction(NamedTuple):
    """What is to be done with which promotion of which customer, with ids that were checked."""

    action: PromotionAction
    key: CustomerPromotionKey
    ids: tuple[str, ...] | None

    @property
    def customer(self) -> CustomerKey:
        """Return the customer, as given."""
        return self.key.customer


class Found(NamedTuple):
    """What reading before an action has found: whose page it is, and their promotion, if any."""

    customer_id: str
    payload: CustomerPromotionPayload | None

    @property
    def timelines(self) -> list[Timeline]:
        """Return the enrolments that the customer has."""
        return (self.payload.timelines if self.payload is not None else None) or []


def fresh(context: ResolverContext, within_s: float | None = None) -> ResolverContext:
    """Return a context whose reads are calls of their own: no cache, no call of another request.

    A call that has begun before a write may not know of it.
    """
    deadline = context.request.deadline
    if within_s is not None:
        deadline = asyncio.get_running_loop().time() + within_s
    request: RequestContext = replace(context.request, deadline=deadline)
    sources = context.loaders.sources
    assert sources.fresh_customer_view is not None  # noqa: S101 - there is what writes
    sources = sources._replace(customer_view=sources.fresh_customer_view)
    return ResolverContext(request, DataLoaders(request, sources))


async def find(context: ResolverContext, wanted: WantedAction) -> Found | None:
    """Return what is true of the customer before the action; None where there is no such one."""
    context = fresh(context)
    ids = context.loaders.customer_ids
    try:
        with context.request.budget.reserve():
            found = await context.loaders.customer_promotions.load(wanted.key)
            if found is not None:
                return Found(found.customer_id, found.payload)
            customer_id = ids.known(wanted.customer) or await ids.load(wanted.customer)
    except UpstreamNotFoundError:
        return None
    return None if customer_id is None else Found(customer_id, None)


async def prepare(
    context: ResolverContext, wanted: WantedAction, found: Found, request_id: str
) -> Write | PromotionUserErrorCode:
    """Return the write of an action, or why it is not sent.

    Raise GatewayError where it is not known which endpoints the promotion belongs to.
    """
    kind = _Type.UNKNOWN if found.payload is None else promotion_type(found.payload)
    refusal = _type_refusal(wanted.action, kind) or _ids_refusal(wanted, found)
    if refusal is not None:
        return refusal
    definition = await _successor_of(context, wanted, found)
    if kind is _Type.UNKNOWN and definition is not None:
        kind = promotion_type(definition)
        refusal = _type_refusal(wanted.action, kind)
        if refusal is not None:
            return refusal
    write = Write(
        wanted.action,
        wanted.customer.source.value,
        found.customer_id,
        wanted.key.program_id,
        wanted.key.promotion_id,
        wanted.ids,
        is_direct=kind is _Type.DIRECT_ISSUE,
        definition=definition,
        request_id=request_id,
    )
    return write if wanted.ids is None else _with_enrolments(write, found)


def _type_refusal(action: PromotionAction, kind: PromotionType) -> PromotionUserErrorCode | None:
    """Return why an action is impossible with promotions of a type."""
    if action is _Action.ENROL and kind in {_Type.GENERIC, _Type.DIRECT_ISSUE}:
        return _Code.NOT_ENROLLABLE
    if action is _Action.ISSUE and kind is _Type.GENERIC:
        return _Code.NOT_ISSUABLE
    return None


def _ids_refusal(wanted: WantedAction, found: Found) -> PromotionUserErrorCode | None:
    """Return NOTHING_TO_WITHDRAW where an id is not the customer's."""
    if wanted.action is _Action.WITHDRAW_ENROLMENTS:
        own = {str(each.enrolment_id) for each in found.timelines}
    else:
        own = {issue for each in found.timelines for issue in _issue_ids(each)}
    return None if own.issuperset(wanted.ids or ()) else _Code.NOTHING_TO_WITHDRAW


def _issue_ids(timeline: Timeline) -> set[str]:
    return {str(issue.issue_id) for issue in timeline.issues or ()}


def _with_enrolments(write: Write, found: Found) -> Write | PromotionUserErrorCode:
    """Return a write of some ids with those of their enrolments.

    It is REFUSED where the platform would withdraw something else with them: an old endpoint
    takes no ids of enrolments, and a direct issue of the successor goes with its enrolment.
    """
    ids = set(write.ids or ())
    if write.action is _Action.WITHDRAW_ENROLMENTS:
        is_whole = ids == {str(each.enrolment_id) for each in found.timelines}
        if write.definition is None and not is_whole:
            return _Code.REFUSED
        return write._replace(enrolment_ids=write.ids)
    if write.definition is None or not write.is_direct:
        return write
    holding = [each for each in found.timelines if _issue_ids(each) & ids]
    if any(not ids.issuperset(_issue_ids(each)) for each in holding):
        return _Code.REFUSED
    return write._replace(enrolment_ids=tuple(str(each.enrolment_id) for each in holding))


async def _successor_of(
    context: ResolverContext, wanted: WantedAction, found: Found
) -> SuccessorDefinition | None:
    """Return the successor's definition of the promotion; None for one of the old endpoints.

    A promotion in the catalogue is the successor's, and any other an old one. Where the catalogue
    cannot be read, only one that the legacy endpoint has is known to be old. Raise the error of
    the catalogue for any other one, so that nothing is sent where it does not belong.
    """
    catalogues = context.loaders.catalogues
    if catalogues is None:
        return None
    identifier = found.payload.identifier if found.payload is not None else None
    key = DefinitionKey(wanted.key.program_id, wanted.key.promotion_id, identifier)
    request = context.request
    now = asyncio.get_running_loop().time()
    request = replace(request, deadline=now + (request.deadline - now) * _CATALOGUE_SHARE)
    try:
        catalogue = await catalogues.load(request)
        # A version that has got another one since is no longer known to the platform.
        for error in (await catalogues.update(catalogue, [ids_of(key)], request)).values():
            raise error
    except (PhasedOutError, UpstreamAuthFailedError):
        return None
    except GatewayError:
        if await _is_legacy(context, key):
            return None
        raise
    return find_in_catalogue(catalogue, key)


async def _is_legacy(context: ResolverContext, key: DefinitionKey) -> bool:
    """Whether the legacy endpoint has a promotion, as far as it can be asked."""
    if not context.loaders.asks_legacy:
        return False
    try:
        return await fresh(context).loaders.legacy_definitions.load(key) is not None
    except GatewayError:
        return False
