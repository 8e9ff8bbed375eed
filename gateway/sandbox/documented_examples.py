"""The vendor's documented JSON, verbatim, and the customers and programs built from it.

The files in `documented/` are the examples of the two vendor documents. Those named `fragment_…`
begin at `pointsOfferType`, and are completed here.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from gateway.sandbox.customer import Customer, Enrolment, Holding, Issue
from gateway.sandbox.promotion import Metadata, Promotion, Restriction

FRAGMENTS = ("fragment_generic", "fragment_loyalty", "fragment_loyalty_earning")


@cache
def document(name: str) -> Any:
    """Return a documented example by its file name without `.json`."""
    return msgspec.json.decode(
        files(__package__).joinpath("documented", f"{name}.json").read_bytes()
    )


def documented_customers() -> list[Customer]:
    """Return the customers of the documents, with the documented promotions only.

    Customer 345854019 is documented in three states: each is a customer with its own external id,
    and `id` finds the first.
    """
    return [
        _customer("customer_555380204_page_of_2", "000003873354"),
        _customer("customer_345854019_issued_page_of_6", "documented-issued"),
        _customer("customer_345854019_enrolled", "documented-enrolled"),
        _customer("customer_345854019_expired_only", "documented-expired-only"),
        _customer("customer_345853998_not_enrolled", "documented-not-enrolled"),
        _customer("customer_564332013_page_of_3", "documented-used", mobile="919456430850"),
        Customer(
            customer_id=345853999,
            identifiers={"externalId": ("documented-fragments",)},
            holdings=[read_item(item) for item in _fragment_items()],
            note="the document's fragments, each completed to a promotion",
        ),
    ]


def documented_definition() -> Promotion:
    """Return promotion 96664 of program 973, the only example of the legacy document."""
    payload = document("program_973_user_created")["data"][0]
    return Promotion(
        promotion_id=payload["id"],
        program_id=payload["programId"],
        name=payload["name"],
        identifier=payload["identifier"],
        description=payload["description"],
        starts_at=_instant(payload["startDate"]),
        ends_at=_instant(payload["endDate"]),
        active=payload["isActive"],
        event_name=payload["eventName"],
        offer_type=payload["pointsOfferType"],
        source_type="USER_CREATED",
        status=payload["promotionStatus"],
        documented_definition=payload,
    )


def _customer(name: str, external_id: str, mobile: str | None = None) -> Customer:
    page = document(name)
    return Customer(
        customer_id=page["customerId"],
        identifiers={"externalId": (external_id,)} | ({"mobile": (mobile,)} if mobile else {}),
        holdings=[read_item(item) for item in page["promotions"]],
        note=f"documented: {name}",
    )


def read_item(item: Mapping[str, Any]) -> Holding:
    """Return the holding of a documented item of `promotions`, which it keeps verbatim."""
    restrictions = item["promotionRestriction"]
    timelines = item.get("customerPromotionTimelines")
    promotion = Promotion(
        promotion_id=item["promotionId"],
        program_id=item["programId"],
        name=item["promotionName"],
        identifier=item["identifier"],
        description=item["description"],
        starts_at=_instant(item["startDate"]),
        ends_at=_instant(item["endDate"]),
        active=item["active"],
        event_name=item["eventName"],
        offer_type=item["pointsOfferType"],
        metadata=tuple(
            Metadata(entry["key"], entry["value"], entry["brandDefined"])
            for entry in item.get("promotionMetadata", [])
        ),
        issual_restrictions=_restrictions(restrictions["issualRestrictions"]),
        earn_restrictions=_restrictions(restrictions["earnRestrictions"]),
        redemption_restrictions=_restrictions(restrictions["redemptionRestrictions"]),
    )
    return Holding(
        promotion=promotion,
        points=Decimal(item["customerUsage"]["currentPointsPerCustomer"]),
        times=item["customerUsage"]["currentNumberOfTimesPerCustomer"],
        enrolments=None if timelines is None else tuple(_enrolment(entry) for entry in timelines),
        documented=item,
    )


def _restrictions(payloads: list[dict[str, str]]) -> tuple[Restriction, ...]:
    return tuple(
        Restriction(
            payload["kpi"], payload["limitOn"], payload["maxLimit"], payload.get("periodUnit")
        )
        for payload in payloads
    )


def _enrolment(payload: Mapping[str, Any]) -> Enrolment:
    return Enrolment(
        payload["enrollmentId"],
        payload["enrollEventLogId"],
        _instant(payload["enrollmentDate"]),
        _instant(payload["enrollmentExpiryDate"]),
        tuple(
            Issue(
                issue["issualId"],
                issue["issualEventLogId"],
                _instant(issue["issualDate"]),
                _instant(issue["issualExpiryDate"]),
                issue["redeemedCount"],
            )
            for issue in payload["issuedDetails"]
        ),
    )


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _fragment_items() -> list[dict[str, Any]]:
    """Return the three fragments completed to items, keys in documented order.

    `limits`, `customerUsage` and timelines agree with the fragments: 10 of 100 points in one use
    for LOYALTY, one enrolment with two issues for LOYALTY_EARNING.
    """
    issued = [_timeline(2001, [_issue(2002, 1)])]
    issued_twice = [_timeline(2003, [_issue(2004, 0), _issue(2005, 0)])]
    capped = {
        "maxPointsPerEvent": "10",
        "pointsPerCustomer": "100",
        "numberOFTimesPerCustomer": 100,
        "totalPointsInPromotion": "1000",
    }
    generic, loyalty, earning = (document(name) for name in FRAGMENTS)
    return [
        _complete(1119601, generic),
        _complete(1119602, loyalty, timelines=issued, limits=capped, points="10.000", times=1),
        _complete(1119603, earning, timelines=issued_twice),
    ]


def _complete(  # noqa: PLR0913 - one argument for each difference between the fragments
    promotion_id: int,
    fragment: Mapping[str, Any],
    *,
    timelines: list[dict[str, Any]] | None = None,
    limits: dict[str, Any] | None = None,
    points: str = "0",
    times: int = 0,
) -> dict[str, Any]:
    item = {
        "promotionId": promotion_id,
        "promotionName": f"Fragment {fragment['pointsOfferType']}",
        "programId": 1085,
        "startDate": "2024-05-01T00:00:00.000Z",
        "endDate": "2024-07-31T23:59:59.000Z",
        "identifier": f"fragment-{promotion_id}",
        "description": "",
        "active": True,
        "eventName": "TransactionAdd",
        "limits": limits
        or {
            "maxPointsPerEvent": "0",
            "pointsPerCustomer": "0",
            "numberOFTimesPerCustomer": 0,
            "totalPointsInPromotion": "0",
        },
        "customerUsage": {
            "currentPointsPerCustomer": points,
            "currentNumberOfTimesPerCustomer": times,
            "currentTotalPointsInPromotion": "0",
        },
        **fragment,
    }
    return item if timelines is None else item | {"customerPromotionTimelines": timelines}


def _timeline(enrolment_id: int, issues: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "enrollmentDate": "2024-06-25T12:44:13.000Z",
        "enrollmentExpiryDate": "2024-07-31T23:59:59.000Z",
        "enrollmentId": enrolment_id,
        "enrollEventLogId": 12413647,
        "issuedDetails": issues,
    }


def _issue(issue_id: int, redeemed_count: int) -> dict[str, Any]:
    return {
        "issualId": issue_id,
        "issualDate": "2024-06-25T12:44:13.000Z",
        "issualExpiryDate": "2024-07-31T23:59:59.000Z",
        "issualEventLogId": 12413647,
        "redeemedCount": redeemed_count,
    }
