"""From a selection to a Python function that puts its data together (`docs/execution.md`).

The function is written for the case that everything is as declared, and checks that it is: the
class of each view, and of each leaf that msgspec has not checked. Anything else raises, and `Exact`
does that object again.
"""

from typing import Any

from graphql import GraphQLError, GraphQLNonNull, GraphQLObjectType, is_leaf_type

from gateway.execution import leaves
from gateway.execution.calls import call_of
from gateway.execution.fields import Fields
from gateway.execution.leaves import nullable
from gateway.execution.places import Place, Source, absent, as_list, never
from gateway.execution.selection import Selected, Selection
from gateway.schema.declare import Computed, Plain, Viewed, ViewedMany
from gateway.wire.recurring import is_recurring

_DEEPEST_INLINE = 6  # a parser's stack has an end
_EXACTLY = {"String": "str", "ID": "str", "Boolean": "bool"}


class Writer:
    """Writes the functions of one unit; `constants` is what they refer to."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self.functions: list[str] = []
        self.calls: dict[str, str] = {}
        self.kept: dict[str, str] = {}
        self.constants: dict[str, Any] = {"absent": absent, "never": never, "as_list": as_list}
        self._names: dict[int, str] = {}
        self._shared: dict[tuple[str, bool], str] = {}
        self._count = 0

    def _name(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}{self._count}"

    def constant(self, prefix: str, value: Any) -> str:
        """Give the name under which the code finds a value."""
        name = self._names.get(id(value))
        if name is None:
            name = self._names[id(value)] = self._name(prefix)
            self.constants[name] = value
        return name

    def function(self, name: str, parameters: str, *body: str) -> str:
        """Write a function, and give its name."""
        self.functions.append(f"def {name}({parameters}):\n " + "\n ".join(body) + "\n")
        return name

    def value(self, selected: Selected, kind: Any, text: str, place: Place, depth: int = 0) -> str:
        """Write the completion of a value that is a view, a leaf, or a list of such."""
        inner = nullable(kind)
        if hasattr(inner, "of_type") and selected.has_selection:
            return self._list(selected, kind, text, place, is_payload=False)
        if hasattr(inner, "of_type") or is_leaf_type(inner):
            return self._leaf(kind, text, None)
        return self._object(selected, kind, text, place, depth, is_payload=False)

    def selection(self, selection: Selection, source: Source, place: Place, depth: int) -> str:
        """Write the data of an object: an expression, or a call of a function of its own."""
        has_fetching = any(selected.field.is_fetching for selected in selection.fields)
        is_shared = bool(selection.signature) and place.variable is None
        if not has_fetching and depth < _DEEPEST_INLINE and not (is_shared and depth):
            return self._display(selection, source, place, depth)[0]
        key = (selection.signature, source.view.startswith("p"))
        name = self._shared.get(key) if is_shared else None
        if name is None:
            name = self._name("object_")
            own = Source(selection.kind, source.view, is_payload=key[1])
            inner = Place("path" if place.variable else None)
            text, fetched = self._display(selection, own, inner, 0)
            lines = [f"return {text}"]
            if fetched:
                ends = [f"{each}.target = data" for each in fetched]
                lines = [f"data = {text}", *ends, "return data"]
            parameters = source.view + (", path" if place.variable else "")
            self.function(name, parameters, *lines)
            if is_shared:
                self._shared[key] = name
        return f"{name}({source.view}{', ' + place.text if place.variable else ''})"

    def _display(
        self, selection: Selection, source: Source, place: Place, depth: int
    ) -> tuple[str, list[str]]:
        parts, fetched = [], []
        for selected in selection.fields:
            at = place.at(repr(selected.key))
            if selected.field.is_fetching:
                fetched.append(self._name("f"))
                text = (
                    f"({fetched[-1]} := fetch({self.constant('S', selected)},"
                    f" {self._call(selected)}, {source.view}, {at.text}))"
                )
            else:
                text = self._field(selected, source, at, depth)
            parts.append(f"{selected.key!r}: {text}")
        return "{" + ", ".join(parts) + "}", fetched

    def _field(self, selected: Selected, source: Source, place: Place, depth: int) -> str:
        field = selected.field
        if field.source is None:
            return repr(source.kind.name)
        if isinstance(field.declaration, Plain):
            return self._plain(selected, field.declaration, source, place, depth)
        if field.declaration is None:
            text = f"{source.view}.{field.source.python_name}"
        elif field.has_call:
            text = f"{self._call(selected)}({source.view})"
        else:
            text = f"{self.constant('M', field.computes)}({source.view})"
        if isinstance(field.declaration, Computed) and field.declaration.shows is not None:
            return self._shown(selected, field.declaration.shows, text, place, depth)
        if is_leaf_type(nullable(selected.type)):
            return self._leaf(selected.type, text, field.domain)
        return self.value(selected, selected.type, text, place, depth)

    def _shown(self, selected: Selected, shows: Any, text: str, place: Place, depth: int) -> str:
        """Write what is shown through views: without making them, where no method needs one."""
        kind = selected.type
        if not self._needs_no_view(selected):
            text = f"{self.constant('N', shows)}({text})"
            return self.value(selected, kind, text, place, depth)
        if shows.read is not None:
            text = f"{self.constant('N', shows.read)}({text})"
        if isinstance(shows, Viewed):
            return self._object(selected, kind, text, place, depth, is_payload=True)
        return self._list(selected, kind, f"({text} or [])", place, is_payload=True)

    def _call(self, selected: Selected) -> str:
        call = self.constant("C", call_of(selected))
        self.calls[call] = f"call_{call}"
        return self.calls[call]

    def _plain(
        self, selected: Selected, plain: Plain, source: Source, place: Place, depth: int
    ) -> str:
        first, _, rest = plain.attribute.partition(".")
        text = f"{source.payload}.{first}" if first else source.payload
        if rest:
            part = self._name("v")
            text = f"(None if ({part} := {text}) is None else {part}.{rest})"
        kind, normalise = selected.type, plain.normalise
        if selected.has_selection:
            if isinstance(normalise, Viewed | ViewedMany):
                return self._shown(selected, normalise, text, place, depth)
            if normalise is not None:
                text = f"{self.constant('N', normalise)}({text})"
            return self.value(selected, kind, text, place, depth)
        if normalise is None:
            return self._leaf(kind, text, selected.field.domain)
        if selected.field.is_kept:
            return f"{self.constant('K', leaves.kept(normalise, kind))}[{text}]"
        return self._leaf(kind, f"{self.constant('N', normalise)}({text})", selected.field.domain)

    def _needs_no_view(self, selected: Selected) -> bool:
        try:
            below = [selected.below(kind) for kind in selected.possible()]
        except GraphQLError:
            return False
        return all(
            each.field.source is None or isinstance(each.field.declaration, Plain)
            for selection in below
            for each in selection.fields
        )

    def _leaf(self, kind: Any, text: str, domain: leaves.Domain) -> str:
        if leaves.is_written_as_it_is(kind, domain):
            return text
        inner = nullable(kind)
        members = leaves.enum_class(inner) if is_leaf_type(inner) else None
        if members is not None and domain == frozenset({members}):
            return f"{text}._name_"
        coerce, value = self.constant("L", leaves.coercion(kind)), self._name("v")
        none = "" if isinstance(kind, GraphQLNonNull) else f"{value} is None or "
        written = value
        if members is not None:
            test = f"{value}.__class__ is {self.constant('E', members)}"
            written = f"{value}._name_"
        elif (name := getattr(inner, "name", "")) in _EXACTLY:
            test = f"{none}{value}.__class__ is {_EXACTLY[name]}"
        elif name == "Float":
            test = f"{none}{value}.__class__ is float and {value} - {value} == 0.0"
        elif name == "Int":
            test = f"{none}{value}.__class__ is int and -2147483648 <= {value} <= 2147483647"
        else:
            return f"{coerce}({text})"
        return f"{written} if ({value} := {text}){test.removeprefix(value)} else {coerce}({value})"

    def _object(  # noqa: PLR0913 - a value, its type, and the place of both
        self,
        selected: Selected,
        kind: Any,
        text: str,
        place: Place,
        depth: int,
        *,
        is_payload: bool,
    ) -> str:
        is_null = isinstance(kind, GraphQLNonNull)
        possible = selected.possible()
        if not isinstance(nullable(kind), GraphQLObjectType):
            return self._abstract(selected, kind, text, place)
        name = self._name("p" if is_payload else "w")
        if is_payload and self._recurs(selected, possible[0]):
            body = self._below(selected, possible[0], name, Place(None), _DEEPEST_INLINE)
            body = f"{self._kept(body)}[{name}]"
        else:
            body = self._below(selected, possible[0], name, place, depth + 1)
        if is_payload:
            other = "never()" if is_null else "None"
            return f"{body} if ({name} := {text}) is not None else {other}"
        view = self.constant("V", self._fields.view_of(possible[0]))
        other = "never()" if is_null else f"absent({name})"
        return f"{body} if ({name} := {text}).__class__ is {view} else {other}"

    def _below(
        self, selected: Selected, kind: GraphQLObjectType, name: str, place: Place, depth: int
    ) -> str:
        try:
            selection = selected.below(kind)
        except GraphQLError:
            return "never()"
        source = Source(kind, name, is_payload=name.startswith("p"))
        return self.selection(selection, source, place, depth)

    def _recurs(self, selected: Selected, kind: GraphQLObjectType) -> bool:
        payload = self._fields.payload_of(self._fields.view_of(kind))
        return is_recurring(payload) and bool(selected.below(kind).signature)

    def _kept(self, body: str) -> str:
        """Keep the data of payloads that recur."""
        function = body.partition("(")[0]
        name = f"kept_{function}"
        if name not in self.kept:
            self.kept[name] = function
        return name

    def _abstract(self, selected: Selected, kind: Any, text: str, place: Place) -> str:
        lines, inner = [], Place("path" if place.variable else None)
        for possible in selected.possible():
            view = self.constant("V", self._fields.view_of(possible))
            body = self._below(selected, possible, "w", inner, _DEEPEST_INLINE)
            lines.append(f"if w.__class__ is {view}: return {body}")
        other = "never()" if isinstance(kind, GraphQLNonNull) else "absent(w)"
        parameters = "w, path" if place.variable else "w"
        name = self.function(self._name("any_"), parameters, *lines, f"return {other}")
        return f"{name}({text}{', ' + place.text if place.variable else ''})"

    def _list(
        self, selected: Selected, kind: Any, text: str, place: Place, *, is_payload: bool
    ) -> str:
        """Write a loop; one whose place is known does again what goes wrong item by item."""
        item_kind = nullable(kind).of_type
        possible = selected.possible()
        fetches = self._fetches(selected)
        within = Place("path", ", i") if fetches else Place(None)
        if is_payload:
            body = self._below(selected, possible[0], "p", within, 0)
            body = f"{body} if p is not None else never()"
        else:
            body = self.value(selected, item_kind, "each", within)
        each = "p" if is_payload else "each"
        view = f"{self.constant('V', self._fields.view_of(possible[0]))}(payload=p)"
        lines = ["if items.__class__ is not list: items = as_list(items)", "data = []"]
        if place.variable:
            given = f"{self.constant('S', selected)}, {self.constant('T', item_kind)}"
            lines += [
                f"for i, {each} in enumerate(items):",
                *([" mark = len(run.pending)"] if fetches else ()),
                f" try: data.append({body})",
                " except Exception:",
                *(["  del run.pending[mark:]"] if fetches else ()),
                f"  data.append(item({given}, {view if is_payload else each}, (*path, i)))",
            ]
        else:
            lines.append(f"for {each} in items: data.append({body})")
        name = self._name("list_")
        parameters = "items, path" if place.variable else "items"
        self.function(name, parameters, *lines, "return data")
        value = self._name("v")
        call = f"{name}({value}{', ' + place.text if place.variable else ''})"
        if isinstance(kind, GraphQLNonNull):
            return call.replace(value, text, 1)
        return f"None if ({value} := {text}) is None else {call}"

    @staticmethod
    def _fetches(selected: Selected) -> bool:
        try:
            return any(selected.below(kind).fetches for kind in selected.possible())
        except GraphQLError:
            return False
