"""The events that the platform sends to a webhook (their names and keys as documented)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import uuid4

from gateway.sandbox.customer import Customer
from gateway.sandbox.promotion import Promotion

ORG_ID = 100_458

PromotionEventName = Literal["promotionCreated", "promotionUpdated"]
CustomerEventName = Literal[
    "promotionIssued", "promotionEarned", "revokeIssuedPromotion", "revokeEarnedPromotion"
]


def promotion_event(
    name: PromotionEventName, promotion: Promotion, now: datetime
) -> dict[str, Any]:
    """Return the event of a definition that was made or changed."""
    return _event(
        name,
        now,
        {
            "loyaltyProgramId": promotion.program_id,
            "promotionId": promotion.promotion_id,
            "promotionName": promotion.name,
            "promotionStartDate": _milliseconds(promotion.starts_at),
            "promotionEndDate": _milliseconds(promotion.ends_at),
            "externalIdentifier": promotion.identifier,
            "type": "BILL",
            "status": "ACTIVE" if promotion.active else "INACTIVE",
            "sourceType": promotion.source_type,
            "description": promotion.description,
            "customFields": [
                {"key": entry.key, "value": entry.value} for entry in promotion.metadata
            ],
            "linkedEventName": promotion.event_name,
            "updatedOn": _milliseconds(now),
            "updatedBy": -1,
        },
    )


def customer_event(  # noqa: PLR0913, PLR0917 - what an event is of
    name: CustomerEventName,
    customer: Customer,
    promotion: Promotion,
    now: datetime,
    enrolment_id: int,
    issue_ids: Sequence[int] = (),
) -> dict[str, Any]:
    """Return the event of what happened to a customer; of an issue it has the `earnedId`."""
    identifiers = customer.identifiers
    data: dict[str, Any] = {
        "customerIdentifiers": {
            "customerId": customer.customer_id,
            "instore": {
                "mobile": next(iter(identifiers.get("mobile", ())), None),
                "email": next(iter(identifiers.get("email", ())), None),
                "cardNumbers": [],
            },
        },
        "loyaltyProgramId": promotion.program_id,
        "promotionId": promotion.promotion_id,
        "promotionName": promotion.name,
        "issualId": enrolment_id,
    }
    if issue_ids:
        data["earnedId"] = issue_ids[0]
    return _event(name, now, data)


def _event(name: str, now: datetime, data: dict[str, Any]) -> dict[str, Any]:
    request_id = uuid4().hex
    return {
        "eventName": name,
        "eventId": str(uuid4()),
        "eventLogId": -1,
        "orgId": ORG_ID,
        "refId": f"{ORG_ID}_{request_id}",
        "apiRequestId": request_id,
        "createdAt": _milliseconds(now),
        "data": data,
    }


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
