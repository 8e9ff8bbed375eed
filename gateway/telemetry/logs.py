"""Configuration of the log; `events.py` lists all log events.

An exception is logged as its type and where it was raised: its message may hold a customer's
identifier, a credential or a URL, and no line does.

All lines but one are structlog's. `operation` comes once for every response, and has a writer of
its own (`log_buffer.py`), because structlog's costs as much as the rest of a cached response.
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

from gateway.telemetry.log_buffer import BufferedLogLines
from gateway.telemetry.log_writer import LogWriter
from gateway.telemetry.metric import Samples
from gateway.telemetry.tracing import current_span

log: structlog.stdlib.BoundLogger = structlog.get_logger("gateway")

_request_id: ContextVar[str] = ContextVar("request_id")
bind_request_id = _request_id.set
"""Add a request id to the log lines of this task and of the tasks that it starts."""

_MAX_CAUSES = 5
_operations: BufferedLogLines | None = None
_writer: LogWriter | None = None


def configure_logging(
    log_format: str, level: int = logging.INFO, stream: TextIO | None = None
) -> None:
    """Write the gateway's and all libraries' log lines to `stream`, as JSON or console.

    Without `stream` they go to stderr, by a thread: a reader that stalls must not stop requests.

    `level` is the minimum level of the libraries, the server included. The gateway's own lines
    bypass the standard library, which would make up a tenth of an operation.
    """
    global _operations, _writer  # noqa: PLW0603 - the libraries' configuration is global, too
    if stream is None:
        _writer = LogWriter(sys.stderr)
        _writer.on_dropped = _log_dropped
        stream = cast("TextIO", _writer)
    buffered = BufferedLogLines(stream)
    stream = cast("TextIO", buffered)
    _operations = buffered if log_format == "json" else None
    shared: list[Any] = [
        add_request_id,
        add_trace,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_exception,
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
            foreign_pre_chain=[cut_to_first_line, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    # Its lines hold URLs, and those hold customers' identifiers.
    logging.getLogger("httpx").setLevel(logging.WARNING)


def _log_dropped(count: int) -> None:
    log.warning("log_lines_dropped", count=count)


def flush_logging() -> None:
    """Wait until the lines so far are written, or for a second: the reader may have stalled."""
    if _writer is not None:
        _writer.drain()


def log_samples() -> Samples:
    """Return the samples of `gateway_log_…`."""
    return {"gateway_log_lines_dropped_total": [0 if _writer is None else _writer.lines_dropped]}


def reset_logging() -> None:
    """Undo `configure_logging`: structlog's defaults write the gateway's own lines to stdout."""
    global _operations  # noqa: PLW0603 - as above
    _operations = None
    structlog.reset_defaults()


def _encode(event: EventDict, **_: Any) -> str:
    return msgspec.json.encode(event, enc_hook=repr).decode()


def log_operation(
    name: str | None, errors: int, upstream_calls: int, caller: str, duration_ms: float
) -> None:
    """Write the log line of an operation that ran; `caller` is left out if it is empty."""
    fields: dict[str, Any] = {
        "operation": name,
        "errors": errors,
        "upstream_calls": upstream_calls,
        "duration_ms": duration_ms,
    }
    if caller:
        fields["caller"] = caller
    current = current_span.get()
    if current is not None:
        fields["trace_id"], fields["span_id"] = current.trace_id, current.span_id
    if _operations is not None:
        _operations.write_operation(_request_id.get(None), fields)
    else:
        log.info("operation", **fields)


@contextmanager
def request_id_scope(request_id: str) -> Iterator[None]:
    """Add a request id to the log lines of a ``with`` block."""
    token = _request_id.set(request_id)
    try:
        yield
    finally:
        _request_id.reset(token)


def add_request_id(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Add the request id, if one is bound (a structlog processor)."""
    request_id = _request_id.get(None)
    return event if request_id is None else {"request_id": request_id, **event}


def add_trace(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Add the ids of the current span, if there is one (a structlog processor)."""
    current = current_span.get()
    if current is not None:
        event = {"trace_id": current.trace_id, "span_id": current.span_id, **event}
    return event


def cut_to_first_line(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Drop all but the first line of a library's message: asyncio writes exceptions in the next."""
    event["event"] = str(event["event"]).partition("\n")[0]
    return event


def add_exception(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Replace `exc_info` by the types and frames of the exception and its causes, no messages."""
    exc_info = event.pop("exc_info", None)
    if exc_info and isinstance(exc_info, tuple):
        exc_info = exc_info[1]
    error = sys.exception() if exc_info is True else exc_info
    causes: list[str] = []
    while isinstance(error, BaseException) and len(causes) < _MAX_CAUSES:
        frames = [
            f"  {frame.filename}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(error.__traceback__)
        ]
        causes.append("\n".join([type(error).__name__, *frames]))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if causes:
        event["exception"] = "\nafter ".join(causes)
    return event
