"""Execution field by field as the specification describes it (§6.3, §6.4).

It executes what comes once, and whatever a generated function (`compiler/codegen.py`) has raised
on: that is completed again from the start, which is safe because nothing has been fetched by then.
"""

from typing import Any

from graphql import GraphQLError, GraphQLNonNull, GraphQLObjectType, Undefined, is_leaf_type

from gateway.execution.bridge import is_iterable, object_type_name
from gateway.execution.compiler.codegen import Projection, project
from gateway.execution.compiler.codegen_runtime import (
    complete_any,
    complete_any_with_path,
    complete_views,
    complete_views_with_path,
    unexpected,
)
from gateway.execution.compiler.resolver_calls import call_of
from gateway.execution.compiler.selection import Selected, Selection
from gateway.execution.cooperative import CooperativeInterpreter
from gateway.execution.execution_state import ExecutionState, Path, Pending
from gateway.execution.leaf_types import coerce_leaf, nullable


class Interpreter:
    """Executes the selections of one execution."""

    def __init__(self, run: ExecutionState) -> None:
        self._run = run

    def execute(self, selection: Selection, view: Any, path: Path) -> dict[str, Any]:
        """Return the data of an object at `path`; raise a located error where it must be null."""
        data: dict[str, Any] = {}
        for selected in selection.fields:
            data[selected.key] = self.field(selected, selection, view, data, path)
        if selection.deferral is not None:
            self._run.defer(selection.deferral, view, path)
        return data

    def field(
        self,
        selected: Selected,
        selection: Selection,
        view: Any,
        data: dict[str, Any],
        path: Path,
    ) -> Any:
        """Return the value of one field of the object at `path`; an error makes it null.

        Raise a located error where null is not allowed.
        """
        own_path = (*path, selected.key)
        try:
            if selected.field.is_fetching:
                self._run.fetch(selected, call_of(selected), view, own_path).target = data
                return None
            value = self.resolve(selected, selection, view)
            completed = self.complete(selected, selected.type, value, own_path)
            return self._run.encode_leaf(completed) if selected.field.is_unbounded else completed
        except Exception as error:  # noqa: BLE001 - any error costs this field alone
            return self.handle(error, selected, selected.type, own_path)

    def resolve(self, selected: Selected, selection: Selection, view: Any) -> Any:
        """Return the resolver's value of a field that needs no network."""
        field = selected.field
        if field.source is None:
            return selection.kind.name
        if field.declaration is None:
            return getattr(view, field.source.python_name)
        if not field.needs_call:
            return field.method(view)
        value = self._run.bind(call_of(selected)).method(view)
        shows = getattr(field.declaration, "view", None)
        return value if shows is None else shows(value)

    def handle(self, error: Exception, selected: Selected, kind: Any, path: Path) -> None:
        """Add an error that makes `path` null; raise it located where null is not allowed."""
        located = self._run.locate_error(error, selected, path)
        if isinstance(kind, GraphQLNonNull):
            raise located
        self._run.add_error(located, path)

    def complete(self, selected: Selected, kind: Any, value: Any, path: Path) -> Any:
        """Return the data of a field's value, or of an item of it, as a type.

        Raise whatever makes it an error.
        """
        if isinstance(value, Exception):
            raise value
        inner = nullable(kind)
        data: Any
        if value is None or value is Undefined:
            data = None
        elif hasattr(inner, "of_type"):
            data = self._complete_list(selected, inner.of_type, value, path)
        elif is_leaf_type(inner):
            data = coerce_leaf(inner, value)
        else:
            data = self.execute(self.selection_of(selected, inner, value), value, path)
        if data is None and inner is not kind:
            raise TypeError(f"null for {selected.field.name}, which is never null")
        return data

    def _complete_list(self, selected: Selected, kind: Any, items: Any, path: Path) -> list[Any]:
        self.check_list(selected, items)
        projection = _NO_PROJECTION
        if isinstance(items, list) and selected.has_selection:
            leaves = selected.min_leaves_of_an_item
            if not hasattr(nullable(kind), "of_type"):
                projection = _projection(selected, len(items))
                projected = self._project_list(projection, items, leaves, path)
                if projected is not None:
                    return projected
            self._run.count_leaves(len(items) * leaves)
        return [
            self._item(projection, selected, kind, item, (*path, i)) for i, item in enumerate(items)
        ]

    @staticmethod
    def check_list(selected: Selected, items: Any) -> None:
        """Raise TypeError for a value that is not a list."""
        if items.__class__ is not list and not is_iterable(items):
            raise TypeError(f"{selected.field.name} is not a list")

    def complete_item(self, selected: Selected, kind: Any, item: Any, path: Path) -> Any:
        """Return the data of one item of a list; an error makes it null, where that is allowed."""
        return self._item(_projection(selected, 1), selected, kind, item, path)

    def _item(
        self, projection: Projection, selected: Selected, kind: Any, item: Any, path: Path
    ) -> Any:
        data = self._project(projection, item, path)
        if data is not _NOTHING:
            return data
        try:
            return self.complete(selected, kind, item, path)
        except Exception as error:  # noqa: BLE001 - any error costs this item alone
            return self.handle(error, selected, kind, path)

    def _project(self, projection: Projection, value: Any, path: Path) -> Any:
        """Return a value's data by a generated function, or `_NOTHING`, with all of it undone."""
        make, view, fetches, _ = projection
        if value.__class__ is not view and view is not None:
            return _NOTHING
        run = self._run
        mark, leaves, size = len(run.pending), run.leaves, run.size
        try:
            return make(value, run, path) if fetches else make(value, run)
        except Exception:  # noqa: BLE001 - the interpreter raises it again, with its path
            del run.pending[mark:]
            run.leaves, run.size = leaves, size
        return _NOTHING

    def _project_list(
        self, projection: Projection, items: list[Any], min_leaves: int, path: Path
    ) -> list[Any] | None:
        """Return a list's data by a generated function, or None, with all of it undone."""
        make, view, fetches, _ = projection
        if view is _NoView:
            return None
        run = self._run
        mark, leaves, size = len(run.pending), run.leaves, run.size
        try:
            if not fetches:
                if view is None:
                    return complete_any(items, make, run, min_leaves)
                return complete_views(items, make, view, unexpected, run, min_leaves)
            if view is None:
                return complete_any_with_path(items, make, run, min_leaves, path)
            return complete_views_with_path(items, make, view, unexpected, run, min_leaves, path)
        except Exception:  # noqa: BLE001 - as above
            del run.pending[mark:]
            run.leaves, run.size = leaves, size
        return None

    def complete_fetched(self, selected: Selected, value: Any, path: Path) -> Any:
        """Return the data of a fetched value; raise what makes it an error.

        Raise TimeSliceError where it takes long.
        """
        if value is not None and selected.is_object:
            run = self._run
            run.leaves += selected.min_leaves_of_an_item
            make, view, fetches, _ = selected.projection or _projection(selected, 1)
            if value.__class__ is view or view is None:
                leaves, size = run.leaves, run.size
                try:
                    return make(value, run, path) if fetches else make(value, run)
                except Exception:  # noqa: BLE001 - as above
                    run.pending = []  # it had nothing else: the value has just been fetched
                    run.leaves, run.size = leaves, size
        return self.complete(selected, selected.type, value, path)

    async def complete_fetched_cooperatively(
        self, selected: Selected, value: Any, path: Path
    ) -> tuple[Any, list[Pending], int]:
        """Return the data of a fetched value, yielding to the event loop in between.

        Return also the fields pending in it, and the bytes of it that are encoded.
        """
        parts = CooperativeInterpreter(self, self._run)
        data = await parts.complete(selected, selected.type, value, path)
        return data, parts.pending, parts.encoded_bytes

    @staticmethod
    def selection_of(selected: Selected, kind: Any, value: Any) -> Selection:
        """Return the selection of an object by its runtime type; raise GraphQLError without one."""
        if not isinstance(kind, GraphQLObjectType):
            name = object_type_name(value)
            possible = [each for each in selected.possible() if each.name == name]
            if not possible:
                raise GraphQLError(f"a value of no type that is a {kind.name}")
            kind = possible[0]
        if kind.is_type_of is not None and not kind.is_type_of(value, None):
            raise GraphQLError(f"a value of another type than {kind.name}")
        return selected.below(kind)


def _projection(selected: Selected, count: int) -> Projection:
    """Return the function of a field's values, which is generated from the second value on."""
    projection: Projection | None = selected.projection
    if projection is None:
        selected.seen += count
        if selected.seen <= 1:
            return _NO_PROJECTION
        projection = selected.projection = project(selected) or _NO_PROJECTION
        selected.scope.size += projection.size
    return projection


class _NoView:
    """A class without instances."""


_NOTHING: Any = object()
_NO_PROJECTION = Projection(unexpected, _NoView, fetches=False, size=0)
