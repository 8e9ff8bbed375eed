"""A customer's list on the wire, which a test may change between two calls."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

CUSTOMER_ID = 700000006


def promotion(promotion_id: int, name: str = "", **facts: Any) -> dict[str, Any]:
    """Return a promotion with the documented keys that `facts` gives it."""
    return {
        "promotionId": promotion_id,
        "promotionName": name or f"promotion {promotion_id}",
        "programId": 9001,
        "active": True,
        "pointsOfferType": "GENERIC",
    } | facts


@dataclass
class Wallet:
    """The customer's list; set `Platform.responses["promotionData"]` to `respond`.

    `before_call` is called with the number of the call, from 0, before its window is cut. A window
    has at most `max_items` items; the total is `total` where that is not None, and is absent where
    it is negative.
    """

    items: list[dict[str, Any]] = field(default_factory=list)
    before_call: Callable[[int], None] = lambda _number: None
    max_items: int = 100
    total: int | None = None
    windows: list[tuple[int, int]] = field(default_factory=list)
    queries: list[dict[str, str]] = field(default_factory=list)

    async def respond(self, request: Request) -> JSONResponse:
        """Return the window that a call requests."""
        self.before_call(len(self.windows))
        query = dict(request.query_params)
        offset, limit = int(query["offset"]), int(query["limit"])
        self.windows.append((offset, limit))
        self.queries.append(query)
        total = len(self.items) if self.total is None else self.total
        return JSONResponse(
            {
                "customerId": CUSTOMER_ID,
                "promotions": self.items[offset : offset + min(limit, self.max_items)],
                "pageDetails": {} if total < 0 else {"totalEntries": total},
            }
        )
