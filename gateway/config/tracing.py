"""Settings of tracing."""

import re
from importlib.util import find_spec

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

from gateway.config.parsing import allow
from gateway.config.urls import split_http_url

_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)=([!-+\--~](?:[ -+\--~]*[!-+\--~])?)")


class TracingSettings(BaseSettings):
    """Tracing by OpenTelemetry."""

    tracing_url: str = Field(
        "",
        description="OpenTelemetry collector, e.g. http://collector:4318, that spans are sent to by"
        " OTLP over HTTP, at `/v1/traces` below this URL; empty for no tracing. It needs the extra"
        " `otel`, which the image has.",
        json_schema_extra=allow(
            "an http or https URL without user, query and fragment, and the extra `otel` installed"
        ),
    )
    tracing_sample_ratio: float = Field(
        0.01,
        ge=0,
        le=1,
        description="Share of the requests without a `traceparent` that are recorded; with one, its"
        " sampled flag decides.",
    )
    tracing_headers: SecretStr = Field(
        SecretStr(""),
        description="Headers of the requests to the collector, such as an API key.",
        json_schema_extra=allow("comma-separated name=value pairs"),
    )

    @field_validator("tracing_url")
    @classmethod
    def _validate_collector(cls, value: str) -> str:
        if value:
            parts = split_http_url(value)
            if "@" in parts.netloc or {"?", "#"} & set(value):
                raise ValueError("not the URL of a collector")
            if find_spec("opentelemetry") is None:
                raise ValueError("OpenTelemetry is not installed")
        return value

    @field_validator("tracing_headers")
    @classmethod
    def _validate_collector_headers(cls, value: SecretStr) -> SecretStr:
        pairs = value.get_secret_value()
        if pairs and not all(_HEADER.fullmatch(pair.strip()) for pair in pairs.split(",")):
            raise ValueError("not a list of headers")
        return value


def headers_of(settings: TracingSettings) -> dict[str, str]:
    """Return the headers of the requests to the collector."""
    pairs = settings.tracing_headers.get_secret_value()
    return dict(pair.strip().split("=", 1) for pair in pairs.split(",") if pair)
