"""The interpreter for values that take long: it yields to the event loop between their parts.

Each part is first completed at once; one that uses its whole time slice is divided further.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from graphql import Undefined, is_leaf_type

from gateway.execution.compiler.selection import Selected, Selection
from gateway.execution.execution_state import ExecutionState, Path, Pending, TimeSliceError
from gateway.execution.leaf_types import nullable

if TYPE_CHECKING:
    from gateway.execution.interpreter import Interpreter


class CooperativeInterpreter:
    """Completes one fetched value.

    `pending` has the fields in it that are still to be fetched, `encoded_bytes` the size of the
    parts that are JSON already.
    """

    def __init__(self, interpreter: "Interpreter", run: ExecutionState) -> None:
        self._interpreter, self._run = interpreter, run
        self.pending: list[Pending] = []
        self.encoded_bytes = 0

    def _at_once(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Return the result of one part; raise TimeSliceError, undoing it, where it takes long."""
        run = self._run
        mark = run.begin_slice()
        try:
            return work(*arguments)
        except TimeSliceError:
            run.roll_back(mark)
            raise
        finally:
            self.pending += run.pending
            run.pending = []
            self.encoded_bytes += run.size - mark[1]

    async def complete(self, selected: Selected, kind: Any, value: Any, path: Path) -> Any:
        """Return the data of a value, or of one item of it; raise what makes it an error."""
        inner = nullable(kind)
        is_null = value is None or value is Undefined or isinstance(value, Exception)
        if is_null or not selected.has_selection or is_leaf_type(inner):
            return self._at_once(self._interpreter.complete, selected, kind, value, path)
        if hasattr(inner, "of_type"):
            self._interpreter.check_list(selected, value)
            return [
                await self._item(selected, inner.of_type, item, (*path, index))
                for index, item in enumerate(value)
            ]
        return await self.object(
            self._interpreter.selection_of(selected, inner, value), value, path
        )

    async def object(self, selection: Selection, view: Any, path: Path) -> dict[str, Any]:
        """Return the data of an object; raise a located error where it must be null."""
        data: dict[str, Any] = {}
        for each in selection.fields:
            data[each.key] = await self._field(each, selection, view, data, path)
        if selection.deferral is not None:
            self._run.defer(selection.deferral, view, path)
        return data

    async def _item(self, selected: Selected, kind: Any, item: Any, path: Path) -> Any:
        await self._run.yield_if_due()
        self._run.leaves += selected.min_leaves_of_an_item
        try:
            return self._at_once(self._interpreter.complete_item, selected, kind, item, path)
        except TimeSliceError:
            pass
        try:
            return await self.complete(selected, kind, item, path)
        except Exception as error:  # noqa: BLE001 - any error costs this item alone
            return self._interpreter.handle(error, selected, kind, path)

    async def _field(
        self,
        selected: Selected,
        selection: Selection,
        view: Any,
        data: dict[str, Any],
        path: Path,
    ) -> Any:
        await self._run.yield_if_due()
        try:
            return self._at_once(self._interpreter.field, selected, selection, view, data, path)
        except TimeSliceError:
            pass
        own_path = (*path, selected.key)
        try:
            value = self._interpreter.resolve(selected, selection, view)
            return await self.complete(selected, selected.type, value, own_path)
        except Exception as error:  # noqa: BLE001 - any error costs this field alone
            return self._interpreter.handle(error, selected, selected.type, own_path)
