"""The types of a payload's leaves, and what an unreadable one costs.

The upstream writes one figure as ``"100"``, ``100`` or ``"4990.000"``; msgspec's lax mode turns
each into a number while it decodes. What it cannot turn is read by `lenient.py`, which takes a
value for what it plainly is. What that cannot read either is *unreadable*, and a leaf's type says
what follows: a field without a default, or one marked `ESSENTIAL`, costs the whole item (it is left
out and reported); any other becomes its default, null (`decode.py`).
"""

from decimal import Decimal
from typing import Annotated, Any

from msgspec import Meta, Raw

ESSENTIAL = Meta(extra={"unreadable": "the item is left out"})
"""Marks what an item must not be shown without: a configured limit, a list that is never null."""

EXACT = Meta(extra={"beyond": "read as a Decimal"})
"""Marks a float of which `lenient.py` reads what is beyond `EXACT_BELOW`, as a Decimal."""

ENTRIES = Meta(extra={"entries": ("key", "value")})
"""Marks a list whose entries may come as a map: each key with its value is one."""

RESTRICTIONS = Meta(max_length=36)
"""How many restrictions one stage may have, to be shown in time: nine measures, each over four
periods. An item with more is left out."""

EXACT_BELOW = 2**53
"""Below it a float has every integer. What is not below is rare enough to be read slowly."""

_INT32 = 2**31

Number = float | Decimal
"""A figure; a Decimal where it is not below `EXACT_BELOW`. Equal ones are shown the same."""

Digits = Annotated[int, Meta(ge=0, le=2**63 - 1)]
"""An id that the platform documents as int64; arrives as number or as string of digits."""

Key = int | Annotated[str, Meta(min_length=1)]
"""An id of which nothing is known but that it is one; ``""`` is none."""

Figure = Annotated[Annotated[float, Meta(ge=-1, lt=EXACT_BELOW), EXACT] | None, ESSENTIAL]
"""A configured limit: finite and 0 or more, or -1 for none; null where it is not configured."""

Usage = Annotated[float, Meta(ge=0, lt=EXACT_BELOW), EXACT] | None
"""How much of a limit is used up: finite and 0 or more; null where it cannot be read."""

Count = Annotated[int, Meta(ge=0, le=_INT32 - 1)] | None
"""A count that fits GraphQL's Int (32 bits); null where it does not."""

Integer = Annotated[int, Meta(ge=-_INT32, le=_INT32 - 1)] | None
"""A signed number that fits GraphQL's Int; null where it does not."""

Instant = int | str | None
"""A point in time as it stands on the wire: ISO 8601 text or epoch milliseconds (`instants.py`)."""

Text = str | None
"""Text as the upstream has it: blanks kept, ``""`` stays ``""``; a number is its digits."""

Flag = bool | None
"""A boolean, also as "true", "false", 0 or 1."""

Tree = Any
"""JSON that the gateway passes through without looking at it."""

Json = Raw
"""JSON of any shape that is shown as text (`texts.py`)."""

NO_JSON = Raw(b"null")
"""Where it is absent."""
