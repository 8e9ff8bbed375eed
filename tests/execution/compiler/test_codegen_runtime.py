"""The loops of generated code: what they complete, count and refuse."""

from typing import Any

import pytest

from gateway.answer_budget import AnswerRefusedError
from gateway.execution.compiler import codegen_runtime as runtime
from gateway.execution.compiler.codegen_runtime import UnexpectedError, encoded
from tests.execution.compiler.library import run_of


def _make(value: Any, _run: Any, *path: Any) -> Any:
    return (value, *path)


LISTS: dict[str, Any] = {
    "views": lambda items, run: runtime.complete_views(
        items, _make, int, runtime.expect_null, run, 3
    ),
    "views_with_path": lambda items, run: runtime.complete_views_with_path(
        items, _make, int, runtime.expect_null, run, 3, ("p",)
    ),
    "list": lambda items, run: runtime.complete_list(items, lambda all_, _: list(all_), run, 3),
    "any": lambda items, run: runtime.complete_any(items, _make, run, 3),
    "any_with_path": lambda items, run: runtime.complete_any_with_path(
        items, _make, run, 3, ("p",)
    ),
}


@pytest.mark.parametrize("name", LISTS)
def test_the_leaves_of_a_list_are_counted_before_it_is_completed(name: str) -> None:
    """As many as its items have at least; too many end the execution."""
    run = run_of()
    assert len(LISTS[name]([1, 2], run)) == 2
    assert run.leaves == 6
    refused = run_of(max_leaves=30_000)
    with pytest.raises(AnswerRefusedError):
        LISTS[name]([1] * 20_000, refused)


@pytest.mark.parametrize("name", LISTS)
def test_a_value_that_is_not_a_list_is_unexpected(name: str) -> None:
    """Whatever else it is; a tuple is a list."""
    for value in (None, 0, "", "text", {}, {1: 2}, {1}, iter([1])):
        with pytest.raises(UnexpectedError):
            LISTS[name](value, run_of())
    assert LISTS[name]((), run_of()) == []
    assert len(LISTS[name]((1,), run_of())) == 1


def test_items_get_their_path_where_something_is_fetched_in_them() -> None:
    """The list's path and the index."""
    assert LISTS["views_with_path"]([5, 6], run_of()) == [(5, ("p", 0)), (6, ("p", 1))]
    assert LISTS["any_with_path"]([5, 6], run_of()) == [(5, ("p", 0)), (6, ("p", 1))]


def test_an_item_of_another_class_is_left_to_the_given_function() -> None:
    """Null where it may be, else unexpected."""
    assert LISTS["views"]([1, None], run_of()) == [(1,), None]
    for value in (True, "x", 1.0):
        with pytest.raises(UnexpectedError):
            LISTS["views"]([1, value], run_of())
    with pytest.raises(UnexpectedError):
        runtime.complete_views([1, None], _make, int, runtime.unexpected, run_of(), 3)


def test_no_payloads_are_an_empty_list() -> None:
    """Null is, too; they have no leaves."""
    nothing: list[Any] = [None, []]
    for items in nothing:
        run = run_of()
        assert runtime.complete_payloads(items, _make, run, 3) == []
        assert runtime.memoized_payloads(items, {}, run, 3) == []
        assert run.leaves == 0
    run = run_of()
    assert runtime.memoized_payloads([1, 2, 1], {1: "a", 2: "b"}, run, 3) == ["a", "b", "a"]
    assert run.leaves == 9


def test_a_memoized_object_is_json() -> None:
    """Of the payload itself, or of the value that it is read from."""
    assert bytes(encoded(lambda p, _: {"a": p}, None, is_nullable=False)(1)) == b'{"a":1}'
    assert bytes(encoded(lambda p, _: {"a": p}, abs, is_nullable=False)(-1)) == b'{"a":1}'


def test_a_memoized_object_is_null_only_where_that_is_allowed() -> None:
    """Else the interpreter reports it."""
    assert bytes(encoded(_make, None, is_nullable=True)(None)) == b"null"
    with pytest.raises(UnexpectedError):
        encoded(_make, None, is_nullable=False)(None)
    with pytest.raises(UnexpectedError):
        encoded(_make, lambda _: None, is_nullable=False)(1)


def test_a_memoized_object_depends_on_no_execution() -> None:
    """A list in it has leaves to count, and a timed field a time to read; both are refused."""

    def of_a_list(payload: Any, run: Any) -> Any:
        return runtime.complete_payloads(payload, lambda items, _: list(items), run, 1)

    make = encoded(of_a_list, None, is_nullable=False)
    assert bytes(make([])) == b"[]"
    with pytest.raises(UnexpectedError):
        make([1])
    with pytest.raises(AttributeError):
        encoded(lambda _, run: run.now, None, is_nullable=False)(1)
    plain_text = encoded(lambda p, run: run.encode_leaf(p), None, is_nullable=False)
    assert bytes(plain_text("x")) == b'"x"'


def test_json_that_is_too_long_for_a_memo_is_unexpected() -> None:
    """The interpreter completes it, and counts it."""
    make = encoded(lambda p, _: p, None, is_nullable=False)
    assert len(bytes(make("x" * (8 * 1024 - 2)))) == 8 * 1024
    with pytest.raises(UnexpectedError):
        make("x" * (8 * 1024 - 1))
