from typing import Annotated, Any

import pytest
from msgspec import Struct, field

from gateway.upstream.decoding.field_types import ESSENTIAL, Count, Flag, Key, Text, Tree
from gateway.upstream.decoding.lenient import Lenient, UnreadableError


class Leaf(Struct):
    """A struct with one leaf of each cost."""

    leaf_id: Key = field(name="id")
    text: Text = None
    flag: Flag = None


class Branch(Struct):
    """A struct of structs."""

    name: str
    size: Count = 7
    leaf: Leaf | None = None
    leaves: list[Leaf] | None = None
    shown: Annotated[list[Leaf] | None, ESSENTIAL] = None
    by_name: Annotated[dict[str, list[Leaf] | None] | None, ESSENTIAL] = None
    words: list[str] | None = None
    tree: Tree = None


def read_struct(raw: Any, kind: type[Branch]) -> Branch:
    """Read a struct from JSON."""
    return Lenient().struct(raw, kind)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({}, Branch("x")),
        ({"name": 5}, Branch("5")),
        ({"name": True}, Branch("true")),
        ({"leaves": {}}, Branch("x", leaves=[])),
        ({"leaves": {"id": 1}}, Branch("x", leaves=[Leaf(1)])),
        ({"shown": {}}, Branch("x", shown=[])),
        ({"by_name": []}, Branch("x", by_name={})),
        ({"by_name": {"a": {"id": 1}}}, Branch("x", by_name={"a": [Leaf(1)]})),
        ({"leaf": [{"id": 1}]}, Branch("x", leaf=Leaf(1))),
        ({"size": "12"}, Branch("x", size=12)),
        ({"size": "many"}, Branch("x")),
        ({"size": None}, Branch("x", size=None)),
        ({"more": 1}, Branch("x")),
        ({"leaf": None}, Branch("x")),
        ({"leaf": 5}, Branch("x")),
        ({"leaf": []}, Branch("x")),
        ({"leaf": {"id": 1, "text": 5}}, Branch("x", leaf=Leaf(1, text="5"))),
        ({"leaf": {"id": 1, "text": []}}, Branch("x", leaf=Leaf(1))),
        ({"leaf": {"id": 1, "flag": "maybe"}}, Branch("x", leaf=Leaf(1))),
        ({"leaves": "x"}, Branch("x")),
        ({"leaves": []}, Branch("x", leaves=[])),
        ({"leaves": [{"id": 1}, {"id": "2"}]}, Branch("x", leaves=[Leaf(1), Leaf("2")])),
        ({"shown": ""}, Branch("x")),
        ({"shown": None}, Branch("x")),
        (
            {"by_name": {"a": [{"id": 1, "text": {}}], "b": None}},
            Branch("x", by_name={"a": [Leaf(1)], "b": None}),
        ),
        ({"words": "a"}, Branch("x", words=["a"])),
        ({"words": ["a"]}, Branch("x", words=["a"])),
        ({"words": [5]}, Branch("x", words=["5"])),
        ({"words": [[]]}, Branch("x")),
        ({"tree": {"a": [1]}}, Branch("x", tree={"a": [1]})),
    ],
)
def test_unreadable_leaf_is_its_default(raw: dict[str, Any], expected: Branch) -> None:
    """Other leaves are unchanged."""
    assert read_struct({"name": "x"} | raw, Branch) == expected


@pytest.mark.parametrize(
    "raw",
    [
        {"name": None},
        {"name": []},
        {"leaf": {}},
        {"leaf": {"id": None}},
        {"leaf": {"id": ""}},
        {"leaf": {"id": 1.5}},
        {"leaves": [None]},
        {"leaves": [5]},
        {"leaves": [{}]},
        {"leaves": [{"id": 1}, {"id": []}]},
        {"shown": "x"},
        {"shown": {"id": None}},
        {"shown": [None]},
        {"by_name": [5]},
        {"by_name": {"a": 5}},
        {"by_name": {"a": [None]}},
        {"by_name": {"a": [{}]}},
    ],
)
def test_essential_part_that_is_unreadable_costs_the_whole(raw: dict[str, Any]) -> None:
    """At any depth; an entry of a list is essential."""
    with pytest.raises(UnreadableError):
        read_struct({"name": "x"} | raw, Branch)


@pytest.mark.parametrize("raw", [None, 5, "x", [], True, {}])
def test_what_is_no_object_or_has_no_name_is_unreadable(raw: Any) -> None:
    """A struct needs an object with its required fields."""
    with pytest.raises(UnreadableError):
        read_struct(raw, Branch)


def test_reason_names_the_key_and_never_the_value() -> None:
    """Values may be personal data."""
    with pytest.raises(UnreadableError, match=r"^leaf\.id cannot be read$"):
        read_struct({"name": "x", "leaf": {"id": ["4917012345"]}}, Branch)
