"""Reading the JSON of a write: members of the right type, or a refusal of the endpoint."""

from collections.abc import Callable
from typing import Any

import msgspec

from gateway.sandbox.responses import whole_number


def json_object(body: bytes, refuse: Callable[[], Exception]) -> dict[str, Any]:
    """Return the object of a body. Raise what `refuse` returns for anything else."""
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError:
        raise refuse() from None


def member(holder: dict[str, Any], name: str) -> dict[str, Any]:
    """Return an object's member that is an object, empty if it is not."""
    found = holder.get(name)
    return found if isinstance(found, dict) else {}


def text(holder: dict[str, Any], name: str) -> str:
    """Return a member that is a text or a number, as text; "" if it is neither."""
    found = holder.get(name)
    if isinstance(found, bool) or not isinstance(found, str | int):
        return ""
    return str(found)


def number(holder: dict[str, Any], name: str) -> int | None:
    """Return a member that is an integer, or the text of one."""
    return whole_number(text(holder, name))


def numbers(holder: dict[str, Any], name: str) -> list[int] | None:
    """Return a member that is a list of integers; None if it is absent, null or empty.

    Raise ValueError if it is something else.
    """
    found = holder.get(name)
    if found is None or found == []:
        return None
    read = [number({name: each}, name) for each in found] if isinstance(found, list) else [None]
    if None in read:
        raise ValueError(name)
    return [each for each in read if each is not None]
