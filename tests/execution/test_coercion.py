"""Values are coerced as graphql-core does it, whatever the type and the value."""

from typing import Any

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
from hypothesis import given
from hypothesis import strategies as st

from gateway.execution.coercion import _named, coercer
from gateway.schema.build import build_schema as build_ours
from gateway.schema.build import executable
from tests.support.examples import examples

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


@examples(500)
@given(st.sampled_from(TYPES), VALUES)
def test_a_value_is_coerced_as_graphql_core_does_it(named: tuple[Any, str], value: Any) -> None:
    """To the same value of the same class, or to none."""
    kind = kind_of(*named)
    ours, theirs = coercer(kind)(value), coerce_input_value(value, kind)
    assert (ours is Undefined) is (theirs is Undefined)
    assert repr(ours) == repr(theirs)


def test_an_input_may_become_something_else() -> None:
    """Its own function makes it of its fields."""
    fields = {"a": GraphQLInputField(GraphQLString), "b": GraphQLInputField(GraphQLString)}
    kind = GraphQLInputObjectType("Either", fields, out_type=str, is_one_of=True)
    assert coercer(kind)({"a": "x"}) == "{'a': 'x'}"
    assert coercer(kind)({"a": None}) is Undefined
    assert coercer(kind)({"c": "x"}) is Undefined
    assert coercer(kind)({"a": "x", "b": "y"}) is Undefined


def test_a_documents_own_types_are_not_kept() -> None:
    """Each document makes its lists and non-nulls anew; what is kept is bounded by the schema."""
    coercer(kind_of(OURS, "[CustomerIdentifier!]!"))({})
    before = _named.cache_info().currsize
    for _ in range(50):
        coercer(kind_of(OURS, "[CustomerIdentifier!]!"))
    assert _named.cache_info().currsize == before
