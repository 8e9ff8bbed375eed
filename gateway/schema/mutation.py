"""The mutation type: what a customer can do with a promotion."""

from typing import Annotated

import strawberry

from gateway.errors import BadUserInputError
from gateway.schema.acting import ActionInput, ActionResult, act, check_writing, read_again
from gateway.schema.customer_promotion import CustomerPromotion
from gateway.schema.declare import PAYLOAD, AsViews, any_calls, fetching, plain, view
from gateway.schema.identifiers import CustomerIdentifier
from gateway.schema.info import Info, ResolverContext
from gateway.upstream.normalise.actions import (
    ActionOutcome,
    PromotionAction,
    PromotionUserErrorCode,
)
from gateway.upstream.normalise.enums import CustomerSource, RestrictionStage

_Code = PromotionUserErrorCode
_INPUT = "input"
_CUSTOMER, _PROMOTION = [_INPUT, "by"], [_INPUT, "promotionId"]
_ERRORS: dict[PromotionUserErrorCode, tuple[list[str], str]] = {
    _Code.CUSTOMER_NOT_FOUND: (_CUSTOMER, "There is no such customer."),
    _Code.PROMOTION_NOT_FOUND: (_PROMOTION, "There is no such promotion in this program."),
    _Code.PROMOTION_NOT_ACTIVE: (_PROMOTION, "The promotion is not active."),
    _Code.NOT_ENROLLABLE: (_PROMOTION, "Customers cannot be enrolled in this promotion."),
    _Code.NOT_ISSUABLE: (_PROMOTION, "The promotion cannot be issued to this customer."),
    _Code.ALREADY_ENROLLED_OR_LIMIT_REACHED: (
        _PROMOTION,
        "The customer is enrolled already, or a limit is reached.",
    ),
    _Code.WINDOW_NOT_OPEN: (_PROMOTION, "The time for it has not begun."),
    _Code.WINDOW_CLOSED: (_PROMOTION, "The time for it is over."),
    _Code.NOTHING_TO_WITHDRAW: (_PROMOTION, "The customer has nothing of this to withdraw."),
    _Code.IDEMPOTENCY_KEY_REUSED: (
        [_INPUT, "idempotencyKey"],
        "The key was used with other input; use a new key.",
    ),
    _Code.REFUSED: ([_INPUT], "The platform refused it."),
}
_ACTIONS = {
    RestrictionStage.ENROL: PromotionAction.WITHDRAW_ENROLMENTS,
    RestrictionStage.ISSUE: PromotionAction.WITHDRAW_ISSUES,
}
_KEY = (
    "A new random text for each thing that the customer does, of 8 to 128 printable ASCII"
    " characters; the same one when you send it again. Within 24 hours it is done once, and"
    " answered alike."
)


@strawberry.input
class _PromotionOfCustomer:
    """What the inputs of all mutations begin with."""

    by: CustomerIdentifier = strawberry.field(description="Which customer.")
    source: CustomerSource = strawberry.field(
        default=CustomerSource.INSTORE, description="Where the customer is registered."
    )
    program_id: strawberry.ID = strawberry.field(
        description="The platform's own id of the program."
    )
    promotion_id: strawberry.ID = strawberry.field(
        description="The platform's own id of the promotion."
    )


@strawberry.input(description="Which customer to enrol in which promotion.")
class EnrolInPromotionInput(_PromotionOfCustomer):
    """The input of `enrolInPromotion`."""

    idempotency_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="Which promotion to issue to which customer.")
class IssuePromotionInput(_PromotionOfCustomer):
    """The input of `issuePromotion`."""

    idempotency_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="What to withdraw of which promotion from which customer.")
class WithdrawFromPromotionInput(_PromotionOfCustomer):
    """The input of `withdrawFromPromotion`."""

    stage: RestrictionStage = strawberry.field(
        description="ENROL withdraws enrolments, ISSUE issues; REDEEM is not allowed."
    )
    ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET,
        description="Ids of the customer's enrolments or issues, 1 to 10; absent or null: all. Of"
        " the enrolments in a promotion of the platform's old interface, only the newest is"
        " withdrawn.",
    )
    idempotency_key: str = strawberry.field(description=_KEY)


def _field(code: PromotionUserErrorCode) -> list[str]:
    return _ERRORS[code][0]


def _message(code: PromotionUserErrorCode) -> str:
    return _ERRORS[code][1]


@view(description="Why something was refused, for whoever asked for it.")
class PromotionUserError:
    """A view over a code."""

    payload: strawberry.Private[PromotionUserErrorCode]

    code: PromotionUserErrorCode = plain("The reason; the only part to compare.", PAYLOAD)
    field: list[str] = plain("The path of the input that it is about.", PAYLOAD, _field)
    message: str = plain("A sentence for developers, which may change.", PAYLOAD, _message)


@view(description="What became of something that a customer wanted done.")
class PromotionActionPayload:
    """A view over the result of an action."""

    payload: strawberry.Private[ActionResult]

    enrolment_ids: list[strawberry.ID] = plain("The enrolments that were made, or withdrawn.")
    issue_ids: list[strawberry.ID] = plain("The issues that were made, or withdrawn.")

    @fetching(
        "The promotion as it stands for the customer now, read again after the action, also where"
        " the outcome is UNCERTAIN. Null where the customer does not have it.",
        calls=any_calls,
    )
    async def customer_promotion(self, info: Info) -> CustomerPromotion | None:
        """Read it again."""
        return await read_again(info.context, self.payload)

    outcome: ActionOutcome = plain("Whether it was done.")
    user_errors: list[PromotionUserError] = plain(
        "Why it was refused; empty unless it was.", "errors", AsViews(PromotionUserError)
    )


_WHAT = strawberry.argument(description="What to do.")
EnrolInput = Annotated[EnrolInPromotionInput, _WHAT]
IssueInput = Annotated[IssuePromotionInput, _WHAT]
WithdrawInput = Annotated[WithdrawFromPromotionInput, _WHAT]
_AnyInput = EnrolInPromotionInput | IssuePromotionInput | WithdrawFromPromotionInput


@strawberry.type(
    description="What a customer can do. Each is sent to the platform once, and never again. Only"
    " where this installation allows writing; else each field is FORBIDDEN."
)
class Mutation:
    """The root type of mutations, which run one after the other."""

    @fetching("Enrol a customer in a promotion that is issued later.", calls=any_calls)
    async def enrol_in_promotion(self, info: Info, input: EnrolInput) -> PromotionActionPayload:  # noqa: A002 - the graph's name
        """Enrol."""
        return await _act(info.context, PromotionAction.ENROL, input)

    @fetching(
        "Issue a promotion to a customer: one that is issued directly, or one that the customer is"
        " enrolled in.",
        calls=any_calls,
    )
    async def issue_promotion(self, info: Info, input: IssueInput) -> PromotionActionPayload:  # noqa: A002 - as above
        """Issue."""
        return await _act(info.context, PromotionAction.ISSUE, input)

    @fetching("Withdraw a customer's enrolments or issues.", calls=any_calls)
    async def withdraw_from_promotion(
        self,
        info: Info,
        input: WithdrawInput,  # noqa: A002 - as above
    ) -> PromotionActionPayload:
        """Withdraw."""
        check_writing(info.context)
        action = _ACTIONS.get(input.stage)
        if action is None:
            raise BadUserInputError("input.stage", "it must be one of ENROL, ISSUE.")
        return await _act(
            info.context, action, input, None if input.ids is strawberry.UNSET else input.ids
        )


async def _act(
    context: ResolverContext,
    action: PromotionAction,
    wanted: _AnyInput,
    ids: list[strawberry.ID] | None = None,
) -> PromotionActionPayload:
    given = ActionInput(
        action,
        wanted.by,
        wanted.source,
        wanted.program_id,
        wanted.promotion_id,
        wanted.idempotency_key,
        None if ids is None else [*ids],
    )
    return PromotionActionPayload(payload=await act(context, given))
