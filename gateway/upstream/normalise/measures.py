"""The names of restrictions and expiries (docs/platform.md#restriction-names)."""

from typing import Annotated

from gateway.upstream.decoding.field_types import EnumWords, Text
from gateway.upstream.normalise.enums import (
    RestrictionMeasure,
    RestrictionScope,
    RestrictionStage,
    folded,
)

_TIMES, _POINTS, _ENROLMENTS, _ISSUES, _PER_ISSUE, _POINTS_PER_ISSUE, _UNKNOWN = RestrictionMeasure
_EVENT, _CUSTOMER, _PROMOTION, _UNKNOWN_SCOPE = RestrictionScope

_CUSTOMER_MEASURES = {
    "NUMBER_OF_POINTS": _POINTS,
    "NUMBER_OF_TIMES": _TIMES,
    "NUMBER_OF_REDEMPTIONS_PER_EARN": _PER_ISSUE,
    "NUMBER_OF_ISSUALS": _ENROLMENTS,
    "NUMBER_OF_EARNS": _ISSUES,
}
_DEFINITION_MEASURES = {
    "MAX_ALLOWED_POINTS_PER_EVENT": (_POINTS, _EVENT),
    "MAX_ALLOWED_POINTS_PER_CUSTOMER": (_POINTS, _CUSTOMER),
    "MAX_ALLOWED_POINTS_PER_PROMOTION": (_POINTS, _PROMOTION),
    "MAX_ALLOWED_TIMES_PER_CUSTOMER": (_TIMES, _CUSTOMER),
    "MAX_ALLOWED_TIMES_PER_PROMOTION": (_TIMES, _PROMOTION),
    "MAX_REDEMPTIONS_PER_EARN_PER_CUSTOMER": (_PER_ISSUE, _CUSTOMER),
    "MAX_NUMBER_OF_ISSUALS_PER_CUSTOMER": (_ENROLMENTS, _CUSTOMER),
    "MAX_NUMBER_OF_EARNS_PER_CUSTOMER": (_ISSUES, _CUSTOMER),
    "MAX_NUMBER_OF_EARNS_PER_PROMOTION": (_ISSUES, _PROMOTION),
    "MAX_NUMBER_OF_EARN_PER_PROMOTION": (_ISSUES, _PROMOTION),  # docs/platform.md#restriction-names
    "MAX_POINTS_PER_EARN_PER_CUSTOMER": (_POINTS_PER_ISSUE, _CUSTOMER),
}
_FOLDED_CUSTOMER_MEASURES = {folded(name): each for name, each in _CUSTOMER_MEASURES.items()}
_FOLDED_DEFINITION_MEASURES = {folded(name): each for name, each in _DEFINITION_MEASURES.items()}
_BASES = {"PERIOD_BASED": True, "NON_PERIOD_BASED": False}
_FOLDED_BASES = {folded(name): each for name, each in _BASES.items()}
_EXPIRY_STAGES = {
    "ISSUAL_PROMOTION_EXPIRY_BASED_ON": RestrictionStage.ENROL,
    "EARN_PROMOTION_EXPIRY_BASED_ON": RestrictionStage.ISSUE,
}
_FOLDED_EXPIRY_STAGES = {folded(name): each for name, each in _EXPIRY_STAGES.items()}


def customer_measure(name: str) -> RestrictionMeasure:
    """Parse the customer view's ``kpi``."""
    found = _CUSTOMER_MEASURES.get(name)
    return found or _FOLDED_CUSTOMER_MEASURES.get(folded(name), _UNKNOWN)


def definition_measure(name: str) -> tuple[RestrictionMeasure, RestrictionScope]:
    """Parse the ``name`` of a definition's restriction: what it counts, and for what."""
    return _DEFINITION_MEASURES.get(name) or _FOLDED_DEFINITION_MEASURES.get(
        folded(name), (_UNKNOWN, _UNKNOWN_SCOPE)
    )


def parse_basis(raw: str | None) -> bool | None:
    """Return whether a restriction's ``type`` is periodic; None where that cannot be known."""
    found = _BASES.get(raw or "")
    return _FOLDED_BASES.get(folded(raw)) if found is None and raw else found


def expiry_stage(name: str) -> RestrictionStage | None:
    """Parse the ``name`` of an expiry; None for an unknown one."""
    return _EXPIRY_STAGES.get(name) or _FOLDED_EXPIRY_STAGES.get(folded(name))


CustomerMeasureName = Annotated[str, EnumWords(lambda raw: customer_measure(raw) is not _UNKNOWN)]
"""``kpi``."""

DefinitionMeasureName = Annotated[
    str, EnumWords(lambda raw: definition_measure(raw)[0] is not _UNKNOWN)
]
"""``name`` of a definition's restriction."""

Basis = Annotated[Text, EnumWords(lambda raw: parse_basis(raw) is not None)]
"""``type`` of a restriction."""

ExpiryName = Annotated[str, EnumWords(lambda raw: expiry_stage(raw) is not None)]
"""``name`` of an expiry."""
