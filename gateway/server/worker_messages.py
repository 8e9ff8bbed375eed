"""What the parent of worker processes and a worker write to each other, over a socket."""

from enum import Enum

BEAT_INTERVAL_S = 0.5


class Command(Enum):
    """What the parent tells a worker; each is one byte."""

    DRAIN = b"d"
    CLOSE = b"c"
    END_NOW = b"e"
    RELOAD = b"r"


class Report(Enum):
    """What a worker reports to its parent; each is one byte."""

    ALIVE = b"a"
    STARTED = b"s"
    CLOSED = b"c"
