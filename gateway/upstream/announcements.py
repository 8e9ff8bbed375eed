"""What was missing may have been made: an event about a definition ends what is known of that."""

from collections.abc import Callable

from gateway.cache.evictions import EVERYTHING, PROGRAM, PROMOTION, Subject
from gateway.upstream.resilience.absence import EndpointAbsence
from gateway.upstream.resilience.phase_out import PhaseOut


def announce_to(phase_out: PhaseOut, by_id: EndpointAbsence) -> Callable[[Subject], None]:
    """Return a listener of evictions that has lists and look-ups by id tried again."""

    def announced(subject: Subject) -> None:
        kind, ids = subject[:1], subject[1:]
        if kind == PROGRAM:
            phase_out.announced(ids)
        elif kind == PROMOTION:
            program_id, _, promotion_id = ids.partition(":")
            by_id.announced((program_id, promotion_id))
        elif subject == EVERYTHING:
            phase_out.announced(None)
            by_id.announced(None)

    return announced
