"""Documents that have been read, by their text: those that are asked for again stay."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    VariableDefinitionNode,
)

from gateway.errors import BadUserInputError, QueryTooComplexError
from gateway.execution.cost import Cost, CostEstimator
from gateway.execution.customer_look_ups import selects_customer_by_id
from gateway.execution.document_limits import check_variables_size
from gateway.execution.failures import OperationRefusedError, refusal, refuse
from gateway.execution.input_validation import VariableChecks
from gateway.execution.limits import Limits

_MOST_TEXTS = 512
_MOST_BYTES = 8 * 1024 * 1024  # a worker has 63 MB with nothing in it, and is to stay below 80
_MOST_PINNED_BYTES = 64 * 1024 * 1024  # half a million characters, which somebody has chosen
_HOT_SHARE = 0.75
# By tracemalloc, of a small page's query and of one with every field: a character of the text takes
# 104 and 77 bytes once it is parsed, and one of the functions generated for it, with the selections
# that they came from, 29 and 39.
_BYTES_OF_TEXT = 130
_BYTES_OF_CODE = 40


@dataclass(eq=False, slots=True)
class Operation:
    """One operation of a valid document; `digest` is a short name of both.

    With `hides_names` what is wrong with a variable is told without names of the schema's.
    `compiled` is what an executor keeps with it; `compiled_size` is how large that is, in
    characters of generated source.
    """

    document: DocumentNode
    definition: OperationDefinitionNode
    price: CostEstimator
    limits: Limits
    hides_names: bool = False
    digest: bytes = b""
    compiled: Any = None
    compiled_size: int = 0
    name: str | None = field(init=False)
    is_query: bool = field(init=False)
    _checks: VariableChecks | None = field(init=False, default=None, repr=False)

    def __post_init__(self) -> None:
        self.name = self.definition.name.value if self.definition.name else None
        self.is_query = self.definition.operation is OperationType.QUERY

    @property
    def variable_definitions(self) -> tuple[VariableDefinitionNode, ...]:
        """Return what the operation says of its variables."""
        return tuple(self.definition.variable_definitions or ())

    def check(self, schema: GraphQLSchema, variables: dict[str, Any], look_ups: int = 0) -> Cost:
        """Make sure that the variables are of their types, and give what the operation may cost.

        `look_ups` is how many it takes to tell an id of one of the caller's own customers.

        Raises OperationRefusedError, with BAD_USER_INPUT or QUERY_TOO_COMPLEX and what is allowed.
        """
        try:
            check_variables_size(variables, self.limits)
        except QueryTooComplexError as error:
            raise refuse(error) from None
        if self._checks is None:
            self._checks = VariableChecks(
                schema, self.variable_definitions, hides_names=self.hides_names
            )
        errors = self._checks.errors(variables)
        if errors:
            raise OperationRefusedError([refusal(error, BadUserInputError) for error in errors])
        if look_ups and not selects_customer_by_id(self.document, self.definition, variables):
            look_ups = 0
        return self.price.of(variables, look_ups)


def digest_of(text: str, name: str | None) -> bytes:
    """Name an operation of a text: no other has the same 32 bytes."""
    message = f"{name or ''} {text}".encode("utf-8", "surrogatepass")
    return blake2b(message, digest_size=32).digest()


class Document:
    """The operations of one valid text."""

    __slots__ = ("bytes", "operations", "text")

    def __init__(self, text: str, operations: list[Operation]) -> None:
        self.text, self.operations = text, operations
        self.bytes = self.measure()

    def measure(self) -> int:
        """Estimate how many bytes it takes, with all that has been compiled."""
        code = sum([operation.compiled_size for operation in self.operations])
        return _BYTES_OF_TEXT * len(self.text) + _BYTES_OF_CODE * code


class DocumentCache:
    """A cache bounded in texts and in bytes, which texts that come once cannot empty.

    A text is new until it is asked for again; then it is hot. Room is made among the new ones, the
    least recently used first. The hot ones may take three quarters; what is too much for that is
    new again. Pinned ones, of which the operator decides how many there are, take no room of
    theirs and stay.
    """

    def __init__(self) -> None:
        self._new: OrderedDict[str, Document] = OrderedDict()
        self._hot: OrderedDict[str, Document] = OrderedDict()
        self._pinned: dict[str, Document] = {}
        self.bytes = self._hot_bytes = self._pinned_bytes = 0

    def __len__(self) -> int:
        return len(self._new) + len(self._hot) + len(self._pinned)

    def __iter__(self) -> Iterator[str]:
        yield from self._new
        yield from self._hot
        yield from self._pinned

    def get(self, text: str) -> Document | None:
        """Return the document of a text, which is hot from now on."""
        document = self._hot.get(text)
        if document is not None:
            self._hot.move_to_end(text)
        else:
            document = self._new.pop(text, None)
            if document is None:
                return self._pinned.get(text)
            self._hot[text] = document
            self._hot_bytes += document.bytes
            self._make_room()
        self._measure(document)
        return document

    def put(self, text: str, document: Document) -> None:
        """Keep a document that has just been read."""
        self._new[text] = document
        self.bytes += document.bytes
        self._make_room()

    def pin(self, text: str) -> None:
        """Keep a document for good that has just been put, where there is still room for such."""
        document = self._new.get(text) or self._hot.get(text)
        if document is None or self._pinned_bytes + document.bytes > _MOST_PINNED_BYTES:
            return
        if self._new.pop(text, None) is None:
            del self._hot[text]
            self._hot_bytes -= document.bytes
        self.bytes -= document.bytes
        self._pinned[text] = document
        self._pinned_bytes += document.bytes

    def _measure(self, document: Document) -> None:
        """Count anew what has been compiled for a hot document since it was last asked for."""
        more = document.measure() - document.bytes
        if not more:
            return
        document.bytes += more
        self.bytes += more
        self._hot_bytes += more
        self._make_room()

    def _make_room(self) -> None:
        while len(self._hot) > _MOST_TEXTS * _HOT_SHARE or (
            self._hot_bytes > _MOST_BYTES * _HOT_SHARE
        ):
            text, document = self._hot.popitem(last=False)
            self._hot_bytes -= document.bytes
            self._new[text] = document
        while len(self._new) + len(self._hot) > _MOST_TEXTS or self.bytes > _MOST_BYTES:
            _, document = self._new.popitem(last=False)
            self.bytes -= document.bytes
