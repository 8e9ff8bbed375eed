"""The cost of an operation that the gateway has not seen before, and the compiler's share."""

import asyncio
import gc
import json
import logging
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from graphql import parse, specified_rules, validate

from gateway.app import create_app
from gateway.config.settings import load_settings
from gateway.schema.build import build_schema, executable
from gateway.telemetry import configure_logging
from speed.workloads import Workload, hundred
from tests.support.httpx_transport import HttpxTransport

_TEXTS = 100
_WARM_UP = 20


@dataclass(frozen=True, slots=True)
class NewText:
    """The lowest decile of each, in µs of CPU: whatever disturbs only adds.

    `more_us` is what an unseen text costs beyond one that has been seen; `parse_and_validate_us` is
    what graphql-core alone needs to parse and validate it. The rest is compiling.
    """

    more_us: float
    parse_and_validate_us: float

    @property
    def compiling(self) -> float:
        """Return compiling as a share of parsing and validating."""
        return self.more_us / self.parse_and_validate_us - 1


def new_text(answers: Path, workload: Workload) -> NewText:
    """Send texts that differ in a comment, each twice, to a gateway within this process.

    Knows nothing of how the gateway compiles: what is not parsing or validating counts as that.
    """
    answer = (answers / f"externalId,{hundred(0)},1,0.json").read_bytes()
    return asyncio.run(_ask_all(answer, workload.bodies[0]))


async def _ask_all(answer: bytes, body: dict[str, Any]) -> NewText:
    configure_logging("json")
    logging.disable()  # a line an operation is not what is asked here
    settings = load_settings(upstream_url="http://127.0.0.1", upstream_auth="none")
    upstream = HttpxTransport(
        httpx.MockTransport(lambda _request: httpx.Response(200, content=answer))
    )
    app = create_app(settings, transport=upstream)
    schema = executable(build_schema())
    empty = body | {"variables": body["variables"] | {"first": 0}}  # it has to run, and costs least
    unseen_us, seen_us, alone_us = [], [], []
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bench") as http,
    ):
        for nth in range(_WARM_UP + _TEXTS):
            text = f"{empty['query']}\n# {nth}"

            async def ask(content: bytes = json.dumps(empty | {"query": text}).encode()) -> None:
                headers = {"Content-Type": "application/json"}
                (await http.post("/graphql", content=content, headers=headers)).raise_for_status()

            gc.collect()  # so that nobody pays for what others have left
            unseen_us.append(await _cost_us(ask))
            seen_us.append(await _cost_us(ask))
            began = time.process_time_ns()
            validate(schema, parse(text), specified_rules)
            alone_us.append((time.process_time_ns() - began) / 1000)
    return NewText(_least(unseen_us) - _least(seen_us), _least(alone_us))


def _least(costs_us: Sequence[float]) -> float:
    return statistics.quantiles(costs_us[_WARM_UP:], n=10)[0]


async def _cost_us(ask: Callable[[], Awaitable[None]]) -> float:
    began = time.process_time_ns()
    await ask()
    return (time.process_time_ns() - began) / 1000
