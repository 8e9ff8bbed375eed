"""A client of the sandbox, independent of its code."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import httpx

from gateway.sandbox.app import create_sandbox
from gateway.sandbox.world import World
from tests.support.http_client import TLS
from tests.support.serving import serve

TODAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
LEGACY_BASICS: dict[str, Any] = {"limit": 100, "offset": 0, "sourceType": "UI"}


@cache
def shared_world() -> World:
    """Return the data of that day, which tests share and do not change; it takes 0.1 s."""
    return World.generate(today=TODAY)


def new_world() -> World:
    """Return the data of that day for a test that changes it: what changes is copied, and no more.

    A world's own parts are never changed, only the lists that they are in.
    """
    shared = shared_world()
    return World(
        (replace(each, holdings=[*each.holdings]) for each in shared.customers),
        {
            number: replace(each, definitions=[*each.definitions])
            for number, each in shared.programs.items()
        },
        shared.unified,
    )


class SandboxClient(httpx.Client):
    """Calls the sandbox with its published Basic credentials."""

    def __init__(self, base_url: str) -> None:
        super().__init__(
            base_url=base_url,
            auth=("sandbox", "sandbox"),
            trust_env=False,
            timeout=30,
            verify=TLS,
        )

    def customer(self, value: str, **parameters: Any) -> httpx.Response:
        """Request a customer's promotions, by default by external id on INSTORE."""
        query = {"identifierName": "externalId", "identifierValue": value, "source": "INSTORE"}
        given = {name: told for name, told in (query | parameters).items() if told is not None}
        return self.get("/v2/customers/lookup/promotionData", params=given)

    def promotions(self, value: str, **parameters: Any) -> list[dict[str, Any]]:
        """Return the promotions of a page of up to 100."""
        promotions: list[dict[str, Any]] = self.customer(value, limit=100, **parameters).json()[
            "promotions"
        ]
        return promotions

    def legacy(self, program_id: int | str, **parameters: Any) -> httpx.Response:
        """Request a program's definitions with exactly these parameters."""
        path = f"/api_gateway/loyalty/v1/programs/{program_id}/promotionsV2"
        return self.get(path, params=parameters)

    def definitions(self, program_id: int, **parameters: Any) -> list[dict[str, Any]]:
        """Return the definitions of a page, by default the first hundred under UI."""
        answer = self.legacy(program_id, **(LEGACY_BASICS | parameters))
        data: list[dict[str, Any]] = answer.json()["data"]
        return data

    def unified(self, **parameters: Any) -> httpx.Response:
        """Request a page of the successor's list with exactly these parameters."""
        return self.get("/v3/promotions", params=parameters)

    def catalogue(self, **parameters: Any) -> list[dict[str, Any]]:
        """Return all entries of the successor's list."""
        entries: list[dict[str, Any]] = []
        for page in range(100):
            data = self.unified(page=page, size=100, **parameters).json()["data"]
            entries += data["content"]
            if data["last"]:
                break
        return entries

    def held(self, value: str, promotion_id: int, **parameters: Any) -> dict[str, Any]:
        """Return a customer's promotion with that id; `enrolments` and `issues` have their ids."""
        (found,) = (
            each
            for each in self.promotions(value, **parameters)
            if each["promotionId"] == promotion_id
        )
        timelines = found.get("customerPromotionTimelines", [])
        found["enrolments"] = [each["enrollmentId"] for each in timelines]
        found["issues"] = [
            issue["issualId"] for each in timelines for issue in each["issuedDetails"]
        ]
        return found

    def writes(self) -> tuple[int, int]:
        """Return how many writes reached the sandbox, and how many of them took effect."""
        report = self.get("/__writes", auth=None).json()
        return report["total"], report["applied"]


@contextmanager
def serving(**options: Any) -> Iterator[SandboxClient]:
    """Serve a new sandbox with options; its clock is fixed unless one is passed."""
    if "clock" not in options:
        options = {"clock": lambda: NOW, "world": new_world()} | options
    with serve(create_sandbox(**options)) as url, SandboxClient(url) as client:
        yield client


def unified_code(answer: httpx.Response, status: int = 400) -> int:
    """Return the error code of a response of the successor, which has no data."""
    assert answer.status_code == status
    body = answer.json()
    assert body["data"] is None
    assert body["warnings"] is None
    (error,) = body["errors"]
    assert error.keys() == {"code", "message"}
    number: int = error["code"]
    return number


def code(answer: httpx.Response) -> int:
    """Return the error code of a response with the documented error body."""
    assert answer.status_code == 400
    error = answer.json()["errors"][0]
    assert error.keys() == {"status", "code", "message"}
    assert error["status"] is False
    assert error["message"]
    number: int = error["code"]
    return number
