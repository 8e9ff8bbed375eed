"""From a selection to Python functions that put its data together (`docs/execution.md`).

A function is written for the case that everything is as declared, and checks that it is: the class
of each view, and of each leaf that msgspec has not checked. Anything else raises, and `Exact` does
that value again.
"""

from collections.abc import Callable
from itertools import count
from typing import Any, NamedTuple

from graphql import GraphQLError, GraphQLNonNull, GraphQLObjectType, get_named_type

from gateway.execution.compiler.codegen_runtime import encoded, never
from gateway.execution.compiler.expressions import (
    coerced_expression,
    leaf_expression,
    name_of,
    value_expression,
)
from gateway.execution.compiler.resolver_calls import call_of
from gateway.execution.compiler.selection import Selected, Selection
from gateway.execution.compiler.source_unit import SourceUnit
from gateway.execution.field_info import FieldInfos, Function
from gateway.execution.leaf_types import Memo, nullable
from gateway.schema.declare import AsView, AsViews
from gateway.upstream.normalise.memoizable import is_memoizable

_NUMBERS = count(1)
_MOST_KEPT = 2048  # payloads of one selection


class Projection(NamedTuple):
    """The function of one value: ``make(value, run)``, with the value's path where it `fetches`.

    `view` is the class that the value must have; None: the function itself tells. `size` is the
    length of the source of all that is behind it, in characters.
    """

    make: Callable[..., Any]
    view: type | None
    fetches: bool
    size: int


def project(selected: Selected) -> Projection | None:
    """Write the function of a field's value, or of one item of it; None where there can be none."""
    writer = _Writer(selected.scope.fields)
    try:
        name, view, fetches = writer.values(selected)
    except GraphQLError:  # a variable of @skip or @include is null: `Exact` finds it again
        return None
    return Projection(writer.finish(name), view, fetches, writer.size)


def project_root(fields: FieldInfos, root: Selection) -> Projection | None:
    """Write the function of an operation's data; None where there can be none."""
    writer = _Writer(fields)
    try:
        name = writer.root(root)
    except GraphQLError:  # as above
        return None
    return Projection(writer.finish(name), None, root.fetches, writer.size)


class _NewMemo(NamedTuple):
    """A memo whose function is not compiled yet, and what that is to be called with."""

    memo: Memo
    name: str
    read: Callable[[Any], Any] | None
    is_nullable: bool


class _Writer:
    """Writes what is not there yet.

    What is the same in every operation goes into one batch, which is kept for others; what refers
    to this operation (arguments, what is fetched) into another.
    """

    def __init__(self, fields: FieldInfos) -> None:
        self._fields = fields
        self._shared, self._own = SourceUnit(), SourceUnit()
        self._new: dict[tuple[str, bool, bool], tuple[str, int]] = {}
        self._memos: dict[tuple[str, Any, bool, bool], _NewMemo] = {}
        self.size = 0

    def finish(self, name: str) -> Callable[..., Any]:
        """Compile, and give a function by its name."""
        self._shared.compile()
        for key, (made, size) in self._new.items():
            self._fields.functions.keep(key, Function(made, self._shared.names[made], size))
        for memo_key, new in self._memos.items():
            new.memo.make = encoded(
                self._shared.names[new.name], new.read, is_nullable=new.is_nullable
            )
            self._fields.kept.keep(memo_key, new.memo)
        if self._own.functions:
            self._own.names.update(self._shared.names)
            self._own.compile()
            return self._own.names[name]  # type: ignore[no-any-return]
        return self._shared.names[name]  # type: ignore[no-any-return]

    def root(self, selection: Selection) -> str:
        """Write the function of the root."""
        return self._object(selection, is_payload=False)

    def values(self, selected: Selected) -> tuple[str, type | None, bool]:
        """Write the function of a field's value, or of one item of it; and give its class."""
        kinds = selected.possible()
        below = [selected.below(kind) for kind in kinds]
        fetches = any(each.fetches for each in below)
        if isinstance(get_named_type(selected.type), GraphQLObjectType):
            view = self._fields.view_of(kinds[0])
            return self._object(below[0], is_payload=False), view, fetches
        arguments = "w, run, path" if fetches else "w, run"
        lines = []
        for selection in below:
            make = self._object(selection, is_payload=False)
            known = name_of(self._own.names, "V", self._fields.view_of(selection.kind))
            given = arguments if selection.fetches else "w, run"
            lines.append(f" if w.__class__ is {known}: return {make}({given})\n")
        other = "never" if isinstance(_innermost(selected.type), GraphQLNonNull) else "absent"
        lines.append(f" return {other}(w)\n")
        return self._function(self._own, "any_", arguments, "".join(lines)), None, fetches

    def _function(self, batch: SourceUnit, prefix: str, parameters: str, body: str) -> str:
        name = f"{prefix}{next(_NUMBERS)}"
        batch.functions.append(text := f"def {name}({parameters}):\n{body}")
        self.size += len(text)
        return name

    def _object(self, selection: Selection, *, is_payload: bool, is_many: bool = False) -> str:
        """Write the function of a view or a payload, or with `is_many` of a list of such."""
        key = (selection.signature, is_payload, is_many)
        if not selection.signature:
            return self._write(selection, self._own, is_payload=is_payload, is_many=is_many)
        if key in self._new:
            return self._new[key][0]
        known = self._fields.functions.get(key)
        if known is not None:
            self._shared.names[known.name] = known.function
            self.size += known.size
            return known.name
        before = self.size
        name = self._write(selection, self._shared, is_payload=is_payload, is_many=is_many)
        self._new[key] = name, self.size - before
        return name

    def _write(
        self, selection: Selection, batch: SourceUnit, *, is_payload: bool, is_many: bool
    ) -> str:
        fetched: list[str] = []
        data = self._data(selection, batch, fetched)
        reads = not is_payload and any(each.field.is_plain for each in selection.fields)
        if is_many:
            view = name_of(batch.names, "V", self._fields.view_of(selection.kind))
            items = "p in items if p is not None or never()"
            if reads:  # the inner loop of one is an assignment
                items = f"w in items for p in (w.payload if w.__class__ is {view} else never(),)"
            elif not is_payload:
                items = f"w in items if w.__class__ is {view} or never()"
            body = f" return [{data} for {items}]\n"
            return self._function(batch, "objects_", "items, run", body)
        body = " p = w.payload\n" if reads else ""
        if fetched:
            ends = "".join(f" {each}.target = data\n" for each in fetched)
            body += f" data = {data}\n{ends} return data\n"
        else:
            body += f" return {data}\n"
        arguments = f"{'p' if is_payload else 'w'}, run{', path' if selection.fetches else ''}"
        return self._function(batch, "object_", arguments, body)

    def _data(self, selection: Selection, batch: SourceUnit, fetched: list[str]) -> str:
        """Write the data of an object; the names of what it fetches are added to `fetched`."""
        parts = [f"{each.key!r}:{self._field(each, batch, fetched)}" for each in selection.fields]
        return f"{{{','.join(parts)}}}"

    def _field(self, selected: Selected, batch: SourceUnit, fetched: list[str]) -> str:
        field = selected.field
        if field.is_fetching:
            fetched.append(f"f{len(fetched)}")
            what = name_of(batch.names, "S", selected)
            call = name_of(batch.names, "C", call_of(selected))
            place = f"(*path, {selected.key!r})"
            return f"({fetched[-1]} := run.fetch({what}, {call}, w, {place}))"
        if selected.has_selection:
            return self._composite(selected, batch)
        if selected.has_arguments:
            return coerced_expression(field, self._call(selected, batch), batch.names)
        text, names = leaf_expression(field)
        batch.names.update(names)
        return text

    def _value(self, selected: Selected, batch: SourceUnit) -> str:
        if selected.has_arguments:
            return self._call(selected, batch)
        text, names = value_expression(selected.field)
        batch.names.update(names)
        return text

    def _call(self, selected: Selected, batch: SourceUnit) -> str:
        """Write the call of a field with arguments, which are a part of it where none varies."""
        call = call_of(selected)
        if call.fixed is None:
            return f"run.bind({name_of(batch.names, 'C', call)})(w)"
        name = name_of(batch.names, "M", call.fixed)
        return f"{name}(w, info=run)" if selected.field.wants_info else f"{name}(w)"

    def _composite(self, selected: Selected, batch: SourceUnit) -> str:
        shows, kind = selected.field.shows, selected.type
        text = self._value(selected, batch)
        if shows is not None and self._needs_no_view(selected):
            return self._payload(selected, text, batch)
        if shows is not None:
            text = self._shown(shows, text, batch)
        inner, is_null = nullable(kind), not isinstance(kind, GraphQLNonNull)
        is_list = hasattr(inner, "of_type")
        if is_list and hasattr(nullable(inner.of_type), "of_type"):
            return "never()"
        if is_list and (many := self._many(selected, inner.of_type)):
            made = f"objects({'v' if is_null else text}, {many}, run, "
            made += f"{selected.least_leaves_of_an_item})"
            return f"(None if (v := {text}) is None else {made})" if is_null else made
        make, view, fetches = self.values(selected)
        known = name_of(batch.names, "V", view) if view is not None else ""
        path = f", (*path, {selected.key!r})" if fetches else ""
        if is_list:
            leaves = selected.least_leaves_of_an_item
            return self._list(kind, text, make, known, f"{leaves}{path}")
        other = "absent(v)" if is_null else "never()"
        test = f".__class__ is {known}" if known else " is not None"
        return f"({make}(v, run{path}) if (v := {text}){test} else {other})"

    def _many(self, selected: Selected, kind: Any) -> str:
        """Write the function of a whole list, whose items are views of one class and fetch nothing.

        "" where they are not all.
        """
        if not (isinstance(kind, GraphQLNonNull) and isinstance(kind.of_type, GraphQLObjectType)):
            return ""
        below = selected.below(kind.of_type)
        return "" if below.fetches else self._object(below, is_payload=False, is_many=True)

    @staticmethod
    def _shown(shows: AsView | AsViews, text: str, batch: SourceUnit) -> str:
        """Write the view of a payload, or the list of views of several."""
        if isinstance(shows, AsView) and shows.read is None:
            view = name_of(batch.names, "V", shows.view)
            return f"({view}(payload=v) if (v := {text}) is not None else None)"
        return f"{name_of(batch.names, 'N', shows)}({text})"

    @staticmethod
    def _list(kind: Any, text: str, make: str, view: str, ends: str) -> str:
        is_null = not isinstance(kind, GraphQLNonNull)
        items = "v" if is_null else text
        other = "never" if isinstance(nullable(kind).of_type, GraphQLNonNull) else "absent"
        at = "_at" if "," in ends else ""
        if view:
            call = f"views{at}({items}, {make}, {view}, {other}, run, {ends})"
        else:
            call = f"values{at}({items}, {make}, run, {ends})"
        return f"(None if (v := {text}) is None else {call})" if is_null else call

    def _payload(self, selected: Selected, text: str, batch: SourceUnit) -> str:
        """Write what is shown through views, without making them."""
        shows, kind = selected.field.shows, get_named_type(selected.type)
        assert shows is not None  # noqa: S101 - see `_composite`
        assert isinstance(kind, GraphQLObjectType)  # noqa: S101 - a view is of one type
        below = selected.below(kind)
        is_many, read = isinstance(shows, AsViews), shows.read
        if is_memoizable(read) and below.signature:
            return f"{name_of(batch.names, 'kept', self._memo_of_field(selected, below))}[{text}]"
        if read is not None:
            text = f"{name_of(batch.names, 'N', read)}({text})"
        if is_memoizable(self._fields.payload_of(self._fields.view_of(kind))) and below.signature:
            each = shows.each if isinstance(shows, AsViews) else None
            kept = name_of(batch.names, "kept", self._memo(below, each))
            if is_many:
                leaves = selected.least_leaves_of_an_item
                return f"kept_payloads({text}, {kept}, run, {leaves})"
            made = f"{kept}[v]"
        elif text == "p":  # the payload at hand, through another view
            return self._data(below, batch, [])
        else:
            make = self._object(below, is_payload=True, is_many=is_many)
            if isinstance(shows, AsViews):
                if shows.each is not None:
                    text = f"[*map({name_of(batch.names, 'N', shows.each)}, {text} or ())]"
                return f"payloads({text}, {make}, run, {selected.least_leaves_of_an_item})"
            made = f"{make}(v, run)"
        other = "never()" if isinstance(selected.type, GraphQLNonNull) else "None"
        return f"({made} if (v := {text}) is not None else {other})"

    def _memo_of_field(self, selected: Selected, below: Selection) -> Memo:
        """Return the memo of a field's JSON, by the value that its view's payload is read from."""
        shows = selected.field.shows
        assert shows is not None  # noqa: S101 - see `_payload`
        if isinstance(shows, AsViews):
            items = self._memo(below, shows.each)  # of a list that is new, most items are not
            return self._memo(below, shows.read, items)
        is_nullable = not isinstance(selected.type, GraphQLNonNull)
        return self._memo(below, shows.read, is_nullable=is_nullable)

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
        memo = self._memos[key].memo if key in self._memos else self._fields.kept.get(key)
        if memo is None:
            memo = Memo(never, _MOST_KEPT)
            if items is None:
                name = self._object(selection, is_payload=True)
            else:
                known = name_of(self._shared.names, "kept", items)
                body = f" return [{known}[p] for p in items]\n"
                name = self._function(self._shared, "list_", "items, run", body)
            self._memos[key] = _NewMemo(memo, name, read, is_nullable)
        return memo

    @staticmethod
    def _needs_no_view(selected: Selected) -> bool:
        return all(
            each.field.source is None or each.field.is_plain
            for kind in selected.possible()
            for each in selected.below(kind).fields
        )


def _innermost(kind: Any) -> Any:
    """Return the type of a field's items, or its own, with its non-null."""
    while hasattr(nullable(kind), "of_type"):
        kind = nullable(kind).of_type
    return kind
