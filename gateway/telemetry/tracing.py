"""Spans: where they begin and end, whatever records them.

With tracing every request has a span, which its log lines and its calls name; only that of a
sampled request is recorded and has children. Without tracing there is none. `otel.py` makes the
spans; this module imports nothing of OpenTelemetry (docs/decisions/022, 042).
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Protocol

from gateway.errors import UpstreamNotFoundError
from gateway.errors.outcomes import CLIENT_ERROR, REFUSED, outcome_of
from gateway.telemetry.metric import Samples

Attributes = Mapping[str, str | int | float | bool]
NO_ATTRIBUTES: Attributes = MappingProxyType({})


class Span(Protocol):
    """A part of a request's work; ids are in hexadecimal digits."""

    trace_id: str
    span_id: str
    traceparent: str
    """The header that names this span as the parent (W3C Trace Context)."""
    is_recorded: bool

    def child(self, name: str, attributes: Attributes, *, is_client: bool) -> "Span":
        """Start a span within this one; `is_client` is the kind of a call to another server."""
        ...

    def rename(self, name: str) -> None:
        """Replace the name that it was started with."""
        ...

    def set(self, attributes: Attributes) -> None:
        """Set attributes."""
        ...

    def fail(self) -> None:
        """Mark it as failed; the attribute `error.type` has the reason."""
        ...

    def end(self) -> None:
        """End it, and pass it on to be exported."""
        ...


current_span: ContextVar[Span | None] = ContextVar("current span", default=None)
"""The span of this task, which the tasks that it starts have, too."""


def recording_span() -> Span | None:
    """Return the current span if it is recorded."""
    current = current_span.get()
    return current if current is not None and current.is_recorded else None


def annotate(attributes: Attributes) -> None:
    """Set attributes of the current span, if that is recorded."""
    current = recording_span()
    if current is not None:
        current.set(attributes)


@contextmanager
def span(
    name: str, attributes: Attributes = NO_ATTRIBUTES, *, is_client: bool = False
) -> Iterator[Span | None]:
    """Record a ``with`` block as a child of the current span, if that is recorded."""
    parent = recording_span()
    if parent is None:
        yield None
        return
    with as_current(parent.child(name, attributes, is_client=is_client)) as child:
        yield child


@contextmanager
def as_current(current: Span) -> Iterator[Span]:
    """Make a span the current one of a ``with`` block, and end it; an exception is its failure."""
    token = current_span.set(current)
    try:
        yield current
    except UpstreamNotFoundError:  # which is a result
        raise
    except BaseException as error:
        record_errors(current, [_error_type(error)])
        raise
    finally:
        current_span.reset(token)
        current.end()


def record_errors(current: Span, codes: Sequence[str]) -> None:
    """Set the attribute `error.type`; a mistake of the client is no failure of a span."""
    current.set({"error.type": codes[0]})
    if outcome_of(codes) not in {CLIENT_ERROR, REFUSED}:
        current.fail()


def _error_type(error: BaseException) -> str:
    """Return an error's code if it has one, else its class: a message may name a customer."""
    if isinstance(error, asyncio.CancelledError):
        return "cancelled"
    code = getattr(error, "code", None)
    return code if isinstance(code, str) else type(error).__name__


class SpanCounts:
    """What has become of recorded spans; `waiting` are those that are queued for the collector."""

    __slots__ = ("exported", "failed", "queue_full", "waiting")

    def __init__(self) -> None:
        self.exported = self.failed = self.queue_full = self.waiting = 0

    def samples(self) -> Samples:
        """Return the samples of `gateway_trace_spans_total`."""
        return {"gateway_trace_spans_total": [self.exported, self.failed, self.queue_full]}
