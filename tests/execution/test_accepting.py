"""What is plainly of its type is so for graphql-core too, whatever the type and the value."""

from typing import Any

import pytest
from graphql import (
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLString,
    Undefined,
    build_schema,
    is_input_type,
    parse_type,
    type_from_ast,
)
from graphql.utilities import coerce_input_value
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.execution.accepting import accepting
from gateway.schema.build import build_schema as build_ours
from gateway.schema.build import executable

OURS = executable(build_ours())
OTHER = build_schema("""
  scalar Any  enum Colour { RED GREEN }
  input One @oneOf { a: String b: Int c: [One!] }
  input Tree { name: String! colour: Colour = RED size: Float! = 1.5 on: Boolean, below: [Tree!] }
  type Query { a(one: One, tree: Tree, any: Any): Int }
""")
TYPES = [
    *((OURS, text) for text in ("CustomerIdentifier!", "[CustomerIdentifier!]!", "CustomerSource",
                                "[PromotionSourceType!]!", "ID!", "[ID!]", "Int", "Boolean!")),
    *((OTHER, text) for text in ("One!", "Tree!", "[[Tree]!]", "Any", "Colour!", "Float",
                                 "String")),
]  # fmt: skip
NAMES = st.sampled_from(
    ["a", "b", "c", "name", "colour", "size", "on", "below", "mobile", "email", "customerId", "x"]
)
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(-5, 5), st.floats(), st.text(max_size=3),
    st.sampled_from(["RED", "INSTORE", "UI", "red", 2**31, -(2**31), 2**31 - 1, 1e400]),
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(NAMES, inner, max_size=3)
        | st.fixed_dictionaries({"name": st.text(max_size=2)}, optional={"below": st.lists(inner)})
    ),
    max_leaves=8,
)


def kind_of(schema: Any, text: str) -> GraphQLInputType:
    """Read a type."""
    kind = type_from_ast(schema, parse_type(text))
    assert is_input_type(kind)
    return kind


@settings(max_examples=1500, deadline=None)
@given(st.sampled_from(TYPES), VALUES)
def test_what_is_accepted_can_be_coerced(named: tuple[Any, str], value: Any) -> None:
    """The other way round it need not be: who is not accepted is only looked at again."""
    kind = kind_of(*named)
    if accepting(kind)(value):
        assert coerce_input_value(value, kind) is not Undefined


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        (OURS, "CustomerIdentifier!", {"externalId": "x"}),
        (OURS, "[CustomerIdentifier!]!", [{"mobile": "1"}, {"email": "a@b"}]),
        (OURS, "CustomerSource", "INSTORE"),
        (OURS, "[PromotionSourceType!]!", ["UI", "IMPORT"]),
        (OURS, "[ID!]", ["1"]),
        (OURS, "Int", 10),
        (OURS, "Int", None),
        (OURS, "Boolean!", False),
        (OTHER, "Tree!", {"name": "a", "below": [{"name": "b", "colour": "RED", "size": 2}]}),
    ],
)
def test_what_frontends_send_is_accepted(schema: Any, text: str, value: Any) -> None:
    """Else all of this would be for nothing."""
    assert accepting(kind_of(schema, text))(value)


def test_an_input_that_becomes_something_else_is_left_to_graphql_core() -> None:
    """Its own function may refuse what its fields accept."""
    fields = {"a": GraphQLInputField(GraphQLString)}
    kind = GraphQLInputObjectType("Point", fields, out_type=lambda value: value)
    assert not accepting(kind)({"a": "x"})
