"""A field that waits for the network, and the signal that a time slice is over."""

from typing import Any

from gateway.execution.compiler.resolver_calls import BoundCall
from gateway.execution.compiler.selection import Selected

Path = tuple[Any, ...]


class TimeSliceError(BaseException):
    """Ends work that has used its time slice; it is started again in smaller steps.

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
