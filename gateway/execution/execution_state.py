"""One execution: what is fetched at once, what waits for it, and what goes wrong."""

import asyncio
from typing import Any

import msgspec
from graphql import GraphQLError, VariableValues, located_error

from gateway.answer_budget import AnswerRefusedError
from gateway.execution.compiler.resolver_calls import Bound, Call, Fetch, Refused
from gateway.execution.compiler.selection import Selected
from gateway.execution.encoding import encode, encode_pieces
from gateway.execution.outcome import MAX_ERRORS
from gateway.execution.pending import Complete, Path, Pending, TurnOverError
from gateway.schema.declare import NOT_PREFETCHED
from gateway.schema.info import ResolverContext

_LEAVES_PER_TURN = 20_000  # a few milliseconds' work, after which others of the loop come first
_LEAVES_OF_AN_ERROR = 50  # that take as long
_BYTES_OF_A_LEAF = 100  # that are encoded in that time
_UNITS_LEFT = 2  # a customer and a page, say: no longer than one or two of the platform's answers


Mark = tuple[int, int, int]
"""How far a run was: its leaves, its size, and how much of it has failed."""


class ExecutionState:
    """The state of one execution.

    Data is put together without a coroutine wherever nothing is fetched. A field that fetches
    leaves a `Pending` behind; once its surroundings stand, all that were left behind start at once.
    `pending` has those of the work at hand, and nothing across an ``await``.

    `leaves` are those that are sure to be in the answer; past `stop` it is time to look whether
    they are too many, and whether others wait for the loop. `size` is what has been encoded.
    """

    def __init__(self, values: VariableValues, context: ResolverContext) -> None:
        self.values, self.context, self.now = values, context, context.now
        self.share = context.request.answer
        self.data: dict[str, Any] | None = None
        self.errors: list[GraphQLError] = []
        self.more_errors = 0
        self.pending: list[Pending] = []
        self.leaves = self.size = self._filled = 0
        self.stop = self._turn_ends = _LEAVES_PER_TURN
        self._is_turning = self._may_turn = False
        self._long: Pending | None = None
        self.failed: dict[Path, None] = {}
        self._tasks: dict[asyncio.Task[None], Path] = {}
        self._bound: dict[Call, Bound] = {}

    def bind(self, call: Call) -> Bound:
        """Return a field's function with this execution's arguments."""
        bound = self._bound.get(call)
        if bound is None:
            bound = self._bound[call] = call.bind(self.values, self.context)
        return bound

    def fetch(self, selected: Selected, call: Call, view: Any, path: Path) -> Pending:
        """Note a field that is to be fetched.

        Raises GraphQLError where its arguments cannot be.
        """
        bound = self._bound.get(call) or self.bind(call)
        if bound.__class__ is Refused:
            bound(view)
        pending = Pending(selected, bound, view, path)
        self.pending.append(pending)
        return pending

    def count(self, leaves: int) -> None:
        """Count leaves that are about to be put together; raises what `halt` does."""
        self.leaves += leaves
        if self.leaves > self.stop:
            self.halt()

    def weigh(self, leaf: Any) -> Any:
        """Encode a leaf that may be long and is new: its text is not the payload's own."""
        if leaf is None:
            return None
        encoded = encode(leaf)
        self.size += len(encoded)
        if self.size > self.share.max_bytes:
            self.check()
        return msgspec.Raw(encoded)

    def halt(self) -> None:
        """Look up from the work, which has reached `stop`.

        Raises AnswerRefusedError where the answer is too large, and TurnOverError where it is time
        for others and the work can be done by turns.
        """
        self.check()
        if self._may_turn:
            raise TurnOverError
        self.stop = self.leaves + _LEAVES_PER_TURN

    def check(self) -> None:
        """Raise AnswerRefusedError where the answer is too large."""
        self.share.has(self.leaves, self.size)

    def begin(self) -> Mark:
        """Begin with a value that can be done by turns, and note how far the run is."""
        self.stop = self.leaves + _LEAVES_PER_TURN
        return self.leaves, self.size, len(self.failed)

    def reset(self, mark: Mark) -> None:
        """Forget what has been put together since."""
        self.leaves, self.size, failed = mark
        self.pending = []
        while len(self.failed) > failed:  # each with an error, of which the first are kept
            self.failed.popitem()
        del self.errors[failed:]
        self.more_errors = failed - len(self.errors)

    async def turn(self) -> None:
        """Let others of the loop come first, where this run has done enough for one turn.

        All of its tasks share the turn. Raises what `check` does.
        """
        while self.leaves > self._turn_ends:
            self.check()
            if not self._is_turning:
                self._is_turning = True
                asyncio.get_running_loop().call_soon(self._begin_turn)
            await asyncio.sleep(0)

    def _begin_turn(self) -> None:
        self._is_turning = False
        self._turn_ends = self.leaves + _LEAVES_PER_TURN

    def fail(self, error: Exception, selected: Selected, path: Path) -> GraphQLError:
        """Say where an error has happened."""
        self.stop -= _LEAVES_OF_AN_ERROR
        self._turn_ends -= _LEAVES_OF_AN_ERROR
        return located_error(error, selected.nodes, list(path))

    def note(self, error: GraphQLError, path: Path) -> None:
        """Keep an error that has made this place null, unless the place is no more.

        Of those that no answer shows only the number is kept.
        """
        if self._is_removed(path):
            return
        self.failed[path] = None
        if len(self.errors) < MAX_ERRORS:
            self.errors.append(error)
        else:
            self.more_errors += 1

    def refuse(self) -> None:
        """End all of it, because the answer is too large."""
        assert self.share.error is not None  # noqa: S101 - AnswerRefusedError has been raised
        self.data, self.pending = None, []
        self.errors, self.more_errors = [located_error(self.share.error)], 0
        self.failed = {(): None}
        self._cancel(())

    def _is_removed(self, path: Path) -> bool:
        """Return whether a place is no more, because it or one above it is null by an error."""
        return any(path[:length] in self.failed for length in range(len(path) + 1))

    async def settle(self, waiting: list[Pending], complete: Complete) -> None:
        """Fetch what is pending, all at once, and then what that leaves pending, to the end."""
        self._may_turn = True
        while waiting:
            if len(waiting) > 1 or waiting[0].call.__class__ is Fetch or self.failed:
                waiting = await self._not_at_hand(waiting, complete)
            if len(waiting) == 1:
                waiting = await self._settle_one(waiting[0], complete)
            elif waiting:
                await self._settle_each(waiting, complete)
                return

    async def _not_at_hand(self, waiting: list[Pending], complete: Complete) -> list[Pending]:
        """Complete what is at hand, and what that leaves pending; return the rest."""
        rest = []
        while waiting:
            pending, waiting = waiting, []
            for each in pending:
                call = each.call
                if call.__class__ is not Fetch:
                    rest.append(each)
                    continue
                try:
                    value = call.at_hand(each.view)
                    if value is NOT_PREFETCHED:
                        rest.append(each)
                        continue
                    if self.leaves > self._turn_ends:
                        await self.turn()
                    left = self._fill(each, complete, value)
                    if left is None:
                        left = await self._fill_by_turns(each, complete, value)
                    if left:
                        waiting += left
                except Exception as raised:  # noqa: BLE001 - whatever it is, it costs this field
                    self._spoil(self.fail(raised, each.selected, each.path), each)
                    await self._seal_in_pieces(self._seal(each))
        return [each for each in rest if not self._is_removed(each.path)] if self.failed else rest

    async def _settle_each(self, started: list[Pending], complete: Complete) -> None:
        """Settle several, each in a task of its own."""
        loop = asyncio.get_running_loop()
        tasks = []
        for pending in started:
            task = loop.create_task(self._settle_all(pending, complete))
            self._tasks[task] = pending.path
            task.add_done_callback(self._tasks.pop)
            tasks.append(task)
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result

    async def _settle_all(self, pending: Pending, complete: Complete) -> None:
        """Settle one, and all that it leaves pending."""
        try:
            left = await self._settle_one(pending, complete)
            if left:
                await self.settle(left, complete)
        except AnswerRefusedError:
            self.refuse()

    async def _settle_one(self, pending: Pending, complete: Complete) -> list[Pending]:
        """Fetch one and complete it, and return what that leaves pending."""
        try:
            value = await pending.call(pending.view)
            if self.leaves > self._turn_ends:
                await self.turn()
            left = self._fill(pending, complete, value)
            if left is None:
                left = await self._fill_by_turns(pending, complete, value)
        except Exception as raised:  # noqa: BLE001 - whatever it is, it costs this field
            self._spoil(self.fail(raised, pending.selected, pending.path), pending)
            await self._seal_in_pieces(self._seal(pending))
            return []
        else:
            return left

    def _fill(self, pending: Pending, complete: Complete, value: Any) -> list[Pending] | None:
        """Complete a value, and return what that leaves pending.

        None where it takes too long, and `_fill_by_turns` must do what is left of it.
        """
        leaves, size, failed = self.leaves, self.size, len(self.failed)
        self.stop = leaves + _LEAVES_PER_TURN
        try:
            data = complete.fetched(pending.selected, value, pending.path)
        except TurnOverError:
            self.reset((leaves, size, failed))
            return None
        except Exception:
            self.pending = []  # all below a place that is no more
            raise
        left = self.pending
        if left:
            self.pending = []
        return self._filled_with(pending, data, left, self.size - size)

    async def _fill_by_turns(
        self, pending: Pending, complete: Complete, value: Any
    ) -> list[Pending]:
        """Do what `_fill` has not: complete the value, or encode in pieces what is long."""
        left: list[Pending] | None = []
        if self._long is None:
            selected, path = pending.selected, pending.path
            data, below, weighed = await complete.fetched_by_turns(selected, value, path)
            left = self._filled_with(pending, data, below, weighed)
        if self._long is not None:
            unit, self._long = self._long, None
            await self._seal_in_pieces(unit)
        return left or []

    def _filled_with(
        self, pending: Pending, data: Any, left: list[Pending], inside: int
    ) -> list[Pending] | None:
        """Put data in its place, of which so many bytes are encoded; return what it has left.

        None where `_long` must be encoded in pieces now.
        """
        selected = pending.selected
        pending.target[selected.key] = data
        self._filled += 1
        is_sealed = self._filled > _UNITS_LEFT or selected.repeats
        if left:
            pending.inside, pending.is_sealed, pending.waits_for = inside, is_sealed, len(left)
            for each in left:
                each.owner = pending
            return left
        if is_sealed:
            if selected.repeats:
                pending.inside, pending.is_sealed = inside, True
                self._long = pending
                return None
            inside = self._keep(pending, encode(data), inside)
        owner = pending.owner
        if owner is not None:
            owner.inside += inside
            owner.waits_for -= 1
            if not owner.waits_for:
                self._long = self._seal(owner)
                if self._long is not None:
                    return None
        return left

    def _seal(self, unit: Pending) -> Pending | None:
        """Encode a value that is complete, and those that it was found in, which may be so now.

        Return one that must be encoded in pieces first, for `_seal_in_pieces`.
        """
        while not unit.waits_for:
            if unit.is_sealed:
                if unit.selected.repeats:
                    return unit
                unit.inside = self._keep(unit, encode(unit.target[unit.selected.key]), unit.inside)
            owner = unit.owner
            if owner is None:
                return None
            owner.waits_for -= 1
            owner.inside += unit.inside
            unit = owner
        return None

    async def _seal_in_pieces(self, unit: Pending | None) -> None:
        while unit is not None:
            self.share.has(self.leaves, self.size - unit.inside)
            data = unit.target[unit.selected.key]
            unit.inside = self._keep(unit, await encode_pieces(data, self.share), unit.inside)
            unit.is_sealed = False
            unit = self._seal(unit)

    def _keep(self, unit: Pending, encoded: bytes, inside: int) -> int:
        """Put a value's JSON in its place, and return its size, which counts for all inside."""
        unit.target[unit.selected.key] = msgspec.Raw(encoded)
        size = len(encoded)
        self.size += size - inside
        self._turn_ends -= size // _BYTES_OF_A_LEAF
        if self.size > self.share.max_bytes:
            self.check()
        return size

    def _spoil(self, error: GraphQLError, pending: Pending) -> None:
        place = pending.selected.nullable_part(pending.path)
        self.note(error, place)
        if place == pending.path:
            pending.target[pending.selected.key] = None
            return
        self._make_null(place)
        self._cancel(place)

    def _cancel(self, place: Path) -> None:
        """Cancel what is fetched below a place that is no more."""
        current = asyncio.current_task()
        for task, path in self._tasks.items():
            if path[: len(place)] == place and task is not current:
                task.cancel()

    def _make_null(self, place: Path) -> None:
        if not place:
            self.data = None
            return
        holder: Any = self.data
        for step in place[:-1]:
            if holder is None:
                return
            holder = holder[step]
        if holder is not None:
            holder[place[-1]] = None
