"""OpenTelemetry: makes the spans of requests, and exports them by OTLP over HTTP.

Imported only with `GATEWAY_TRACING_URL` (decision 22). Whatever the collector does, no request
waits: ended spans are queued, a thread of the SDK sends them, and what does not fit is dropped.
"""

import asyncio
import logging
import ssl
import uuid
from collections.abc import Mapping, Sequence
from threading import Lock, Thread
from typing import Self

import requests
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import SpanContext, SpanKind, StatusCode, TraceFlags, TraceState

from gateway.random_numbers import getrandbits
from gateway.telemetry.logs import log
from gateway.telemetry.tracing import Attributes, Span, SpanCounts

_SERVICE = "promotion-gateway"
_PATH = "/v1/traces"
_EXPORT_TIMEOUT_S = 5.0  # of one batch, its retries included
_FLUSH_S = 3.0  # at the end of the process
_MAX_QUEUED = 4096  # spans, of some 2 KB each
_MAX_BATCH = 512
_INTERVAL_MS = 2000
_NO_PARENT = Context()
# As the SDK does, a trace is sampled by the last bits of its id.
_SAMPLED_BITS = 63
_SAMPLED_MASK = 2**_SAMPLED_BITS - 1


class _UnrecordedSpan:
    """The span of a request that is not sampled, which only names a trace.

    OpenTelemetry's own would take twice as long as all the rest that tracing does for it.
    """

    __slots__ = ("span_id", "trace_id", "traceparent")

    is_recorded = False

    def __init__(self, trace_id: str) -> None:
        self.trace_id, self.span_id = trace_id, f"{getrandbits(64):016x}"
        self.traceparent = f"00-{trace_id}-{self.span_id}-00"

    def child(self, name: str, attributes: Attributes, *, is_client: bool) -> Span:
        """Return itself."""
        return self

    def rename(self, name: str) -> None:
        """Do nothing."""

    def set(self, attributes: Attributes) -> None:
        """Do nothing."""

    def fail(self) -> None:
        """Do nothing."""

    def end(self) -> None:
        """Do nothing."""


class _RecordedSpan:
    """A span of OpenTelemetry."""

    __slots__ = ("_otel", "_tracer", "span_id", "trace_id", "traceparent")

    is_recorded = True

    def __init__(self, tracer: trace.Tracer, otel: trace.Span) -> None:
        self._tracer, self._otel = tracer, otel
        context = otel.get_span_context()
        self.trace_id, self.span_id = f"{context.trace_id:032x}", f"{context.span_id:016x}"
        self.traceparent = f"00-{self.trace_id}-{self.span_id}-{context.trace_flags:02x}"

    def child(self, name: str, attributes: Attributes, *, is_client: bool) -> Span:
        """Start a span within this one."""
        kind = SpanKind.CLIENT if is_client else SpanKind.INTERNAL
        parent = trace.set_span_in_context(self._otel, _NO_PARENT)
        return _RecordedSpan(self._tracer, self._tracer.start_span(name, parent, kind, attributes))

    def rename(self, name: str) -> None:
        """Replace its name."""
        self._otel.update_name(name)

    def set(self, attributes: Attributes) -> None:
        """Set attributes."""
        self._otel.set_attributes(attributes)

    def fail(self) -> None:
        """Mark it as failed."""
        self._otel.set_status(StatusCode.ERROR)

    def end(self) -> None:
        """End it."""
        self._otel.end()


class _CountedProcessor(BatchSpanProcessor):
    """Counts the spans that are queued, and those that are dropped because the queue is full."""

    def __init__(self, exporter: "_CountedExporter", max_queued: int) -> None:
        super().__init__(
            exporter,
            max_queue_size=max_queued,
            schedule_delay_millis=_INTERVAL_MS,
            max_export_batch_size=min(_MAX_BATCH, max_queued),
            export_timeout_millis=_EXPORT_TIMEOUT_S * 1000,
        )
        self._counts, self._lock, self._max_queued = exporter.counts, exporter.lock, max_queued

    def on_end(self, span: ReadableSpan) -> None:
        """Queue a span; a full queue drops its oldest one."""
        counts = self._counts
        with self._lock:
            if counts.waiting < self._max_queued:
                counts.waiting += 1
            else:
                counts.queue_full += 1
        super().on_end(span)


class Tracing:
    """The tracer of a process; as a context manager it exports what is left at the end.

    A request with a `traceparent` is sampled as that says, any other at `sample_ratio`.
    """

    def __init__(
        self,
        exporter: SpanExporter,
        version: str,
        sample_ratio: float,
        max_queued: int = _MAX_QUEUED,
    ) -> None:
        counted = _CountedExporter(exporter)
        self.samples = counted.counts.samples
        # Every parameter is given: the SDK takes what is missing from the environment.
        self._processor = _CountedProcessor(counted, max_queued)
        resource = {
            "service.name": _SERVICE,
            "service.version": version,
            "service.instance.id": str(uuid.uuid4()),
        }
        self._sampled_below = round(sample_ratio * 2**_SAMPLED_BITS)
        provider = TracerProvider(
            sampler=ALWAYS_ON,  # of the requests that are recorded
            resource=Resource(resource),
            shutdown_on_exit=False,
            span_limits=SpanLimits(128, 128, 128, 128, 128, 128, 1024, 1024),
        )
        provider.add_span_processor(self._processor)
        self._tracer = provider.get_tracer("gateway", version)

    def start_request(self, name: str, headers: Mapping[str, str]) -> Span:
        """Start a request's span; `headers` are its well-formed trace headers, if it has any."""
        parent, context = headers.get("traceparent"), _NO_PARENT
        if parent is None:
            number = getrandbits(128)
            if number & _SAMPLED_MASK >= self._sampled_below:
                return _UnrecordedSpan(f"{number:032x}")
        else:
            _version, trace_id, span_id, flags = parent.split("-")[:4]
            if not int(flags, 16) & TraceFlags.SAMPLED:
                return _UnrecordedSpan(trace_id)
            state = headers.get("tracestate")
            remote = SpanContext(
                int(trace_id, 16),
                int(span_id, 16),
                is_remote=True,
                trace_flags=TraceFlags(int(flags, 16)),
                trace_state=TraceState.from_header([state]) if state else None,
            )
            context = trace.set_span_in_context(trace.NonRecordingSpan(remote), _NO_PARENT)
        return _RecordedSpan(self._tracer, self._tracer.start_span(name, context, SpanKind.SERVER))

    async def __aenter__(self) -> Self:
        """Start nothing: the SDK's thread already waits for spans."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Export what is queued, for some seconds at most: the collector may not answer."""
        loop, is_done = asyncio.get_running_loop(), asyncio.Event()

        def shut_down() -> None:
            self._processor.shutdown()  # type: ignore[no-untyped-call]  # the SDK's
            if not loop.is_closed():
                loop.call_soon_threadsafe(is_done.set)

        # A daemon, because the interpreter waits at its end for any other thread.
        Thread(target=shut_down, name="trace export", daemon=True).start()
        try:
            async with asyncio.timeout(_FLUSH_S):
                await is_done.wait()
        except TimeoutError:
            log.warning("trace_export_failed", reason="not finished at the end of the process")


class _CountedExporter(SpanExporter):
    """Exports by another exporter and counts; logs when that begins to fail and works again.

    It is called by the SDK's thread, and spans end in that of the requests: `lock` is for both.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._is_failing = False
        self.counts, self.lock = SpanCounts(), Lock()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export a batch; one that fails is dropped."""
        with self.lock:
            self.counts.waiting -= len(spans)
        result = self._exporter.export(spans)
        is_failing = result is not SpanExportResult.SUCCESS
        if is_failing:
            self.counts.failed += len(spans)
        else:
            self.counts.exported += len(spans)
        if is_failing and not self._is_failing:
            log.warning("trace_export_failed", reason="the collector did not accept a batch")
        elif self._is_failing and not is_failing:
            log.info("trace_export_restored")
        self._is_failing = is_failing
        return result

    def shutdown(self) -> None:
        """Cancel what is being retried."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Return True: nothing is kept here."""
        return True


def create_tracing(
    url: str, headers: Mapping[str, str], sample_ratio: float, version: str
) -> Tracing:
    """Create the tracing of a process, which exports to the collector at a base URL.

    Environment variables name neither a proxy nor a collector.
    """
    # Its messages quote URLs and responses; the events of `_CountedExporter` say as much.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    session = requests.Session()
    session.trust_env = False
    exporter = OTLPSpanExporter(
        endpoint=url.rstrip("/") + _PATH,
        certificate_file=ssl.get_default_verify_paths().cafile,
        headers=dict(headers),
        timeout=_EXPORT_TIMEOUT_S,
        compression=Compression.Gzip,
        session=session,
    )
    return Tracing(exporter, version, sample_ratio)
