"""The platform's events about promotions, as far as they say what has changed."""

from typing import Any, NamedTuple

from gateway.telemetry.eviction_metrics import OTHER, WEBHOOK_EVENTS
from gateway.upstream.decoding.json_text import NotJsonError, parse_json

_ABOUT_DEFINITIONS = frozenset({"promotionCreated", "promotionUpdated"})
_MAX_IDENTITY_LENGTH = 256
_MAX_DIGITS = 18
_MAX_EXACT = 2**53  # the whole numbers below are all floats
_NAMES = {name.lower(): name for name in WEBHOOK_EVENTS}


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


def read_events(body: bytes) -> list[WebhookEvent] | WebhookEvent:
    """Read an event, or a list of them.

    Raise NotJsonError for what is neither a JSON object nor an array, or nested too deep.
    """
    read = parse_json(body)
    if isinstance(read, list):
        return [_event(_object(each)) for each in read]
    if not isinstance(read, dict):
        raise NotJsonError
    return _event(_object(read))


def _event(event: dict[str, Any]) -> WebhookEvent:
    data = _object(event.get("data"))
    name = event.get("eventname")
    program_id = _id(data.get("loyaltyprogramid"))
    return WebhookEvent(
        _NAMES.get(name.lower(), OTHER) if isinstance(name, str) else OTHER,
        _identity(event, data),
        _id(_object(data.get("customeridentifiers")).get("customerid")),
        _id(data.get("programid")) if program_id is None else program_id,
        _id(data.get("promotionid")),
    )


def _identity(event: dict[str, Any], data: dict[str, Any]) -> str:
    """Return the event's own id, else its name with the ids of what has caused it."""
    for key in ("eventid", "loyaltyeventid"):
        for where in (event, data):
            if own := _word(where.get(key)):
                return f"id {own}"
    parts = [_word(event.get(key)) for key in ("eventname", "refid", "apirequestid")]
    return f"cause {parts!r}" if all(parts) else ""


def _word(value: object) -> str:
    """Return a text or a number as text, "" for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = value if isinstance(value, str) else _digits(value)
    return text if len(text) <= _MAX_IDENTITY_LENGTH else ""


def _id(value: object) -> int | None:
    """Return an id of the platform, a number or its digits; None for anything else."""
    if isinstance(value, float) and value.is_integer() and value < _MAX_EXACT:
        value = int(value)  # some writers of JSON know no integers
    text = value if isinstance(value, str) else _word(value)
    if not (0 < len(text) <= _MAX_DIGITS and text.isascii() and text.isdecimal()):
        return None
    return int(text)


def _digits(number: int) -> str:
    """Return a number as text, "" for one too large for an id."""
    return str(number) if abs(number) < 10**_MAX_DIGITS else ""


def _object(value: object) -> dict[str, Any]:
    """Return an object with its keys in lower case, empty for anything else.

    An event that is overlooked is never sent again, so that how its keys are written must not
    matter. Of keys that differ in case alone, the last counts.
    """
    return {key.lower(): each for key, each in value.items()} if isinstance(value, dict) else {}
