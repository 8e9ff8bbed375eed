"""How an action of a customer runs: authorized, once a key, read again, and recorded."""

import asyncio
import re
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple
from uuid import uuid4

import msgspec

from gateway.cache.idempotency import IdempotencyOutageError, KeyReusedError
from gateway.context import RequestContext
from gateway.dataloaders.customer_promotions import CustomerPromotionKey
from gateway.dataloaders.data_loaders import DataLoaders
from gateway.errors import (
    BadUserInputError,
    ForbiddenError,
    KeyStoreUnavailableError,
    UpstreamNotFoundError,
)
from gateway.schema.customer_gate import authorize_customer
from gateway.schema.customer_promotion import CustomerPromotion, load_customer_promotion
from gateway.schema.identifiers import CustomerIdentifier
from gateway.schema.ids import check_digits
from gateway.schema.info import ResolverContext
from gateway.telemetry import log
from gateway.upstream.customer_view.endpoint import (
    BY_ID,
    CustomerKey,
    canonical_id,
)
from gateway.upstream.customer_view.payload import CustomerPromotionPayload
from gateway.upstream.normalise.actions import (
    ActionOutcome,
    PromotionAction,
    PromotionUserErrorCode,
)
from gateway.upstream.normalise.enums import (
    CUSTOMER_PROMOTION_TYPES,
    CustomerSource,
    PromotionType,
)
from gateway.upstream.writes.write import UNCERTAIN, Write, WriteResult
from gateway.upstream.writes.writing import Writing

_READ_AGAIN_S = 2.0
_MAX_IDS = 10
_is_key = re.compile(r"[ -~]{8,128}").fullmatch
_Code = PromotionUserErrorCode


class ActionInput(NamedTuple):
    """What a client wants done; everything as given."""

    action: PromotionAction
    by: CustomerIdentifier
    source: CustomerSource
    program_id: str
    promotion_id: str
    idempotency_key: str
    ids: list[str] | None = None


class ActionResult(NamedTuple):
    """What became of an action, and of which promotion of which customer.

    `customer` is None where the platform knows no such customer.
    """

    result: WriteResult
    customer: CustomerKey | None
    program_id: str
    promotion_id: str

    @property
    def outcome(self) -> ActionOutcome:
        """Return the outcome."""
        return self.result.outcome

    @property
    def enrolment_ids(self) -> list[str]:
        """Return the ids of enrolments that were made or withdrawn."""
        return list(self.result.enrolment_ids)

    @property
    def issue_ids(self) -> list[str]:
        """Return the ids of issues that were made or withdrawn."""
        return list(self.result.issue_ids)

    @property
    def errors(self) -> list[PromotionUserErrorCode]:
        """Return why it was refused."""
        return [] if self.result.error is None else [self.result.error]


class _Found(NamedTuple):
    """What reading before an action has found: whose page it is, and their promotion, if any."""

    customer_id: str
    payload: CustomerPromotionPayload | None


class _Acting(NamedTuple):
    """One action that may run, with its checked ids."""

    context: ResolverContext
    writing: Writing
    wanted: ActionInput
    customer: CustomerKey
    program_id: str
    promotion_id: str
    ids: tuple[str, ...] | None

    @property
    def key(self) -> CustomerPromotionKey:
        """Return which promotion of which customer it is about."""
        return CustomerPromotionKey(self.customer, self.program_id, self.promotion_id)


async def act(context: ResolverContext, wanted: ActionInput) -> ActionResult:
    """Do what a client wants, once for its key; return what became of it.

    Raise ForbiddenError where writing is switched off or the customer is another caller's,
    BadUserInputError, and the error of an outage, after which nothing has been written.
    """
    writing = check_writing(context)
    program_id = check_digits("input.programId", wanted.program_id)
    promotion_id = check_digits("input.promotionId", wanted.promotion_id)
    ids = _check_ids(wanted.ids)
    if not _is_key(wanted.idempotency_key):
        raise BadUserInputError(
            "input.idempotencyKey", "it must be 8 to 128 printable ASCII characters."
        )
    customer = await authorize_customer(context, wanted.by, wanted.source, "input.by")
    acting = _Acting(context, writing, wanted, customer, program_id, promotion_id, ids)
    result = await _once(acting)
    is_known = result.error is not _Code.CUSTOMER_NOT_FOUND
    return ActionResult(result, customer if is_known else None, program_id, promotion_id)


def check_writing(context: ResolverContext) -> Writing:
    """Return what writes; raise ForbiddenError where writing is switched off."""
    writing = context.loaders.sources.writing
    if writing is None:
        raise ForbiddenError("Writing is switched off in this installation.")
    return writing


def _check_ids(ids: list[str] | None) -> tuple[str, ...] | None:
    if ids is None:
        return None
    if not 1 <= len(ids) <= _MAX_IDS:
        raise BadUserInputError("input.ids", f"it must have 1 to {_MAX_IDS} ids, or be absent.")
    return tuple(
        dict.fromkeys(check_digits(f"input.ids[{index}]", each) for index, each in enumerate(ids))
    )


async def _once(acting: _Acting) -> WriteResult:
    """Act, unless that has been done under the same key; return the result of then or now."""
    context, writing, customer = acting.context, acting.writing, acting.customer
    found: _Found | None = None
    customer_id = context.loaders.customer_ids.known(customer)
    if customer.identifier_name == BY_ID:
        customer_id = canonical_id(customer.identifier_value)
    if customer_id is None:
        found = await _read(acting)
        if found is None:
            return _record(acting, "", WriteResult.refused(_Code.CUSTOMER_NOT_FOUND))
        customer_id = found.customer_id
    key, given, owner = _claim_key(acting, customer_id), _input_hash(acting), uuid4().hex
    claims = writing.claims
    try:
        known = await claims.claim(key, given, owner)
    except KeyReusedError:
        return _record(acting, customer_id, WriteResult.refused(_Code.IDEMPOTENCY_KEY_REUSED))
    except IdempotencyOutageError:
        _record(acting, customer_id, None)
        raise KeyStoreUnavailableError from None
    if known is not None:
        result = UNCERTAIN if known.result is None else _decode(known.result)
        return _record(acting, customer_id, result, is_repeated=True)
    return await writing.to_its_end(_act_under(acting, found, customer_id, (key, given, owner)))


async def _act_under(
    acting: _Acting, found: _Found | None, customer_id: str, claim: tuple[str, str, str]
) -> WriteResult:
    """Act under a key that has been taken: store the result, or free the key after an error."""
    key, given, owner = claim
    claims = acting.writing.claims
    try:
        result = await _send(acting, found, customer_id)
    except Exception:
        _record(acting, customer_id, None)
        with suppress(IdempotencyOutageError):
            await claims.keys.free(key, owner)
        raise
    with suppress(IdempotencyOutageError):  # it stays taken: what became of it is UNCERTAIN then
        await claims.store(key, given, owner, msgspec.json.encode(result))
    return _record(acting, customer_id, result)


async def _send(acting: _Acting, found: _Found | None, customer_id: str) -> WriteResult:
    """Refuse what cannot be, else send the write; then drop what is cached of the customer."""
    found = found or await _read(acting)
    if found is None:
        return WriteResult.refused(_Code.CUSTOMER_NOT_FOUND)
    refusal = _refusal(acting, found.payload)
    if refusal is not None:
        return WriteResult.refused(refusal)
    kind = _type(found.payload)
    write = Write(
        acting.wanted.action,
        acting.wanted.source.value,
        customer_id,
        acting.program_id,
        acting.promotion_id,
        acting.ids,
        is_direct=kind is PromotionType.DIRECT_ISSUE,
    )
    request = acting.context.request
    try:
        return await acting.writing.send(write, request)
    finally:
        await acting.writing.evict(customer_id)
        acting.context.loaders.forget_customers()


def _refusal(
    acting: _Acting, payload: CustomerPromotionPayload | None
) -> PromotionUserErrorCode | None:
    """Return why an action is not sent: its promotion's type forbids it, or the ids are foreign."""
    action, kind = acting.wanted.action, _type(payload)
    if action is PromotionAction.ENROL and kind in {
        PromotionType.GENERIC,
        PromotionType.DIRECT_ISSUE,
    }:
        return _Code.NOT_ENROLLABLE
    if action is PromotionAction.ISSUE and kind is PromotionType.GENERIC:
        return _Code.NOT_ISSUABLE
    if acting.ids is None:
        return None
    timelines = (payload.timelines if payload is not None else None) or []
    enrolments = {str(each.enrolment_id) for each in timelines}
    issues = {str(issue.issue_id) for each in timelines for issue in each.issues or ()}
    own = enrolments if action is PromotionAction.WITHDRAW_ENROLMENTS else issues
    if not own.issuperset(acting.ids):
        return _Code.NOTHING_TO_WITHDRAW
    if action is PromotionAction.WITHDRAW_ENROLMENTS and own != set(acting.ids):
        return _Code.REFUSED  # the old endpoint takes no ids of enrolments: it would take another
    return None


def _type(payload: CustomerPromotionPayload | None) -> PromotionType:
    if payload is None:
        return PromotionType.UNKNOWN
    return CUSTOMER_PROMOTION_TYPES[payload.type_name]


async def _read(acting: _Acting) -> _Found | None:
    """Return what is true of the customer before the action; None where there is no such one."""
    context = _fresh(acting.context)
    ids = context.loaders.customer_ids
    try:
        with context.request.budget.reserve():
            found = await context.loaders.customer_promotions.load(acting.key)
            if found is not None:
                return _Found(found.customer_id, found.payload)
            customer_id = ids.known(acting.customer) or await ids.load(acting.customer)
    except UpstreamNotFoundError:
        return None
    return None if customer_id is None else _Found(customer_id, None)


async def read_again(context: ResolverContext, done: ActionResult) -> CustomerPromotion | None:
    """Return the customer's promotion as it is now, by calls with a deadline of their own."""
    if done.customer is None:
        return None
    context = _fresh(context, _READ_AGAIN_S)
    key = CustomerPromotionKey(done.customer, done.program_id, done.promotion_id)
    return await load_customer_promotion(context, key)


def _fresh(context: ResolverContext, within_s: float | None = None) -> ResolverContext:
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


def _claim_key(acting: _Acting, customer_id: str) -> str:
    """Return the key under which an action is known: of the caller, the customer and their key."""
    caller = acting.context.caller
    who = caller.subject or caller.credential_hash
    wanted = acting.wanted
    return acting.writing.keys.key(
        "idempotency", who, wanted.source.name, customer_id, wanted.idempotency_key
    )


def _input_hash(acting: _Acting) -> str:
    """Return a hash of the input as given."""
    wanted, customer = acting.wanted, acting.customer
    parts = (
        wanted.action.value,
        *(customer.source.name, customer.identifier_name, customer.identifier_value),
        *(wanted.program_id, wanted.promotion_id, str(wanted.ids)),
    )
    return acting.writing.keys.key("input", *parts)


def _decode(result: bytes) -> WriteResult:
    return msgspec.json.decode(result, type=WriteResult)


def _record(
    acting: _Acting,
    customer_id: str,
    result: WriteResult | None,
    *,
    is_repeated: bool = False,
) -> WriteResult:
    """Count an action and log it, who did it included; None is one that has failed."""
    outcome = "error" if result is None else result.outcome.value.lower()
    wanted, writing = acting.wanted, acting.writing
    writing.outcomes[wanted.action].add("repeated" if is_repeated else outcome)
    log.info(
        "promotion_action",
        action=wanted.action.value,
        program_id=acting.program_id,
        promotion_id=acting.promotion_id,
        outcome=outcome,
        reason=result.error.value if result is not None and result.error is not None else None,
        repeated=is_repeated,
        caller=acting.context.caller.subject,
        customer=writing.keys.key("customer", customer_id) if customer_id else None,
    )
    return result if result is not None else UNCERTAIN
