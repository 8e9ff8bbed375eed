"""What an executor needs to know of a field of the schema, found out once a process."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, NamedTuple, TypeVar, get_type_hints

import strawberry
from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLUnionType,
    NameNode,
    get_argument_values,
    get_named_type,
)

from gateway.cache.bounded_dict import BoundedDict
from gateway.execution import leaf_types
from gateway.execution.arguments import Converter
from gateway.execution.bridge import (
    StrawberryField,
    definition_of,
    graphql_schema,
    method_of,
    view_class,
    wants_info,
)
from gateway.execution.leaf_types import nullable
from gateway.schema.declare import AsView, AsViews, Computed, Fetching, Plain
from gateway.schema.lookahead import DECLARATION
from gateway.upstream.normalise.memoizable import is_memoizable

_WITHOUT = FieldNode(name=NameNode(value=""), arguments=())
_MOST_FUNCTIONS, _MOST_KEPT = 512, 16

K = TypeVar("K")
V = TypeVar("V")


@dataclass(eq=False)
class FieldInfo:
    """A field of an object type: how it is declared, and the function behind it.

    `declaration` is None for plain data of a type that is made from data at hand, and for
    ``__typename``, which has no `source` either. The two texts are those of `expressions.py`.
    """

    name: str
    type: GraphQLOutputType
    graphql: GraphQLField | None
    source: StrawberryField | None
    owner: str
    convert: Converter
    possible: tuple[GraphQLObjectType, ...]
    payload: Any = None
    value_text: tuple[str, dict[str, Any]] | None = None
    leaf_text: tuple[str, dict[str, Any]] | None = None

    @cached_property
    def declaration(self) -> Plain | Computed | Fetching | None:
        """Return how the field was declared."""
        return self.source.metadata.get(DECLARATION) if self.source else None

    @cached_property
    def is_fetching(self) -> bool:
        """Return whether it needs the network."""
        return isinstance(self.declaration, Fetching)

    @cached_property
    def prefetched(self) -> Callable[..., Any] | None:
        """Return the function of a value that needs no network after all; None without one."""
        return self.declaration.prefetched if isinstance(self.declaration, Fetching) else None

    @property
    def method(self) -> Callable[..., Any]:
        """Return the function of a declared field, which takes the view first."""
        assert self.source is not None  # noqa: S101 - declared fields have a source
        return method_of(self.source)

    @cached_property
    def computes(self) -> Callable[..., Any]:
        """Return the method itself, before what it gives is shown through views."""
        method: Callable[..., Any] = getattr(self.method, "__wrapped__", self.method)
        return method

    @cached_property
    def wants_info(self) -> bool:
        """Return whether the function takes ``info``."""
        return self.source is not None and wants_info(self.source)

    @cached_property
    def domain(self) -> leaf_types.Domain:
        """Return the classes that the value of a leaf can have, by its declaration."""
        if isinstance(self.declaration, Plain):
            normalise = self.declaration.normalise
            return self._raw_domain if normalise is None else leaf_types.returned_by(normalise)
        if isinstance(self.declaration, Computed):
            return leaf_types.returned_by(self.computes)
        return None

    @cached_property
    def _raw_domain(self) -> leaf_types.Domain:
        assert isinstance(self.declaration, Plain)  # noqa: S101 - no other has a payload's attribute
        if not self.declaration.attribute:
            return None
        return leaf_types.domain_of(self.payload, self.declaration.attribute)

    @cached_property
    def is_kept(self) -> bool:
        """Return whether what the normaliser gives is kept by the raw value."""
        return (
            isinstance(self.declaration, Plain)
            and not self.declaration.is_timed
            and is_memoizable(self.declaration.normalise)
            and leaf_types.may_be_key(self._raw_domain)
        )

    @cached_property
    def makes_text(self) -> bool:
        """Whether each value is a text of its own, or JSON, as long as the platform likes."""
        named = get_named_type(self.type).name
        makes = isinstance(self.declaration, Plain) and self.declaration.normalise is not None
        return named == "JSON" or (makes and not self.is_kept and named == "String")

    @cached_property
    def is_plain(self) -> bool:
        """Return whether it is an attribute of the payload."""
        return isinstance(self.declaration, Plain)

    @cached_property
    def shows(self) -> AsView | AsViews | None:
        """Return how the field's value is shown through views, where it says so."""
        if isinstance(self.declaration, Computed):
            return self.declaration.view
        normalise = getattr(self.declaration, "normalise", None)
        return normalise if isinstance(normalise, AsView | AsViews) else None

    @cached_property
    def without_arguments(self) -> Callable[..., Any]:
        """Return the method, with its defaults, for where no argument is given."""
        if self.graphql is None or not self.graphql.args:
            return self.computes
        defaults = self.convert(get_argument_values(self.graphql, _WITHOUT))
        return partial(self.computes, **defaults) if defaults else self.computes

    @property
    def has_call(self) -> bool:
        """Return whether the function takes more than its view."""
        return self.wants_info or bool(self.graphql and self.graphql.args)


class Function(NamedTuple):
    """A generated function that several operations may use; `size` is that of its source."""

    name: str
    function: Callable[..., Any]
    size: int


class FieldInfos:
    """The fields of a schema's object types, and the views that show the types."""

    def __init__(self, schema: strawberry.Schema) -> None:
        self.schema: GraphQLSchema = graphql_schema(schema)
        self._known: dict[tuple[str, str], FieldInfo] = {}
        self._payloads: dict[type, Any] = {}
        self.functions: BoundedDict[tuple[str, bool, bool], Function] = BoundedDict(_MOST_FUNCTIONS)
        self.kept: BoundedDict[tuple[Any, ...], leaf_types.Memo] = BoundedDict(_MOST_KEPT)

    def get(self, kind: GraphQLObjectType, name: str) -> FieldInfo:
        """Return a field; validation has made sure that it is there."""
        known = self._known.get((kind.name, name))
        if known is None:
            known = self._known[kind.name, name] = self._find(kind, name)
        return known

    def _find(self, kind: GraphQLObjectType, name: str) -> FieldInfo:
        found = self.schema.get_field(kind, name)
        assert found is not None  # noqa: S101 - see above
        if name == "__typename":
            return FieldInfo(name, found.type, None, None, kind.name, Converter(), ())
        source = definition_of(found)
        payload = self.payload_of(self.view_of(kind))
        convert = Converter(found.args)
        named = get_named_type(found.type)
        possible: tuple[GraphQLObjectType, ...] = ()
        if isinstance(named, GraphQLObjectType):
            possible = (named,)
        elif isinstance(named, GraphQLInterfaceType | GraphQLUnionType):
            possible = tuple(self.schema.get_possible_types(named))
        return FieldInfo(name, found.type, found, source, kind.name, convert, possible, payload)

    @staticmethod
    def view_of(kind: GraphQLObjectType) -> type:
        """Return the class whose instances are shown as this type."""
        return view_class(kind)

    def payload_of(self, view: type) -> Any:
        """Return what a view says that its payload is: a class, or a union of them."""
        if view not in self._payloads:
            self._payloads[view] = get_type_hints(view).get("payload")
        return self._payloads[view]


def layers(kind: Any) -> list[Any]:
    """Return a field's type and, for a list, that of its items, and so on inwards."""
    found = [kind]
    while isinstance(nullable(found[-1]), GraphQLList):
        found.append(nullable(found[-1]).of_type)
    return found
