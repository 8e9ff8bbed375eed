"""Comparing an answer with the truth: what is wrong, and what only stays unsaid.

An answer may lack what one of its errors stands for, items that a warning or a suspected drift
tells of, and a leaf whose word or figure could not be read (null, or UNKNOWN). A text may end with
U+FFFD, where the platform's ended with half a character. Whatever else differs is wrong: above all
an object or a list that is null or shorter without a word, and what `pageInfo` states where the
page has items, whatever is suspected, unless it is that more follows on a page that is shorter.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

Path = tuple[str | int, ...]

_HALF_A_CHARACTER = "\ufffd"


class Difference(NamedTuple):
    """A part that differs; `is_wrong` is False where it only stays unsaid."""

    path: Path
    is_wrong: bool
    got: Any
    truth: Any


def differences(answer: dict[str, Any], truth: dict[str, Any]) -> list[Difference]:
    """Compare the data of two answers of one operation; `truth` has no errors."""
    errors = [tuple(error.get("path") or ()) for error in answer.get("errors", ())]
    warned = bool((answer.get("extensions") or {}).get("warnings"))
    return list(_Comparison(errors, warned=warned).of(answer.get("data"), truth["data"], ()))


class _Comparison:
    def __init__(self, errors: list[Path], *, warned: bool) -> None:
        self._errors = errors
        self._warned = warned

    def of(self, got: Any, truth: Any, path: Path) -> Iterator[Difference]:
        if got == truth:
            return
        if got is None and any(error[: len(path)] == path for error in self._errors):
            return
        if isinstance(got, dict) and isinstance(truth, dict):
            yield from self._of_objects(got, truth, path)
        elif isinstance(got, list) and isinstance(truth, list) and len(got) == len(truth):
            for place, (one, other) in enumerate(zip(got, truth, strict=True)):
                yield from self.of(one, other, (*path, place))
        else:
            yield Difference(path, not self._is_unsaid(got, truth, path), got, truth)

    def _of_objects(self, got: Any, truth: Any, path: Path) -> Iterator[Difference]:
        for name in truth:
            if name in {"warnings", "drift"}:
                continue
            if name == "pageInfo" and not got.get("nodes") and got.get("drift") == "SUSPECTED":
                # Without an item there is no cursor to go on from, whatever there may be.
                yield Difference((*path, name), is_wrong=False, got=got[name], truth=truth[name])
            elif name == "pageInfo" and _goes_on(got, truth):
                continue  # what the page lacks is on the next one
            elif name == "nodes" and _is_said(got, truth):
                yield from self._of_spoiled_page(got[name], truth[name], (*path, name))
            else:
                yield from self.of(got.get(name), truth[name], (*path, name))

    def _of_spoiled_page(self, got: Any, truth: Any, path: Path) -> Iterator[Difference]:
        """Compare a page that says it may lack something: what is there must be true, in order."""
        by_id = {item["id"]: item for item in truth}
        ids = [item["id"] for item in got]
        if ids != [known for known in by_id if known in ids]:
            yield Difference(path, is_wrong=True, got=ids, truth=list(by_id))
            return
        for place, item in enumerate(got):
            yield from self.of(item, by_id[item["id"]], (*path, place))
        if len(ids) < len(by_id):
            yield Difference(path, is_wrong=False, got=ids, truth=list(by_id))

    def _is_unsaid(self, got: Any, truth: Any, path: Path) -> bool:
        if isinstance(truth, dict | list):
            return got is None and self._warned and path[-1] == "definition"
        if isinstance(truth, str) and got == truth + _HALF_A_CHARACTER:
            return True
        return truth is not None and (got is None or got in {"UNKNOWN", "NOT_STATED"})


def _goes_on(got: dict[str, Any], truth: dict[str, Any]) -> bool:
    """Return whether a page is shorter than it should be, and says that there is more."""
    is_shorter = len(got.get("nodes") or ()) < len(truth.get("nodes") or ())
    edges = got["pageInfo"].items() - truth["pageInfo"].items()
    return is_shorter and got.get("drift") == "SUSPECTED" and all(said is True for _, said in edges)


def _is_said(got: dict[str, Any], truth: dict[str, Any]) -> bool:
    """Return whether a page says that items may be missing."""
    warned = len(got.get("warnings") or ()) > len(truth["warnings"])
    return warned or got.get("drift") != truth["drift"]


def disagreements(answer: dict[str, Any], facts: dict[str, Any]) -> list[str]:
    """List the facts that a fault-free answer contradicts."""
    if answer.get("errors"):
        return [f"errors without faults: {answer['errors'][:2]}"]
    return [
        f"{path} is {found!r}, and the world says {expected!r}"
        for path, expected in facts.items()
        if (found := _dig(answer["data"], path.split("."))) != expected
    ]


def _dig(data: Any, path: list[str]) -> Any:
    for place, name in enumerate(path):
        if name == "*":
            return [_dig(item, path[place + 1 :]) for item in data]
        data = data[int(name)] if isinstance(data, list) else data[name]
    return data
