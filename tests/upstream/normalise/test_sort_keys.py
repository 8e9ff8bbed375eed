"""The keys by which a customer's promotions are sorted."""

from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.upstream.customer_view.payload import CustomerPromotionPayload, Issue, Timeline
from gateway.upstream.normalise.enums import CustomerPromotionOrderField
from gateway.upstream.normalise.sort_keys import SORT_KEYS

NOW = datetime(2026, 6, 1, tzinfo=UTC)
FIELD = CustomerPromotionOrderField
PAST, NEXT, LATER = 1_767_225_600_000, 1_798_761_600_000, 1_830_297_600_000  # 2026, 2027, 2028


@pytest.mark.parametrize(
    ("facts", "field", "key"),
    [
        ({"name": "Ünï  CODE"}, FIELD.NAME, "uni code"),
        ({"name": "é" * 100}, FIELD.NAME, "e" * 64),
        ({"name": ""}, FIELD.NAME, ""),
        ({"starts_at": "2026-01-01T00:00:00.001Z"}, FIELD.STARTS_AT, PAST + 1),
        ({"starts_at": PAST}, FIELD.STARTS_AT, PAST),
        ({}, FIELD.STARTS_AT, None),
        ({"ends_at": "2026-01-01T05:30:00+05:30"}, FIELD.ENDS_AT, PAST),
        ({"ends_at": "soon"}, FIELD.ENDS_AT, None),
        ({"ends_at": PAST}, FIELD.NEXT_EXPIRY_AT, None),
        ({"ends_at": LATER}, FIELD.NEXT_EXPIRY_AT, LATER),
        (
            {"ends_at": LATER, "timelines": [Timeline(enrolment_id="1", expires_at=NEXT)]},
            FIELD.NEXT_EXPIRY_AT,
            NEXT,
        ),
        (
            {
                "ends_at": LATER,
                "timelines": [
                    Timeline(
                        enrolment_id="1",
                        expires_at=PAST,
                        issues=[Issue(issue_id="1", expires_at=NEXT)],
                    )
                ],
            },
            FIELD.NEXT_EXPIRY_AT,
            NEXT,
        ),
    ],
)
def test_a_key_is_what_the_field_shows(facts: dict[str, Any], field: Any, key: Any) -> None:
    """Milliseconds of an instant, the beginning of a folded name, or none."""
    given: dict[str, Any] = {"promotion_id": 1, "program_id": 1, "name": ""} | facts
    promotion = CustomerPromotionPayload(**given)
    assert SORT_KEYS[field](promotion, NOW) == key


def test_each_field_has_a_key() -> None:
    """Of all that can be asked for."""
    assert set(SORT_KEYS) == set(FIELD)
