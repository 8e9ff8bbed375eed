"""The values of labels that are known only when the gateway starts, or later."""

from collections.abc import Sequence
from typing import NamedTuple

_SPARE = "\0"  # in no name of an operation


class PayloadFields(NamedTuple):
    """The documented fields of the endpoints, each an endpoint and a path.

    An item is dropped where one of the `needed` is unreadable; `enums` have the words of enums.
    `undocumented` are those whose values may be of an undocumented shape, with the effect.
    """

    needed: tuple[tuple[str, str], ...] = ()
    undocumented: tuple[tuple[str, str, str], ...] = ()
    enums: tuple[tuple[str, str], ...] = ()

    @property
    def endpoints(self) -> list[str]:
        """The endpoints that have fields."""
        return list(dict.fromkeys(endpoint for endpoint, _path in self.needed))


class LabelValues(NamedTuple):
    """The values of the labels that are known only when the gateway starts.

    `operations` and `clients` are names, without `other` and `none`; `fields` those of payloads;
    `deprecated` are the schema coordinates of what is deprecated; `spare_operations` is the number
    of operations that may get a name later.
    """

    operations: tuple[str, ...] = ()
    clients: tuple[str, ...] = ()
    fields: PayloadFields = PayloadFields()
    deprecated: tuple[str, ...] = ()
    spare_operations: int = 0


def spare_name(place: int) -> str:
    """Return what stands for the name of an operation that has none yet."""
    return f"{_SPARE}{place}"


def named(labels: tuple[str, ...], names: Sequence[str]) -> tuple[str, ...] | None:
    """Return the labels of a series, with one of `names` for a spare one; None if it has none."""
    first = labels[0] if labels else ""
    if not first.startswith(_SPARE):
        return labels
    place = int(first.removeprefix(_SPARE))
    return (names[place], *labels[1:]) if place < len(names) else None
