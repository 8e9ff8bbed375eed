"""The limits for the size of a response, checked while it is built: leaves and bytes."""

from dataclasses import dataclass

from gateway.errors import AnswerTooLargeError

_FIELD = b'":'
_NOT_A_NAME = (b"\\", b":", b",", b"[")
_MIN_LEAF_BYTES = 6  # as in `"a":1,`


class AnswerRefusedError(BaseException):
    """Ends an operation whose response has become too large.

    It is no Exception, so that what turns an error into a null field lets it pass: the whole
    operation ends.
    """


@dataclass(slots=True, eq=False)
class _Usage:
    """What the response of one operation uses; `error` is why it is refused.

    `data` is set on a complete one of whose leaves only an upper bound is known.
    """

    leaves: int = 0
    size: int = 0
    data: bytes = b""
    is_complete: bool = False
    error: AnswerTooLargeError | None = None

    def estimate(self) -> None:
        """Bound unknown leaves by the number of fields, which is quick to count."""
        if self.data:
            self.leaves = min(self.leaves, self.data.count(_FIELD))

    def count(self) -> None:
        """Count unknown leaves."""
        if self.data:
            self.leaves, self.data = leaves_of(self.data), b""

    def refuse(self, error: AnswerTooLargeError) -> None:
        """Refuse this response: what it uses is free for others."""
        self.error, self.is_complete = error, True
        self.leaves = self.size = 0
        self.data = b""


class AnswerBudget:
    """The leaves and bytes that the responses to one HTTP request may have together.

    If they have more, the largest of those that are incomplete is refused.
    """

    def __init__(self, max_leaves: int = 250_000, max_bytes: int = 10 * 1024 * 1024) -> None:
        self.max_leaves, self.max_bytes = max_leaves, max_bytes
        # A usage has no reference back: a cycle would keep it until the garbage collector runs.
        self._usages: list[_Usage] = []

    def share(self) -> "AnswerShare":
        """Return the share of one more operation."""
        share = AnswerShare(self.max_leaves, self.max_bytes)
        share.join(self)
        return share

    def add_usage(self) -> _Usage:
        """Return the usage of one more response, which is empty."""
        usage = _Usage()
        self._usages.append(usage)
        return usage

    def has_room_for(self, leaves: int, size: int) -> bool:
        """Whether a response that is the only one may have as much."""
        return size <= self.max_bytes and leaves <= self.max_leaves and len(self._usages) == 1

    def check(self) -> None:
        """Refuse the largest responses until all together are within the limits."""
        while (error := self._excess()) is not None:
            incomplete = [usage for usage in self._usages if not usage.is_complete]
            max(incomplete, key=self._fraction).refuse(error)

    def _excess(self) -> AnswerTooLargeError | None:
        usages = self._usages
        if sum([usage.size for usage in usages]) > self.max_bytes:
            return AnswerTooLargeError("bytes", self.max_bytes)
        for improve in (_Usage.estimate, _Usage.count):
            if sum([usage.leaves for usage in usages]) <= self.max_leaves:
                return None
            for usage in usages:
                improve(usage)
        if sum([usage.leaves for usage in usages]) <= self.max_leaves:
            return None
        return AnswerTooLargeError("leaves", self.max_leaves)

    def _fraction(self, usage: _Usage) -> float:
        return max(usage.leaves / self.max_leaves, usage.size / self.max_bytes)


@dataclass(slots=True, eq=False)
class AnswerShare:
    """The response of one operation. Methods raise AnswerRefusedError when it is too large.

    Most responses are alone and small. Such a one joins no budget until it has a sibling or grows:
    only its `_data` is stored.
    """

    max_leaves: int
    max_bytes: int
    _budget: AnswerBudget | None = None
    _usage: _Usage | None = None
    _data: bytes = b""

    def join(self, budget: AnswerBudget) -> _Usage:
        """Count against a budget from now on."""
        usage = self._usage = budget.add_usage()
        self._budget = budget
        if self._data:
            self.complete(self._data)
        return usage

    def _joined(self) -> tuple[AnswerBudget, _Usage]:
        budget = self._budget or AnswerBudget(self.max_leaves, self.max_bytes)
        return budget, self._usage or self.join(budget)

    @property
    def error(self) -> AnswerTooLargeError | None:
        """Why it is refused, None if it is not."""
        return None if self._usage is None else self._usage.error

    def sibling(self) -> "AnswerShare":
        """Return the share of another operation of the same HTTP request."""
        budget, _ = self._joined()
        return budget.share()

    def has(self, leaves: int, size: int) -> None:
        """Set how many leaves and bytes it has at least so far."""
        budget, usage = self._joined()
        if usage.error is None:
            usage.leaves, usage.size = leaves, size
            if not budget.has_room_for(leaves, size):
                budget.check()
        if usage.error is not None:
            raise AnswerRefusedError

    def grows(self, size: int) -> None:
        """Add bytes to it."""
        _, usage = self._joined()
        self.has(usage.leaves, usage.size + size)

    def complete(self, data: bytes) -> None:
        """Set its final data, as JSON."""
        size = len(data)
        leaves = size // _MIN_LEAF_BYTES
        if self._usage is None and size <= self.max_bytes and leaves <= self.max_leaves:
            self._data = data
            return
        _, usage = self._joined()
        usage.data = data
        self.has(leaves, size)
        usage.is_complete = True


class PartsBudget:
    """What the parts of one response may have together, the first one included."""

    def __init__(self, share: AnswerShare, first: bytes) -> None:
        self.max_leaves, self.max_bytes = share.max_leaves, share.max_bytes
        self.leaves, self.size = leaves_of(first), len(first)

    def excess(self) -> AnswerTooLargeError | None:
        """Return the error of a response that is too large, else None."""
        if self.size > self.max_bytes:
            return AnswerTooLargeError("bytes", self.max_bytes)
        if self.leaves > self.max_leaves:
            return AnswerTooLargeError("leaves", self.max_leaves)
        return None


class PartShare(AnswerShare):
    """One part of a response: refused, and no longer counted, if all are too large with it."""

    __slots__ = ("_error", "_leaves", "_parts", "_size")

    def __init__(self, parts: PartsBudget) -> None:
        super().__init__(parts.max_leaves, parts.max_bytes)
        self._parts = parts
        self._leaves = self._size = 0
        self._error: AnswerTooLargeError | None = None

    @property
    def error(self) -> AnswerTooLargeError | None:
        """Why it is refused, None if it is not."""
        return self._error

    def has(self, leaves: int, size: int) -> None:
        """Set how many leaves and bytes it has at least so far."""
        if self._error is None:
            self._count(leaves, size)
            self._error = self._parts.excess()
            if self._error is None:
                return
            self._count(0, 0)
        raise AnswerRefusedError

    def _count(self, leaves: int, size: int) -> None:
        self._parts.leaves += leaves - self._leaves
        self._parts.size += size - self._size
        self._leaves, self._size = leaves, size

    def grows(self, size: int) -> None:
        """Add bytes to it."""
        self.has(self._leaves, self._size + size)

    def complete(self, data: bytes) -> None:
        """Set its final data, as JSON."""
        self.has(leaves_of(data), len(data))


def leaves_of(data: bytes) -> int:
    """Count the fields in JSON, at any depth, whose values are neither objects nor lists."""
    return _fields(data, b"") - _fields(data, b"{") - _fields(data, b"[")


def has_value(data: bytes) -> bool:
    """Whether JSON has a field with anything but null, objects and lists of these."""
    if leaves_of(data) > _fields(data, b"null"):
        return True
    return _fields(data, b"[") > _fields(data, b"[{") + _fields(data, b"[null")


def _fields(data: bytes, begin: bytes) -> int:
    """Count the fields whose values begin with `begin`, by the quote and colon after the names.

    In a string, a backslash precedes each quote; and a string that begins with a colon is the only
    other place of that pair, where one of the characters before a string precedes it.
    """
    pattern = _FIELD + begin
    return data.count(pattern) - sum(data.count(before + pattern) for before in _NOT_A_NAME)
