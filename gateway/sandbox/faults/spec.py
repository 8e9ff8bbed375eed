"""A fault as text: `status=503,rate=0.2,endpoint=promotionData`.

A mode, with `=value` where it takes one, then parameters in any order. A comma parts them only
where `name=` follows, so that an HTTP date may have one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.sandbox.calls import ENDPOINTS, Endpoint
from gateway.sandbox.faults.call import Mode
from gateway.sandbox.faults.modes import MODES
from gateway.sandbox.faults.parameter import (
    REQUIRED,
    FaultError,
    Parameter,
    fraction,
    shown,
    text,
    whole,
    word,
)

_COMMON = (
    word("endpoint", *ENDPOINTS, "all", default=None),
    fraction("rate", 1.0),
    whole("count", 1, 10**9, None),
    whole("after", 0, 10**9, 0),
    text("match", "a part of the path and query of the calls that are meant", ""),
    whole("seed", 0, 10**9, 1),
)
_NEXT = re.compile(r",(?=\s*[a-z_0-9]+\s*=)")
_MOST = 2_000


@dataclass(frozen=True, slots=True)
class Fault:
    """A mode and when it strikes.

    Of the calls to `endpoints` that have `match` in their path and query, the first `after` are
    spared; then each is struck with probability `rate`, until `count` have been.
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
    """Read a fault. Raises FaultError, whose message is one line that says what is allowed."""
    written = written.strip()
    try:
        return _parse(written)
    except FaultError as error:
        raise FaultError(f"fault {shown(written)!r}: {error}") from None


def _parse(written: str) -> Fault:
    if len(written) > _MOST:
        raise FaultError(f"it may have {_MOST} characters")
    first, *rest = _NEXT.split(written)
    name, _, value = (part.strip() for part in first.partition("="))
    mode = MODES.get(name)
    if mode is None:
        raise FaultError(f"{shown(name)!r} is no mode; there are {', '.join(MODES)}")
    options = _own_value(mode, value, given="=" in first)
    given = _pairs(rest)
    known = {parameter.name: parameter for parameter in (*mode.parameters, *_COMMON)}
    for unknown in given.keys() - known.keys():
        raise FaultError(f"{name} has no parameter {shown(unknown)!r}; it has {', '.join(known)}")
    read = {key: _value(parameter, given.get(key)) for key, parameter in known.items()}
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


def _own_value(mode: Mode, value: str, *, given: bool) -> dict[str, Any]:
    if mode.value is None:
        if given:
            raise FaultError(f"{mode.name} takes no value of its own: write {mode.name} alone")
        return {}
    return {mode.name: _value(mode.value, value if given else None)}


def _pairs(parts: list[str]) -> dict[str, str]:
    given: dict[str, str] = {}
    for part in parts:
        name, _, value = (piece.strip() for piece in part.partition("="))
        if name in given:
            raise FaultError(f"{name} is given twice")
        given[name] = value
    return given


def _value(parameter: Parameter, given: str | None) -> Any:
    if given is not None:
        return parameter.value_of(given)
    if parameter.default is REQUIRED:
        raise FaultError(f"{parameter.name} needs a value: {parameter.allowed}")
    return parameter.default


def _endpoints(mode: Mode, asked: str | None) -> frozenset[Endpoint]:
    if asked is None or asked == "all":
        return frozenset(mode.endpoints)
    for endpoint in mode.endpoints:
        if endpoint == asked:
            return frozenset({endpoint})
    raise FaultError(f"endpoint={asked}: {mode.name} is for {' and '.join(mode.endpoints)}")


def fault_help() -> str:
    """List all modes with their parameters, a line each, for people."""
    lines = [f"  {_usage(mode)}: {mode.summary}" for mode in MODES.values()]
    return "\n".join(["faults:", *lines, "each also takes " + _listed(_COMMON)])


def _usage(mode: Mode) -> str:
    own = "" if mode.value is None else "=…" if mode.value.default is REQUIRED else "[=…]"
    further = "".join(f"[,{parameter.name}=…]" for parameter in mode.parameters)
    return mode.name + own + further


def _listed(parameters: tuple[Parameter, ...]) -> str:
    return ", ".join(f"{parameter.name} ({parameter.allowed})" for parameter in parameters)
