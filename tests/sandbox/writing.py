"""Helpers for tests of writes: the customers' promotions, and the bodies that are sent."""

from typing import Any

import httpx

from tests.sandbox.client import SandboxClient

# The customers by the last digits of their promotions' ids, in programs 9030 (new) and 9031 (old).
CUSTOMERS = (
    *("C-ENROL", "C-ENROLLED", "C-LIMIT", "C-FULL", "C-NOTOPEN", "C-CLOSED", "C-INACTIVE"),
    *("C-STOPPED", "C-OVER", "C-UPCOMING", "C-GENERIC", "C-DIRECT", "C-ISSUED", "C-WITHDRAW"),
    *("C-SILENT", "C-UNCERTAIN", "C-MILESTONES"),
)
FIRST_CUSTOMER_ID = 700_000_102


def number(name: str) -> int:
    """Return the number of a customer, from 1."""
    return CUSTOMERS.index(name) + 1


def new_id(name: str) -> int:
    """Return the id of a customer's promotion of the new interface."""
    return 90_300_000 + number(name)


def old_id(name: str) -> int:
    """Return the id of a customer's promotion of the old interface."""
    return 90_310_000 + number(name)


def customer_id(name: str) -> int:
    """Return the id of a customer."""
    return FIRST_CUSTOMER_ID + number(name) - 1


def hex_id(client: SandboxClient, promotion_id: int) -> str:
    """Return the id of the version in the list."""
    found = client.unified(searchText=promotion_id).json()["data"]["content"]
    version: str = found[0]["id"]
    return version


def enrolment(
    client: SandboxClient, name: str, action: str = "ENROL", **changes: Any
) -> dict[str, Any]:
    """Return the body of an enrolment in a customer's promotion of the new interface."""
    promotion_id = new_id(name)
    return {
        "requestId": "some-test-id",
        "action": action,
        "promotion": {"id": hex_id(client, promotion_id), "promotionId": promotion_id},
        "customer": {
            "identifierName": "id",
            "identifierValue": str(customer_id(name)),
            "source": "INSTORE",
        },
        "programId": 9030,
    } | changes


def enrol(
    client: SandboxClient, name: str, action: str = "ENROL", **changes: Any
) -> httpx.Response:
    """Enrol a customer in their promotion of the new interface, or opt in."""
    return client.post("/v3/promotions/enrol", json=enrolment(client, name, action, **changes))


def revoke(
    client: SandboxClient,
    name: str,
    action: str = "REVOKE_ENROLL",
    ids: list[int] | None = None,
    **changes: Any,
) -> httpx.Response:
    """Revoke ids, or everything without any, of a customer's promotion of the new interface."""
    everything, key = (
        ("revokeAllEnrollments", "enrollmentIds")
        if action == "REVOKE_ENROLL"
        else ("revokeAllOptIns", "optInIds")
    )
    wanted: dict[str, Any] = {"identifierName": "id", "identifierValue": str(customer_id(name))}
    body = {
        "action": action,
        "programId": 9030,
        "promotion": {"promotionId": new_id(name)},
        "customers": [wanted if ids is None else wanted | {key: ids}],
    } | changes
    return client.post(
        "/v3/promotions/revoke", params={everything: "true"} if ids is None else {}, json=body
    )


def old(
    client: SandboxClient, endpoint: str, name: str, action: str | None = None, **customer: Any
) -> httpx.Response:
    """Call one of the old endpoints for a customer's promotion of the old interface."""
    body: dict[str, Any] = {
        "type": "CUSTOMER",
        "promotionDetails": {"programId": 9031, "promotionId": old_id(name)},
        "identifierName": "id",
        "customers": [{"identifierValue": str(customer_id(name)), "source": "INSTORE"} | customer],
    }
    if action is not None:
        body["bulkAction"] = action
    return client.post(f"/v2/promotion/bulk/{endpoint}", json=body)


def old_result(answer: httpx.Response) -> dict[str, Any]:
    """Return the only result of an old endpoint, which is no failure."""
    body = answer.json()
    assert (body["totalCount"], body["failureCount"]) == (1, 0)
    (one,) = body["response"]
    assert (one["errors"], one["warnings"]) == ([], [])
    result: dict[str, Any] = one["result"]
    return result


def old_code(answer: httpx.Response) -> int:
    """Return the code of the only failure of an old endpoint, whose HTTP status is 200."""
    assert answer.status_code == 200
    body = answer.json()
    assert (body["totalCount"], body["failureCount"]) == (1, 1)
    (error,) = body["response"][0]["errors"]
    assert error["status"] is False
    code: int = error["code"]
    return code
