"""Search, validity and order of a customer's promotions, for which the whole list is read.

The platform neither searches nor sorts. What it can filter is filtered by it, so that the list to
read is as short as possible.
"""

import asyncio
import unicodedata
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Annotated, NamedTuple, Protocol, Self

import strawberry

from gateway.errors import BadUserInputError, TooManyPromotionsError
from gateway.pagination.arguments import MAX_SIZE
from gateway.pagination.page import ConnectionPage
from gateway.pagination.sort_position import SortPosition
from gateway.pagination.sorted_page import Order, SortedRequest, sorted_page
from gateway.pagination.whole_list import TooManyItemsError, WholeList
from gateway.upstream.customer_view.endpoint import CustomerPage
from gateway.upstream.customer_view.payload import CustomerPromotionPayload
from gateway.upstream.normalise.enums import (
    CustomerPromotionOrderField,
    OrderDirection,
    PromotionValidity,
)
from gateway.upstream.normalise.folding import fold
from gateway.upstream.normalise.sort_keys import SORT_KEYS
from gateway.upstream.normalise.validity import validity

MAX_SEARCH_LENGTH = 256
MAX_SEARCHED_LENGTH = 4_096
"""The number of characters of a name, a description and an identifier that are searched."""
_CHARACTERS_PER_SLICE = 50_000  # up to some ten milliseconds of work
_FORBIDDEN = {"Cc", "Cs"}  # control characters, and surrogates that no UTF-8 can hold

_WHOLE_LIST = (
    " The gateway reads the whole list for it, in calls of 100 promotions each; a list of more than"
    " 300 is LIST_TOO_LONG: narrow it with `availability`, `type`, `sourceType` or `programIds`."
)


@strawberry.input(
    description="The order of a customer's promotions. What has no value comes last in both"
    " directions; equal values are in the order of their ids."
)
class CustomerPromotionOrder:
    """A field and a direction; equal orders have equal hashes, as arguments of a page need."""

    field: CustomerPromotionOrderField = strawberry.field(description="What to sort by.")
    direction: OrderDirection = strawberry.field(
        default=OrderDirection.ASC, description="Ascending or descending."
    )

    def __hash__(self) -> int:
        """Return the hash of both."""
        return hash((self.field, self.direction))


Search = Annotated[
    str | None,
    strawberry.argument(
        description="Only those whose name, identifier or description (its first 4,096 characters)"
        f" contains this text of 1 to {MAX_SEARCH_LENGTH} characters, case, accents and width"
        f" aside.{_WHOLE_LIST}"
    ),
]
Validity = Annotated[
    list[PromotionValidity] | None,
    strawberry.argument(
        description=f"Only those with one of these values of `validity`.{_WHOLE_LIST}"
    ),
]
OrderBy = Annotated[
    CustomerPromotionOrder | None,
    strawberry.argument(
        description="The order; without it the platform's own, which is not documented, or with"
        f" `search` or `validity` that of the ids.{_WHOLE_LIST}"
    ),
]


class SearchArguments(Protocol):
    """The arguments of a page, not yet checked."""

    @property
    def search(self) -> str | None: ...  # noqa: D102 - an argument
    @property
    def validity(self) -> tuple[PromotionValidity, ...] | None: ...  # noqa: D102 - as above
    @property
    def order_by(self) -> CustomerPromotionOrder | None: ...  # noqa: D102 - as above


class CustomerSearch(NamedTuple):
    """What is searched, and the order: `text` is folded, `validities` None does not filter.

    `argument` is the name of the first argument given.
    """

    text: str
    validities: frozenset[PromotionValidity] | None
    order_by: CustomerPromotionOrder | None
    argument: str

    @classmethod
    def check(cls, arguments: SearchArguments) -> Self | None:
        """Check the arguments; return None where none is given. Raise BadUserInputError."""
        search, chosen, order_by = arguments.search, arguments.validity, arguments.order_by
        if search is None and chosen is None and order_by is None:
            return None
        if chosen is not None and not chosen:
            raise BadUserInputError("validity", "it must have at least one value; omit it for all.")
        return cls(
            "" if search is None else _check_text(search),
            None if chosen is None else frozenset(chosen),
            order_by,
            "search" if search is not None else ("validity" if chosen is not None else "orderBy"),
        )

    @property
    def key(self) -> str:
        """Return what distinguishes the list from others; the text, which may be any, is last."""
        validities = sorted(each.name for each in self.validities or ())
        order_by = self.order_by
        order = "" if order_by is None else f"{order_by.field.name} {order_by.direction.name}"
        return f"|{order}|{','.join(validities)}|{self.text}"

    @property
    def order(self) -> Order:
        """Return the type of the sort keys, and the direction."""
        if self.order_by is None:
            return Order()
        is_name = self.order_by.field is CustomerPromotionOrderField.NAME
        return Order(str if is_name else int, self.order_by.direction is OrderDirection.DESC)

    def matches(self, item: CustomerPromotionPayload, now: datetime) -> bool:
        """Whether a promotion is one of those searched."""
        if self.validities is not None and validity(item, now) not in self.validities:
            return False
        if not self.text:
            return True
        texts = (item.name, item.identifier, item.description)
        return any(
            self.text in fold(text[:MAX_SEARCHED_LENGTH]) for text in texts if text is not None
        )

    async def select(
        self, items: Iterable[CustomerPromotionPayload], now: datetime
    ) -> list[CustomerPromotionPayload]:
        """Return the promotions that match; yields to the event loop between long texts."""
        selected, characters = [], 0
        for item in items:
            if self.matches(item, now):
                selected.append(item)
            if self.text and item.description is not None:
                characters += min(len(item.description), MAX_SEARCHED_LENGTH)
                if characters > _CHARACTERS_PER_SLICE:
                    characters = 0
                    await asyncio.sleep(0)
        return selected

    def positions(
        self, items: Iterable[CustomerPromotionPayload], now: datetime
    ) -> list[SortPosition]:
        """Return the position of each promotion."""
        if self.order_by is None:
            return [SortPosition(None, item.promotion_id, item.program_id) for item in items]
        key_of = SORT_KEYS[self.order_by.field]
        return [
            SortPosition(key_of(item, now), item.promotion_id, item.program_id) for item in items
        ]


async def search_page(
    load: Callable[[int, int], Awaitable[CustomerPage]],
    search: CustomerSearch,
    request: SortedRequest,
    *,
    now: datetime,
    max_calls: int,
) -> ConnectionPage[CustomerPromotionPayload]:
    """Read the whole list by `load`, and return one page of what matches, sorted.

    Raise TooManyPromotionsError for a list that the calls do not suffice for, or what `load`
    raises, which is CustomerMismatchError where two windows are about different customers.
    """
    whole: WholeList[CustomerPromotionPayload] = WholeList(max_calls)
    try:
        await whole.read(load)
    except TooManyItemsError:
        raise TooManyPromotionsError(
            search.argument, max_calls * MAX_SIZE, str(whole.customer_id)
        ) from None
    items = await search.select(whole.items, now)
    return sorted_page(whole, items, search.positions(items, now), request)


def _check_text(search: str) -> str:
    """Return the folded text; raise BadUserInputError where nothing could be searched by it."""
    text = fold(search) if len(search) <= MAX_SEARCH_LENGTH else ""
    if not text:
        raise BadUserInputError(
            "search",
            f"it must have 1 to {MAX_SEARCH_LENGTH} characters, not only blanks; omit it for all.",
        )
    if any(unicodedata.category(character) in _FORBIDDEN for character in text):
        raise BadUserInputError("search", "it must not contain control characters.")
    return text
