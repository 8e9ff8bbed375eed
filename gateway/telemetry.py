"""Log lines: what each is called and which fields it may have, in one place.

========================================  ===========================================
event                                     fields beside request_id
========================================  ===========================================
upstream_call_failed                      endpoint, reason
upstream_answer_too_large                 endpoint
upstream_status                           endpoint, status
upstream_refused                          endpoint, upstream_code
upstream_bad_payload                      endpoint, reason
upstream_answered_for_another_customer    endpoint
items_left_out                            endpoint, count
operation                                 operation, status, errors, upstream_calls, duration_ms
unexpected_error                          path, exception
========================================  ===========================================

No field holds a customer's identifier, a credential or a URL.
"""

import logging
import sys
from typing import Any

import structlog
from structlog.contextvars import bound_contextvars, merge_contextvars

log: structlog.stdlib.BoundLogger = structlog.get_logger("gateway")

bound = bound_contextvars


def configure_logging(log_format: str) -> None:
    """Send the gateway's lines and every library's to stderr, as JSON or for people."""
    shared: list[Any] = [
        merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    renderer = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    for library in ("httpx", "aiohttp"):  # theirs hold URLs, and those hold customers' identifiers
        logging.getLogger(library).setLevel(logging.WARNING)
