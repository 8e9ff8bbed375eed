"""How large the answer to a request may become, counted while it is made."""

from gateway.errors import AnswerTooLargeError

_FIELD = b'":'
_NOT_A_NAME = (b"\\", b":", b",", b"[")
_BYTES_OF_A_LEAF = 6  # at the least, as in `"a":1,`


class AnswerRefusedError(BaseException):
    """Ends an operation whose answer has become too large.

    It passes through all that catches what costs a field: it costs the whole operation.
    """


class _Taken:
    """What one answer has taken; `error` is why it is refused.

    Of one that is complete, `data` is kept where only an upper bound of its leaves is known.
    """

    __slots__ = ("bytes", "data", "error", "is_complete", "leaves")

    def __init__(self) -> None:
        self.leaves = self.bytes = 0
        self.data = b""
        self.is_complete = False
        self.error: AnswerTooLargeError | None = None

    def estimate(self) -> None:
        """Bound the leaves by the fields, which are counted soon, where they are not known."""
        if self.data:
            self.leaves = min(self.leaves, self.data.count(_FIELD))

    def count(self) -> None:
        """Count the leaves, where they are not known."""
        if self.data:
            self.leaves, self.data = leaves_of(self.data), b""

    def refuse(self, error: AnswerTooLargeError) -> None:
        """Refuse this answer: whatever it has taken is free."""
        self.error, self.is_complete = error, True
        self.leaves = self.bytes = 0
        self.data = b""


class AnswerBudget:
    """How many leaves and bytes the answers to one request may have together.

    Where they have more, the largest of those that are not complete is refused, and what it has
    taken is free for the others.
    """

    def __init__(self, max_leaves: int = 250_000, max_bytes: int = 10 * 1024 * 1024) -> None:
        self.max_leaves, self.max_bytes = max_leaves, max_bytes
        self._taken: list[_Taken] = []  # which does not lead back here: a ring waits for Python

    def share(self) -> "AnswerShare":
        """Begin one more answer."""
        share = AnswerShare(self.max_leaves, self.max_bytes)
        share.join(self)
        return share

    def begin(self) -> _Taken:
        """Return what one more answer has taken, which is nothing yet."""
        taken = _Taken()
        self._taken.append(taken)
        return taken

    def has_room_for(self, leaves: int, size: int) -> bool:
        """Whether one answer may have as much, which is alone."""
        return size <= self.max_bytes and leaves <= self.max_leaves and len(self._taken) == 1

    def check(self) -> None:
        """Refuse the largest answers for as long as all together have too much."""
        while (error := self._excess()) is not None:
            growing = [taken for taken in self._taken if not taken.is_complete]
            max(growing, key=self._part).refuse(error)

    def _excess(self) -> AnswerTooLargeError | None:
        taken = self._taken
        if sum([each.bytes for each in taken]) > self.max_bytes:
            return AnswerTooLargeError("bytes", self.max_bytes)
        for look_closer in (_Taken.estimate, _Taken.count):
            if sum([each.leaves for each in taken]) <= self.max_leaves:
                return None
            for each in taken:
                look_closer(each)
        if sum([each.leaves for each in taken]) <= self.max_leaves:
            return None
        return AnswerTooLargeError("leaves", self.max_leaves)

    def _part(self, taken: _Taken) -> float:
        return max(taken.leaves / self.max_leaves, taken.bytes / self.max_bytes)


class AnswerShare:
    """The answer to one operation. Each method raises AnswerRefusedError where it is too large.

    Most answers are alone and small. Such a one has no budget until it has a sibling or grows, and
    nothing but its `_data` is noted of it.
    """

    __slots__ = ("_budget", "_data", "_taken", "max_bytes", "max_leaves")

    def __init__(self, max_leaves: int, max_bytes: int) -> None:
        self.max_leaves, self.max_bytes = max_leaves, max_bytes
        self._budget: AnswerBudget | None = None
        self._taken: _Taken | None = None
        self._data = b""

    def join(self, budget: AnswerBudget) -> _Taken:
        """Count against a budget from now on."""
        taken = self._taken = budget.begin()
        self._budget = budget
        if self._data:
            self.complete(self._data)
        return taken

    def _counted(self) -> tuple[AnswerBudget, _Taken]:
        budget = self._budget or AnswerBudget(self.max_leaves, self.max_bytes)
        return budget, self._taken or self.join(budget)

    @property
    def error(self) -> AnswerTooLargeError | None:
        """Why it is refused."""
        return None if self._taken is None else self._taken.error

    def sibling(self) -> "AnswerShare":
        """Begin another answer to the same request."""
        budget, _ = self._counted()
        return budget.share()

    def has(self, leaves: int, size: int) -> None:
        """Note how much is sure to be in it, in place of what was noted before."""
        budget, taken = self._counted()
        if taken.error is None:
            taken.leaves, taken.bytes = leaves, size
            if not budget.has_room_for(leaves, size):
                budget.check()
        if taken.error is not None:
            raise AnswerRefusedError

    def grows(self, size: int) -> None:
        """Note that it has so many bytes more."""
        _, taken = self._counted()
        self.has(taken.leaves, taken.bytes + size)

    def complete(self, data: bytes) -> None:
        """Note what it has become."""
        size = len(data)
        leaves = size // _BYTES_OF_A_LEAF
        if self._taken is None and size <= self.max_bytes and leaves <= self.max_leaves:
            self._data = data
            return
        _, taken = self._counted()
        taken.data = data
        self.has(leaves, size)
        taken.is_complete = True


def leaves_of(data: bytes) -> int:
    """Count the fields in JSON, at any depth, whose values are neither objects nor lists."""
    return _fields(data, b"") - _fields(data, b"{") - _fields(data, b"[")


def has_value(data: bytes) -> bool:
    """Whether JSON has a field with anything but null, objects and lists of these."""
    if leaves_of(data) > _fields(data, b"null"):
        return True
    return _fields(data, b"[") > _fields(data, b"[{") + _fields(data, b"[null")


def _fields(data: bytes, begin: bytes) -> int:
    """Count the fields whose values begin so, by the quote and the colon after their names.

    Only a text has such a quote after a backslash, and only where it begins with the colon itself
    does a quote stand there after one of the signs before a text.
    """
    sign = _FIELD + begin
    return data.count(sign) - sum(data.count(before + sign) for before in _NOT_A_NAME)
