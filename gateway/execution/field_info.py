"""What an executor needs to know of the fields of a schema, computed once per process."""

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

_FIELD_WITHOUT_ARGUMENTS = FieldNode(name=NameNode(value=""), arguments=())
_MAX_FUNCTIONS, _MAX_MEMOS = 512, 16

K = TypeVar("K")
V = TypeVar("V")


@dataclass(eq=False)
class FieldInfo:
    """A field of an object type: its declaration, and its function.

    `source` is Strawberry's field, None for ``__typename``. `declaration` is None for that and for
    plain dataclass fields. The two texts are memoised expressions (`compiler/expressions.py`).
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
        """Return the declaration; see `gateway/schema/declare.py`."""
        return self.source.metadata.get(DECLARATION) if self.source else None

    @cached_property
    def is_fetching(self) -> bool:
        """Whether the field may need the network."""
        return isinstance(self.declaration, Fetching)

    @cached_property
    def prefetched(self) -> Callable[..., Any] | None:
        """Return the function of a value that may need no network; None without one."""
        return self.declaration.prefetched if isinstance(self.declaration, Fetching) else None

    @property
    def method(self) -> Callable[..., Any]:
        """Return the function of a declared field, which takes the view first."""
        assert self.source is not None  # noqa: S101 - declared fields have a source
        return method_of(self.source)

    @cached_property
    def resolver(self) -> Callable[..., Any]:
        """Return the method as written, without the conversion of its result to views."""
        method: Callable[..., Any] = getattr(self.method, "__wrapped__", self.method)
        return method

    @cached_property
    def wants_info(self) -> bool:
        """Whether the function takes ``info``."""
        return self.source is not None and wants_info(self.source)

    @cached_property
    def domain(self) -> leaf_types.Domain:
        """Return the classes that the value of a leaf may have, by its declaration."""
        if isinstance(self.declaration, Plain):
            normalise = self.declaration.normalise
            return self._raw_domain if normalise is None else leaf_types.returned_by(normalise)
        if isinstance(self.declaration, Computed):
            return leaf_types.returned_by(self.resolver)
        return None

    @cached_property
    def _raw_domain(self) -> leaf_types.Domain:
        assert isinstance(self.declaration, Plain)  # noqa: S101 - others read no attribute
        if not self.declaration.attribute:
            return None
        return leaf_types.domain_of(self.payload, self.declaration.attribute)

    @cached_property
    def is_memoised(self) -> bool:
        """Whether normalised values are memoised by the raw value."""
        return (
            isinstance(self.declaration, Plain)
            and not self.declaration.is_timed
            and is_memoizable(self.declaration.normalise)
            and leaf_types.may_be_key(self._raw_domain)
        )

    @cached_property
    def is_unbounded(self) -> bool:
        """Whether each value is a new string, or JSON, of a length that upstream decides."""
        named = get_named_type(self.type).name
        if named != "String" or not isinstance(self.declaration, Plain):
            return named == "JSON"
        return self.declaration.normalise is not None and not self.is_memoised

    @cached_property
    def is_plain(self) -> bool:
        """Whether the field is an attribute of the payload."""
        return isinstance(self.declaration, Plain)

    @cached_property
    def as_view(self) -> AsView | AsViews | None:
        """Return the conversion of the field's value to views; None without one."""
        if isinstance(self.declaration, Computed):
            return self.declaration.view
        normalise = getattr(self.declaration, "normalise", None)
        return normalise if isinstance(normalise, AsView | AsViews) else None

    @cached_property
    def with_defaults(self) -> Callable[..., Any]:
        """Return the method bound to the defaults of its arguments."""
        if self.graphql is None or not self.graphql.args:
            return self.resolver
        defaults = self.convert(get_argument_values(self.graphql, _FIELD_WITHOUT_ARGUMENTS))
        return partial(self.resolver, **defaults) if defaults else self.resolver

    @property
    def needs_call(self) -> bool:
        """Whether the function takes more than its view."""
        return self.wants_info or bool(self.graphql and self.graphql.args)


class Function(NamedTuple):
    """A generated function that operations share; `size` is the length of its source."""

    name: str
    function: Callable[..., Any]
    size: int


class FieldInfos:
    """The fields of a schema's object types, and what the compiler shares between operations."""

    def __init__(self, schema: strawberry.Schema) -> None:
        self.schema: GraphQLSchema = graphql_schema(schema)
        self._known: dict[tuple[str, str], FieldInfo] = {}
        self._payloads: dict[type, Any] = {}
        self.functions: BoundedDict[tuple[str, bool, bool], Function] = BoundedDict(_MAX_FUNCTIONS)
        self.memos: BoundedDict[tuple[Any, ...], leaf_types.Memo] = BoundedDict(_MAX_MEMOS)

    def get(self, kind: GraphQLObjectType, name: str) -> FieldInfo:
        """Return a field, which must exist."""
        known = self._known.get((kind.name, name))
        if known is None:
            known = self._known[kind.name, name] = self._find(kind, name)
        return known

    def _find(self, kind: GraphQLObjectType, name: str) -> FieldInfo:
        field = self.schema.get_field(kind, name)
        assert field is not None  # noqa: S101 - validation has made sure
        if name == "__typename":
            return FieldInfo(name, field.type, None, None, kind.name, Converter(), ())
        source = definition_of(field)
        payload = self.payload_of(view_class(kind))
        convert = Converter(field.args)
        named = get_named_type(field.type)
        possible: tuple[GraphQLObjectType, ...] = ()
        if isinstance(named, GraphQLObjectType):
            possible = (named,)
        elif isinstance(named, GraphQLInterfaceType | GraphQLUnionType):
            possible = tuple(self.schema.get_possible_types(named))
        return FieldInfo(name, field.type, field, source, kind.name, convert, possible, payload)

    def payload_of(self, view: type) -> Any:
        """Return the annotated class of a view's `payload`, or a union of classes."""
        if view not in self._payloads:
            self._payloads[view] = get_type_hints(view).get("payload")
        return self._payloads[view]


def layers(kind: Any) -> list[Any]:
    """Return a type and, for a list, the type of its items, and so on inwards."""
    types = [kind]
    while isinstance(nullable(types[-1]), GraphQLList):
        types.append(nullable(types[-1]).of_type)
    return types
