"""Options that several commands share, and the parsing of their values."""

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.sandbox.faults.spec import Fault


def add_sandbox_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of a sandbox to a command that starts one."""
    parser.add_argument(
        "--latency-ms",
        type=_milliseconds,
        default=0,
        help="milliseconds that every answer of the sandbox waits (default: %(default)s)",
    )
    parser.add_argument(
        "--fault",
        type=_fault,
        action="append",
        default=[],
        metavar="FAULT",
        help="let the sandbox play this fault, e.g. status=503,rate=0.2; may be repeated",
    )


def _fault(text: str) -> "Fault":
    from gateway.sandbox.faults.mode import FaultError  # noqa: PLC0415 - a worker does not need it
    from gateway.sandbox.faults.spec import parse_fault  # noqa: PLC0415 - as above

    try:
        return parse_fault(text)
    except FaultError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def port_number(text: str) -> int:
    """Parse a TCP port; raise ArgumentTypeError if it is none."""
    return _number(text, 65535)


def _milliseconds(text: str) -> int:
    return _number(text, 60_000)


def _number(text: str, maximum: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6 and int(text) <= maximum):
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number from 0 to {maximum}")
    return int(text)
