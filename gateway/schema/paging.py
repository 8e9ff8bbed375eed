"""What all connections have in common."""

from typing import Annotated

import strawberry

from gateway.schema.declare import plain
from gateway.wire.warnings import UpstreamWarning

First = Annotated[
    int | None,
    strawberry.argument(
        description="How many items from the start, 0..100; 20 where neither `first` nor `last` is"
        " given. Up to 98 cost one call to the platform; 99 and 100 may cost two, and so may a page"
        " behind which the list has moved."
    ),
]
After = Annotated[str | None, strawberry.argument(description="Only what follows this cursor.")]
Last = Annotated[
    int | None,
    strawberry.argument(
        description="How many items from the end, 0..100; not with `first`. Without `before` it"
        " costs one call where there are up to 100 in all, else two."
    ),
]
Before = Annotated[str | None, strawberry.argument(description="Only what precedes this cursor.")]


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    """The Relay PageInfo."""

    has_next_page: bool = strawberry.field(description="Whether there is more behind this page.")
    has_previous_page: bool = strawberry.field(
        description="Whether there is more in front of this page."
    )
    start_cursor: str | None = strawberry.field(
        description="The cursor of the page's first place: pass it as `before`. Null for an empty"
        " page."
    )
    end_cursor: str | None = strawberry.field(
        description="The cursor of the page's last place, which may be one that was left out: pass"
        " it as `after`. Null for an empty page."
    )


@strawberry.type(description="What is worth knowing of a page beside its items.")
class PageWarning:
    """A view over one warning."""

    payload: strawberry.Private[UpstreamWarning]

    code: int | None = plain(
        "code", "The upstream's number for it; null where the gateway itself says it."
    )
    message: str = plain("message", "What it says, in English.")
