"""Execution as the specification tells it, field by field, for the values that are not as expected.

What repeats is left to generated code (`generate.py`), which knows nothing of errors: where it
meets something it does not expect, it raises, and the value is done again here. What has been
computed is computed anew, which nobody notices, because what fetches has only been noted.
"""

from typing import Any

from graphql import GraphQLError, GraphQLNonNull, GraphQLObjectType, Undefined, is_leaf_type

from gateway.execution.bridge import is_iterable, object_type_name
from gateway.execution.compiler.codegen import Projection, project
from gateway.execution.compiler.codegen_runtime import never, values, values_at, views, views_at
from gateway.execution.compiler.resolver_calls import call_of
from gateway.execution.compiler.selection import Selected, Selection
from gateway.execution.execution_state import ExecutionState
from gateway.execution.leaf_types import coerce_leaf, nullable
from gateway.execution.pending import Path, Pending
from gateway.execution.turns import ByTurns


class Interpreter:
    """Executes the selections of one run (spec §6.3 and §6.4)."""

    def __init__(self, run: ExecutionState) -> None:
        self._run = run

    def execute(self, selection: Selection, view: Any, path: Path) -> dict[str, Any]:
        """Return the data of an object; raises a located error where it must be null.

        `path` is the object's own.
        """
        data: dict[str, Any] = {}
        for selected in selection.fields:
            data[selected.key] = self.field(selected, selection, view, data, path)
        return data

    def field(
        self,
        selected: Selected,
        selection: Selection,
        view: Any,
        data: dict[str, Any],
        path: Path,
    ) -> Any:
        """Return the value of one field of an object; `path` is the object's.

        An error makes it null, where that may be.
        """
        place = (*path, selected.key)
        try:
            if selected.field.is_fetching:
                self._run.fetch(selected, call_of(selected), view, place).target = data
                return None
            value = self.resolve(selected, selection, view)
            data_of_it = self.complete(selected, selected.type, value, place)
            return self._run.weigh(data_of_it) if selected.field.makes_text else data_of_it
        except Exception as error:  # noqa: BLE001 - whatever it is, it costs this field
            return self.handle(error, selected, selected.type, place)

    def resolve(self, selected: Selected, selection: Selection, view: Any) -> Any:
        """Return the value of a field that needs no network, before it is turned into data."""
        field = selected.field
        if field.source is None:
            return selection.kind.name
        if field.declaration is None:
            return getattr(view, field.source.python_name)
        if not field.has_call:
            return field.method(view)
        value = self._run.bind(call_of(selected))(view)
        shows = getattr(field.declaration, "view", None)
        return value if shows is None else shows(value)

    def handle(self, error: Exception, selected: Selected, kind: Any, path: Path) -> None:
        """Note an error that makes a place null; raise it where that must not be."""
        located = self._run.fail(error, selected, path)
        if isinstance(kind, GraphQLNonNull):
            raise located
        self._run.note(located, path)

    def complete(self, selected: Selected, kind: Any, value: Any, path: Path) -> Any:
        """Turn a field's value, or an item of it, into data of a type.

        Raises what makes it an error.
        """
        if isinstance(value, Exception):
            raise value
        inner = nullable(kind)
        if value is None or value is Undefined:
            data = None
        elif is_list(inner):
            data = self._complete_list(selected, inner.of_type, value, path)
        elif is_leaf_type(inner):
            data = coerce_leaf(inner, value)
        else:
            data = self._complete_object(selected, inner, value, path)
        if data is None and inner is not kind:
            raise TypeError(f"null for {selected.field.name}, which is never null")
        return data

    def _complete_list(self, selected: Selected, kind: Any, items: Any, path: Path) -> list[Any]:
        self.check_list(selected, items)
        projection = _NONE
        if isinstance(items, list) and selected.has_selection:
            leaves = selected.least_leaves_of_an_item
            if not is_list(kind):
                projection = _projection(selected, len(items))
                data = self._project_all(projection, items, leaves, path)
                if data is not None:
                    return data
            self._run.count(len(items) * leaves)
        return [
            self._item(projection, selected, kind, item, (*path, i)) for i, item in enumerate(items)
        ]

    @staticmethod
    def check_list(selected: Selected, items: Any) -> None:
        """Raise TypeError for what is no list."""
        if items.__class__ is not list and not is_iterable(items):
            raise TypeError(f"{selected.field.name} is not a list")

    def _item(
        self, projection: Projection, selected: Selected, kind: Any, item: Any, path: Path
    ) -> Any:
        data = self._project(projection, item, path)
        return data if data is not _NOTHING else self.item(selected, kind, item, path)

    def _project(self, projection: Projection, value: Any, path: Path) -> Any:
        """Return the data of a value by a generated function, or nothing, as if it had not run."""
        make, view, fetches, _ = projection
        if value.__class__ is not view and view is not None:
            return _NOTHING
        run = self._run
        mark, leaves, size = len(run.pending), run.leaves, run.size
        try:
            return make(value, run, path) if fetches else make(value, run)
        except Exception:  # noqa: BLE001 - whatever it is, it is found again, and where
            del run.pending[mark:]
            run.leaves, run.size = leaves, size
        return _NOTHING

    def _project_all(
        self, projection: Projection, items: list[Any], least: int, path: Path
    ) -> list[Any] | None:
        """Return the data of a list, whose items are all as expected; None where they are not."""
        make, view, fetches, _ = projection
        if view is _Nobody:
            return None
        run = self._run
        mark, leaves, size = len(run.pending), run.leaves, run.size
        try:
            if not fetches:
                if view is None:
                    return values(items, make, run, least)
                return views(items, make, view, never, run, least)
            if view is None:
                return values_at(items, make, run, least, path)
            return views_at(items, make, view, never, run, least, path)
        except Exception:  # noqa: BLE001 - as above
            del run.pending[mark:]
            run.leaves, run.size = leaves, size
        return None

    def item_at_once(self, selected: Selected, kind: Any, item: Any, path: Path) -> Any:
        """Return the data of one item of a list, as those of the whole list."""
        return self._item(_projection(selected, 1), selected, kind, item, path)

    def fetched(self, selected: Selected, value: Any, path: Path) -> Any:
        """Turn a value that has been fetched into data of its field; raises what is wrong."""
        if value is not None and selected.has_selection and not selected.is_list:
            run = self._run
            run.leaves += selected.least_leaves_of_an_item
            make, view, fetches, _ = selected.projection or _projection(selected, 1)
            if value.__class__ is view or view is None:
                leaves, size = run.leaves, run.size
                try:
                    return make(value, run, path) if fetches else make(value, run)
                except Exception:  # noqa: BLE001 - as above
                    run.pending = []  # with nothing else in it: the value has just come
                    run.leaves, run.size = leaves, size
        return self.complete(selected, selected.type, value, path)

    async def fetched_by_turns(
        self, selected: Selected, value: Any, path: Path
    ) -> tuple[Any, list[Pending], int]:
        """Do the same with turns for others; return what is left pending and encoded, too."""
        turns = ByTurns(self, self._run)
        data = await turns.complete(selected, selected.type, value, path)
        return data, turns.left, turns.weighed

    def item(self, selected: Selected, kind: Any, item: Any, path: Path) -> Any:
        """Turn one item of a list into data; an error makes it null, where that may be."""
        try:
            return self.complete(selected, kind, item, path)
        except Exception as error:  # noqa: BLE001 - whatever it is, it costs this item
            return self.handle(error, selected, kind, path)

    def _complete_object(self, selected: Selected, kind: Any, value: Any, path: Path) -> Any:
        return self.execute(self.selection_of(selected, kind, value), value, path)

    def selection_of(self, selected: Selected, kind: Any, value: Any) -> Selection:
        """Return what is selected of an object, by its type; raise where it has none of these."""
        if not isinstance(kind, GraphQLObjectType):
            kind = self._runtime_type(selected, kind, value)
        if kind.is_type_of is not None and not kind.is_type_of(value, None):
            raise GraphQLError(f"a value of another type than {kind.name}")
        return selected.below(kind)

    @staticmethod
    def _runtime_type(selected: Selected, kind: Any, value: Any) -> GraphQLObjectType:
        name = object_type_name(value)
        for possible in selected.possible():
            if name == possible.name:
                return possible
        raise GraphQLError(f"a value of no type that is a {kind.name}")


def is_list(kind: Any) -> bool:
    """Whether a type is that of a list."""
    return hasattr(nullable(kind), "of_type")


def _projection(selected: Selected, count: int) -> Projection:
    """Return the generated function, which is not worth its while for the first value alone."""
    projection: Projection | None = selected.projection
    if projection is None:
        selected.seen += count
        if selected.seen <= 1:
            return _NONE
        projection = selected.projection = project(selected) or _NONE
        selected.scope.size += projection.size
    return projection


class _Nobody:
    """No value is of this class."""


_NOTHING: Any = object()
_NONE = Projection(never, _Nobody, fetches=False, size=0)
