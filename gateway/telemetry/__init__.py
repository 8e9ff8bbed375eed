"""What operators see: log lines (`logs`) and metrics (`metrics`), each with its table of names."""

from gateway.telemetry.logs import (
    bound,
    configure_logging,
    identify,
    log,
    reset_logging,
    tell_operation,
)

__all__ = ["bound", "configure_logging", "identify", "log", "reset_logging", "tell_operation"]
