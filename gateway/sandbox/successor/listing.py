"""GET /v3/promotions and /v3/promotions/{id}: promotions of the new interface, org-wide."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.sandbox.responses import UnifiedRefusal, envelope, whole_number
from gateway.sandbox.successor.payload import render_unified
from gateway.sandbox.successor.promotion import UnifiedPromotion

DEFAULT_SIZE = 10
MAX_SIZE = 100
# The documented words of `status`; whether STOPPED and COMPLETED can be asked for is open.
STATUSES = frozenset({"DRAFT", "ACTIVE", "PAUSED", "PENDING_APPROVAL", "LIVE", "UPCOMING"})
# These are ACTIVE, seen through the dates.
_ACTIVE = frozenset({"ACTIVE", "LIVE", "UPCOMING", "COMPLETED"})

_UNSORTED = {"empty": True, "sorted": False, "unsorted": True}


@dataclass(frozen=True, slots=True)
class ListQuery:
    """The validated query parameters; a filter is None if it is absent."""

    page: int
    size: int
    text: str | None
    statuses: frozenset[str] | None
    with_draft: bool

    def matches(self, unified: UnifiedPromotion) -> bool:
        """Whether a version passes every filter."""
        return self._has_status(unified) and (self.text is None or _mentions(unified, self.text))

    def _has_status(self, unified: UnifiedPromotion) -> bool:
        if self.statuses is None or unified.status in self.statuses:
            return True
        return "ACTIVE" in self.statuses and unified.status in _ACTIVE


def _mentions(unified: UnifiedPromotion, text: str) -> bool:
    promotion = unified.promotion
    texts = (
        promotion.name,
        promotion.description,
        promotion.identifier,
        str(promotion.promotion_id),
    )
    return any(text.casefold() in each.casefold() for each in texts)


def read_query(parameters: Mapping[str, str]) -> ListQuery:
    """Validate the parameters; ignore others. Raise UnifiedRefusal with the documented code."""
    page = whole_number(parameters.get("page", "0"))
    size = whole_number(parameters.get("size", str(DEFAULT_SIZE)))
    if page is None or page < 0 or size is None or not 1 <= size <= MAX_SIZE:
        raise UnifiedRefusal(300004, "Invalid page or size")
    return ListQuery(
        page=page,
        size=size,
        text=parameters.get("searchText") or None,
        statuses=_statuses(parameters.get("status")),
        with_draft=_flag(parameters, "includeDraftDetails"),
    )


def _statuses(text: str | None) -> frozenset[str] | None:
    if not text:
        return None
    words = frozenset(word.strip() for word in text.split(","))
    if not words <= STATUSES:
        raise UnifiedRefusal(310151, "Invalid status")
    return words


def _flag(parameters: Mapping[str, str], name: str) -> bool:
    return parameters.get(name, "false").lower() == "true"


def unified_promotions(
    promotions: Sequence[UnifiedPromotion], parameters: Mapping[str, str]
) -> dict[str, Any]:
    """Return the JSON of the list. Raise UnifiedRefusal."""
    query = read_query(parameters)
    matching = [unified for unified in promotions if query.matches(unified)]
    first = query.page * query.size
    content = [
        render_unified(unified, with_draft=query.with_draft)
        for unified in matching[first : first + query.size]
    ]
    pages = -(-len(matching) // query.size)
    return envelope(
        {
            "content": content,
            "pageable": {
                "pageNumber": query.page,
                "pageSize": query.size,
                "sort": _UNSORTED,
                "offset": first,
                "unpaged": False,
                "paged": True,
            },
            "totalElements": len(matching),
            "totalPages": pages,
            "last": query.page >= pages - 1,
            "size": query.size,
            "number": query.page,
            "sort": _UNSORTED,
            "numberOfElements": len(content),
            "first": query.page == 0,
            "empty": not content,
        }
    )


def unified_promotion(
    promotions: Sequence[UnifiedPromotion], wanted: str, parameters: Mapping[str, str]
) -> dict[str, Any]:
    """Return the JSON of one version by its `id`, or of the newest by `unifiedPromotionId`.

    Raise UnifiedRefusal 9013, whose HTTP status is 200.
    """
    found = [each for each in promotions if wanted in {each.hex_id, each.unified_id}]
    if not found:
        raise UnifiedRefusal(9013, "Promotion not found", 200)
    newest = max(found, key=lambda unified: unified.version)
    payload = render_unified(newest, with_draft=_flag(parameters, "includeDraftDetails"))
    if not _flag(parameters, "includeParentDetails"):
        payload["parentDetails"] = None
    return envelope(payload)


HEALTH = envelope("Unified Promotion API is up and running")
