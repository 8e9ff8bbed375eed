"""Log lines: what each is called and which fields it may have, in one place.

========================================  ===========================================
event                                     fields beside request_id
========================================  ===========================================
listening                                 host, port; without request_id
upstream_call_failed                      endpoint, reason
upstream_answer_too_large                 endpoint
upstream_status                           endpoint, status
upstream_refused                          endpoint, upstream_code
upstream_bad_payload                      endpoint, reason
items_left_out                            endpoint, count, foreign: those not asked for
undocumented_values                       endpoint, count: of another shape than documented
cache_unavailable                         operation, reason
cache_available                           operation, unavailable_s
cache_garbage                             count
cache_refresh_failed                      reason
circuit_opened                            endpoint, scope, failures; scope: endpoint, caller,
                                          target or caller_and_target
circuit_closed                            endpoint, scope
quota_on_its_own                          replicas; without request_id
quota_shared_again                        replicas; without request_id
endpoint_is_gone                          endpoint, status
endpoint_is_back                          endpoint
operation                                 operation, errors, upstream_calls, duration_ms,
                                          caller: with a token, a hash of its subject
token_refused                             reason
auth_keys_unavailable                     reason; without request_id
auth_keys_changed                         count; without request_id
request_refused                           status, code
origin_refused                            setting, count: since the last such line, a minute ago
client_gone                               (none)
unexpected_error                          path, exception
metrics_without_a_place                   without request_id
========================================  ===========================================

No field holds a customer's identifier, a credential or a URL. An exception is therefore told by its
type and where it was raised: nobody knows what its message holds.

All lines but one are structlog's. `operation` comes once for every answer, and has a writer of its
own (`lines.py`), because structlog's costs as much as the rest of a remembered answer.
"""

import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TextIO, cast

import msgspec
import structlog
from structlog.typing import EventDict, WrappedLogger

from gateway.telemetry.log_buffer import BufferedLogLines, OperationLogLines

log: structlog.stdlib.BoundLogger = structlog.get_logger("gateway")

_request_id: ContextVar[str] = ContextVar("request_id")

_MOST_CAUSES = 5
_operations: OperationLogLines | None = None


def configure_logging(
    log_format: str, level: int = logging.INFO, stream: TextIO | None = None
) -> None:
    """Send the gateway's lines and every library's to stderr, as JSON or for people.

    A test gives a `stream` of its own. `level` is the libraries' least one, those of the server
    included. The gateway's own lines do not go through the standard library: a line an operation
    should not cost a tenth of it.
    """
    global _operations  # noqa: PLW0603 - as the libraries' configuration: one a process
    waiting = BufferedLogLines(stream or sys.stderr)
    stream = cast("TextIO", waiting)
    _operations = OperationLogLines(waiting) if log_format == "json" else None
    shared: list[Any] = [
        tell_request_id,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        tell_exception,
    ]
    renderer = (
        structlog.processors.JSONRenderer(_encode)
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=stream.isatty())
    )
    structlog.configure(
        processors=[*shared, renderer],
        logger_factory=structlog.WriteLoggerFactory(stream),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[first_line, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    # Its lines hold URLs, and those hold customers' identifiers.
    logging.getLogger("httpx").setLevel(logging.WARNING)


def reset_logging() -> None:
    """Undo `configure_logging`: the gateway's own lines go to stdout, by structlog's defaults."""
    global _operations  # noqa: PLW0603 - as above
    _operations = None
    structlog.reset_defaults()


def _encode(event: EventDict, **_: Any) -> str:
    return msgspec.json.encode(event, enc_hook=repr).decode()


def tell_operation(
    name: str | None, errors: int, upstream_calls: int, caller: str, duration_ms: float
) -> None:
    """Write the line of an operation that ran; without `caller` it has no such field."""
    fields: dict[str, Any] = {
        "operation": name,
        "errors": errors,
        "upstream_calls": upstream_calls,
        "duration_ms": duration_ms,
    }
    if caller:
        fields["caller"] = caller
    if _operations is not None:
        _operations.tell(_request_id.get(None), fields)
    else:
        log.info("operation", **fields)


def identify(request_id: str) -> None:
    """Have this task's lines tell a request's id to its end, and those of tasks that it starts."""
    _request_id.set(request_id)


@contextmanager
def bound(request_id: str) -> Iterator[None]:
    """Have lines tell a request's id for the length of the block."""
    token = _request_id.set(request_id)
    try:
        yield
    finally:
        _request_id.reset(token)


def tell_request_id(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Add the id of the request that a line is about, where there is one."""
    request_id = _request_id.get(None)
    return event if request_id is None else {"request_id": request_id, **event}


def first_line(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Cut a library's message after its first line: asyncio shows the exception in the next."""
    event["event"] = str(event["event"]).partition("\n")[0]
    return event


def tell_exception(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Write an exception and its causes as their types and frames, without their messages."""
    given = event.pop("exc_info", None)
    if given and isinstance(given, tuple):
        given = given[1]
    error = sys.exception() if given is True else given
    told: list[str] = []
    while isinstance(error, BaseException) and len(told) < _MOST_CAUSES:
        frames = [
            f"  {frame.filename}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(error.__traceback__)
        ]
        told.append("\n".join([type(error).__name__, *frames]))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if told:
        event["exception"] = "\nafter ".join(told)
    return event
