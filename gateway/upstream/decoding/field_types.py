"""The types of payload fields, and the effect of an unreadable value.

The platform writes one figure as ``"100"``, ``100`` or ``"4990.000"``
(docs/platform.md#numbers-as-text); msgspec's lax mode converts each to a number while it decodes.
`lenient.py` converts other values where that is unambiguous. What neither can convert is
*unreadable*: then a field without a default, or one marked `ESSENTIAL`, drops the whole item, which
is reported (`decode.py`); any other field gets its default, null.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, NamedTuple

from msgspec import Meta, Raw

from gateway.upstream.normalise import texts
from gateway.upstream.normalise.ids import parse_id, parse_ids, parse_optional_id
from gateway.upstream.normalise.instants import parse_instant, parse_open_end, parse_open_start


class Normalised(NamedTuple):
    """Marks an attribute whose value the graph does not show as it is: `read` normalises it.

    `member` normalises the same attribute for a second field, which shows its word as an enum.
    """

    read: Callable[[Any], Any] | None = None
    member: Callable[[Any], Any] | None = None


class EnumWords(NamedTuple):
    """Marks a field whose words the graph shows as an enum; any other word counts as unknown."""

    is_known: Callable[[str], bool]


ESSENTIAL = Meta(extra={"unreadable": "the item is left out"})
"""Marks a field without which its item must not be shown: a configured limit, a list."""

EXACT = Meta(extra={"beyond": "read as a Decimal"})
"""Marks a float that `lenient.py` reads as a Decimal unless it is below `EXACT_BELOW`."""

ENTRIES = Meta(extra={"entries": ("key", "value")})
"""Marks a list that may arrive as a map, of which each key with its value is an entry."""

RESTRICTIONS = Meta(max_length=36)
"""The maximum number of restrictions of one stage: nine measures, each over four periods. An item
with more is dropped: its response would take too long."""

EXACT_BELOW = 2**53
"""Below it a float represents every integer. Larger figures are rare enough to be read slowly."""

_INT32 = 2**31

Number = float | Decimal
"""A figure; a Decimal unless it is below `EXACT_BELOW`."""

Digits = Annotated[int, Meta(ge=0, le=2**63 - 1), Normalised(parse_id)]
"""An id that is documented as int64; arrives as a number or as a string of digits."""

_Key = int | Annotated[str, Meta(min_length=1)]

Key = Annotated[_Key, Normalised(parse_id)]
"""An id whose form is not documented; never ``""``."""

OptionalKey = Annotated[_Key | None, Normalised(parse_optional_id)]
"""An id that may be absent, or -1 for nobody (docs/platform.md#no-user)."""

Keys = Annotated[list[Key] | None, ESSENTIAL, Normalised(parse_ids)]
"""A list of ids."""

Figure = Annotated[Annotated[float, Meta(ge=-1, lt=EXACT_BELOW), EXACT] | None, ESSENTIAL]
"""A configured limit: finite and 0 or more, or -1 for no limit; null where it is not configured."""

Usage = Annotated[float, Meta(ge=0, lt=EXACT_BELOW), EXACT] | None
"""How much of a limit is used: finite and 0 or more; null where it is unreadable."""

Count = Annotated[int, Meta(ge=0, le=_INT32 - 1)] | None
"""A count that fits GraphQL's Int (32 bits), else null."""

Integer = Annotated[int, Meta(ge=-_INT32, le=_INT32 - 1)] | None
"""A signed number that fits GraphQL's Int, else null."""

_Instant = int | str | None

Instant = Annotated[_Instant, Normalised(parse_instant)]
"""An instant: ISO 8601 text or epoch milliseconds (docs/platform.md#instants)."""

OpenStart = Annotated[_Instant, Normalised(parse_open_start)]
"""The start of a rule, which may be unbounded (docs/platform.md#open-ended)."""

OpenEnd = Annotated[_Instant, Normalised(parse_open_end)]
"""The end of a rule, which may be unbounded (docs/platform.md#open-ended)."""

Text = str | None
"""Text with its blanks, ``""`` included; a number is its digits."""

Flag = bool | None
"""A boolean, also as "true", "false", 0 or 1."""

Tree = Annotated[Any, Normalised(texts.passed_through)]
"""JSON that is passed through."""

Trees = Annotated[list[Any] | None, ESSENTIAL, Normalised(texts.passed_through_each)]
"""A list of JSON values that are passed through."""

Json = Raw
"""JSON of any shape that is shown as text (`texts.py`)."""

WordOrJson = Annotated[Json, Normalised(texts.word_or_json)]
TypeWord = Annotated[Json, Normalised(texts.type_word)]
ScopeWords = Annotated[Json, Normalised(texts.scope_words)]
ExpressionTree = Annotated[Json, Normalised(texts.expression_tree)]

JsonByName = Annotated[dict[str, Json] | None, ESSENTIAL, Normalised(texts.entries)]
"""A map, which the graph shows as a list of entries."""

NO_JSON = Raw(b"null")
"""The default of an absent `Json` field."""
