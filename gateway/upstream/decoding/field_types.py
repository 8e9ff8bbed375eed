"""The types of a payload's leaves, and what an unreadable one costs.

The upstream writes one figure as ``"100"``, ``100`` or ``"4990.000"``; msgspec's lax mode turns
each into a number while it decodes. What it cannot turn is read by `lenient.py`, which takes a
value for what it plainly is. What that cannot read either is *unreadable*, and a leaf's type says
what follows: a field without a default, or one marked `ESSENTIAL`, costs the whole item (it is left
out and reported); any other becomes its default, null (`decode.py`).
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, NamedTuple

from msgspec import Meta, Raw

from gateway.upstream.normalise import texts
from gateway.upstream.normalise.ids import parse_id, parse_ids, parse_optional_id
from gateway.upstream.normalise.instants import parse_instant, parse_open_end, parse_open_start


class Normalised(NamedTuple):
    """Marks an attribute that the graph does not show as it is: `read` is its normaliser.

    `member` is the normaliser of the attribute's other field, if any: the word as a member of an
    enum.
    """

    read: Callable[[Any], Any] | None = None
    member: Callable[[Any], Any] | None = None


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

Digits = Annotated[int, Meta(ge=0, le=2**63 - 1), Normalised(parse_id)]
"""An id that the platform documents as int64; arrives as number or as string of digits."""

_Key = int | Annotated[str, Meta(min_length=1)]

Key = Annotated[_Key, Normalised(parse_id)]
"""An id of which nothing is known but that it is one; ``""`` is none."""

OptionalKey = Annotated[_Key | None, Normalised(parse_optional_id)]
"""An id that may be absent, or -1 for nobody (docs/platform.md#no-user)."""

Keys = Annotated[list[Key] | None, ESSENTIAL, Normalised(parse_ids)]
"""A list of ids."""

Figure = Annotated[Annotated[float, Meta(ge=-1, lt=EXACT_BELOW), EXACT] | None, ESSENTIAL]
"""A configured limit: finite and 0 or more, or -1 for none; null where it is not configured."""

Usage = Annotated[float, Meta(ge=0, lt=EXACT_BELOW), EXACT] | None
"""How much of a limit is used up: finite and 0 or more; null where it cannot be read."""

Count = Annotated[int, Meta(ge=0, le=_INT32 - 1)] | None
"""A count that fits GraphQL's Int (32 bits); null where it does not."""

Integer = Annotated[int, Meta(ge=-_INT32, le=_INT32 - 1)] | None
"""A signed number that fits GraphQL's Int; null where it does not."""

_Instant = int | str | None

Instant = Annotated[_Instant, Normalised(parse_instant)]
"""A point in time as it stands on the wire: ISO 8601 text or epoch milliseconds (`instants.py`)."""

OpenStart = Annotated[_Instant, Normalised(parse_open_start)]
"""A rule's start (docs/platform.md#open-ended)."""

OpenEnd = Annotated[_Instant, Normalised(parse_open_end)]
"""A rule's end (docs/platform.md#open-ended)."""

Text = str | None
"""Text as the upstream has it: blanks kept, ``""`` stays ``""``; a number is its digits."""

Flag = bool | None
"""A boolean, also as "true", "false", 0 or 1."""

Tree = Annotated[Any, Normalised(texts.passed_through)]
"""JSON that the gateway passes through without looking at it."""

Trees = Annotated[list[Any] | None, ESSENTIAL, Normalised(texts.passed_through_each)]
"""A list of JSON values that are passed through."""

Json = Raw
"""JSON of any shape that is shown as text (`texts.py`)."""

WordOrJson = Annotated[Json, Normalised(texts.word_or_json)]
TypeWord = Annotated[Json, Normalised(texts.type_word)]
ScopeWords = Annotated[Json, Normalised(texts.scope_words)]
ExpressionTree = Annotated[Json, Normalised(texts.expression_tree)]

JsonByName = Annotated[dict[str, Json] | None, ESSENTIAL, Normalised(texts.entries)]
"""A map, of which the graph shows a list of entries."""

NO_JSON = Raw(b"null")
"""Where it is absent."""
