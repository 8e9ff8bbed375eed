import inspect
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from gateway.upstream.customer_view import payload as customer_view_payload
from gateway.upstream.definitions import payload as definition_payload
from tests.support.payloads import (
    BROKEN,
    Step,
    customer_item,
    definition_item,
    drop,
    get,
    put,
    read_customer,
    read_definitions,
)
from tests.upstream.decoding.contract import (
    CUSTOMER,
    DEFINITION,
    GARBAGE,
    PASSED_THROUGH,
    PLAIN,
    Part,
)

ENVELOPES = {
    customer_view_payload.CustomerPagePayload,
    customer_view_payload.PageDetails,
    definition_payload.DefinitionPagePayload,
}
Read = Callable[..., list[Any]]
Case = tuple[Read, dict[str, Any], tuple[Step, ...], str]


def _cases(group: str) -> list[Any]:
    return list(_each_case(group))


def _each_case(group: str) -> Iterator[Any]:
    views: list[tuple[dict[type[msgspec.Struct], Part], Read, dict[str, Any]]] = [
        (CUSTOMER, read_customer, customer_item()),
        (DEFINITION, read_definitions, definition_item()),
    ]
    for contract, read, item in views:
        for struct, part in contract.items():
            for key, kind in getattr(part, group).items():
                case = (read, item, (*part.path, key), kind)
                yield pytest.param(case, id=f"{struct.__name__}.{key}")


def test_every_field_of_every_struct_has_its_cost_written_down() -> None:
    """The contract covers every field of every payload."""
    structs = {
        struct
        for module in (customer_view_payload, definition_payload)
        for _, struct in inspect.getmembers(module, inspect.isclass)
        if issubclass(struct, msgspec.Struct) and struct is not msgspec.Struct
    }
    contract = CUSTOMER | DEFINITION
    assert structs - ENVELOPES == set(contract)
    for struct, part in contract.items():
        keys = {field.encode_name for field in msgspec.structs.fields(struct)}
        passed_through = {key for owner, key in PASSED_THROUGH if owner is struct}
        assert keys == set(part.left_out) | set(part.null) | passed_through
        assert not set(part.left_out) & set(part.null)


@pytest.mark.parametrize("case", _cases("left_out"))
def test_item_is_left_out_for_a_leaf_it_must_not_be_shown_without(case: Case) -> None:
    """Its place is kept, and the items beside it are unchanged."""
    read, item, path, kind = case
    (good,) = read(item)
    for garbage in GARBAGE[kind]:
        found = read(item, put(item, path, garbage), item)
        assert found == [good, None, good], garbage


@pytest.mark.parametrize("case", _cases("null"))
def test_any_other_leaf_is_null_and_costs_nothing_else(case: Case) -> None:
    """An item with an unreadable leaf equals the item without that leaf."""
    read, item, path, kind = case
    (good,) = read(item)
    for garbage in GARBAGE[kind]:
        changed = put(item, path, garbage)
        (without,) = read(put(changed, path, None))
        assert without is not None
        assert read(item, changed, item) == [good, without, good], garbage


@pytest.mark.parametrize("case", _cases("left_out") + _cases("null"))
def test_value_of_another_shape_is_read_as_what_it_plainly_is(case: Case) -> None:
    """It equals the documented form of the value."""
    read, item, path, kind = case
    for shape, documented in PLAIN.get(kind, ()):
        found = read(item, put(item, path, shape), put(item, path, documented))
        assert found[0] is not None
        assert found[1] == found[2] is not None, shape
        assert read(put(item, path, shape)) == [found[1]], shape


@pytest.mark.parametrize("case", _cases("left_out") + _cases("null"))
def test_one_object_is_read_alone_or_in_a_list(case: Case) -> None:
    """An object may come as a list of one, and a list of one as an object."""
    read, item, path, kind = case
    (good,) = read(item)
    if kind in {"list of objects", "entries", "nullable list"}:
        there = get(item, path)
        one = put(item, path, there[:1])
        assert read(put(item, path, there[0]) if there else one) == read(one)
    elif kind in {"object", "map", "map of keys", "map of actions"}:
        assert read(put(item, path, [get(item, path)])) == [good]


@pytest.mark.parametrize("case", _cases("left_out") + _cases("null"))
def test_leaf_may_be_absent_unless_it_is_required(case: Case) -> None:
    """Only a field without a default costs the item."""
    read, item, path, kind = case
    (found,) = read(drop(put(item, path, None), path))
    assert (found is None) is (kind.startswith("required") or kind == "digits")


@pytest.mark.parametrize("case", _cases("left_out") + _cases("null"))
def test_empty_text_is_absence_where_no_text_is_expected(case: Case) -> None:
    """The platform writes "" for an absent figure; a text stays ""."""
    read, item, path, kind = case
    (found,) = read(put(item, path, ""))
    if kind in {"required key", "digits"}:
        assert found is None
    elif kind not in {"text", "required text", "instant"}:
        assert found is not None
        assert [found] == read(drop(put(item, path, None), path))


@pytest.mark.parametrize(
    ("read", "item"), [(read_customer, customer_item()), (read_definitions, definition_item())]
)
def test_page_reads_the_same_at_once_and_item_by_item(read: Read, item: dict[str, Any]) -> None:
    """An unreadable item does not change how the others are read."""
    (good,) = read(item)
    assert good is not None
    assert read(BROKEN, item) == [None, good]


@pytest.mark.parametrize("broken", [BROKEN, None, 5, "x", [], True, [1], {"promotionId": 1}])
def test_item_that_is_none_keeps_its_place(broken: Any) -> None:
    """Positions count what the platform counts."""
    for read, item in ((read_customer, customer_item()), (read_definitions, definition_item())):
        (good,) = read(item)
        assert read(broken, item, broken, item) == [None, good, None, good]
