"""Responses in parts: their payloads read as a client reads them, and merged."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Path = tuple[str | int, ...]


@dataclass
class Merged:
    """The data of all payloads so far, their errors, and the paths of fragments that have failed.

    `pending` has the open fragments of the format with ids, `sent` what each payload has brought.
    """

    data: Any = None
    errors: list[dict[str, Any]] = field(default_factory=list)
    failed: list[Path] = field(default_factory=list)
    extensions: dict[str, Any] = field(default_factory=dict)
    pending: dict[str, dict[str, Any]] = field(default_factory=dict)
    is_complete: bool = False
    sent: list[tuple[Path, str | None]] = field(default_factory=list)

    def add(self, payload: dict[str, Any]) -> None:
        """Merge one payload, and assert that it may come now."""
        assert not self.is_complete
        if not self.sent:
            self.data = payload["data"]
            self.sent.append(((), None))
        self.errors += payload.get("errors", [])
        self.extensions |= payload.get("extensions", {})
        for each in payload.get("pending", []):
            assert each["id"] not in self.pending
            self.pending[each["id"]] = each
        for each in payload.get("incremental", []):
            self._merge(each)
        for each in payload.get("completed", []):
            fragment = self.pending.pop(each["id"])
            if "errors" in each:
                assert each["errors"]
                self._fail(fragment["path"], each["errors"])
        for each in payload.get("pending", []):
            _at(self.data, each["path"])  # its object has been sent
        self.is_complete = not payload["hasNext"]
        assert not (self.is_complete and self.pending)

    def _merge(self, part: dict[str, Any]) -> None:
        of = self.pending[part["id"]] if "id" in part else part
        path = (*of["path"], *part.get("subPath", ()))
        if part["data"] is None:
            self._fail(path, part["errors"])
            return
        self.errors += part.get("errors", [])
        target = _at(self.data, path)
        assert isinstance(target, dict)
        assert not target.keys() & part["data"].keys()  # nothing is sent twice
        target.update(part["data"])
        self.sent.append((path, of.get("label")))

    def _fail(self, path: Iterable[str | int], errors: list[dict[str, Any]]) -> None:
        self.errors += errors
        self.failed.append(tuple(path))


def _at(data: Any, path: Iterable[str | int]) -> Any:
    for step in path:
        data = data[step]
    return data


def payloads_of(body: bytes) -> list[dict[str, Any]]:
    """Return the payloads of a complete multipart body with the boundary ``-``."""
    preamble, *parts, end = body.split(b"\r\n---")
    assert (preamble, end) == (b"", b"--\r\n")
    payloads = []
    for part in parts:
        head, _, content = part.partition(b"\r\n\r\n")
        assert head == b"\r\ncontent-type: application/json; charset=utf-8"
        payloads.append(json.loads(content))
    return payloads


def merged(payloads: Iterable[dict[str, Any]]) -> Merged:
    """Merge all payloads of a response."""
    whole = Merged()
    for payload in payloads:
        whole.add(payload)
    assert whole.is_complete
    return whole
