"""The values of a payload that are not as documented, counted by field.

A field is named by the keys that lead to it within a promotion, or within the page for what stands
beside the promotions: ``promotionRestriction.earnRestrictions.kpi``. Lists, and keys of maps, add
nothing to it. So the names are those of the documented fields, whatever a response contains.
"""

from collections.abc import Mapping
from enum import Enum


class DriftKind(Enum):
    """What has become of a value."""

    CONVERTED = "converted"
    NULL = "null"
    UNKNOWN = "unknown"
    DROPPED = "dropped"

    __hash__ = object.__hash__  # members are singletons


UNDOCUMENTED = (DriftKind.CONVERTED, DriftKind.NULL)
"""The kinds of values of an undocumented shape."""


class PayloadDrift(dict[tuple[DriftKind, str], int]):
    """The number of values by what has become of them, and by field.

    `UNKNOWN` are words that are no value of the field's enum, `DROPPED` whole promotions, by the
    field that is at fault.
    """

    __slots__ = ()

    def count(self, kind: DriftKind, field: str, number: int = 1) -> None:
        """Add to the number of a field."""
        self[kind, field] = self.get((kind, field), 0) + number

    def add(self, other: Mapping[tuple[DriftKind, str], int]) -> None:
        """Add all numbers of another."""
        for (kind, field), number in other.items():
            self.count(kind, field, number)

    def total(self, *kinds: DriftKind) -> int:
        """Return the number of values of some kinds."""
        return sum(number for (kind, _field), number in self.items() if kind in kinds)

    def fields(self, *kinds: DriftKind) -> list[str]:
        """Return the fields with values of some kinds."""
        return sorted({field for kind, field in self if kind in kinds})
