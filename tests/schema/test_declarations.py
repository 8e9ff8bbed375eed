"""Guarantees that hold for every type and field."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import pytest
import strawberry
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType
from strawberry.types import get_object_definition
from strawberry.types.base import StrawberryObjectDefinition

from gateway.schema.build import build_schema, executable, print_schema
from gateway.schema.declare import Computed, Fetching, Plain, attribute_types, plain, view
from gateway.schema.lookahead import DECLARATION
from gateway.upstream.decoding.field_types import Normalised
from gateway.upstream.normalise.enums import LimitKind

ROOT = Path(__file__).parents[2]
SCHEMA_FILES = sorted((ROOT / "gateway" / "schema").glob("*.py"))
DATA_TYPES = {"PromotionEdge", "CustomerPromotionEdge"}  # made where they are shown
TYPES = executable(build_schema()).type_map
OWN_TYPES = {name: kind for name, kind in TYPES.items() if not name.startswith("__")}


def _composites() -> Iterator[tuple[str, Any]]:
    for name, kind in OWN_TYPES.items():
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            yield name, kind


def _described() -> Iterator[tuple[str, str | None]]:
    for name, kind in OWN_TYPES.items():
        yield name, kind.description
        if isinstance(kind, GraphQLEnumType):
            for value_name, value in kind.values.items():
                yield f"{name}.{value_name}", value.description
    for name, kind in _composites():
        for field_name, field in kind.fields.items():
            yield f"{name}.{field_name}", field.description
            for argument_name, argument in getattr(field, "args", {}).items():
                yield f"{name}.{field_name}({argument_name})", argument.description


def _fields() -> Iterator[tuple[str, Any]]:
    for name in OWN_TYPES:
        definition = build_schema().get_type_by_name(name)
        if isinstance(definition, StrawberryObjectDefinition) and not definition.is_input:
            for field in definition.fields:
                yield f"{name}.{field.python_name}", field


def test_everything_is_described() -> None:
    """Each type, field, argument and enum value has a description."""
    assert [name for name, words in _described() if not (words or "").strip()] == []


def test_schema_graphql_is_the_codes() -> None:
    """The file that clients read is the schema that the gateway serves."""
    assert (ROOT / "schema.graphql").read_text() == print_schema()


def test_only_nodes_have_an_id() -> None:
    """Client caches normalise on a field named `id`, so that only nodes have one."""
    nodes = {"Node", "Customer", "CustomerPromotion", "Promotion", "Program"}
    assert {name for name, kind in _composites() if "id" in kind.fields} == nodes
    for name in nodes - {"Node"}:
        assert [interface.name for interface in TYPES[name].interfaces] == ["Node"]  # type: ignore[attr-defined]


def test_each_field_is_declared_once_as_one_of_three() -> None:
    """Plain, computed or fetching; undeclared only in types without a payload."""
    undeclared = {
        name.partition(".")[0]
        for name, field in _fields()
        if not isinstance(field.metadata.get(DECLARATION), Plain | Computed | Fetching)
    }
    assert undeclared == DATA_TYPES


class _Inner(NamedTuple):
    deep: Annotated[int, Normalised(str)]


class _One(NamedTuple):
    both: int
    inner: _Inner | None
    word: Annotated[str, Normalised(str.upper, LimitKind.__getitem__)]
    differs: Annotated[int, Normalised(str)]


class _Other(NamedTuple):
    both: int
    differs: int


def test_a_plain_field_is_in_every_payload_of_its_view() -> None:
    """A view over two structs has attributes of both, with the same normaliser."""
    assert attribute_types(_One | _Other | None, "both") == [int, int]
    for attribute, message in (
        ("inner", "_Other has no attribute inner"),
        ("differs", "differs has several normalisers"),
    ):
        with pytest.raises(TypeError, match=message):

            @view()
            class _Both:
                payload: strawberry.Private[_One | _Other]
                value: int = plain("A value.", attribute)


def test_an_attribute_of_an_enum_field_has_its_normaliser() -> None:
    """A word that no function turns into a member is found when the type is declared."""
    with pytest.raises(TypeError, match="differs has no normaliser for LimitKind"):

        @view()
        class _Unread:
            payload: strawberry.Private[_One]
            differs: LimitKind = plain("A value.")


def test_a_path_of_attributes_leads_somewhere() -> None:
    """A nullable part of a path is looked through."""
    assert attribute_types(_One, "inner.deep") == [Annotated[int, Normalised(str)]]
    with pytest.raises(TypeError, match="_Inner has no attribute shallow"):
        attribute_types(_One, "inner.shallow")


def test_a_plain_field_takes_the_normaliser_of_its_attribute() -> None:
    """The attribute's type has one for the attribute, and one for an enum's member."""

    @view()
    class _View:
        payload: strawberry.Private[_One]
        both: int = plain("As it is.")
        deep: str = plain("Of a part.", within="inner")
        word: str = plain("A word.")
        kind: LimitKind = plain("A member.", "word")

    declared = {
        field.python_name: field.metadata[DECLARATION]
        for field in get_object_definition(_View, strict=True).fields
    }
    assert declared == {
        "both": Plain("both", None),
        "deep": Plain("inner.deep", str),
        "word": Plain("word", str.upper),
        "kind": Plain("word", LimitKind.__getitem__),
    }


def test_only_fetching_fields_are_asynchronous() -> None:
    """Exactly the fetching fields are coroutines."""
    for name, field in _fields():
        declared = field.metadata.get(DECLARATION)
        assert (declared is not None and isinstance(declared, Fetching)) is field.is_async, name


def test_what_needs_the_network_may_be_null() -> None:
    """An outage nulls a field, never the whole result; lists of the root have nullable items.

    `viewer` is an exception: a customer whose look-up fails is in the list all the same. So are
    mutations: after one that has failed, none of the operation begins.
    """
    for name, field in _fields():
        if isinstance(field.metadata.get(DECLARATION), Fetching):
            type_name, _, python_name = name.partition(".")
            graph_name = build_schema().config.name_converter.get_graphql_name(field)
            written = str(TYPES[type_name].fields[graph_name].type)  # type: ignore[attr-defined]
            nullable = {"[Node]!", "[Customer]!"}
            if name != "Query.viewer" and type_name != "Mutation":
                assert not written.endswith("!") or written in nullable, python_name


def test_look_ahead_is_declared_and_real() -> None:
    """The fields that are looked ahead to exist."""
    declared = {
        pair
        for _, field in _fields()
        if isinstance(field.metadata.get(DECLARATION), Fetching)
        for pair in field.metadata[DECLARATION].looks_ahead_to
    }
    assert declared == {("Customer", "promotions"), ("Customer", "promotionCounts")}
    for type_name, field_name in declared:
        assert field_name in TYPES[type_name].fields  # type: ignore[attr-defined]


def _resolvers(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.decorator_list:
            names = {
                decorator.func.id
                for decorator in node.decorator_list
                if isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Name)
            }
            if names & {"computed", "fetching"}:
                yield node


@pytest.mark.parametrize("path", SCHEMA_FILES, ids=lambda path: path.name)
def test_resolvers_use_only_context_and_look_ahead(path: Path) -> None:
    """`info` is used for nothing else, and not passed on."""
    for resolver in _resolvers(path):
        uses = [n for n in ast.walk(resolver) if isinstance(n, ast.Name) and n.id == "info"]
        attributes = [
            node
            for node in ast.walk(resolver)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "info"
        ]
        assert {node.attr for node in attributes} <= {"context", "look_ahead", "page_fields"}, (
            resolver.name
        )
        assert len(uses) == len(attributes), f"{resolver.name} hands info on"


def test_resolvers_are_found() -> None:
    """The test above finds resolvers."""
    assert sum(1 for path in SCHEMA_FILES for _ in _resolvers(path)) > 30


@pytest.mark.parametrize("path", SCHEMA_FILES, ids=lambda path: path.name)
def test_there_are_no_permission_classes_and_no_field_extensions(path: Path) -> None:
    """Authorization is in the resolvers, and no extension wraps a field."""
    keywords = {
        node.arg for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.keyword)
    }
    assert not keywords & {"permission_classes", "extensions"}
