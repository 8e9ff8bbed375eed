"""Dates that a payload has twice: the ISO twin wins if it is readable."""

from typing import Any

import pytest

from gateway.upstream.normalise.instants import format_instant, parse_instant
from tests.support.payloads import (
    BROKEN,
    Step,
    customer_item,
    definition_item,
    get,
    put,
    read_customer,
    read_definitions,
)

ISO, SAME = "2026-03-18T11:41:00+05:30", "2026-03-18T06:11:00Z"
TIMELINE: tuple[Step, ...] = ("customerPromotionTimelines", 0)
ISSUE: tuple[Step, ...] = (*TIMELINE, "issuedDetails", 0)
RULESET: tuple[Step, ...] = ("rulesetInfos", 0)
RULE: tuple[Step, ...] = (*RULESET, "rules", 0)
OF_RULES = ("startDate", "endDate", "createdOn", "modifiedOn")
DATES: dict[tuple[Step, ...], tuple[Step, ...]] = {
    ("startDate",): ("starts_at",),
    ("endDate",): ("ends_at",),
}
OF_CUSTOMER = DATES | {
    (*TIMELINE, "enrollmentDate"): ("timelines", 0, "enrolled_at"),
    (*TIMELINE, "enrollmentExpiryDate"): ("timelines", 0, "expires_at"),
    (*ISSUE, "issualDate"): ("timelines", 0, "issues", 0, "issued_at"),
    (*ISSUE, "issualExpiryDate"): ("timelines", 0, "issues", 0, "expires_at"),
}
OF_DEFINITION = DATES | {("lastUpdateDate",): ("updated_at",)}
for _key, _name in zip(
    OF_RULES, ("starts_at", "ends_at", "created_at", "modified_at"), strict=True
):
    OF_DEFINITION[*RULESET, _key] = ("rulesets", 0, _name)
    OF_DEFINITION[*RULE, _key] = ("rulesets", 0, "rules", 0, _name)
CASES = [
    pytest.param(read, item, path, attributes, id=".".join(map(str, path)))
    for read, item, dates in (
        (read_customer, customer_item(), OF_CUSTOMER),
        (read_definitions, definition_item(), OF_DEFINITION),
    )
    for path, attributes in dates.items()
]


def _shown(payload: Any, attributes: tuple[Step, ...]) -> str | None:
    for step in attributes:
        if step == "rulesets":
            payload = payload.rulesets_json  # which `comparable` has put there, read
        else:
            payload = payload[step] if isinstance(step, int) else getattr(payload, step)
    instant = parse_instant(payload)
    return None if instant is None else format_instant(instant)


@pytest.mark.parametrize("others", [(), (BROKEN,)], ids=["at once", "one by one"])
@pytest.mark.parametrize(("read", "item", "path", "attributes"), CASES)
def test_iso_date_is_read_first_and_the_plain_one_else(
    read: Any, item: Any, path: tuple[Step, ...], attributes: tuple[Step, ...], others: Any
) -> None:
    """The plain date may be local time labelled UTC; the ISO twin may be unreadable."""
    twin = (*path[:-1], f"{path[-1]}ISO")
    plain = parse_instant(get(item, path))
    assert plain is not None
    for raw, expected in (
        (ISO, SAME),
        (1773814260000, SAME),
        (None, format_instant(plain)),
        ("", format_instant(plain)),
        ("2026-03-18", format_instant(plain)),
        (0, format_instant(plain)),
        ({}, format_instant(plain)),
    ):
        found = read(put(item, twin, raw), *others)[0]
        assert _shown(found, attributes) == expected, raw
    alone = put(put(item, twin, ISO), path, None)
    assert _shown(read(alone, *others)[0], attributes) == SAME
