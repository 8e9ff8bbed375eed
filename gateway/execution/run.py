"""One execution: what is fetched at once, what waits for it, and what goes wrong."""

import asyncio
from collections.abc import Callable
from typing import Any

from graphql import GraphQLError, located_error
from graphql.execution.values import VariableValues

from gateway.execution.calls import Bound, Call, Fetch, Refused
from gateway.execution.selection import Selected
from gateway.schema.context import Context
from gateway.schema.declare import NOT_AT_HAND

Path = tuple[Any, ...]
Complete = Callable[[Selected, Any, Path], Any]


class Pending:
    """A field that is to be fetched; its value goes into `target`, under its key."""

    __slots__ = ("call", "path", "selected", "target", "view")

    def __init__(self, selected: Selected, call: Bound, view: Any, path: Path) -> None:
        self.selected, self.call, self.view, self.path = selected, call, view, path
        self.target: dict[str, Any] = {}


class Run:
    """The state of one execution.

    Data is put together without a coroutine wherever nothing is fetched. A field that fetches
    leaves a `Pending` behind; once its surroundings stand, all that were left behind start at once.
    """

    def __init__(self, values: VariableValues, context: Context) -> None:
        self.values, self.context, self.now = values, context, context.now
        self.data: dict[str, Any] | None = None
        self.errors: list[GraphQLError] = []
        self.pending: list[Pending] = []
        self._failed: set[Path] = set()
        self._tasks: dict[asyncio.Task[None], Path] = {}
        self._bound: dict[Call, Bound] = {}

    def bind(self, call: Call) -> Bound:
        """Give a field's function with this execution's arguments."""
        bound = self._bound.get(call)
        if bound is None:
            bound = self._bound[call] = call.bind(self.values, self.context)
        return bound

    def fetch(self, selected: Selected, call: Bound, view: Any, path: Path) -> Pending:
        """Note a field that is to be fetched.

        Raises GraphQLError where its arguments cannot be.
        """
        if call.__class__ is Refused:
            call(view)
        pending = Pending(selected, call, view, path)
        self.pending.append(pending)
        return pending

    def fail(self, error: Exception, selected: Selected, path: Path) -> GraphQLError:
        """Say where an error has happened."""
        return located_error(error, selected.nodes, list(path))

    def note(self, error: GraphQLError, path: Path) -> None:
        """Keep an error that has made this place null, unless the place is no more."""
        if not self._is_removed(path):
            self._failed.add(path)
            self.errors.append(error)

    def _is_removed(self, path: Path) -> bool:
        """Tell whether a place is no more, because it or one above it is null by an error."""
        return any(path[:length] in self._failed for length in range(len(path) + 1))

    async def settle(self, complete: Complete) -> None:
        """Fetch what is pending, all at once, and then what that leaves pending, to the end.

        `complete` turns a fetched value into data; it may raise.
        """
        while started := self._not_at_hand(complete):
            if len(started) == 1:
                await self._settle_one(started[0], complete)
            else:
                await self._settle_each(started, complete)

    def _not_at_hand(self, complete: Complete) -> list[Pending]:
        """Take what is pending, and complete what is at hand; give the rest."""
        rest = []
        while self.pending:
            pending, self.pending = self.pending, []
            for each in pending:
                call = each.call
                if call.__class__ is not Fetch:
                    rest.append(each)
                    continue
                try:
                    value = call.at_hand(each.view)
                    if value is NOT_AT_HAND:
                        rest.append(each)
                    else:
                        self._fill(each, complete, value)
                except Exception as raised:  # noqa: BLE001 - whatever it is, it costs this field
                    self._spoil(self.fail(raised, each.selected, each.path), each)
        return [each for each in rest if not self._is_removed(each.path)] if self._failed else rest

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
        await self._settle_one(pending, complete)
        await self.settle(complete)

    async def _settle_one(self, pending: Pending, complete: Complete) -> None:
        try:
            self._fill(pending, complete, await pending.call(pending.view))
        except Exception as raised:  # noqa: BLE001 - whatever it is, it costs this field
            self._spoil(self.fail(raised, pending.selected, pending.path), pending)

    @staticmethod
    def _fill(pending: Pending, complete: Complete, value: Any) -> None:
        selected = pending.selected
        pending.target[selected.key] = complete(selected, value, pending.path)

    def _spoil(self, error: GraphQLError, pending: Pending) -> None:
        place = pending.selected.nullable_part(pending.path)
        self.note(error, place)
        if place == pending.path:
            pending.target[pending.selected.key] = None
            return
        self._make_null(place)
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
