"""A fault as text: `status=503,rate=0.2,endpoint=promotionData`.

A mode, with `=value` if it takes one, then parameters in any order. A comma separates them only
before `name=`, so that an HTTP date may contain one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.sandbox.calls import ENDPOINTS, UNIFIED, WRITES, Endpoint
from gateway.sandbox.faults.mode import (
    REQUIRED,
    FaultError,
    Mode,
    Parameter,
    fraction,
    shorten,
    text,
    whole,
    word,
)
from gateway.sandbox.faults.modes import MODES

# Endpoints that go wrong together.
_GROUPS: dict[str, tuple[Endpoint, ...]] = {"v3": UNIFIED, "writes": WRITES, "all": ENDPOINTS}
_COMMON = (
    word("endpoint", *ENDPOINTS, *_GROUPS, default=None),
    fraction("rate", 1.0),
    whole("count", 1, 10**9, None),
    whole("after", 0, 10**9, 0),
    text("match", "a part of the path and query of the calls that are meant", ""),
    whole("seed", 0, 10**9, 1),
)
_NEXT = re.compile(r",(?=\s*[a-z_0-9]+\s*=)")
_MAX_LENGTH = 2_000


@dataclass(frozen=True, slots=True)
class Fault:
    """A mode, and the calls to which it applies.

    Of the calls to `endpoints` that contain `match` in their path and query, it skips the first
    `after`; then it applies with probability `rate`, until it has applied `count` times.
    """

    text: str
    mode: Mode
    options: Mapping[str, Any]
    endpoints: frozenset[Endpoint]
    rate: float
    count: int | None
    after: int
    match: str
    seed: int


def parse_fault(written: str) -> Fault:
    """Parse a fault. Raise FaultError, with one line that names what is allowed."""
    written = written.strip()
    try:
        return _parse(written)
    except FaultError as error:
        raise FaultError(f"fault {shorten(written)!r}: {error}") from None


def _parse(written: str) -> Fault:
    if len(written) > _MAX_LENGTH:
        raise FaultError(f"it must have at most {_MAX_LENGTH} characters")
    first, *rest = _NEXT.split(written)
    name, _, value = (part.strip() for part in first.partition("="))
    mode = MODES.get(name)
    if mode is None:
        raise FaultError(f"{shorten(name)!r} is not a mode; the modes are {', '.join(MODES)}")
    options = _own_value(mode, value, has_value="=" in first)
    texts = _pairs(rest)
    known = {parameter.name: parameter for parameter in (*mode.parameters, *_COMMON)}
    for unknown in texts.keys() - known.keys():
        raise FaultError(f"{name} has no parameter {shorten(unknown)!r}; it has {', '.join(known)}")
    read = {key: _value(parameter, texts.get(key)) for key, parameter in known.items()}
    options |= {parameter.name: read[parameter.name] for parameter in mode.parameters}
    return Fault(
        text=written,
        mode=mode,
        options=options,
        endpoints=_endpoints(mode, read["endpoint"]),
        rate=read["rate"],
        count=read["count"],
        after=read["after"],
        match=read["match"],
        seed=read["seed"],
    )


def _own_value(mode: Mode, value: str, *, has_value: bool) -> dict[str, Any]:
    if mode.value is None:
        if has_value:
            raise FaultError(f"{mode.name} takes no value of its own: write {mode.name} alone")
        return {}
    return {mode.name: _value(mode.value, value if has_value else None)}


def _pairs(parts: list[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for part in parts:
        name, _, value = (piece.strip() for piece in part.partition("="))
        if name in pairs:
            raise FaultError(f"{name} is given twice")
        pairs[name] = value
    return pairs


def _value(parameter: Parameter, text: str | None) -> Any:
    if text is not None:
        return parameter.parse(text)
    if parameter.default is REQUIRED:
        raise FaultError(f"{parameter.name} needs a value: {parameter.allowed}")
    return parameter.default


def _endpoints(mode: Mode, name: str | None) -> frozenset[Endpoint]:
    wanted = _GROUPS["all"] if name is None else _GROUPS.get(name, (name,))
    endpoints = frozenset(endpoint for endpoint in mode.endpoints if endpoint in wanted)
    if endpoints:
        return endpoints
    raise FaultError(f"endpoint={name}: {mode.name} is for {' and '.join(mode.endpoints)}")


def fault_help() -> str:
    """Return a help text with a line for each mode."""
    lines = [f"  {_usage(mode)}: {mode.summary}" for mode in MODES.values()]
    return "\n".join(["faults:", *lines, "each also takes " + _listed(_COMMON)])


def _usage(mode: Mode) -> str:
    own = "" if mode.value is None else "=…" if mode.value.default is REQUIRED else "[=…]"
    further = "".join(f"[,{parameter.name}=…]" for parameter in mode.parameters)
    return mode.name + own + further


def _listed(parameters: tuple[Parameter, ...]) -> str:
    return ", ".join(f"{parameter.name} ({parameter.allowed})" for parameter in parameters)
