"""What the messages of the successor's refusals mean, which one code stands for.

Their words are those of the platform's documentation and examples, in any spelling.
"""

from enum import Enum

from gateway.upstream.normalise.actions import PromotionAction, PromotionUserErrorCode
from gateway.upstream.writes.answers import says_already

_Action, _Code = PromotionAction, PromotionUserErrorCode
_NOTHING = ("no_active", "no active")
_NOT_OPEN = ("inactive", "not active", "not in live", "not live", "live or upcoming")
_NOT_FOUND = ("not found", "not exist", "no such", "invalid")
_UNSUPPORTED = ("generic", "not supported", "unsupported")
_SUBJECTS: dict[str, PromotionUserErrorCode] = {
    "customer": _Code.CUSTOMER_NOT_FOUND,
    "member": _Code.CUSTOMER_NOT_FOUND,
    "program": _Code.PROMOTION_NOT_FOUND,
}
_PROMOTION = "promotion"
# What is not there, and what is not possible, by action.
_WITHOUT_ENROLMENT = {
    _Action.ENROL: _Code.NOT_ENROLLABLE,
    _Action.ISSUE: _Code.NOT_ISSUABLE,
    _Action.WITHDRAW_ENROLMENTS: _Code.NOTHING_TO_WITHDRAW,
    _Action.WITHDRAW_ISSUES: _Code.NOTHING_TO_WITHDRAW,
}
_IMPOSSIBLE = {
    _Action.ENROL: _Code.NOT_ENROLLABLE,
    _Action.ISSUE: _Code.NOT_ISSUABLE,
}


class Unclear(Enum):
    """A meaning that only the promotion's own status decides."""

    NOT_FOUND_OR_INACTIVE = "not found or inactive"


_Meaning = PromotionUserErrorCode | Unclear | None


def meaning_of(message: str, action: PromotionAction) -> _Meaning:
    """Return what a message means for an action; None where it is not known."""
    text = message.lower()
    if says_already(text):
        return _Code.ALREADY_ENROLLED_OR_LIMIT_REACHED
    found: _Meaning = None
    if _has(text, _NOTHING):
        found = _WITHOUT_ENROLMENT[action]
    elif "stopped" in text:
        found = _Code.PROMOTION_NOT_ACTIVE
    elif _has(text, _NOT_OPEN):
        found = Unclear.NOT_FOUND_OR_INACTIVE
    elif _has(text, _NOT_FOUND):
        found = _not_found(text)
    elif _has(text, _UNSUPPORTED):
        found = _IMPOSSIBLE.get(action)
    return found


def _has(text: str, words: tuple[str, ...]) -> bool:
    return any(each in text for each in words)


def _not_found(text: str) -> _Meaning:
    """Return what is not found: what the message names first."""
    places = {word: text.find(word) for word in (*_SUBJECTS, _PROMOTION) if word in text}
    if not places:
        return None
    first = min(places, key=places.__getitem__)
    return _SUBJECTS.get(first, Unclear.NOT_FOUND_OR_INACTIVE)
