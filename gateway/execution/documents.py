"""Parsed and validated documents, and the bounded cache that keeps them by their text."""

from collections import OrderedDict
from collections.abc import Container, Iterator
from dataclasses import InitVar, dataclass, field
from hashlib import blake2b
from typing import Any

from graphql import (
    DocumentNode,
    OperationDefinitionNode,
    OperationType,
    VariableDefinitionNode,
)

from gateway.execution.cost import Cost, CostEstimator, selects_customer_by_id
from gateway.execution.deprecations import DeprecatedUses
from gateway.execution.document_analysis import OperationAnalysis
from gateway.execution.document_hash import sha256_of
from gateway.execution.failures import OperationRefusedError
from gateway.execution.input_validation import OperationVariables, check_variables_size
from gateway.execution.limits import Limits

_MAX_TEXTS = 512
_MAX_BYTES = 8 * 1024 * 1024  # an idle worker takes 63 MB, and 80 MB are the aim
_MAX_PINNED_BYTES = 64 * 1024 * 1024  # half a million characters, chosen by the operator
_HOT_SHARE = 0.75
# Measured by tracemalloc for the query of a small page and for one with every field: a character
# of text takes 104 and 77 bytes once it is parsed. A character of generated code with the
# selections behind it takes 15 to 29, by four queries of 225 to 1,400 characters that ran four
# times: the shorter the code, the more.
_BYTES_PER_CHARACTER = 130
_BYTES_PER_CODE_CHARACTER = 30


@dataclass(eq=False, slots=True)
class Operation:
    """One operation of a valid document; the 32 bytes of `digest` identify both.

    `document` has no @defer: with `defers`, `analysis` and `definition` have it. `compiled` and
    `compiled_in_parts` belong to the executor, `compiled_size` is the size of both in characters of
    generated source. `record` belongs to what counts operations. `sha256` is that of the text, in
    hexadecimal digits, as clients send it.
    """

    document: DocumentNode
    analysis: OperationAnalysis
    cost: CostEstimator
    variables: OperationVariables
    limits: Limits
    text: InitVar[str]
    deprecated: DeprecatedUses | None = None
    defers: bool = False
    compiled: Any = None
    compiled_in_parts: Any = None
    compiled_size: int = 0
    record: Any = None
    definition: OperationDefinitionNode = field(init=False)
    digest: bytes = field(init=False)
    sha256: str = field(init=False)
    name: str | None = field(init=False)
    is_query: bool = field(init=False)
    is_mutation: bool = field(init=False)
    variable_definitions: tuple[VariableDefinitionNode, ...] = field(init=False)

    def __post_init__(self, text: str) -> None:
        self.definition = definition = self.analysis.definition
        self.name = definition.name.value if definition.name else None
        message = f"{self.name or ''} {text}".encode("utf-8", "surrogatepass")
        self.digest = blake2b(message, digest_size=32).digest()
        self.sha256 = sha256_of(text)
        self.is_query = definition.operation is OperationType.QUERY
        self.is_mutation = definition.operation is OperationType.MUTATION
        self.variable_definitions = tuple(definition.variable_definitions or ())

    def check(self, variables: dict[str, Any], look_ups: int = 0, own_customers: int = 0) -> Cost:
        """Return the cost with these variables, once they are known to be valid.

        `look_ups` is the number of calls that it takes to find out whether a customer id is one of
        the caller's own customers, of whom there are `own_customers`. Raise OperationRefusedError
        with BAD_USER_INPUT or QUERY_TOO_COMPLEX.
        """
        try:
            if variables:
                check_variables_size(variables, self.limits)
            sizes = self.variables.check(variables) if self.variable_definitions else ()
            if look_ups and not selects_customer_by_id(self.analysis, variables):
                look_ups = 0
            return self.cost.of(sizes, look_ups, own_customers)
        except OperationRefusedError as refused:
            refused.document = self.sha256
            raise


class Document:
    """The operations of one valid text; `bytes` is an estimate of their size with compiled code."""

    __slots__ = ("bytes", "compiled_size", "operations")

    def __init__(self, text: str, operations: list[Operation]) -> None:
        self.operations = operations
        self.bytes = _BYTES_PER_CHARACTER * len(text)
        self.compiled_size = 0


class DocumentCache:
    """An LRU cache in two segments, bounded in texts and in bytes.

    A document is new until it is requested again, and hot from then on. New ones are evicted
    first, so that texts which come once cannot push out those that recur. Hot ones may take three
    quarters of the space; beyond that the least recently used one is new again. Pinned documents,
    which the operator chooses, are never evicted and have a bound of their own.
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
            self._evict()
        compiled_size = 0  # executors compile after a document was stored
        for operation in document.operations:
            compiled_size += operation.compiled_size
        if compiled_size != document.compiled_size:
            growth = _BYTES_PER_CODE_CHARACTER * (compiled_size - document.compiled_size)
            document.compiled_size = compiled_size
            document.bytes += growth
            self.bytes += growth
            self._hot_bytes += growth
            self._evict()
        return document

    def put(self, text: str, document: Document) -> None:
        """Store a document that has just been validated."""
        self._new[text] = document
        self.bytes += document.bytes
        self._evict()

    def pin(self, text: str) -> None:
        """Pin a stored document, unless the pinned ones already take all of their space."""
        document = self._new.get(text) or self._hot.get(text)
        if document is None or self._pinned_bytes + document.bytes > _MAX_PINNED_BYTES:
            return
        if self._new.pop(text, None) is None:
            del self._hot[text]
            self._hot_bytes -= document.bytes
        self.bytes -= document.bytes
        self._pinned[text] = document
        self._pinned_bytes += document.bytes

    def keep_pinned(self, texts: Container[str]) -> None:
        """Drop the pinned documents that are not among `texts`."""
        for text in [text for text in self._pinned if text not in texts]:
            self._pinned_bytes -= self._pinned.pop(text).bytes

    def forget_records(self) -> None:
        """Make the statistics look up anew where they count each operation."""
        for documents in (self._new, self._hot, self._pinned):
            for document in documents.values():
                for operation in document.operations:
                    operation.record = None

    def _evict(self) -> None:
        while len(self._hot) > _MAX_TEXTS * _HOT_SHARE or (
            self._hot_bytes > _MAX_BYTES * _HOT_SHARE
        ):
            text, document = self._hot.popitem(last=False)
            self._hot_bytes -= document.bytes
            self._new[text] = document
        while len(self._new) + len(self._hot) > _MAX_TEXTS or self.bytes > _MAX_BYTES:
            _, document = self._new.popitem(last=False)
            self.bytes -= document.bytes
