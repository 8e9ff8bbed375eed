"""What source is generated for a selection, which of it is shared, and what it refuses."""

import re
from typing import Any

import msgspec
import pytest
from graphql import GraphQLError

from gateway.execution.compiler.codegen import FunctionWriter, project, project_root
from gateway.execution.compiler.codegen_runtime import UnexpectedError
from gateway.execution.field_info import FieldInfos
from tests.execution.compiler.library import (
    Author,
    Book,
    BookPayload,
    PricePayload,
    book_selection,
    new_fields,
    root_of,
    run_of,
)

BOOK = Book(payload=BookPayload("Emma", 12, PricePayload(1.5, "EUR"), "Novel"))


def _source(fields_of_a_book: str, fields: FieldInfos | None = None) -> tuple[str, str]:
    """Return the shared and the operation's own source of a book, without numbers."""
    fields = fields or new_fields()
    writer = FunctionWriter(fields)
    writer.object(book_selection(fields_of_a_book, fields))
    units = (writer.shared, writer.own)
    shared, own = (re.sub(r"_\d+", "_", "".join(unit.functions)) for unit in units)
    return shared, own


def _data(fields_of_a_book: str, book: Any = BOOK, **variables: Any) -> Any:
    """Return the data of a book by its generated function, as a client would read it."""
    fields = new_fields()
    writer = FunctionWriter(fields)
    make = writer.compile(writer.object(book_selection(fields_of_a_book, fields)))
    return msgspec.json.decode(msgspec.json.encode(make(book, run_of(variables))))


def test_a_selection_is_a_function_with_one_expression() -> None:
    """Plain fields are attributes of the payload, constants are literals."""
    shared, own = _source("title k: __typename genre")
    assert shared == (
        "def object_(w, run):\n p = w.payload\n"
        " return {'title':p.title,'k':'Book','genre':K_[p.genre]}\n"
    )
    assert own == ""


def test_computed_fields_are_calls_of_their_methods() -> None:
    """No payload is read where no plain field is selected."""
    shared, _ = _source("name")
    assert "w.payload" not in shared
    assert re.search(r"\(v if \(v := M_\(w\)\).__class__ is str else L_\(v\)\)", shared)


def test_fields_with_arguments_belong_to_the_operation() -> None:
    """Constant arguments are bound to the function, variables are bound each time."""
    shared, own = _source("repeated(times: 2)")
    assert shared == ""
    assert "M_(w)" in own
    _, varying = _source("repeated(times: $n)")
    assert "run.bind(C_).method(w)" in varying
    assert _data("repeated(times: $n)", n=1) == {"repeated": "Emma"}


def test_an_object_that_recurs_is_read_from_a_memo() -> None:
    """By its payload; its function is shared, and gives JSON."""
    shared, _ = _source("price { amount currency }")
    assert "memo_[v] if (v := p.price) is not None else None" in shared
    assert "def object_(p, run):\n return {'amount':" in shared
    assert _data("price { amount currency }") == {"price": {"amount": 1.5, "currency": "EUR"}}
    assert _data("price { amount }", Book(payload=BookPayload("x"))) == {"price": None}


def test_a_memo_serves_all_operations() -> None:
    """An equal selection in another operation finds what is there."""
    fields = new_fields()
    for text in ("price { amount }", "title price { amount }"):
        writer = FunctionWriter(fields)
        make = writer.compile(writer.object(book_selection(text, fields)))
        for _ in range(2):
            make(BOOK, run_of())
    (memo,) = fields.memos.values()
    assert list(memo) == [BOOK.payload.price]


def test_equal_selections_share_their_function() -> None:
    """What another operation has generated is not compiled again."""
    fields = new_fields()
    first = project_root(fields, root_of("{ book { title pages } }", None, fields))
    writer = FunctionWriter(fields)
    writer.object(root_of("query Again { book { title pages } }", None, fields))
    assert first is not None
    assert writer.shared.functions == writer.own.functions == []
    assert writer.size == first.size > 0


def test_a_list_of_views_is_a_comprehension() -> None:
    """It stops at an item of another class."""
    fields = new_fields()
    (shelf,) = root_of("{ shelf { books { title } } }", None, fields).fields
    projection = project(shelf)
    assert projection is not None
    assert not projection.fetches
    view: Any = projection.view
    data = projection.make(view(payload=[BookPayload("a"), BookPayload("b")]), run_of())
    assert data == {"books": [{"title": "a"}, {"title": "b"}]}


def test_a_value_of_several_types_is_told_by_its_class() -> None:
    """And refused where it is of none of them."""
    shared, own = _source("names { name ... on Book { pages } }")
    assert shared.count(" if w.__class__ is V_: return object_(w, run)\n") == 2
    assert shared.count("unexpected(w)") == 1
    assert own == ""
    assert _data("names { name ... on Book { pages } }") == {
        "names": [{"name": "Emma", "pages": 12}, {"name": "Ann"}]
    }
    fields = new_fields()
    (names,) = book_selection("names { name }", fields).fields
    projection = project(names)
    assert projection is not None
    assert projection.view is None
    assert projection.make(Author(payload="x"), run_of()) == {"name": "x"}
    for wrong in (None, "text", object()):
        with pytest.raises(UnexpectedError):
            projection.make(wrong, run_of())


def test_a_field_to_fetch_is_left_pending() -> None:
    """With its path, and with the object that its value goes into."""
    fields = new_fields()
    root = root_of("{ shelf { books { title } firstBook { title } } }", None, fields)
    projection = project_root(fields, root)
    assert projection is not None
    assert projection.fetches
    run = run_of()
    data = projection.make(None, run, ())
    (pending,) = run.pending
    assert data.keys() == {"shelf"}
    assert pending.path == ("shelf",)
    assert pending.target is data


def test_nothing_is_generated_where_a_directive_has_no_value() -> None:
    """The interpreter reports the error."""
    text = "query Q($c: Boolean) { book { ...F } } fragment F on Book { title @skip(if: $c) }"
    fields = new_fields()
    assert project_root(fields, root_of(text, {"c": None}, fields)) is None


@pytest.mark.parametrize(
    ("text", "payload"),
    [
        ("pages", BookPayload("t", 2**31)),
        ("price { amount }", BookPayload("t", price=PricePayload(float("nan")))),
        ("title", None),
    ],
)
def test_a_value_that_is_not_as_declared_raises(text: str, payload: Any) -> None:
    """Whatever the exception is, the interpreter completes the value."""
    with pytest.raises((UnexpectedError, GraphQLError, AttributeError)):
        _data(text, Book(payload=payload))
