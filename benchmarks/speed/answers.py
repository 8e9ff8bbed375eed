"""The upstream's responses, made by the sandbox's own generator and served by nginx as files.

Each variant is a world of its own (another seed), with the ids of its customers and programs
renumbered, so that the variants are different responses.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import msgspec

from gateway.sandbox.customer_view import promotion_data
from gateway.sandbox.definitions import promotion_definitions
from gateway.sandbox.world import World
from speed.workloads import FAMILIES, FAMILY, PAGE_SIZES, VARIANTS, hundred, member, ten

_STEP = 100_000  # between the ids of one variant and the next; no world has ids that far apart

Answer = tuple[str, dict[str, Any]]


def write_answers(folder: Path) -> int:
    """Write a file for each response, named by its request's parameters; return their number."""
    count = 0
    for name, payload in _answers():
        (folder / name).write_bytes(msgspec.json.encode(payload))
        count += 1
    return count


def _answers() -> Iterator[Answer]:
    now = datetime.now(UTC)
    for variant in range(VARIANTS):
        world = World.generate(seed=variant + 1, today=now.date())
        for limit in _limits(10):
            yield _page(world, now, "C-TEN", limit, ten(variant), variant)
        for limit in sorted({limit for size in PAGE_SIZES for limit in _limits(size)}):
            # One more than a page has: that the list goes on behind a page of 100, its total tells.
            yield _page(world, now, "C-101", limit, hundred(variant), variant)
        if variant < FAMILIES:
            for place, limit in product(range(FAMILY), _limits(10)):
                name = member(variant, place)
                yield _page(world, now, f"C-{place + 1:03}", limit, name, variant)
        yield from _definitions(world, variant)


def _limits(size: int) -> tuple[int, ...]:
    """Return the limits with which a page of that size is requested."""
    return (size, size + 1) if size < 100 else (size,)


def _page(  # noqa: PLR0913, PLR0917 - who is asked for, and who it becomes
    world: World,
    now: datetime,
    external_id: str,
    limit: int,
    name: str,
    variant: int,
    *,
    offset: int = 0,
) -> Answer:
    parameters = {
        "identifierName": "externalId",
        "identifierValue": external_id,
        "source": "INSTORE",
        "fetchAllUsage": "true",
        "limit": str(limit),
        "offset": str(offset),
    }
    payload = promotion_data(world, lambda: now, parameters)
    payload["customerId"] += _STEP * variant
    for item in payload["promotions"]:
        item["programId"] += _STEP * variant
    return f"externalId,{name},{limit},{offset}.json", payload


def _definitions(world: World, variant: int) -> Iterator[Answer]:
    customer = world.customer("externalId", "C-TEN")
    promotions = [holding.promotion for holding in customer.holdings] if customer else []
    for program_id in sorted({promotion.program_id for promotion in promotions}):
        yield _definition_page(world, program_id, variant, "100", "")
    for promotion in promotions:
        yield _definition_page(
            world, promotion.program_id, variant, "1", str(promotion.promotion_id)
        )


def _definition_page(
    world: World, program_id: int, variant: int, limit: str, promotion_id: str
) -> Answer:
    parameters = {
        "sourceType": "UI",
        "limit": limit,
        "offset": "0",
        "includeInactivePromotions": "true",
    }
    if promotion_id:
        parameters["promotionId"] = promotion_id
    payload = promotion_definitions(world, program_id, parameters)
    moved = program_id + _STEP * variant
    for item in payload["data"]:
        item["programId"] = moved
    return f"{moved},UI,{promotion_id},{limit},0.json", payload
