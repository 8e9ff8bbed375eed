"""Generates the Python functions that build the data of a selection (`docs/execution.md`).

A function is written for values that are as declared, and checks that they are: the class of each
view, and of each leaf that msgspec has not checked. For any other value it raises, and the
interpreter completes that value.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from graphql import GraphQLError, GraphQLNonNull, GraphQLObjectType, get_named_type

from gateway.execution.bridge import view_class
from gateway.execution.compiler.codegen_runtime import encoded, unexpected
from gateway.execution.compiler.expressions import (
    coerced_expression,
    leaf_expression,
    value_expression,
)
from gateway.execution.compiler.resolver_calls import call_of
from gateway.execution.compiler.selection import Selected, Selection
from gateway.execution.compiler.source_unit import SourceUnit, name_of
from gateway.execution.field_info import FieldInfos, Function
from gateway.execution.leaf_types import Memo, nullable
from gateway.schema.declare import AsView, AsViews
from gateway.upstream.normalise.memoizable import is_memoizable

_MAX_MEMOIZED = 2048  # payloads of one selection


class Projection(NamedTuple):
    """The function of a value: ``make(value, run)``, with the value's path where it `fetches`.

    `view` is the class that the value must have; None where the function accepts several. `size` is
    the length of its source and of all functions that it calls, in characters.
    """

    make: Callable[..., Any]
    view: type | None
    fetches: bool
    size: int


def project(selected: Selected) -> Projection | None:
    """Generate the function of a field's value, or of one item of it.

    None where a variable of @skip or @include is null, which the interpreter reports.
    """
    writer = FunctionWriter(selected.scope.fields)
    try:
        name, view, fetches = writer.values(selected, writer.own)
    except GraphQLError:
        return None
    return Projection(writer.compile(name), view, fetches, writer.size)


def project_root(fields: FieldInfos, root: Selection) -> Projection | None:
    """Generate the function of an operation's data; None as in `project`."""
    writer = FunctionWriter(fields)
    try:
        name = writer.object(root)
    except GraphQLError:
        return None
    return Projection(writer.compile(name), None, root.fetches, writer.size)


class _NewMemo(NamedTuple):
    """A memo whose function is not compiled yet, and how the function is called."""

    memo: Memo
    name: str
    read: Callable[[Any], Any] | None
    is_nullable: bool


class FunctionWriter:
    """Writes the source of one function and of the functions that it calls.

    `shared` has those that are the same in every operation; they are cached by their selection's
    signature. `own` has those that refer to this operation: arguments, fields to fetch.
    """

    def __init__(self, fields: FieldInfos) -> None:
        self._fields = fields
        self.shared, self.own = SourceUnit(), SourceUnit()
        self._new: dict[tuple[str, bool, bool], tuple[str, int]] = {}
        self._memos: dict[tuple[str, Any, bool, bool], _NewMemo] = {}
        self.size = 0

    def compile(self, name: str) -> Callable[..., Any]:
        """Compile the source; return the function of that name."""
        names = self.shared.names
        self.shared.compile()
        for key, (new_name, size) in self._new.items():
            self._fields.functions[key] = Function(new_name, names[new_name], size)
        for memo_key, new in self._memos.items():
            new.memo.make = encoded(names[new.name], new.read, is_nullable=new.is_nullable)
            self._fields.memos[memo_key] = new.memo
        if self.own.functions:
            self.own.names.update(names)
            self.own.compile()
            names = self.own.names
        function: Callable[..., Any] = names[name]
        return function

    def values(self, selected: Selected, unit: SourceUnit) -> tuple[str, type | None, bool]:
        """Write the function of a field's value, or of one item of it.

        Return its name, the class that the value must have, and whether it fetches.
        """
        kinds = selected.possible()
        below = [selected.below(kind) for kind in kinds]
        fetches = any(each.fetches for each in below)
        if isinstance(get_named_type(selected.type), GraphQLObjectType):
            return self.object(below[0]), view_class(kinds[0]), fetches
        parameters = "w, run, path" if fetches else "w, run"
        lines = []
        for selection in below:
            make = self.object(selection)
            view = name_of(unit.names, "V", view_class(selection.kind))
            arguments = parameters if selection.fetches else "w, run"
            lines.append(f" if w.__class__ is {view}: return {make}({arguments})\n")
        is_null = not isinstance(_innermost(selected.type), GraphQLNonNull)
        lines.append(f" return {'expect_null' if is_null else 'unexpected'}(w)\n")
        return self._add(unit, "any", parameters, "".join(lines)), None, fetches

    def _add(self, unit: SourceUnit, prefix: str, parameters: str, body: str) -> str:
        name, size = unit.add(prefix, parameters, body)
        self.size += size
        return name

    def object(
        self, selection: Selection, *, is_payload: bool = False, is_many: bool = False
    ) -> str:
        """Write the function of a view or a payload, or with `is_many` of a list; return its name.

        A function that another operation has generated is used again.
        """
        key = (selection.signature, is_payload, is_many)
        if not selection.signature:
            return self._write(selection, self.own, is_payload=is_payload, is_many=is_many)
        if key in self._new:
            return self._new[key][0]
        known = self._fields.functions.use(key)
        if known is not None:
            self.shared.names[known.name] = known.function
            self.size += known.size
            return known.name
        before = self.size
        name = self._write(selection, self.shared, is_payload=is_payload, is_many=is_many)
        self._new[key] = name, self.size - before
        return name

    def _write(
        self, selection: Selection, unit: SourceUnit, *, is_payload: bool, is_many: bool
    ) -> str:
        fetched: list[str] = []
        data = self._data(selection, unit, fetched)
        reads = not is_payload and any(each.field.is_plain for each in selection.fields)
        if is_many:
            view = name_of(unit.names, "V", view_class(selection.kind))
            items = "p in items if p is not None or unexpected()"
            if reads:  # an inner loop over one item is an assignment
                payload = f"w.payload if w.__class__ is {view} else unexpected()"
                items = f"w in items for p in ({payload},)"
            elif not is_payload:
                items = f"w in items if w.__class__ is {view} or unexpected()"
            return self._add(unit, "objects", "items, run", f" return [{data} for {items}]\n")
        body = " p = w.payload\n" if reads else ""
        if fetched or selection.deferral is not None:
            after = "".join(f" {each}.target = data\n" for each in fetched)
            if selection.deferral is not None:
                after += f" run.defer({name_of(unit.names, 'D', selection.deferral)}, w, path)\n"
            body += f" data = {data}\n{after} return data\n"
        else:
            body += f" return {data}\n"
        parameters = f"{'p' if is_payload else 'w'}, run{', path' if selection.fetches else ''}"
        return self._add(unit, "object", parameters, body)

    def _data(self, selection: Selection, unit: SourceUnit, fetched: list[str]) -> str:
        """Return the expression of an object; add the names of its pending fields to `fetched`."""
        parts = [f"{each.key!r}:{self._field(each, unit, fetched)}" for each in selection.fields]
        return f"{{{','.join(parts)}}}"

    def _field(self, selected: Selected, unit: SourceUnit, fetched: list[str]) -> str:
        field = selected.field
        if field.is_fetching:
            fetched.append(f"f{len(fetched)}")
            what = name_of(unit.names, "S", selected)
            call = name_of(unit.names, "C", call_of(selected))
            path = f"(*path, {selected.key!r})"
            return f"({fetched[-1]} := run.fetch({what}, {call}, w, {path}))"
        if selected.has_selection:
            return self._composite(selected, unit)
        if selected.has_arguments:
            return coerced_expression(field, self._call(selected, unit), unit.names)
        text, names = leaf_expression(field)
        unit.names.update(names)
        return text

    def _value(self, selected: Selected, unit: SourceUnit) -> str:
        if selected.has_arguments:
            return self._call(selected, unit)
        text, names = value_expression(selected.field)
        unit.names.update(names)
        return text

    def _call(self, selected: Selected, unit: SourceUnit) -> str:
        """Return the call of a field with arguments; constant ones are bound to the function."""
        call = call_of(selected)
        if call.constant is None:
            return f"run.bind({name_of(unit.names, 'C', call)}).method(w)"
        name = name_of(unit.names, "M", call.constant)
        return f"{name}(w, info=run)" if selected.field.wants_info else f"{name}(w)"

    def _composite(self, selected: Selected, unit: SourceUnit) -> str:
        as_view, kind = selected.field.as_view, selected.type
        text = self._value(selected, unit)
        if as_view is not None and self._needs_no_view(selected):
            return self._payload(selected, text, unit)
        if isinstance(as_view, AsView) and as_view.read is None:
            view_name = name_of(unit.names, "V", as_view.view)
            text = f"({view_name}(payload=v) if (v := {text}) is not None else None)"
        elif as_view is not None:
            text = f"{name_of(unit.names, 'N', as_view)}({text})"
        inner, is_null = nullable(kind), not isinstance(kind, GraphQLNonNull)
        is_list = hasattr(inner, "of_type")
        if is_list and hasattr(nullable(inner.of_type), "of_type"):
            return "unexpected()"
        if is_list and (many := self._many(selected, inner.of_type)):
            items, leaves = "v" if is_null else text, selected.min_leaves_of_an_item
            made = f"complete_list({items}, {many}, run, {leaves})"
            return f"(None if (v := {text}) is None else {made})" if is_null else made
        make, view, fetches = self.values(selected, unit)
        view_name = name_of(unit.names, "V", view) if view is not None else ""
        path = f", (*path, {selected.key!r})" if fetches else ""
        if is_list:
            last = f"{selected.min_leaves_of_an_item}{path}"
            return self._list(kind, text, make, view_name, last)
        other = "expect_null(v)" if is_null else "unexpected()"
        test = f".__class__ is {view_name}" if view_name else " is not None"
        return f"({make}(v, run{path}) if (v := {text}){test} else {other})"

    def _many(self, selected: Selected, kind: Any) -> str:
        """Write the function of a list whose items are views of one class and fetch nothing.

        Return "" for any other list.
        """
        if not (isinstance(kind, GraphQLNonNull) and isinstance(kind.of_type, GraphQLObjectType)):
            return ""
        below = selected.below(kind.of_type)
        return "" if below.fetches else self.object(below, is_many=True)

    @staticmethod
    def _list(kind: Any, text: str, make: str, view: str, last: str) -> str:
        is_null = not isinstance(kind, GraphQLNonNull)
        items = "v" if is_null else text
        is_strict = isinstance(nullable(kind).of_type, GraphQLNonNull)
        other = "unexpected" if is_strict else "expect_null"
        suffix = "_with_path" if "," in last else ""
        if view:
            call = f"complete_views{suffix}({items}, {make}, {view}, {other}, run, {last})"
        else:
            call = f"complete_any{suffix}({items}, {make}, run, {last})"
        return f"(None if (v := {text}) is None else {call})" if is_null else call

    def _payload(self, selected: Selected, text: str, unit: SourceUnit) -> str:
        """Return the expression of a value shown through views, without creating the views."""
        as_view, kind = selected.field.as_view, get_named_type(selected.type)
        assert as_view is not None  # noqa: S101 - see `_composite`
        assert isinstance(kind, GraphQLObjectType)  # noqa: S101 - a view is of one type
        below, leaves = selected.below(kind), selected.min_leaves_of_an_item
        is_many, read = isinstance(as_view, AsViews), as_view.read
        if is_memoizable(read) and below.signature:
            return f"{name_of(unit.names, 'memo', self._memo_of_field(selected, below))}[{text}]"
        if read is not None:
            text = f"{name_of(unit.names, 'N', read)}({text})"
        if is_memoizable(self._fields.payload_of(view_class(kind))) and below.signature:
            each = as_view.each if isinstance(as_view, AsViews) else None
            memo = name_of(unit.names, "memo", self._memo(below, each))
            if is_many:
                return f"memoized_payloads({text}, {memo}, run, {leaves})"
            made = f"{memo}[v]"
        elif text == "p" and not is_many:  # the same payload, through another view
            return self._data(below, unit, [])
        else:
            make = self.object(below, is_payload=True, is_many=is_many)
            if isinstance(as_view, AsViews):
                if as_view.each is not None:
                    text = f"[*map({name_of(unit.names, 'N', as_view.each)}, {text} or ())]"
                return f"complete_payloads({text}, {make}, run, {leaves})"
            made = f"{make}(v, run)"
        other = "unexpected()" if isinstance(selected.type, GraphQLNonNull) else "None"
        return f"({made} if (v := {text}) is not None else {other})"

    def _memo_of_field(self, selected: Selected, below: Selection) -> Memo:
        """Return the memo of a field's JSON, by the value that its view's payload is read from."""
        as_view = selected.field.as_view
        assert as_view is not None  # noqa: S101 - see `_payload`
        if isinstance(as_view, AsViews):
            items = self._memo(below, as_view.each)  # of a list that is new, most items are not
            return self._memo(below, as_view.read, items)
        is_nullable = not isinstance(selected.type, GraphQLNonNull)
        return self._memo(below, as_view.read, is_nullable=is_nullable)

    def _memo(
        self,
        selection: Selection,
        read: Any = None,
        items: Memo | None = None,
        *,
        is_nullable: bool = False,
    ) -> Memo:
        """Return the memo of a selection's JSON, by its payload or by the value that is read.

        With `items`, the memo of one item, it is that of a list of payloads. A new memo has its
        function once the source is compiled.
        """
        key = selection.signature, read, items is not None, is_nullable
        memo = self._memos[key].memo if key in self._memos else self._fields.memos.use(key)
        if memo is None:
            memo = Memo(unexpected, _MAX_MEMOIZED)
            if items is None:
                name = self.object(selection, is_payload=True)
            else:
                known = name_of(self.shared.names, "memo", items)
                body = f" return [{known}[p] for p in items]\n"
                name = self._add(self.shared, "list", "items, run", body)
            self._memos[key] = _NewMemo(memo, name, read, is_nullable)
        return memo

    @staticmethod
    def _needs_no_view(selected: Selected) -> bool:
        below = [selected.below(kind) for kind in selected.possible()]
        return all(
            each.field.source is None or each.field.is_plain
            for selection in below
            for each in selection.fields
        ) and not any(selection.deferral is not None for selection in below)


def _innermost(kind: Any) -> Any:
    """Return the type of a list's items at the innermost level, with its non-null."""
    while hasattr(nullable(kind), "of_type"):
        kind = nullable(kind).of_type
    return kind
