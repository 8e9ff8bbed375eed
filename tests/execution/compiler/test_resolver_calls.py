"""Arguments and variables: what is coerced once, what each time, and what is refused."""

from typing import Any

import pytest
from graphql import GraphQLError, VariableValues

from gateway.execution.compiler.resolver_calls import (
    NO_VARIABLES,
    Arguments,
    Call,
    Variables,
    call_of,
)
from gateway.execution.compiler.selection import Selected
from tests.execution.compiler.library import (
    GRAPHQL,
    Book,
    BookPayload,
    book_selection,
    context,
    root_of,
    scope_of,
)

VIEW = Book(payload=BookPayload("ab"))


def _values(**coerced: Any) -> VariableValues:
    return VariableValues({}, coerced)


def _variables(declared: str) -> Variables:
    operation = scope_of(f"query Q({declared}) {{ __typename }}").operation
    return Variables(GRAPHQL, operation.variable_definitions or ())


def _root_field(text: str) -> Selected:
    (field,) = root_of(text).fields
    return field


def test_variables_are_coerced_to_their_types() -> None:
    """With their sources, from which graphql-core reads literals."""
    values = _variables("$n: Int, $list: [Int!]").coerce({"n": 1, "list": 7, "other": "ignored"})
    assert isinstance(values, VariableValues)
    assert values.coerced == {"n": 1, "list": [7]}
    assert values.sources["n"].value == 1


def test_defaults_and_absent_variables_are_left_to_graphql_core() -> None:
    """An absent variable has no value at all."""
    values = _variables("$n: Int = 5, $m: Int").coerce({})
    assert isinstance(values, VariableValues)
    assert values.coerced == {"n": 5}


@pytest.mark.parametrize("wrong", [{}, {"n": None}, {"n": "x"}, {"n": 2**31}])
def test_errors_in_variables_are_returned(wrong: dict[str, Any]) -> None:
    """One for each variable."""
    errors = _variables("$n: Int!").coerce(wrong)
    assert isinstance(errors, list)
    assert len(errors) == 1


def test_arguments_without_variables_are_converted_once() -> None:
    """The same dictionary comes again."""
    (selected,) = book_selection("repeated(times: 3)").fields
    arguments = Arguments(selected.field, selected.nodes[0])
    assert arguments.are_constant
    assert arguments.of(NO_VARIABLES) == {"times": 3}
    assert arguments.of(NO_VARIABLES) is arguments.of(NO_VARIABLES)


def test_arguments_with_variables_follow_them() -> None:
    """An absent variable stands for the argument's default."""
    (selected,) = book_selection("repeated(times: $n)").fields
    arguments = Arguments(selected.field, selected.nodes[0])
    assert not arguments.are_constant
    for times in (3, 4, 4):
        assert arguments.of(_values(n=times)) == {"times": times}
    assert arguments.of(NO_VARIABLES) == {"times": 2}
    with pytest.raises(GraphQLError, match="times"):
        arguments.of(_values(n=None))


def test_a_constant_call_is_a_function_of_the_view() -> None:
    """A call with a variable is none."""
    constant, varying = (
        Call(book_selection(text).fields[0]).constant
        for text in ("repeated(times: 3)", "repeated(times: $n)")
    )
    assert constant is not None
    assert constant(VIEW) == "ababab"
    assert varying is None
    assert Call(book_selection("repeated(times: null)").fields[0]).constant is None


def test_a_call_with_refused_arguments_raises_a_new_error_each_time() -> None:
    """The error gets the path of the field, and fields have different paths."""
    call = Call(book_selection("repeated(times: $n)").fields[0])
    bound = call.bind(_values(n=None), context())
    assert bound.is_refused
    errors = []
    for _ in range(2):
        with pytest.raises(GraphQLError) as raised:
            bound.method(VIEW)
        errors.append(raised.value)
    assert errors[0] is not errors[1]
    assert errors[0].message == errors[1].message


def test_a_field_has_one_call() -> None:
    """Its arguments are converted once, whoever asks."""
    (selected,) = book_selection("repeated").fields
    assert call_of(selected) is call_of(selected)


@pytest.mark.anyio
async def test_a_resolver_sees_what_is_selected_below_it() -> None:
    """The fields that it looks for, and no others."""
    shelf = _root_field("{ shelf { firstBook(first: 5) { pages t: title } } }")
    (first,) = shelf.below(shelf.possible()[0]).fields
    book = await call_of(first).bind(NO_VARIABLES, context()).method(None)
    assert (book.payload.title, book.payload.pages) == ("title", 5)


@pytest.mark.anyio
async def test_a_resolver_sees_the_selections_ahead_with_their_arguments() -> None:
    """Each selection of the field that it has declared; those that @skip leaves out are not."""
    shelf = _root_field(
        "{ shelf { firstBook(first: $n) { title } b: firstBook { pages }"
        " c: firstBook @skip(if: true) { title } } }"
    )
    found = await call_of(shelf).bind(_values(n=3), context()).method(None)
    assert [each.title for each in found.payload] == ["{'first': 3}", "{'first': None}"]


@pytest.mark.anyio
async def test_an_error_ahead_is_raised_where_the_resolver_looks() -> None:
    """Not before: another error of the resolver may come first."""
    shelf = _root_field("{ shelf { firstBook @skip(if: $c) { title } } }")
    bound = call_of(shelf).bind(_values(c=None), context())
    assert not bound.is_refused
    with pytest.raises(GraphQLError, match="if"):
        await bound.method(None)


@pytest.mark.anyio
async def test_a_prefetched_value_is_offered_beside_the_method() -> None:
    """With the same arguments."""
    known = call_of(_root_field("{ knownShelf(index: 0) { books { title } } }"))
    bound = known.bind(NO_VARIABLES, context())
    assert bound.prefetched is not None
    assert bound.prefetched(None).payload[0].title == "prefetched"
    assert (await bound.method(None)).payload[0].title == "fetched"
    shelf = call_of(_root_field("{ shelf { books { title } } }"))
    assert shelf.bind(NO_VARIABLES, context()).prefetched is None
