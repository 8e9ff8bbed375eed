"""The promotions of the vendor's customer view examples, as the graph shows them.

Written by hand from these examples and docs/platform.md; the clock is at 2026-03-02T12:00Z.
"""

from typing import Any

from tests.support.expected import (
    ENROLMENTS,
    ISSUES,
    PER_ISSUE,
    POINTS,
    TIMES,
    UNCONFIGURED,
    limited,
    moving,
    node,
    not_stated,
    promotion,
    restriction,
    unlimited,
)

TARGET = {"event": "TARGET_COMPLETED", "eventName": "TargetCompleted"}
REDEMPTION = {"event": "POINTS_REDEMPTION", "eventName": "PointsRedemption"}

USED = [
    node(
        "564332013",
        promotion(
            "973",
            promotion_id,
            name,
            identifier=identifier,
            description=name,
            startsAt=starts_at,
            endsAt=ends_at,
            **event,
        ),
        limits={
            "pointsPerEvent": not_stated(),
            "pointsPerCustomer": unlimited(points),
            "timesPerCustomer": unlimited(times),
            "pointsInPromotion": not_stated(),
        },
        disabledToo=[
            restriction(TIMES, "CUSTOMER", unlimited(times)),
            restriction(POINTS, "CUSTOMER", unlimited(points)),
            restriction(PER_ISSUE, "CUSTOMER", unlimited(None)),
        ],
    )
    for promotion_id, name, identifier, starts_at, ends_at, event, points, times in (
        (
            "79877", "Promotion Points", "4b0478e1-d2fd-4ffc-9032-a45547b64665",
            "2025-01-01T00:00:00Z", "2025-02-13T23:59:59Z", REDEMPTION, 0, 0,
        ),
        (
            "79874", "Points Promo", "5fe57e1c-ca55-4b6d-a88c-72eff058e8c2",
            "2025-01-22T00:00:00Z", "2025-04-17T23:59:59Z", REDEMPTION, 0, 0,
        ),
        (
            "79555", "2X Points", "33c82f8f-f6b3-4264-9b72-3ecb969a03bf",
            "2025-01-20T00:00:00Z", "2025-02-28T23:59:59Z", {}, 4990, 4,
        ),
    )
]  # fmt: skip

TARGETS = [
    node(
        "555380204",
        promotion(
            "469",
            "67248",
            "100 Points for 3+ Transactions5",
            identifier="billslayer5",
            description="Earn 100 points for completing more than 3 transactions",
            startsAt="2024-10-31T18:30:00Z",
            endsAt="2025-01-31T18:30:00Z",
            **TARGET,
        ),
        limits={
            "pointsPerEvent": limited(100),
            "pointsPerCustomer": limited(100, used=0, left=100),
            "timesPerCustomer": limited(1, used=0, left=1),
            "pointsInPromotion": not_stated(),
        },
        restrictions=[
            restriction(TIMES, "CUSTOMER", limited(1, used=0, left=1)),
            restriction(POINTS, "EVENT", limited(100)),
            restriction(POINTS, "CUSTOMER", limited(100, used=0, left=100)),
            restriction(PER_ISSUE, "CUSTOMER", limited(100)),
        ],
    ),
    node(
        "555380204",
        promotion(
            "469",
            "67247",
            "duplicate_test_5",
            identifier="e823c904-34bf-4b8a-8124-16085183177f",
            description="Welcome offer for first-time customers with specific conditions",
            startsAt="2023-12-30T18:30:00Z",
            endsAt="2024-12-30T18:30:00Z",
        ),
        metadata=[
            {"key": "preferred language", "value": "en", "isBrandDefined": True},
            {"key": "testt", "value": "vall", "isBrandDefined": True},
        ],
        limits=UNCONFIGURED | {"pointsPerEvent": limited(150)},
        restrictions=[
            restriction(POINTS, "EVENT", limited(150)),
            restriction(TIMES, "CUSTOMER", limited(20, used=0, left=20), moving("MONTHLY")),
            restriction(POINTS, "CUSTOMER", limited(200, used=0, left=200), moving("DAILY")),
            restriction(POINTS, "PROMOTION", limited(1000), moving("WEEKLY")),
            restriction(PER_ISSUE, "CUSTOMER", limited(100)),
        ],
    ),
]

ENROL_AND_ISSUE = promotion(
    "1085",
    "1119990",
    "Enrol & issue | LOYALTY EARNING PROMO",
    identifier="7ff82c46-dd7e-45d7-b09a-eb58aed3d714",
    description="Enrol and Issue",
    startsAt="2024-05-01T00:00:00Z",
    endsAt="2024-06-30T23:59:59Z",
    type="ENROL_AND_ISSUE",
    typeName="LOYALTY_EARNING",
)
ENROLLED: dict[str, Any] = {
    "enrolmentId": "1580",
    "enrolledAt": "2024-06-25T12:41:55Z",
    "expiresAt": "2024-06-30T12:41:55Z",
    "isExpired": True,
    "eventLogId": "12413589",
    "issues": [],
}
ISSUED = ENROLLED | {
    "issues": [
        {
            "issueId": "1583",
            "issuedAt": "2024-06-25T12:44:13Z",
            "expiresAt": "2024-06-30T12:41:55Z",
            "isExpired": True,
            "eventLogId": "12413647",
            "redeemedCount": 0,
            "redemptions": limited(10, used=0, left=10),
        }
    ]
}


def enrol_and_issue(
    customer_id: str,
    enrolled: dict[str, Any],
    issued: dict[str, Any],
    enrolments: list[dict[str, Any]],
) -> dict[str, Any]:
    """Return promotion 1119990 in one of its three states."""
    restrictions = [
        restriction(ENROLMENTS, "CUSTOMER", enrolled),
        restriction(ISSUES, "CUSTOMER", issued),
        restriction(PER_ISSUE, "CUSTOMER", limited(10)),
    ]
    return node(customer_id, ENROL_AND_ISSUE, restrictions=restrictions, enrolments=enrolments)


NEVER, ONCE = limited(10, used=0, left=10), limited(10, used=1, left=9)
NOT_ENROLLED = enrol_and_issue("345853998", NEVER, limited(7, used=0, left=7), [])
ENROLLED_ONLY = enrol_and_issue("345854019", ONCE, limited(7, used=0, left=7), [ENROLLED])
ENROLLED_AND_ISSUED = enrol_and_issue("345854019", ONCE, limited(7, used=1, left=6), [ISSUED])

DIRECT_ISSUE = node(
    "345854019",
    promotion(
        "1085",
        "1119509",
        "Direct issue | LOYALTY PROMO",
        identifier="d1a3a7ec-b4c6-46f2-ba1f-adbe2e01e31d",
        description='include "L+DIRECT_PROMO" in Txn notes to earn this',
        startsAt="2024-05-01T00:00:00Z",
        endsAt="2024-07-31T23:59:59Z",
        type="DIRECT_ISSUE",
        typeName="LOYALTY",
    ),
    restrictions=[
        restriction(ENROLMENTS, "CUSTOMER", limited(100, used=1, left=99)),
        restriction(PER_ISSUE, "CUSTOMER", limited(3)),
    ],
    enrolments=[
        {
            "enrolmentId": "1581",
            "enrolledAt": "2024-06-25T12:44:13Z",
            "expiresAt": "2024-07-31T23:59:59Z",
            "isExpired": True,
            "eventLogId": "12413647",
            "issues": [
                {
                    "issueId": "1582",
                    "issuedAt": "2024-06-25T12:44:13Z",
                    "expiresAt": "2024-07-31T23:59:59Z",
                    "isExpired": True,
                    "eventLogId": "12413647",
                    "redeemedCount": 0,
                    "redemptions": limited(3, used=0, left=3),
                }
            ],
        }
    ],
)
AVAILABLE = node(
    "345854019",
    promotion(
        "1085",
        "1119508",
        "Available Aise Hi | GENERIC PROMO",
        identifier="358f87c6-877b-4181-aea7-23037a0990e4",
        description='include "GENERIC" in Txn notes to earn this',
        startsAt="2024-05-01T00:00:00Z",
        endsAt="2024-07-31T23:59:59Z",
    ),
    restrictions=[restriction(PER_ISSUE, "CUSTOMER", limited(100))],
)
TARGET_COMPLETED = node(
    "345854019",
    promotion(
        "1085",
        "1119105",
        "Target Completed Promo",
        identifier="079bd606-9a39-4308-9fb0-0c4b24fd909b",
        description="",
        startsAt="2024-04-30T00:00:00Z",
        endsAt="2024-06-30T23:59:59Z",
        **TARGET,
    ),
)
STILL_RUNNING = node(
    "345854019",
    promotion(
        "1085",
        "1119103",
        "Item Viewed Behavioural Promo",
        identifier="ff0fc9a6-e3ef-4ad1-b9c5-e31645487c50",
        description="curl -L 'https://1j67rz51x7.execute-api.us-east-1.amazonaws.com/"
        "crm-staging-new/webhooks/7e0883bce52f9455c73460f89fe747bd' -d'{\n"
        '    "customerId": "mobileNum",\n    "event_name": "Item Viewed",\n'
        '    "itemCode": "sku_1",\n    "items_in_product_set": 14}',
        startsAt="2024-04-30T00:00:00Z",
        endsAt="2027-05-31T23:59:59Z",
        event="GENERIC_EVENT",
        eventName="GenericEvent",
        validity="CURRENT",
    ),
    nextExpiryAt="2027-05-31T23:59:59Z",
)
LONG_OVER = node(
    "345854019",
    promotion(
        "1085",
        "1115386",
        "17 POINTS LYT PROMO ",
        identifier="ddafcfc2-781c-43d6-92e3-5263760aeb76",
        description="lyt promo: awards 17 points",
        startsAt="2023-11-06T00:00:00Z",
        endsAt="2023-12-31T23:59:59Z",
    ),
)
SIX = [
    ENROLLED_AND_ISSUED, DIRECT_ISSUE, AVAILABLE, TARGET_COMPLETED, STILL_RUNNING, LONG_OVER,
]  # fmt: skip

FRAGMENTS = [
    ("GENERIC", "GENERIC", [restriction(PER_ISSUE, "CUSTOMER", limited(100))]),
    (
        "DIRECT_ISSUE",
        "LOYALTY",
        [
            restriction(ENROLMENTS, "CUSTOMER", limited(100, used=1, left=99)),
            restriction(POINTS, "EVENT", limited(10)),
            restriction(TIMES, "CUSTOMER", limited(100, used=1, left=99)),
            restriction(POINTS, "CUSTOMER", limited(100, used=10, left=90)),
            restriction(TIMES, "PROMOTION", limited(1000)),
            restriction(POINTS, "PROMOTION", limited(1000)),
            restriction(PER_ISSUE, "CUSTOMER", limited(100)),
        ],
    ),
    (
        "ENROL_AND_ISSUE",
        "LOYALTY_EARNING",
        [
            restriction(ENROLMENTS, "CUSTOMER", limited(10, used=1, left=9)),
            restriction(ISSUES, "CUSTOMER", limited(10, used=2, left=8)),
            restriction(PER_ISSUE, "CUSTOMER", limited(10)),
        ],
    ),
]
