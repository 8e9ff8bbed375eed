"""Payloads of the successor: the vendor's example, and one with everything that is documented."""

import copy
import json
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent
_EXAMPLE: dict[str, Any] = json.loads((_FOLDER / "successor_example.json").read_text())
_FULL: dict[str, Any] = json.loads((_FOLDER / "successor_full.json").read_text())


def example_item(**general: Any) -> dict[str, Any]:
    """Return the vendor's example, with other values in its ``metadata``."""
    item = copy.deepcopy(_EXAMPLE)
    item["metadata"] |= general
    return item


def full_item(**general: Any) -> dict[str, Any]:
    """Return an item with all that is documented, with other values in its ``metadata``."""
    item = copy.deepcopy(_FULL)
    item["metadata"] |= general
    return item


def published(promotion_id: int, program_id: Any = 9001, **general: Any) -> dict[str, Any]:
    """Return a live promotion made in the successor, with an id of its version of its own."""
    defaults = {"name": f"Promotion {promotion_id}", "status": "LIVE"}
    item = example_item(promotionId=promotion_id, programId=program_id, **(defaults | general))
    item["id"] = f"{promotion_id:024x}"
    return item


def successor_page(
    *items: Any, total: int | None = None, number: int = 0, size: int = 100
) -> dict[str, Any]:
    """Return a response with one page."""
    count = len(items) if total is None else total
    page = {
        "content": list(items),
        "totalElements": count,
        "totalPages": -(-count // size),
        "number": number,
        "size": size,
        "numberOfElements": len(items),
        "first": number == 0,
        "last": (number + 1) * size >= count,
        "empty": not items,
        "sort": {"empty": True, "sorted": False, "unsorted": True},
    }
    return {"data": page, "errors": None, "warnings": None}


def successor_body(*items: Any, **page: Any) -> bytes:
    """Return a response with one page as JSON."""
    return json.dumps(successor_page(*items, **page)).encode()
