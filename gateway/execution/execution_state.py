"""The state of one execution: data, errors, pending fields, and the size of the response."""

import asyncio
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError, VariableValues, located_error
from msgspec import Raw

from gateway.answer_budget import AnswerRefusedError
from gateway.execution.compiler.resolver_calls import BoundCall, Call
from gateway.execution.compiler.selection import Deferral, Selected
from gateway.execution.encoding import encode, encode_pieces
from gateway.execution.outcome import MAX_ERRORS
from gateway.schema.declare import NOT_PREFETCHED
from gateway.schema.info import ResolverContext

if TYPE_CHECKING:
    from gateway.execution.interpreter import Interpreter

_LEAVES_PER_SLICE = 20_000  # a few milliseconds of work
_LEAVES_PER_ERROR = 50  # one error takes as long as this many leaves
_BYTES_PER_LEAF = 100  # this many bytes are encoded in the time of one leaf
_LEAVES_PER_PART = 10  # of a response: its path, label and punctuation are some 100 bytes
_MAX_UNENCODED = 2  # fetched values that are kept as objects, to bound memory

Path = tuple[Any, ...]
Mark = tuple[int, int, int]
"""The progress of an execution: leaves, size, and the number of paths that are null by an error."""


class TimeSliceError(BaseException):
    """Interrupts work that has used its time slice; it is repeated in smaller steps.

    It derives from BaseException because handlers of field errors must not catch it.
    """


class Pending:
    """A field to be fetched; its value is stored in `target` under the field's response key.

    `owner` is the fetched field whose value contains this one. `open_children` counts the fields of
    its own value that are not complete, `encoded_bytes` the size of the parts of it that are JSON
    already. With `is_encoded_early` the value is encoded as soon as it is complete.
    """

    target: dict[str, Any]
    owner: "Pending | None" = None
    open_children = 0
    encoded_bytes = 0
    is_encoded_early = False

    def __init__(self, selected: Selected, call: BoundCall, view: Any, path: Path) -> None:
        self.selected, self.call, self.view, self.path = selected, call, view, path


class ExecutionState:
    """The state of one execution (`docs/execution.md`).

    Data is completed synchronously wherever nothing is fetched. A field that fetches adds a
    `Pending`; once the data around them is complete, all pending fields start together. `pending`
    has those of the value being completed, and is empty across an ``await``.

    `leaves` is a lower bound of the response's leaves, `size` the number of bytes encoded so far.
    When `leaves` passes `next_check`, the limits and the time slice are checked.

    `deferred` has what is deferred at an object, by its path. What is undone is not removed: the
    object is executed again and replaces it, or its path is null by an error.
    """

    deferred: dict[tuple[Path, int], tuple[Deferral, Any]] | None = None

    def __init__(self, values: VariableValues, context: ResolverContext) -> None:
        self.values, self.context, self.now = values, context, context.now
        self.share = context.request.answer
        self.data: dict[str, Any] | None = None
        self.errors: list[GraphQLError] = []
        self.more_errors = 0
        self.pending: list[Pending] = []
        self.leaves = self.size = self._fetched = 0
        self.next_check = self._slice_ends = _LEAVES_PER_SLICE
        self._is_yielding = self._may_yield = False
        self._to_encode: Pending | None = None
        self.null_paths: dict[Path, None] = {}
        self._tasks: dict[asyncio.Task[None], Path] = {}
        self._bound: dict[Call, BoundCall] = {}

    def bind(self, call: Call) -> BoundCall:
        """Return a field's call with this execution's arguments."""
        bound = self._bound.get(call)
        if bound is None:
            bound = self._bound[call] = call.bind(self.values, self.context)
        return bound

    def fetch(self, selected: Selected, call: Call, view: Any, path: Path) -> Pending:
        """Add a pending field; raise GraphQLError where its arguments are not allowed."""
        bound = self._bound.get(call) or self.bind(call)
        if bound.is_refused:
            bound.method(view)
        pending = Pending(selected, bound, view, path)
        self.pending.append(pending)
        return pending

    def defer(self, deferral: Deferral, view: Any, path: Path) -> None:
        """Add what is deferred at an object; raise what `check_progress` raises."""
        if self.deferred is None:
            self.deferred = {}
        self.deferred[path, id(deferral)] = deferral, view
        self.count_leaves(_LEAVES_PER_PART * len(deferral.fields))

    def count_leaves(self, leaves: int) -> None:
        """Count leaves that are about to be completed; raise what `check_progress` raises."""
        self.leaves += leaves
        if self.leaves > self.next_check:
            self.check_progress()

    def encode_leaf(self, leaf: Any) -> Any:
        """Encode a leaf that may be long, and is not a text of the payload as it is."""
        if leaf is None:
            return None
        encoded = encode(leaf)
        self.size += len(encoded)
        if self.size > self.share.max_bytes:
            self.check_size()
        return Raw(encoded)

    def check_progress(self) -> None:
        """Check the limits at `next_check`, and set the next one.

        Raise AnswerRefusedError where the response is too large, and TimeSliceError where the time
        slice is over and the value can be completed in parts.
        """
        self.check_size()
        if self._may_yield:
            raise TimeSliceError
        self.next_check = self.leaves + _LEAVES_PER_SLICE

    def check_size(self) -> None:
        """Raise AnswerRefusedError where the response is too large."""
        self.share.has(self.leaves, self.size)

    def begin_slice(self) -> Mark:
        """Start a time slice, and return the progress so far, for `roll_back`."""
        self.next_check = self.leaves + _LEAVES_PER_SLICE
        return self.leaves, self.size, len(self.null_paths)

    def roll_back(self, mark: Mark) -> None:
        """Undo what has been completed since a mark."""
        self.leaves, self.size, count = mark
        self.pending = []
        while len(self.null_paths) > count:  # each has an error; only the first errors are stored
            self.null_paths.popitem()
        del self.errors[count:]
        self.more_errors = count - len(self.errors)

    async def yield_if_due(self) -> None:
        """Yield to the event loop where the time slice is over; raise what `check_size` raises.

        All tasks of the execution share the slice.
        """
        while self.leaves > self._slice_ends:
            self.check_size()
            if not self._is_yielding:
                self._is_yielding = True
                asyncio.get_running_loop().call_soon(self._next_slice)
            await asyncio.sleep(0)

    def _next_slice(self) -> None:
        self._is_yielding = False
        self._slice_ends = self.leaves + _LEAVES_PER_SLICE

    def locate_error(self, error: Exception, selected: Selected, path: Path) -> GraphQLError:
        """Return an error with its path and its place in the document."""
        self.next_check -= _LEAVES_PER_ERROR
        self._slice_ends -= _LEAVES_PER_ERROR
        return located_error(error, selected.nodes, list(path))

    def add_error(self, error: GraphQLError, path: Path) -> None:
        """Add the error that has made `path` null, unless an error above it has removed the path.

        Above MAX_ERRORS, errors are only counted.
        """
        if self.is_removed(path):
            return
        self.null_paths[path] = None
        if len(self.errors) < MAX_ERRORS:
            self.errors.append(error)
        else:
            self.more_errors += 1

    def refuse(self) -> None:
        """End the execution because the response is too large."""
        assert self.share.error is not None  # noqa: S101 - AnswerRefusedError has been raised
        self.data, self.pending = None, []
        self.errors, self.more_errors = [located_error(self.share.error)], 0
        self.null_paths = {(): None}
        self._cancel_below(())

    def is_removed(self, path: Path) -> bool:
        """Whether the path, or one above it, is null by an error."""
        return any(path[:length] in self.null_paths for length in range(len(path) + 1))

    async def settle(self, waiting: list[Pending], interpreter: "Interpreter") -> None:
        """Fetch pending fields, all at once, and then the pending fields of their values."""
        self._may_yield = True
        if len(waiting) > 1 or self.null_paths or (waiting and waiting[0].call.prefetched):
            waiting = await self._settle_prefetched(waiting, interpreter)
        if len(waiting) == 1:
            await self._settle_one(waiting[0], interpreter)
        elif waiting:
            await self._settle_each(waiting, interpreter)

    async def _settle_prefetched(
        self, waiting: list[Pending], interpreter: "Interpreter"
    ) -> list[Pending]:
        """Complete the fields whose value has been prefetched; return the others."""
        rest = []
        while waiting:
            fields, waiting = waiting, []
            for each in fields:
                prefetched = each.call.prefetched
                if prefetched is None:
                    rest.append(each)
                    continue
                try:
                    value = prefetched(each.view)
                    if value is NOT_PREFETCHED:
                        rest.append(each)
                        continue
                    if self.leaves > self._slice_ends:
                        await self.yield_if_due()
                    children = self._complete(each, interpreter, value)
                    if children is None:
                        children = await self._complete_in_parts(each, interpreter, value)
                    if children:
                        waiting += children
                except Exception as raised:  # noqa: BLE001 - any error costs this field alone
                    await self._set_null(each, raised)
        if self.null_paths:
            return [each for each in rest if not self.is_removed(each.path)]
        return rest

    async def _settle_each(self, waiting: list[Pending], interpreter: "Interpreter") -> None:
        """Settle several fields, each in a task of its own."""
        loop = asyncio.get_running_loop()
        tasks = []
        for pending in waiting:
            task = loop.create_task(self._settle_one(pending, interpreter))
            self._tasks[task] = pending.path
            task.add_done_callback(self._tasks.pop)
            tasks.append(task)
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result

    async def _settle_one(self, pending: Pending, interpreter: "Interpreter") -> None:
        """Fetch and complete a field, and then the pending fields of its value."""
        try:
            try:
                value = await pending.call.method(pending.view)
                if self.leaves > self._slice_ends:
                    await self.yield_if_due()
                children = self._complete(pending, interpreter, value)
                if children is None:
                    children = await self._complete_in_parts(pending, interpreter, value)
            except Exception as raised:  # noqa: BLE001 - any error costs this field alone
                await self._set_null(pending, raised)
                return
            if children:
                await self.settle(children, interpreter)
        except AnswerRefusedError:
            self.refuse()

    def _complete(
        self, pending: Pending, interpreter: "Interpreter", value: Any
    ) -> list[Pending] | None:
        """Complete a fetched value; return the pending fields in it.

        None where it takes longer than a time slice: call `_complete_in_parts` then.
        """
        leaves, size, count = self.leaves, self.size, len(self.null_paths)
        self.next_check = leaves + _LEAVES_PER_SLICE
        try:
            data = interpreter.complete_fetched(pending.selected, value, pending.path)
        except TimeSliceError:
            self.roll_back((leaves, size, count))
            return None
        except Exception:
            self.pending = []  # they are all below a path that is null now
            raise
        children = self.pending
        if children:
            self.pending = []
        return self._store(pending, data, children, self.size - size)

    async def _complete_in_parts(
        self, pending: Pending, interpreter: "Interpreter", value: Any
    ) -> list[Pending]:
        """Complete the value in several time slices, or encode it in pieces, after `_complete`."""
        children: list[Pending] | None = []
        if self._to_encode is None:
            data, below, encoded_bytes = await interpreter.complete_fetched_cooperatively(
                pending.selected, value, pending.path
            )
            children = self._store(pending, data, below, encoded_bytes)
        if self._to_encode is not None:
            unit, self._to_encode = self._to_encode, None
            await self._encode_in_pieces(unit)
        return children or []

    def _store(
        self, pending: Pending, data: Any, children: list[Pending], encoded_bytes: int
    ) -> list[Pending] | None:
        """Store a field's data and return its pending fields.

        None where `_to_encode` has to be encoded in pieces first.
        """
        selected = pending.selected
        pending.target[selected.key] = data
        pending.encoded_bytes = encoded_bytes
        self._fetched += 1
        if self._fetched > _MAX_UNENCODED or selected.repeats:
            pending.is_encoded_early = True
        if children:
            pending.open_children = len(children)
            for each in children:
                each.owner = pending
            return children
        unit = self._encode_complete(pending)
        if unit is None:
            return children
        self._to_encode = unit
        return None

    def _encode_complete(self, unit: Pending, encoded: bytes | None = None) -> Pending | None:
        """Encode a value that is complete, and the values around it that are complete with it.

        `encoded` is the value's JSON, where it is known. Return a value that has to be encoded in
        pieces first, because it may show a long text more than once.
        """
        while not unit.open_children:
            size = unit.encoded_bytes
            if unit.is_encoded_early:
                selected, target = unit.selected, unit.target
                if encoded is None:
                    if selected.repeats:
                        return unit
                    encoded = encode(target[selected.key])
                target[selected.key] = Raw(encoded)
                self.size += len(encoded) - size
                size, encoded = len(encoded), None
                self._slice_ends -= size // _BYTES_PER_LEAF
                if self.size > self.share.max_bytes:
                    self.check_size()
            owner = unit.owner
            if owner is None:
                return None
            owner.open_children -= 1
            owner.encoded_bytes += size
            unit = owner
        return None

    async def _encode_in_pieces(self, unit: Pending | None) -> None:
        while unit is not None:
            self.share.has(self.leaves, self.size - unit.encoded_bytes)
            data = unit.target[unit.selected.key]
            unit = self._encode_complete(unit, await encode_pieces(data, self.share))

    async def _set_null(self, pending: Pending, raised: Exception) -> None:
        """Make a field null by an error, or the nearest path above it that may be null."""
        error = self.locate_error(raised, pending.selected, pending.path)
        path = pending.selected.nullable_path(pending.path)
        self.add_error(error, path)
        if path == pending.path:
            pending.target[pending.selected.key] = None
        else:
            self._remove(path)
            self._cancel_below(path)
        await self._encode_in_pieces(self._encode_complete(pending))

    def _cancel_below(self, path: Path) -> None:
        """Cancel the tasks of fields below a path that is null now."""
        current = asyncio.current_task()
        for task, own in self._tasks.items():
            if own[: len(path)] == path and task is not current:
                task.cancel()

    def _remove(self, path: Path) -> None:
        if not path:
            self.data = None
            return
        parent: Any = self.data
        for step in path[:-1]:
            if parent is None:
                return
            parent = parent[step]
        if parent is not None:
            parent[path[-1]] = None
