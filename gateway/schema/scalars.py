"""The custom scalars."""

from datetime import datetime
from typing import Any

import strawberry
from strawberry.scalars import JSON

from gateway.upstream.normalise.instants import format_instant

SCALARS: dict[object, Any] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="RFC 3339 in UTC, always with seconds, with milliseconds where they are not"
        " zero: 2025-06-23T00:00:00Z.",
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc3339",
        serialize=format_instant,
    ),
    JSON: strawberry.scalar(
        name="JSON",
        description="Any JSON value, passed on as the upstream has it.",
        serialize=lambda value: value,
    ),
}
