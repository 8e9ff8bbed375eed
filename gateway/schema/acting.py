"""How an action of a customer runs: authorized, once a key, read again, and recorded."""

import hashlib
import re
from contextlib import suppress
from typing import NamedTuple
from uuid import uuid4

import msgspec

from gateway.cache.idempotency import IdempotencyOutageError, KeyReusedError
from gateway.dataloaders.customer_promotions import CustomerPromotionKey
from gateway.errors import (
    BadUserInputError,
    ForbiddenError,
    GatewayError,
    KeyStoreUnavailableError,
)
from gateway.schema.customer_gate import authorize_customer
from gateway.schema.customer_promotion import CustomerPromotion, load_customer_promotion
from gateway.schema.identifiers import CustomerIdentifier
from gateway.schema.ids import check_digits
from gateway.schema.info import ResolverContext
from gateway.schema.preparing import Found, WantedAction, find, fresh, prepare
from gateway.telemetry import log
from gateway.upstream.customer_view.endpoint import (
    BY_ID,
    CustomerKey,
    canonical_id,
)
from gateway.upstream.normalise.actions import (
    ActionOutcome,
    PromotionAction,
    PromotionUserErrorCode,
)
from gateway.upstream.normalise.enums import CustomerSource
from gateway.upstream.normalise.instants import INSTANTS
from gateway.upstream.writes.write import UNCERTAIN, WriteResult
from gateway.upstream.writes.writing import Writing

_READ_AGAIN_S = 2.0
_MAX_IDS = 10
_REQUEST_ID_LENGTH = 40
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


class _Acting(NamedTuple):
    """One action that may run: as given, and with its ids checked."""

    context: ResolverContext
    writing: Writing
    wanted: ActionInput
    action: WantedAction


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
    key = CustomerPromotionKey(customer, program_id, promotion_id)
    acting = _Acting(context, writing, wanted, WantedAction(wanted.action, key, ids))
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
    context, writing, customer = acting.context, acting.writing, acting.action.customer
    found: Found | None = None
    customer_id = context.loaders.customer_ids.known(customer)
    if customer.identifier_name == BY_ID:
        customer_id = canonical_id(customer.identifier_value)
    if customer_id is None:
        found = await find(context, acting.action)
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
    acting: _Acting, found: Found | None, customer_id: str, claim: tuple[str, str, str]
) -> WriteResult:
    """Act under a key that has been taken: store the result, or free the key after an error.

    Nothing has been written then. Where that is not certain, as after an error in the gateway
    itself, the key stays taken.
    """
    key, given, owner = claim
    claims = acting.writing.claims
    try:
        result = await _send(acting, found, customer_id)
    except Exception as error:
        _record(acting, customer_id, None)
        if isinstance(error, GatewayError):
            with suppress(IdempotencyOutageError):
                await claims.keys.free(key, owner)
        raise
    with suppress(IdempotencyOutageError):  # it stays taken: what became of it is UNCERTAIN then
        await claims.store(key, given, owner, msgspec.json.encode(result))
    return _record(acting, customer_id, result)


async def _send(acting: _Acting, found: Found | None, customer_id: str) -> WriteResult:
    """Refuse what cannot be, else send the write; then drop what is cached of the customer."""
    loaders, wanted = acting.context.loaders, acting.action
    found = found or await find(acting.context, wanted)
    if found is None:
        return WriteResult.refused(_Code.CUSTOMER_NOT_FOUND)
    write = await prepare(acting.context, wanted, found, _request_id(acting, customer_id))
    if isinstance(write, PromotionUserErrorCode):
        return WriteResult.refused(write)
    request = acting.context.request
    try:
        sent = await acting.writing.send(write, request)
    finally:
        await acting.writing.evict(customer_id)
        loaders.forget_customers()
    if sent.is_outdated and loaders.catalogues is not None and loaders.catalogues.drop(request):
        # Other processes have the same version in their catalogues.
        await acting.writing.evict_definition(write.program_id, write.promotion_id)
    return sent.result


async def read_again(context: ResolverContext, done: ActionResult) -> CustomerPromotion | None:
    """Return the customer's promotion as it is now, by calls with a deadline of their own.

    From here on the response's time is that of this reading: what was made after the response's
    beginning, by the platform's clock, has begun.
    """
    if done.customer is None:
        return None
    key = CustomerPromotionKey(done.customer, done.program_id, done.promotion_id)
    found = await load_customer_promotion(fresh(context, _READ_AGAIN_S), key)
    times, made = [check_writing(context).clock()], done.result.enrolment_ids
    for timeline in (found and found.payload.timelines) or ():
        enrolled_at = INSTANTS[timeline.enrolled_at]
        if enrolled_at is not None and str(timeline.enrolment_id) in made:
            times.append(enrolled_at)
    context.request.now = max(times)
    return found


def _claim_key(acting: _Acting, customer_id: str) -> str:
    """Return the key under which an action is known: of the caller, the customer and their key."""
    wanted = acting.wanted
    return acting.writing.keys.key(
        "idempotency", _caller(acting), wanted.source.name, customer_id, wanted.idempotency_key
    )


def _request_id(acting: _Acting, customer_id: str) -> str:
    """Return the platform's name of an action, which recognises one that was done before.

    It is the same in all replicas, and 40 characters long.
    """
    wanted = acting.wanted
    parts = (_caller(acting), wanted.source.name, customer_id, wanted.idempotency_key)
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:_REQUEST_ID_LENGTH]


def _caller(acting: _Acting) -> str:
    caller = acting.context.caller
    return caller.subject or caller.credential_hash


def _input_hash(acting: _Acting) -> str:
    """Return a hash of the input as given."""
    wanted, customer = acting.wanted, acting.action.customer
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
        program_id=acting.action.key.program_id,
        promotion_id=acting.action.key.promotion_id,
        outcome=outcome,
        reason=result.error.value if result is not None and result.error is not None else None,
        repeated=is_repeated,
        caller=acting.context.caller.subject,
        customer=writing.keys.pseudonym(customer_id) if customer_id else None,
    )
    return result if result is not None else UNCERTAIN
