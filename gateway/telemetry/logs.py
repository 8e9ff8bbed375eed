"""Configuration of the log; `events.py` lists all log events.

An exception is logged as its type and where it was raised: its message may hold a customer's
identifier, a credential or a URL, and no line does.

All lines but one are structlog's. `operation` is written for every operation, and is formatted in
`operation_line.py`.
"""

import logging
import os
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.metadata import version
from multiprocessing import parent_process
from types import TracebackType
from typing import Any, TextIO, cast

import msgspec
import structlog
from structlog.typing import EventDict, WrappedLogger

from gateway.config.settings import log_settings, unknown_variables
from gateway.telemetry.log_buffer import BufferedLogLines
from gateway.telemetry.log_writer import LogWriter
from gateway.telemetry.masking import is_plain, mask
from gateway.telemetry.metric import Samples
from gateway.telemetry.operation_line import (
    NO_FIELDS,
    LogFields,
    OperationLines,
    json_members,
)
from gateway.telemetry.tracing import current_span

log: structlog.stdlib.BoundLogger = structlog.get_logger("gateway")

_request_id: ContextVar[str] = ContextVar("request_id")
bind_request_id = _request_id.set
"""Add a request id to the log lines of this task and of the tasks that it starts."""

LEVELS = {name.lower(): value for name, value in logging.getLevelNamesMapping().items()}

_MAX_CAUSES = 5
VERSION = version("promotion-gateway")
_operations: BufferedLogLines | None = None
_writer: LogWriter | None = None
_lines = OperationLines(NO_FIELDS)
_process: dict[str, Any] = {}


def configure_logging(
    log_format: str,
    libraries: int = logging.INFO,
    stream: TextIO | None = None,
    *,
    level: str = "info",
) -> None:
    """Write the gateway's and all libraries' log lines to `stream`, as JSON or console.

    Without `stream` they go to stderr, by a thread: a reader that stalls must not stop requests.

    `level` is the minimum level of the gateway's own lines; `libraries`, if that is higher, that
    of the libraries' lines, the server included. The gateway's own lines bypass the standard
    library, which would make up a tenth of an operation. In JSON an exception that nothing catches
    is a line, too, and so is a warning of Python.
    """
    global _operations, _lines, _writer  # noqa: PLW0603 - the libraries' configuration is global, too
    if stream is None:
        _writer = LogWriter(sys.stderr)
        _writer.on_dropped = _log_dropped
        stream = cast("TextIO", _writer)
    buffered = BufferedLogLines(stream)
    stream = cast("TextIO", buffered)
    is_json, minimum = log_format == "json", LEVELS[level]
    _process.clear()
    if is_json:
        _process.update(worker=os.getpid(), version=VERSION)
    _operations = buffered if is_json and minimum <= logging.INFO else None
    _lines = OperationLines(LogFields(**_process))
    shared: list[Any] = [
        add_request_id,
        add_trace,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_exception,
        add_process,
    ]
    renderer = (
        structlog.processors.JSONRenderer(_encode)
        if is_json
        else structlog.dev.ConsoleRenderer(colors=stream.isatty())
    )
    structlog.configure(
        processors=[*shared, renderer],
        logger_factory=structlog.WriteLoggerFactory(stream),
        wrapper_class=structlog.make_filtering_bound_logger(minimum),
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[cut_to_first_line, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    handler.addFilter(has_content)
    logging.basicConfig(handlers=[handler], level=max(libraries, minimum), force=True)
    # Its lines hold URLs, and those hold customers' identifiers.
    logging.getLogger("httpx").setLevel(max(logging.WARNING, minimum))
    logging.captureWarnings(is_json)
    sys.excepthook = _log_uncaught if is_json else sys.__excepthook__


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
    _process.clear()
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    sys.excepthook = sys.__excepthook__


def start_logging() -> None:
    """Configure the log of a server by the environment, whose other settings may be invalid.

    Warn of variables that are no settings.
    """
    settings = log_settings()
    configure_logging(settings.log_format, level=settings.log_level)
    if parent_process() is None:  # else the parent has
        for line in unknown_variables():
            log.warning("unknown_setting", reason=line)


def log_startup_failure(mistakes: Iterable[str]) -> None:
    """Write a line for each mistake that keeps the gateway from starting."""
    for mistake in mistakes:
        log.error("startup_failed", reason=mistake)
    flush_logging()


def _log_uncaught(
    _kind: type[BaseException], error: BaseException, _trace: TracebackType | None
) -> None:
    log.critical("uncaught_exception", exc_info=error)


def _encode(event: EventDict, **_: Any) -> str:
    return msgspec.json.encode(event, enc_hook=repr).decode()


def log_operation(  # noqa: PLR0913, PLR0917 - once for every operation
    operation: LogFields,
    client: LogFields,
    errors: int,
    upstream_calls: int,
    duration_ms: float,
    more: dict[str, Any] | None = None,
) -> None:
    """Write the log line of an operation that ran; `more` are fields that few lines have."""
    current = current_span.get()
    if current is not None:
        more = {**(more or {}), "trace_id": current.trace_id, "span_id": current.span_id}
    if _operations is None:
        fields: dict[str, Any] = {
            **operation.fields,
            **client.fields,
            "errors": errors,
            "upstream_calls": upstream_calls,
            "duration_ms": duration_ms,
            **(more or {}),
        }
        log.info("operation", **fields)
        return
    request_id = _request_id.get(None)
    if request_id is not None and not is_plain(request_id):
        request_id = mask(request_id)
    _operations.write_later(
        _lines.line(
            request_id,
            operation.json,
            client.json,
            f'"errors":{errors},"upstream_calls":{upstream_calls},"duration_ms":{duration_ms},',
            json_members(more) if more else "",
        )
    )


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
    return event if request_id is None else {"request_id": mask(request_id), **event}


def add_process(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Add the process id of the worker and the version (a structlog processor)."""
    event.update(_process)
    return event


def add_trace(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Add the ids of the current span, if there is one (a structlog processor)."""
    current = current_span.get()
    if current is not None:
        event = {"trace_id": current.trace_id, "span_id": current.span_id, **event}
    return event


def has_content(record: logging.LogRecord) -> bool:
    """Whether the first line of a library's message says anything (a filter of `logging`).

    Starlette logs a traceback as the message where starting fails, which `uncaught_exception` has,
    and where the process ends before the application has.
    """
    return not record.getMessage().startswith("Traceback (most recent call last)")


@contextmanager
def log_uncaught() -> Iterator[None]:
    """Log an exception that ends a ``with`` block, and so the process."""
    try:
        yield
    except Exception as error:
        log.critical("uncaught_exception", exc_info=error)
        raise


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
