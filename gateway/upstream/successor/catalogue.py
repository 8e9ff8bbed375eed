"""The catalogue: all promotions of the successor, which has no look-up by their ids."""

from collections.abc import Iterable, Sequence

from gateway.upstream.normalise.enums import PromotionStatus, parse_enum
from gateway.upstream.successor.definition import SuccessorDefinition

_UNUSED = frozenset(
    {
        PromotionStatus.DRAFT,
        PromotionStatus.PENDING_APPROVAL,
        PromotionStatus.REJECTED,
        PromotionStatus.SNAPSHOT,
    }
)


class Catalogue:
    """The promotions of one organisation; of several versions of one, that which is in use."""

    def __init__(self, definitions: Iterable[SuccessorDefinition]) -> None:
        self._by_ids: dict[tuple[int, int], SuccessorDefinition] = {}
        for each in definitions:
            ids = each.program_id, each.promotion_id
            known = self._by_ids.get(ids)
            if known is None or _precedence(each) > _precedence(known):
                self._by_ids[ids] = each
        self._by_program: dict[int, list[SuccessorDefinition]] = {}
        for _, each in sorted(self._by_ids.items()):
            self._by_program.setdefault(each.program_id, []).append(each)

        self._lacking: set[tuple[int, int]] = set()

    def is_its_alone(self, definition: SuccessorDefinition) -> bool:
        """Whether the legacy endpoint does not have a promotion.

        Either it was made in the successor, or the legacy endpoint was asked since the catalogue
        was read.
        """
        ids = definition.program_id, definition.promotion_id
        return definition.is_unified or ids in self._lacking

    def legacy_lacks(self, definition: SuccessorDefinition) -> None:
        """Record that the legacy endpoint was asked, and does not have a promotion."""
        self._lacking.add((definition.program_id, definition.promotion_id))

    def __len__(self) -> int:
        """Return the number of promotions."""
        return len(self._by_ids)

    def find(self, program_id: str, promotion_id: str) -> SuccessorDefinition | None:
        """Return a promotion by its ids, which are digits."""
        return self._by_ids.get((int(program_id), int(promotion_id)))

    def of_program(self, program_id: str) -> Sequence[SuccessorDefinition]:
        """Return the promotions of a program, ordered by their ids."""
        return self._by_program.get(int(program_id), ())


def _precedence(definition: SuccessorDefinition) -> tuple[bool, int]:
    is_used = parse_enum(PromotionStatus, definition.status_name) not in _UNUSED
    return is_used, definition.version
