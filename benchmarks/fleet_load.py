"""A steady load on the fleet, and what became of each request.

Requests start at a steady rate, whatever becomes of the earlier ones, each on a connection of its
own. Nobody retries.
"""

import asyncio
import json
import statistics
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from soak_operations import CUSTOMER, DEFINED, PROGRAM

_AGAIN_S = 0.5
_ANSWER_S = 30.0  # longer than any deadline of the gateway
_BY = {"externalId": "C-TEN"}
BODIES: tuple[dict[str, Any], ...] = (
    {"query": CUSTOMER, "variables": {"by": _BY, "first": 10}},
    {"query": DEFINED, "variables": {"by": _BY}},
    {"query": PROGRAM, "variables": {"id": "9005", "by": {"externalId": "C-MIXED"}}},
)


class NoAnswerError(Exception):
    """The connection was refused, or ended before the whole answer."""


async def post(url: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Send an operation on a connection of its own; return the status and the answer.

    Raise NoAnswerError or OSError where there is no whole answer.
    """
    parts = urlsplit(url)
    content = json.dumps(body).encode()
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n"
        "Content-Type: application/json\r\nAccept: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        writer.write(head.encode() + content)
        await writer.drain()
        raw = await reader.read(-1)
    finally:
        writer.close()
    head_received, _, answer = raw.partition(b"\r\n\r\n")
    try:
        status = int(head_received.split(b" ", 2)[1])
        decoded = json.loads(answer) if status == 200 or answer.startswith(b"{") else {}
    except (IndexError, ValueError):
        raise NoAnswerError(f"no whole answer: {raw[:80]!r}") from None
    return status, decoded


@dataclass(slots=True)
class Tally:
    """What became of the requests; errors with an `allowed` code are refusals, and no failures."""

    expected: list[Any]
    allowed: frozenset[str]
    durations_s: list[float] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)

    @property
    def requests(self) -> int:
        """Return the number of requests."""
        return len(self.durations_s)

    def percentile_ms(self, percent: int) -> float:
        """Return the duration of so many percent of the requests at most."""
        if len(self.durations_s) < 2:
            return 0.0
        return statistics.quantiles(self.durations_s, n=100)[percent - 1] * 1000

    async def ask_nth(self, url: str, number: int) -> None:
        """Send one of the bodies, whose right data is in `expected`.

        Each round has them in another order: a balancer that takes as many replicas in turn would
        send each of them one body alone.
        """
        rounds, place = divmod(number, len(BODIES))
        place = (place + rounds) % len(BODIES)
        await self.ask(url, BODIES[place], self.expected[place])

    async def ask(self, url: str, body: dict[str, Any], expected: Any) -> None:
        """Send one request, and count what becomes of it."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(_ANSWER_S):
                status, answer = await post(url, body)
        except (NoAnswerError, OSError, TimeoutError) as error:
            self.failures[type(error).__name__] += 1
        else:
            self._count(status, answer, expected)
        self.durations_s.append(time.monotonic() - began)

    def _count(self, status: int, answer: dict[str, Any], expected: Any) -> None:
        codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
        if codes and codes <= self.allowed:
            self.refusals.update(codes)
        elif status != 200 or codes:
            self.failures[" ".join([f"HTTP {status}", *sorted(codes)])] += 1
        elif answer.get("data") != expected:
            self.failures["wrong data"] += 1


async def learn(url: str) -> list[Any]:
    """Return the right data of each body, which a quota may delay.

    Raise RuntimeError where the fleet goes on having errors.
    """
    return [await _learn(url, body) for body in BODIES]


async def _learn(url: str, body: dict[str, Any]) -> Any:
    end = time.monotonic() + _ANSWER_S
    while True:
        status, answer = await post(url, body)
        if status == 200 and not answer.get("errors"):
            return answer["data"]
        if time.monotonic() > end:
            raise RuntimeError(f"HTTP {status} before anything was done: {answer.get('errors')}")
        await asyncio.sleep(_AGAIN_S)


@asynccontextmanager
async def load(
    url: str, per_second: float, expected: list[Any], allowed: Iterable[str] = ()
) -> AsyncIterator[Tally]:
    """Send requests until the block ends, and wait for the last answers."""
    tally = Tally(expected, frozenset(allowed))
    tasks: set[asyncio.Task[None]] = set()

    async def send() -> None:
        began = time.monotonic()
        for number in count():
            await asyncio.sleep(began + number / per_second - time.monotonic())
            task = asyncio.create_task(tally.ask_nth(url, number))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    sending = asyncio.create_task(send())
    try:
        yield tally
    finally:
        sending.cancel()
        await asyncio.gather(*tasks)
