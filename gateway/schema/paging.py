"""The arguments and types that all connections share."""

from collections.abc import Hashable, Mapping
from typing import Annotated, Any, NamedTuple, Self

import strawberry

from gateway.pagination.arguments import DEFAULT_SIZE, HAS_NEXT_PAGE, HAS_PREVIOUS_PAGE
from gateway.pagination.cursor import Binding
from gateway.pagination.page import ConnectionPage
from gateway.schema.declare import computed, plain, view
from gateway.schema.lookahead import LooksFor
from gateway.upstream.normalise.warnings import UpstreamWarning


def same_page(arguments: Mapping[str, Any]) -> Hashable:
    """Return a key that is equal for arguments of the same page of a list."""
    page = {
        name: frozenset(value) if isinstance(value, list | tuple) else value
        for name, value in arguments.items()
        if value is not None
    }
    if "first" not in page and "last" not in page:
        is_backward = "before" in page and "after" not in page
        page["last" if is_backward else "first"] = DEFAULT_SIZE
    return frozenset(page.items())


PAGE_FIELDS = LooksFor((HAS_NEXT_PAGE, HAS_PREVIOUS_PAGE), same_page)

First = Annotated[
    int | None,
    strawberry.argument(
        description="How many items from the start, 0..100; 20 where neither `first` nor `last` is"
        " given. Up to 98 cost one call to the platform. 99 and 100 may cost two: 100 behind a"
        " cursor, and where `hasNextPage` is selected and the platform counts no more. So may a"
        " page before which the list has moved."
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


class BoundPage(NamedTuple):
    """A fetched page, what its cursors are bound to, and whether there are more on either side."""

    page: ConnectionPage[Any]
    binding: Binding
    has_next: bool
    has_previous: bool

    @classmethod
    def of(cls, page: ConnectionPage[Any], binding: Binding) -> Self:
        """Create it."""
        return cls(page, binding, page.has_next, page.has_previous)

    def cursor(self, index: int) -> str | None:
        """Return the cursor of the page's first (0) or last (-1) place; null for an empty page."""
        position = self.page.edge(index)
        return None if position is None else self.binding.write(position)


@view(description="Where a page lies in its list.")
class PageInfo:
    """The Relay PageInfo; its cursors may be of places whose items were left out."""

    payload: strawberry.Private[BoundPage]

    has_next_page: bool = plain("Whether there is more behind this page.", "has_next")
    has_previous_page: bool = plain("Whether there is more in front of this page.", "has_previous")

    @computed("The cursor of the page's first place: pass it as `before`. Null for an empty page.")
    def start_cursor(self) -> str | None:
        """Return the cursor of the first place."""
        return self.payload.cursor(0)

    @computed(
        "The cursor of the page's last place, which may be one that was left out: pass it as"
        " `after`. Null for an empty page."
    )
    def end_cursor(self) -> str | None:
        """Return the cursor of the last place."""
        return self.payload.cursor(-1)


@view(description="What is worth knowing of a page beside its items.")
class PageWarning:
    """A view over one warning."""

    payload: strawberry.Private[UpstreamWarning]

    code: int | None = plain("The upstream's number for it; null where the gateway itself says it.")
    message: str = plain("What it says, in English.")
