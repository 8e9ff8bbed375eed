"""Settings of the webhook: the platform's events about promotions."""

import re

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

from gateway.config.parsing import allow

_MIN_SECRET_BYTES = 16
_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}")
# Headers that frame a request, or that proxies set.
_RESERVED = frozenset({
    "connection", "content-encoding", "content-length", "content-type", "expect", "host",
    "keep-alive", "traceparent", "tracestate", "transfer-encoding", "upgrade", "x-forwarded-for",
    "x-request-id",
})  # fmt: skip


class WebhookSettings(BaseSettings):
    """The webhook, to which the platform sends its events about promotions."""

    webhook_secret: SecretStr = Field(
        SecretStr(""),
        description="Secret that the platform sends with each event to `/webhooks/promotions`;"
        " without it there is no such path. The same in"
        " all replicas.",
        json_schema_extra=allow(
            f"a text of at least {_MIN_SECRET_BYTES} bytes, printable ASCII without leading or"
            " trailing whitespace"
        ),
    )
    webhook_header: str = Field(
        "X-Webhook-Secret",
        description="Header in which the platform sends GATEWAY_WEBHOOK_SECRET, as its whole"
        " value.",
        json_schema_extra=allow(
            "the name of a header of letters, digits and hyphens that frames no request"
        ),
    )
    webhook_rate_limit_per_minute: int = Field(
        6000,
        ge=1,
        le=1_000_000,
        description="Rate limit: requests to the webhook per client address, minute and worker.",
    )

    @field_validator("webhook_secret")
    @classmethod
    def _validate_webhook_secret(cls, value: SecretStr) -> SecretStr:
        secret = value.get_secret_value()
        if secret and (
            len(secret) < _MIN_SECRET_BYTES
            or not (secret.isascii() and secret.isprintable())
            or secret != secret.strip()
        ):
            raise ValueError("no secret")
        return value

    @field_validator("webhook_header")
    @classmethod
    def _validate_webhook_header(cls, value: str) -> str:
        if not _HEADER.fullmatch(value) or value.lower() in _RESERVED:
            raise ValueError(value)
        return value
