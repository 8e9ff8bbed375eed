"""The words that only the successor has (docs/platform.md#successor-words)."""

from typing import Annotated

from gateway.upstream.decoding.field_types import EnumWords, Normalised, Text
from gateway.upstream.normalise.enums import (
    RestrictionScope,
    WindowType,
    WireEnum,
    folded,
    parse_enum,
    words_of,
)
from gateway.upstream.normalise.memoizable import memoizable


def is_periodic(raw: str | None) -> bool:
    """Whether the successor's ``periodType`` names a period: not where it is NON_PERIOD_BASED."""
    return folded(raw) not in {"", "nonperiodbased"}


PeriodTypeName = Annotated[
    Text,
    EnumWords(
        lambda raw: parse_enum(WindowType, raw) is not WindowType.UNKNOWN or not is_periodic(raw)
    ),
]
"""``periodType`` of the successor."""

_GRANULARITIES = {
    "overall": RestrictionScope.PROMOTION,
    "user": RestrictionScope.CUSTOMER,
    "peractivity": RestrictionScope.EVENT,
}


@memoizable
def parse_granularity(raw: str | None) -> RestrictionScope:
    """Parse the successor's ``granularity``: what a limit's counter is for."""
    return _GRANULARITIES.get(folded(raw), RestrictionScope.UNKNOWN)


GranularityName = Annotated[
    Text, EnumWords(lambda raw: parse_granularity(raw) is not RestrictionScope.UNKNOWN)
]
"""``granularity``."""


class ActivityCombination(WireEnum):
    """How many activities of a group have to happen: ``combinationType``."""

    ANY = "ANY"
    ALL = "ALL"
    UNKNOWN = "UNKNOWN"


@memoizable
def parse_combination(raw: str | None) -> ActivityCombination | None:
    """Parse ``combinationType``; None where it is absent."""
    return None if raw is None else parse_enum(ActivityCombination, raw)


CombinationName = Annotated[
    Text, Normalised(member=parse_combination), words_of(ActivityCombination)
]
"""``combinationType``."""
