"""Expressions of generated code: the value of a field, and its scalar or enum.

In the function around them `w` is the view, `p` its payload and `run` the execution; `v` is a
temporary variable. The expressions of a field without arguments are generated once a process.
"""

from functools import partial
from types import NoneType

from graphql import GraphQLNonNull, is_leaf_type

from gateway.execution.compiler.source_unit import Names, name_of
from gateway.execution.field_info import FieldInfo
from gateway.execution.leaf_types import (
    coerce_leaf,
    enum_class,
    is_unchanged,
    memo_of,
    nullable,
)
from gateway.schema.declare import AsView, AsViews, Computed, Plain

Text = tuple[str, Names]

_CLASSES = {"String": "str", "ID": "str", "Boolean": "bool"}


def value_expression(field: FieldInfo) -> Text:
    """Return the value of a field without arguments, before it is shown through views."""
    if field.value_text is None:
        names: Names = {}
        field.value_text = _value(field, names), names
    return field.value_text


def leaf_expression(field: FieldInfo) -> Text:
    """Return the data of a leaf without arguments."""
    if field.leaf_text is None:
        names: Names = {}
        field.leaf_text = _leaf_of(field, names), names
    return field.leaf_text


def coerced_expression(field: FieldInfo, value: str, names: Names) -> str:
    """Return the data of a leaf, given the expression of its value."""
    text = _coerced(field, value, names)
    return f"run.encode_leaf({text})" if field.is_unbounded else text


def _coerced(field: FieldInfo, value: str, names: Names) -> str:
    kind = field.type
    is_typed = not isinstance(field.declaration, Computed)  # a method may return an Any
    if is_typed and is_unchanged(kind, field.domain):
        return value
    inner = nullable(kind)
    members = enum_class(inner) if is_leaf_type(inner) else None
    if members is not None and field.domain == frozenset({members}):
        return f"{value}._name_"
    if (
        members is not None
        and not isinstance(kind, GraphQLNonNull)
        and field.domain == frozenset({members, NoneType})
    ):
        return f"(None if (v := {value}) is None else v._name_)"
    coerce = name_of(names, "L", partial(coerce_leaf, kind))
    none = "" if isinstance(kind, GraphQLNonNull) else "v is None or "
    if (name := getattr(inner, "name", "")) in _CLASSES:
        test = f"{none}v.__class__ is {_CLASSES[name]}"
    elif name == "Float":
        test = f"{none}v.__class__ is float and v - v == 0.0"
    elif name == "Int":
        test = f"{none}v.__class__ is int and -2147483648 <= v <= 2147483647"
    else:
        return f"{coerce}({value})"
    return f"(v if (v := {value}){test.removeprefix('v')} else {coerce}(v))"


def _leaf_of(field: FieldInfo, names: Names) -> str:
    if field.source is None:
        return repr(field.owner)
    plain = field.declaration
    if isinstance(plain, Plain) and plain.normalise is not None and field.is_memoised:
        memo = name_of(names, "K", memo_of(plain.normalise, field.type))
        return f"{memo}[{_attribute(plain.attribute)}]"
    return coerced_expression(field, _value(field, names), names)


def _value(field: FieldInfo, names: Names) -> str:
    plain = field.declaration
    if field.source is None:
        return repr(field.owner)
    if plain is None:
        return f"w.{field.source.python_name}"
    if isinstance(plain, Plain):
        text = _attribute(plain.attribute)
        if plain.normalise is None or isinstance(plain.normalise, AsView | AsViews):
            return text
        now = ", run.now" if plain.is_timed else ""
        return f"{name_of(names, 'N', plain.normalise)}({text}{now})"
    method = name_of(names, "M", field.with_defaults)
    return f"{method}(w, info=run)" if field.wants_info else f"{method}(w)"


def _attribute(path: str) -> str:
    first, _, rest = path.partition(".")
    if not first:
        return "p"
    return f"(None if (v := p.{first}) is None else v.{rest})" if rest else f"p.{first}"
