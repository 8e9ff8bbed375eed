"""What operators read: log lines (`logs`) and metrics (`metrics`)."""

from gateway.telemetry.logs import (
    bind_request_id,
    configure_logging,
    flush_logging,
    log,
    log_operation,
    log_samples,
    log_startup_failure,
    request_id_scope,
    reset_logging,
    start_logging,
)

__all__ = [
    "bind_request_id",
    "configure_logging",
    "flush_logging",
    "log",
    "log_operation",
    "log_samples",
    "log_startup_failure",
    "request_id_scope",
    "reset_logging",
    "start_logging",
]
