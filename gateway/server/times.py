"""The time limits of a server."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerTimes:
    """Times in seconds, by the settings of their names."""

    keep_alive_s: float = 5.0
    shutdown_delay_s: float = 0.0
    shutdown_grace_s: float = 10.0
