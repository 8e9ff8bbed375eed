"""Which cached responses may no longer be served, because what they are about has changed.

Evictions are numbered by *positions*, which only grow. A response carries the position at which its
call began; it is outdated once a subject of it is evicted at a later one. So nothing is searched
for, and a call that began before an eviction is outdated however late it returns
(`docs/decisions/066-evictions-are-positions.md`).
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from itertools import takewhile

from gateway.cache.bounded_dict import BoundedDict
from gateway.cache.keys import KeyMaker

Subject = str
"""What a response is about: a letter for its kind, and its ids; a customer's are hashed."""
CUSTOMER, PROGRAM, PROMOTION = "c", "p", "d"
EVERYTHING: Subject = "*"
_KINDS = (CUSTOMER, PROGRAM, PROMOTION)
_MAX_SUBJECTS = 20_000  # of each kind; some 3 MB
_MAX_LENGTH = 128


class EvictionsUnavailableError(Exception):
    """Redis does not take an eviction at present."""


class Evictions:
    """The positions of the last evictions, of each kind of subject as many as fit.

    `keys` hash the customers' ids, equally in all replicas; without a common secret there are none,
    and no subject leaves the machine. A kind's *floor* is the position below
    which nothing is known any more: each older response counts as outdated. `listeners` are called
    with each evicted subject, in the order in which they are evicted. `is_current` is False until
    the evictions that others made before this process began are known: till then nothing that
    others have cached may be served.
    """

    def __init__(self, keys: KeyMaker | None, max_subjects: int = _MAX_SUBJECTS) -> None:
        self._keys, self._max_subjects = keys, max_subjects
        self._positions: dict[str, OrderedDict[Subject, int]] = {
            kind: OrderedDict() for kind in _KINDS
        }
        self._floors = dict.fromkeys(_KINDS, 0)
        self._latest = dict.fromkeys(_KINDS, 0)
        self._customers: BoundedDict[int, Subject] = BoundedDict(max_subjects)
        self.counts = dict.fromkeys((*_KINDS, EVERYTHING), 0)
        self.listeners: list[Callable[[Subject], None]] = []
        self.position = 0
        self.is_current = True

    def customer(self, customer_id: int) -> Subject:
        """Return the subject of a customer's pages, by the platform's id."""
        known = self._customers.get(customer_id)
        if known is None:
            text = str(customer_id)
            known = CUSTOMER + (text if self._keys is None else self._keys.key("customer", text))
            self._customers[customer_id] = known
        return known

    def event(self, identity: str) -> str:
        """Return the key of an event that evicts something, by what identifies it."""
        return identity if self._keys is None else self._keys.key("event", identity)

    def of(self, subject: Subject) -> int:
        """Return the position of the last eviction of a subject, 0 for none."""
        kind = subject[0]
        return self._positions[kind].get(subject, self._floors[kind])

    def latest(self, kind: str) -> int:
        """Return the position of the last eviction of any subject of a kind, 0 for none."""
        return self._latest[kind]

    def floor(self, kind: str) -> int:
        """Return the position below which nothing is known of a kind any more."""
        return self._floors[kind]

    def since(self, kind: str, position: int) -> Iterator[Subject]:
        """Yield the subjects of a kind that were evicted after a position, the last one first.

        Those from before the kind's floor are not among them.
        """
        for subject, evicted_at in reversed(self._positions[kind].items()):
            if evicted_at <= position:
                return
            yield subject

    def outdates(self, position: int, subjects: Iterable[Subject]) -> bool:
        """Whether one of `subjects` was evicted after `position`."""
        return self.position > position and any(self.of(each) > position for each in subjects)

    def apply(self, subjects: Iterable[Subject], position: int | None = None) -> None:
        """Evict subjects, at `position` or at the next one; ignore what is no subject.

        Those of one position may be applied more than once.
        """
        position = self.position + 1 if position is None else position
        self.position = max(self.position, position)
        for subject in subjects:
            kind = subject[:1]
            if kind in self._positions and self._positions[kind].get(subject) == position:
                continue
            if subject == EVERYTHING:
                self._evict_everything(position)
            elif kind in self._positions and len(subject) <= _MAX_LENGTH:
                self._evict(kind, subject, position)
            else:
                continue
            self.counts[kind] += 1
            for listener in self.listeners:
                listener(subject)

    def _evict(self, kind: str, subject: Subject, position: int) -> None:
        positions = self._positions[kind]
        positions[subject] = position = max(position, self.of(subject))
        positions.move_to_end(subject)
        if position < self._latest[kind]:  # another replica's, after a later one of this process
            own = reversed(positions)
            next(own)
            later = list(takewhile(lambda each: positions[each] > position, own))
            for each in reversed(later):
                positions.move_to_end(each)
        self._latest[kind] = max(self._latest[kind], position)
        if len(positions) > self._max_subjects:
            _, oldest = positions.popitem(last=False)
            self._floors[kind] = max(self._floors[kind], oldest)

    def _evict_everything(self, position: int) -> None:
        for kind, positions in self._positions.items():
            positions.clear()
            self._floors[kind] = max(self._floors[kind], position)
            self._latest[kind] = max(self._latest[kind], position)


def program(program_id: int) -> Subject:
    """Return the subject of a program's lists of definitions."""
    return f"{PROGRAM}{program_id}"


def promotion(program_id: int, promotion_id: int) -> Subject:
    """Return the subject of a definition that was looked up by its id."""
    return f"{PROMOTION}{program_id}:{promotion_id}"
