"""The platform's events about promotions, as far as they say what has changed."""

from typing import Any, NamedTuple

from gateway.telemetry.eviction_metrics import OTHER, WEBHOOK_EVENTS
from gateway.upstream.decoding.json_text import NotJsonError, parse_json

_ABOUT_DEFINITIONS = frozenset({"promotionCreated", "promotionUpdated"})
_MAX_IDENTITY_LENGTH = 256
_MAX_DIGITS = 18


class WebhookEvent(NamedTuple):
    """An event: its name, or "other", what it is identified by, and the ids that it names.

    Without an identity, "", it is taken each time.
    """

    name: str
    identity: str
    customer_id: int | None
    program_id: int | None
    promotion_id: int | None

    @property
    def is_about_definition(self) -> bool:
        """Whether a definition has changed; else it is what a customer has."""
        return self.name in _ABOUT_DEFINITIONS


def read_event(body: bytes) -> WebhookEvent:
    """Read an event; raise NotJsonError for what is no JSON object, or nested too deep."""
    event = parse_json(body)
    if not isinstance(event, dict):
        raise NotJsonError
    data = _object(event.get("data"))
    name = event.get("eventName")
    program_id = _id(data.get("loyaltyProgramId"))
    return WebhookEvent(
        name if isinstance(name, str) and name in WEBHOOK_EVENTS else OTHER,
        _identity(event, data),
        _id(_object(data.get("customerIdentifiers")).get("customerId")),
        _id(data.get("programId")) if program_id is None else program_id,
        _id(data.get("promotionId")),
    )


def _identity(event: dict[str, Any], data: dict[str, Any]) -> str:
    """Return the event's own id, else its name with the ids of what has caused it."""
    for key in ("eventId", "loyaltyEventId"):
        for where in (event, data):
            if own := _word(where.get(key)):
                return f"id {own}"
    parts = [_word(event.get(key)) for key in ("eventName", "refId", "apiRequestId")]
    return f"cause {parts!r}" if all(parts) else ""


def _word(value: object) -> str:
    """Return a text or a number as text, "" for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = value if isinstance(value, str) else _digits(value)
    return text if len(text) <= _MAX_IDENTITY_LENGTH else ""


def _id(value: object) -> int | None:
    """Return an id of the platform, a number or its digits; None for anything else."""
    text = value if isinstance(value, str) else _word(value)
    if not (0 < len(text) <= _MAX_DIGITS and text.isascii() and text.isdecimal()):
        return None
    return int(text)


def _digits(number: int) -> str:
    """Return a number as text, "" for one too large for an id."""
    return str(number) if abs(number) < 10**_MAX_DIGITS else ""


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
