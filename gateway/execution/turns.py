"""The same as `Interpreter` for a value that takes long: others of the loop come in between.

What is below is tried at once first; what takes too long itself is done piece by piece.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from graphql import Undefined, is_leaf_type

from gateway.execution.compiler.selection import Selected, Selection
from gateway.execution.execution_state import ExecutionState
from gateway.execution.leaf_types import nullable
from gateway.execution.pending import Path, Pending, TurnOverError

if TYPE_CHECKING:
    from gateway.execution.interpreter import Interpreter


class ByTurns:
    """Completes a fetched value; `left` is what that leaves pending, `weighed` what it encodes."""

    def __init__(self, exact: "Interpreter", run: ExecutionState) -> None:
        self._exact, self._run = exact, run
        self.left: list[Pending] = []
        self.weighed = 0

    def _at_once(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Do a part of it; raises TurnOverError, as if nothing had been done, where it is long."""
        run = self._run
        mark = run.begin()
        try:
            return work(*arguments)
        except TurnOverError:
            run.reset(mark)
            raise
        finally:
            self.left += run.pending
            run.pending = []
            self.weighed += run.size - mark[1]

    async def complete(self, selected: Selected, kind: Any, value: Any, path: Path) -> Any:
        """Turn a value, or an item of it, into data of a type; raises what makes it an error."""
        inner = nullable(kind)
        is_nothing = value is None or value is Undefined or isinstance(value, Exception)
        if is_nothing or not selected.has_selection or is_leaf_type(inner):
            return self._at_once(self._exact.complete, selected, kind, value, path)
        if hasattr(inner, "of_type"):
            return await self._list(selected, inner.of_type, value, path)
        selection = self._exact.selection_of(selected, inner, value)
        data: dict[str, Any] = {}
        for each in selection.fields:
            data[each.key] = await self._field(each, selection, value, data, path)
        return data

    async def _list(self, selected: Selected, kind: Any, items: Any, path: Path) -> list[Any]:
        self._exact.check_list(selected, items)
        return [
            await self._item(selected, kind, item, (*path, index))
            for index, item in enumerate(items)
        ]

    async def _item(self, selected: Selected, kind: Any, item: Any, path: Path) -> Any:
        await self._run.turn()
        self._run.leaves += selected.least_leaves_of_an_item
        try:
            return self._at_once(self._exact.item_at_once, selected, kind, item, path)
        except TurnOverError:
            pass
        try:
            return await self.complete(selected, kind, item, path)
        except Exception as error:  # noqa: BLE001 - whatever it is, it costs this item
            return self._exact.handle(error, selected, kind, path)

    async def _field(
        self,
        selected: Selected,
        selection: Selection,
        view: Any,
        data: dict[str, Any],
        path: Path,
    ) -> Any:
        await self._run.turn()
        try:
            return self._at_once(self._exact.field, selected, selection, view, data, path)
        except TurnOverError:
            pass
        place = (*path, selected.key)
        try:
            value = self._exact.resolve(selected, selection, view)
            return await self.complete(selected, selected.type, value, place)
        except Exception as error:  # noqa: BLE001 - whatever it is, it costs this field
            return self._exact.handle(error, selected, selected.type, place)
