"""What an operation selects: merged, signed, and measured before it runs."""

import pytest
from graphql import GraphQLError

from tests.execution.compiler.library import book_selection, root_of, scope_of


def test_equal_response_keys_are_merged_in_the_order_of_the_document() -> None:
    """From fragments, too."""
    root = root_of(
        "{ book { title } ...F b: book { pages } } fragment F on Query { book { pages title } }"
    )
    assert [each.key for each in root.fields] == ["book", "b"]
    (book, other) = root.fields
    assert [each.key for each in book.below(book.possible()[0]).fields] == ["title", "pages"]
    assert [each.key for each in other.below(other.possible()[0]).fields] == ["pages"]


def test_directives_decide_what_is_selected() -> None:
    """By the values of the variables in them."""
    text = "query Q($c: Boolean!) { book @include(if: $c) { title } __typename @skip(if: $c) }"
    assert [each.key for each in root_of(text, {"c": True}).fields] == ["book"]
    assert [each.key for each in root_of(text, {"c": False}).fields] == ["__typename"]
    with pytest.raises(GraphQLError):
        root_of(text, {"c": None})


def test_the_schema_must_have_such_operations() -> None:
    """Validation does not look."""
    with pytest.raises(GraphQLError, match="no operations of this kind"):
        root_of("subscription { book }")


def test_equal_selections_have_equal_signatures() -> None:
    """Whatever operation they are in; another order or another name is another selection."""
    one = book_selection("title price { amount }").signature
    assert one == book_selection("...{ title } price { amount }").signature
    others = ("price { amount } title", "t: title price { amount }", "title price { currency }")
    assert len({one, *(book_selection(other).signature for other in others)}) == 4


@pytest.mark.parametrize(
    "text", ["repeated(times: 3)", "names { ... on Book { repeated(times: 1) } }"]
)
def test_arguments_make_a_selection_unique(text: str) -> None:
    """It has no signature, at any depth above them."""
    assert not book_selection(text).signature
    assert book_selection("repeated").signature


def test_a_selection_with_a_field_to_fetch_is_unique() -> None:
    """And says that it fetches, also of what is below."""
    (shelf,) = root_of("{ shelf { firstBook { title } } }").fields
    below = shelf.below(shelf.possible()[0])
    assert below.fetches
    assert not below.signature
    assert not book_selection("title").fetches


@pytest.mark.parametrize(
    ("text", "leaves"),
    [
        ("title pages", 2),
        ("title price { amount currency }", 2),  # a price may be null
        ("title names { name }", 1),  # a list may be empty
        ("a: title b: title", 2),
    ],
)
def test_an_object_has_so_many_leaves_at_least(text: str, leaves: int) -> None:
    """A lower bound: nothing is refused that would fit."""
    assert book_selection(text).min_leaves == leaves


@pytest.mark.parametrize(
    ("text", "repeats"),
    [
        ("title pages", False),
        ("a: title b: title", True),
        ("a: pages b: pages", False),  # numbers are short
        ("names { ... on Book { a: title b: title } }", True),
    ],
)
def test_a_text_of_the_payload_that_is_shown_twice_is_known(text: str, *, repeats: bool) -> None:
    """Such data is measured before it is encoded."""
    assert book_selection(text).repeats is repeats


def test_null_goes_up_to_the_nearest_field_that_may_be_null() -> None:
    """Past non-null fields and items."""
    scope = scope_of("{ shelf { books { title price { amount } firstBook: pages } } }")
    (shelf,) = scope.root().fields
    (books,) = shelf.below(shelf.possible()[0]).fields
    title, price, _ = books.below(books.possible()[0]).fields
    (amount,) = price.below(price.possible()[0]).fields
    at = ("shelf", "books", 0)
    assert amount.nullable_path((*at, "price", "amount")) == (*at, "price")
    assert price.nullable_path((*at, "price")) == (*at, "price")
    assert title.nullable_path((*at, "title")) == ()
