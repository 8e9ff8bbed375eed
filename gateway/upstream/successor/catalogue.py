"""The catalogue: all promotions of the successor, which has no look-up by their ids."""

from collections.abc import Iterable, Sequence
from operator import attrgetter

from gateway.cache.evictions import PROMOTION, Evictions, promotion
from gateway.upstream.normalise.enums import PromotionStatus, folded, parse_enum
from gateway.upstream.successor.definition import SuccessorDefinition

_UNUSED = frozenset(
    {
        PromotionStatus.DRAFT,
        PromotionStatus.PENDING_APPROVAL,
        PromotionStatus.REJECTED,
        PromotionStatus.SNAPSHOT,
    }
)


_promotion_id_of = attrgetter("promotion_id")
Ids = tuple[int, int]
"""A program and a promotion."""


class Catalogue:
    """The promotions of one organisation; of several versions of one, that which is in use.

    `position` is that of `evictions` at which reading it began: what was evicted later has changed
    since, until it is replaced.
    """

    def __init__(
        self,
        definitions: Iterable[SuccessorDefinition],
        evictions: Evictions | None = None,
        position: int = 0,
    ) -> None:
        self._evictions, self.position = evictions, position
        self._by_ids: dict[Ids, SuccessorDefinition] = {}
        for each in definitions:
            ids = each.program_id, each.promotion_id
            known = self._by_ids.get(ids)
            if known is None or _precedence(each) > _precedence(known):
                self._by_ids[ids] = each
        self._by_program: dict[int, list[SuccessorDefinition]] = {}
        for _, each in sorted(self._by_ids.items()):
            self._by_program.setdefault(each.program_id, []).append(each)
        self._replaced: dict[Ids, int] = {}  # at which position
        self._lacking: dict[Ids, int] = {}  # since which position

    @property
    def is_outdated(self) -> bool:
        """Whether anything may have changed since it was read, as evictions have been missed."""
        return self._evictions is not None and self.position < self._evictions.floor(PROMOTION)

    @property
    def is_behind(self) -> bool:
        """Whether some promotion has changed since it was read."""
        return self._evictions is not None and self.position < self._evictions.latest(PROMOTION)

    def has_changed(self, ids: Ids) -> bool:
        """Whether a promotion has changed since it was read or replaced."""
        evictions = self._evictions
        return evictions is not None and evictions.of(promotion(*ids)) > max(
            self.position, self._replaced.get(ids, 0)
        )

    def changed_in(self, program_id: str) -> list[Ids]:
        """Return the promotions of a program that have changed since; the last one first."""
        if self._evictions is None:
            return []
        prefix = promotion(int(program_id), 0)[:-1]
        return [
            ids
            for subject in self._evictions.since(PROMOTION, self.position)
            if subject.startswith(prefix)
            and self.has_changed(ids := (int(program_id), int(subject[len(prefix) :])))
        ]

    def replace(self, ids: Ids, definition: SuccessorDefinition | None, position: int) -> None:
        """Replace a promotion by what was read at a position; None leaves it as it was."""
        if position < self._replaced.get(ids, 0):
            return
        self._replaced[ids] = position
        if definition is None:
            return
        self._by_ids[ids] = definition
        others = [each for each in self._by_program.get(ids[0], ()) if each.promotion_id != ids[1]]
        self._by_program[ids[0]] = sorted([*others, definition], key=_promotion_id_of)

    def is_its_alone(self, definition: SuccessorDefinition) -> bool:
        """Whether the legacy endpoint does not have a promotion.

        Either it was made in the successor, or the legacy endpoint was asked since the catalogue
        was read, and the promotion has not changed since then.
        """
        ids = definition.program_id, definition.promotion_id
        if definition.is_unified:
            return True
        asked_at = self._lacking.get(ids)
        return asked_at is not None and (
            self._evictions is None or asked_at >= self._evictions.of(promotion(*ids))
        )

    def legacy_lacks(self, definition: SuccessorDefinition, position: int) -> None:
        """Record that the legacy endpoint does not have a promotion, as of a position."""
        self._lacking[definition.program_id, definition.promotion_id] = position

    def __len__(self) -> int:
        """Return the number of promotions."""
        return len(self._by_ids)

    def find(self, program_id: str, promotion_id: str) -> SuccessorDefinition | None:
        """Return a promotion by its ids, which are digits."""
        return self._by_ids.get((int(program_id), int(promotion_id)))

    def of_program(self, program_id: str) -> Sequence[SuccessorDefinition]:
        """Return the promotions of a program, ordered by their ids."""
        return self._by_program.get(int(program_id), ())

    def has_event(self, name: str) -> bool:
        """Whether an event, in any spelling, triggers a promotion of any program."""
        event = folded(name)
        return any(event in map(folded, each.event_names) for each in self._by_ids.values())


def _precedence(definition: SuccessorDefinition) -> tuple[bool, int]:
    is_used = parse_enum(PromotionStatus, definition.status_name) not in _UNUSED
    return is_used, definition.version
