"""A small schema for the compiler's tests: books with a price, a shelf of them, and an author."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import strawberry
from graphql import FragmentDefinitionNode, OperationDefinitionNode, VariableValues, parse
from strawberry.schema.config import StrawberryConfig

from gateway.answer_budget import AnswerBudget
from gateway.context import CallBudget, Caller, RequestContext
from gateway.execution.compiler.selection import Scope, Selection
from gateway.execution.execution_state import ExecutionState
from gateway.execution.field_info import FieldInfos
from gateway.pagination.arguments import PageFields
from gateway.schema.build import SCALARS, executable
from gateway.schema.declare import (
    NOT_PREFETCHED,
    PAYLOAD,
    AsView,
    AsViews,
    computed,
    fetching,
    no_call,
    plain,
    timed,
    view,
)
from gateway.schema.info import Info, ResolverContext
from gateway.schema.lookahead import LooksFor
from gateway.upstream.normalise.memoizable import memoizable

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@memoizable
class PricePayload(msgspec.Struct, frozen=True):
    """A price, of which few different ones exist."""

    amount: float
    currency: str | None = None


class BookPayload(msgspec.Struct):
    """A book."""

    title: str
    pages: int = 100
    price: PricePayload | None = None
    genre: str | None = None
    raw: Any = None


@memoizable
def read_genre(raw: str | None) -> str | None:
    """Return a genre in lower case; few different ones exist."""
    return None if raw is None else raw.lower()


@view(description="A price.")
class Price:
    """A view over a price."""

    payload: strawberry.Private[PricePayload]

    amount: float = plain("The amount.")
    currency: str | None = plain("The currency.")


@strawberry.interface
class Named:
    """Whatever has a name."""

    @computed("Its name.")
    def name(self) -> str:
        """Return the name."""
        found: str = self.own_name()  # type: ignore[attr-defined]  # both types have it
        return found


@view(description="An author.")
class Author(Named):
    """A view over a name."""

    payload: strawberry.Private[str]

    def own_name(self) -> str:
        """Return the name."""
        return self.payload


@view(description="A book.")
class Book(Named):
    """A view over a book."""

    payload: strawberry.Private[BookPayload]

    title: str = plain("The title.")
    pages: int = plain("How many pages it has.")
    genre: str | None = plain("The genre.", normalise=read_genre)
    price: Price | None = plain("The price.", normalise=AsView(Price))
    is_new: bool = timed("Whether it is new.", lambda book, now: now == NOW and book.pages > 10)

    def own_name(self) -> str:
        """Return the name."""
        return self.payload.title

    @computed("The title, as often as is wanted.")
    def repeated(self, times: int = 2) -> str:
        """Return the title several times."""
        return self.payload.title * times

    @computed("What it is, or who wrote it.")
    def names(self) -> list[Named]:
        """Return the book and its author."""
        return [self, Author(payload="Ann")]


LOOKS_FOR = LooksFor(("title",), lambda arguments: arguments.get("first"))


@view(description="A shelf.")
class Shelf:
    """A view over books."""

    payload: strawberry.Private[list[BookPayload]]

    books: list[Book] = plain("The books.", PAYLOAD, AsViews(Book))

    @fetching("The first book.", calls=no_call, looks_for=LOOKS_FOR)
    async def first_book(self, info: Info, first: int | None = None) -> Book | None:
        """Return a book whose title says what is selected of it."""
        return Book(payload=BookPayload(",".join(sorted(info.page_fields.own)), first or 0))


def _prefetched(_view: object, index: int) -> Any:
    return Shelf(payload=[BookPayload("prefetched")]) if index == 0 else NOT_PREFETCHED


@strawberry.type
class Query:
    """The root."""

    @fetching("A shelf.", ("Shelf", "firstBook"), calls=no_call)
    async def shelf(self, info: Info, index: int = 1) -> Shelf:
        """Return a shelf with a book for each selection that lies ahead."""
        ahead = info.look_ahead("Shelf", "firstBook")
        return Shelf(payload=[BookPayload(str(each.arguments), index) for each in ahead])

    @fetching("A shelf that may be known.", calls=no_call, prefetched=_prefetched)
    async def known_shelf(self, index: int) -> Shelf:
        """Return a shelf."""
        return Shelf(payload=[BookPayload("fetched", index)])

    @computed("A book at hand.")
    def book(self) -> Book:
        """Return a book."""
        return Book(payload=BookPayload("Emma"))


SCHEMA = strawberry.Schema(
    Query,
    types=[Author, Book],
    config=StrawberryConfig(info_class=Info, scalar_map=SCALARS),
)
GRAPHQL = executable(SCHEMA)
NO_PAGE_FIELDS = PageFields()


def new_fields() -> FieldInfos:
    """Return the fields of the schema, for which nothing has been generated yet."""
    return FieldInfos(SCHEMA)


def scope_of(text: str, variables: dict[str, Any] | None = None, fields: Any = None) -> Scope:
    """Return the scope of a text's operation; `variables` are those of @skip and @include."""
    definitions = parse(text).definitions
    (operation,) = [each for each in definitions if isinstance(each, OperationDefinitionNode)]
    fragments = {
        each.name.value: each for each in definitions if isinstance(each, FragmentDefinitionNode)
    }
    values = VariableValues({}, variables or {})
    return Scope(fields or new_fields(), operation, fragments, values)


def root_of(text: str, variables: dict[str, Any] | None = None, fields: Any = None) -> Selection:
    """Return what a text's operation selects of the root."""
    return scope_of(text, variables, fields).root()


def book_selection(fields_of_a_book: str, fields: Any = None) -> Selection:
    """Return a selection of a book, from its text."""
    (book,) = root_of(f"{{ book {{ {fields_of_a_book} }} }}", None, fields).fields
    return book.below(book.possible()[0])


def context(max_leaves: int = 10**6) -> ResolverContext:
    """Return the context of a request that cannot fetch anything."""
    request = RequestContext(
        id="r",
        now=NOW,
        caller=Caller(frozenset()),
        deadline=10**9,
        budget=CallBudget(0),
        answer=AnswerBudget(max_leaves).share(),
    )
    loaders: Any = None
    return ResolverContext(request, loaders)


def run_of(variables: dict[str, Any] | None = None, max_leaves: int = 10**6) -> ExecutionState:
    """Return the state of an execution with these values of variables."""
    return ExecutionState(VariableValues({}, variables or {}), context(max_leaves))
