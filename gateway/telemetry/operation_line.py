"""The log line of an operation, whose constant parts are encoded once.

structlog would take as long for each line as the rest of a cached response.
"""

import time
from typing import Any

import msgspec

_encode = msgspec.json.Encoder().encode


def json_members(fields: dict[str, Any]) -> str:
    """Return the members of a JSON object, with a comma after each."""
    return f"{_encode(fields).decode()[1:-1]}," if fields else ""


class LogFields:
    """Fields that are the same in many lines, as they are and encoded; None is left out."""

    __slots__ = ("fields", "json")

    def __init__(self, **fields: Any) -> None:
        self.fields = {name: value for name, value in fields.items() if value is not None}
        self.json = json_members(self.fields)


NO_FIELDS = LogFields()


class OperationLines:
    """Formats lines of operations; each ends with the `constant` fields."""

    def __init__(self, constant: LogFields) -> None:
        self._end = f'Z",{constant.json}'.removesuffix(",") + "}\n"
        self._second, self._until_fraction = -1, ""

    def line(self, request_id: str | None, *members: str) -> str:
        """Return a line with these members of its object, which have a comma after each."""
        now = time.time()
        second = int(now)
        if second != self._second:  # the time up to the second is formatted once a second
            self._second = second
            written = time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(second))
            self._until_fraction = f'"event":"operation","level":"info","timestamp":"{written}'
        head = "{" if request_id is None else f'{{"request_id":"{request_id}",'
        micro = f"{int((now - second) * 1_000_000):06}"
        return "".join((head, *members, self._until_fraction, micro, self._end))
