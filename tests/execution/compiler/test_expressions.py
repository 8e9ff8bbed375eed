"""Expressions of fields: which checks they have, and which they need not have."""

from typing import Any

import pytest
from graphql import GraphQLError

from gateway.execution.compiler.expressions import (
    coerced_expression,
    leaf_expression,
    value_expression,
)
from gateway.execution.compiler.source_unit import Names
from tests.execution.compiler.library import (
    GRAPHQL,
    NOW,
    Book,
    BookPayload,
    new_fields,
)

BOOK: Any = GRAPHQL.type_map["Book"]
PRICE: Any = GRAPHQL.type_map["Price"]


def _evaluate(text: str, names: Names, payload: Any) -> Any:
    class Run:
        """An execution, as far as an expression sees it."""

        now = NOW

        @staticmethod
        def encode_leaf(leaf: Any) -> Any:
            """Mark a leaf as encoded."""
            return ("encoded", leaf)

    scope = names | {"p": payload, "w": Book(payload=payload), "run": Run()}
    return eval(text, scope)  # noqa: S307 - written by the compiler


def test_an_attribute_that_msgspec_has_checked_is_read_alone() -> None:
    """A text is; a number may be no Int or no finite Float, and is checked."""
    fields = new_fields()
    assert leaf_expression(fields.get(BOOK, "title")) == ("p.title", {})
    assert "2147483647" in leaf_expression(fields.get(BOOK, "pages"))[0]
    assert "v - v == 0.0" in leaf_expression(fields.get(PRICE, "amount"))[0]


def test_an_expression_is_generated_once() -> None:
    """It is the same in every operation."""
    field = new_fields().get(BOOK, "genre")
    assert leaf_expression(field) is leaf_expression(field)
    assert value_expression(field) is value_expression(field)


def test_a_memoizable_normaliser_is_read_from_its_memo() -> None:
    """Together with the scalar."""
    text, names = leaf_expression(new_fields().get(BOOK, "genre"))
    ((name, memo),) = names.items()
    assert text == f"{name}[p.genre]"
    assert _evaluate(text, names, BookPayload("t", genre="SF")) == "sf"
    assert memo == {"SF": "sf"}


def test_a_timed_field_gets_the_time_of_the_response() -> None:
    """Which is the execution's."""
    text, names = leaf_expression(new_fields().get(BOOK, "isNew"))
    assert ", run.now)" in text
    assert _evaluate(text, names, BookPayload("t", 11)) is True
    assert _evaluate(text, names, BookPayload("t", 10)) is False


def test_what_a_method_returns_is_checked() -> None:
    """Its annotation may be wrong."""
    names: Names = {}
    text = coerced_expression(new_fields().get(BOOK, "repeated"), "p.raw", names)
    assert _evaluate(text, names, BookPayload("t", raw="x")) == "x"
    assert _evaluate(text, names, BookPayload("t", raw=7)) == "7"
    for wrong in (None, object()):
        with pytest.raises(Exception, match=r"null|String"):
            _evaluate(text, names, BookPayload("t", raw=wrong))


@pytest.mark.parametrize("pages", [2**31, -(2**31) - 1, 1.5, "x", None])
def test_a_number_beyond_its_scalar_raises(pages: Any) -> None:
    """The interpreter does it again, and reports it."""
    text, names = leaf_expression(new_fields().get(BOOK, "pages"))
    with pytest.raises((GraphQLError, TypeError)):
        _evaluate(text, names, BookPayload("t", pages))


def test_the_name_of_a_type_is_a_literal() -> None:
    """``__typename`` reads nothing."""
    field = new_fields().get(BOOK, "__typename")
    assert leaf_expression(field) == value_expression(field) == ("'Book'", {})
