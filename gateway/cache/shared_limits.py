"""What asking Redis may cost."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SharedLimits:
    """What the shared level may cost; times in seconds.

    `timeout_s` bounds an operation, connecting included, and `turn_s` the wait for one of
    `max_connections`. `max_entry_bytes` is the largest entry that is written or believed.
    """

    timeout_s: float = 0.1
    turn_s: float = 0.025
    probe_every_s: float = 1.0
    max_connections: int = 20
    max_entry_bytes: int = 4 * 1024 * 1024
