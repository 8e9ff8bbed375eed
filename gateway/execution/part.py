"""One part of a response: fields that are deferred at one object, executed as an operation is."""

from typing import TYPE_CHECKING, Any

from graphql import GraphQLError
from msgspec import Raw

from gateway.answer_budget import AnswerRefusedError, PartsBudget, PartShare
from gateway.execution.compiler.codegen import Projection, project_root
from gateway.execution.compiler.selection import DeferredFields, Scope, Selection
from gateway.execution.cooperative import CooperativeInterpreter
from gateway.execution.documents import Operation
from gateway.execution.encoding import encode, encode_pieces
from gateway.execution.execution_state import (
    ExecutionState,
    Mark,
    Path,
    Pending,
    TimeSliceError,
)
from gateway.execution.interpreter import Interpreter
from gateway.execution.outcome import format_errors, masked
from gateway.telemetry import log

if TYPE_CHECKING:
    from gateway.execution.delivery import Fragment

Error = dict[str, Any]


class PartState(ExecutionState):
    """The state of one part's execution: null propagation ends at its object.

    `base` is the path of that object. Arguments are those of the whole operation.
    """

    def __init__(self, whole: ExecutionState, base: Path, parts: PartsBudget) -> None:
        super().__init__(whole.values, whole.context)
        self.base, self.share = base, PartShare(parts)
        self._bound = whole._bound  # noqa: SLF001 - of the same class

    def allow_slices(self) -> Mark:
        """Have work that takes long raise TimeSliceError; return the progress so far."""
        self._may_yield = True
        return self.begin_slice()

    def _remove(self, path: Path) -> None:
        """Make the path null; the whole part where it is at the object or above."""
        super()._remove(path[len(self.base) :])


class Part:
    """One part, of all the deferred `fragments` that select its fields.

    Once it is complete it has `data`, encoded, or None because of its errors.
    """

    def __init__(
        self, fields: DeferredFields, view: Any, path: Path, fragments: list["Fragment"]
    ) -> None:
        self.fields, self.path, self.fragments = fields, path, fragments
        self.data: Raw | None = None
        self.errors: list[Error] = []
        self.is_started = self.is_sent = False
        self._view = view
        self._run: PartState | None = None
        self._pending: list[Pending] = []

    @property
    def run(self) -> PartState:
        """Return the state of its execution, once it is started."""
        assert self._run is not None  # noqa: S101 - see above
        return self._run

    @property
    def is_pending(self) -> bool:
        """Whether fields of it have to be fetched."""
        return bool(self._pending)

    async def start(
        self, projections: "Projections", whole: ExecutionState, parts: PartsBudget
    ) -> None:
        """Execute what needs no network, and complete it unless fields are pending."""
        self.is_started = True
        run = self._run = PartState(whole, self.path, parts)
        view, self._view = self._view, None
        try:
            run.data, self._pending = await self._execute(run, view, projections)
        except GraphQLError as error:
            run.add_error(error, self.path)
        except AnswerRefusedError:
            run.refuse()
        except Exception as error:  # noqa: BLE001 - a client never sees an internal error
            self._fail(error)
            return
        if not self._pending:
            await self._complete(run)

    async def settle(self) -> None:
        """Fetch the fields that are pending, and complete the part."""
        run, pending = self.run, self._pending
        self._pending = []
        try:
            await run.settle(pending, Interpreter(run))
        except AnswerRefusedError:
            run.refuse()
        except Exception as error:  # noqa: BLE001 - as above
            self._fail(error)
            return
        await self._complete(run)

    async def _execute(
        self, run: PartState, view: Any, projections: "Projections"
    ) -> tuple[dict[str, Any], list[Pending]]:
        """Return the data, and the fields pending in it; what takes long is divided."""
        interpreter, selection = Interpreter(run), self.fields.selection
        run.count_leaves(selection.min_leaves)
        mark = run.allow_slices()
        try:
            data = projections.execute(self.fields, view, self.path, run)
            if data is None:
                data = interpreter.execute(selection, view, self.path)
        except TimeSliceError:
            run.roll_back(mark)
        else:
            pending, run.pending = run.pending, []
            return data, pending
        cooperative = CooperativeInterpreter(interpreter, run)
        data = await cooperative.object(selection, view, self.path)
        return data, cooperative.pending

    async def _complete(self, run: PartState) -> None:
        """Encode the data and format the errors, within the limits of the whole response."""
        request = run.context.request
        try:
            if run.data is not None:
                self.data = Raw(await self._encode(run, run.data))
            if run.null_paths:
                self.errors = format_errors(run.errors, request.id, run.more_errors)
                run.share.grows(len(encode(self.errors)))
        except AnswerRefusedError:
            run.refuse()
            self.data = None
            self.errors = format_errors(run.errors, request.id)
        except Exception as error:  # noqa: BLE001 - as above
            self._fail(error)
        run.data = None

    async def _encode(self, run: PartState, data: dict[str, Any]) -> bytes:
        run.share.has(0, 0)  # its size is counted again
        if run.null_paths or self.fields.selection.repeats:
            encoded = await encode_pieces(data, run.share)
        else:
            encoded = encode(data)
        run.share.complete(encoded)
        return encoded

    def _fail(self, error: Exception) -> None:
        log.error("unexpected_error", path="", exc_info=error)
        run = self.run
        run.data = run.deferred = None
        self.data, self.errors, self._pending = None, [masked(run.context.request.id)], []


class Projections:
    """The generated functions of the deferred fields of one operation, from their second use on.

    Fields are known by identity: `root`, below which they are, is kept.
    """

    def __init__(self, scope: Scope, root: Selection, operation: Operation) -> None:
        self._scope, self._root, self._operation = scope, root, operation
        self._uses: dict[int, int] = {}
        self._known: dict[int, Projection | None] = {}

    def execute(
        self, fields: DeferredFields, view: Any, path: Path, run: ExecutionState
    ) -> dict[str, Any] | None:
        """Return the data of an object's fields; None where the interpreter has to execute them."""
        key = id(fields)
        if key not in self._known:
            self._uses[key] = uses = self._uses.get(key, 0) + 1
            if uses == 1:
                return None
            made = self._known[key] = project_root(self._scope.fields, fields.selection)
            size = made.size if made is not None else 0
            self._scope.size += size
            self._operation.compiled_size += size
        projection = self._known[key]
        if projection is None:
            return None
        make, _, fetches, _ = projection
        leaves, size = run.leaves, run.size
        try:
            data: dict[str, Any] = make(view, run, path) if fetches else make(view, run)
        except Exception:  # noqa: BLE001 - the interpreter raises it again, with its path
            run.pending.clear()
            run.leaves, run.size = leaves, size
            return None
        return data
