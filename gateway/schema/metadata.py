"""What a brand has noted about a promotion, in the customer view or in the successor."""

from collections.abc import Iterable
from typing import Annotated, TypeVar

import strawberry

from gateway.schema.declare import plain, view
from gateway.upstream.customer_view.payload import Metadata
from gateway.upstream.successor.payload import Note

_E = TypeVar("_E", Metadata, Note)

Keys = Annotated[
    list[str] | None,
    strawberry.argument(description="Only entries with these keys, compared exactly."),
]


@view(description="What a brand has noted about a promotion.")
class PromotionMetadata:
    """A view over one entry of ``promotionMetadata``."""

    payload: strawberry.Private[Metadata | Note]

    key: str = plain("What it is about.")
    value: str | None = plain("What it says.")
    is_brand_defined: bool | None = plain("Whether the brand made it up.")


def with_keys(entries: Iterable[_E] | None, keys: list[str] | None) -> list[_E]:
    """Return the entries with some keys, or all."""
    if keys is None:
        return list(entries or ())
    wanted = frozenset(keys)  # there may be thousands
    return [entry for entry in entries or () if entry.key in wanted]
