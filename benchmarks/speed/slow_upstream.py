"""An upstream with latency: the same files, each response after a fixed delay.

python slow_upstream.py FOLDER DELAY_MS     listens on 127.0.0.1:$PORT

A small protocol on uvloop, because its own cost counts on both sides of the comparison.
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import cast
from urllib.parse import parse_qs, urlsplit

import uvloop

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
_MISSING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


class Answers:
    """Whole responses by request target, each made once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, bytes] = {}

    def to(self, target: str) -> bytes:
        """Return the response to a request target."""
        if target not in self._known:
            self._known[target] = self._read(target)
        return self._known[target]

    def _read(self, target: str) -> bytes:
        url = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if "identifierValue" in query:
            names = [query["identifierName"], query["identifierValue"]]
        else:
            program = url.path.split("/")[-2] if url.path.endswith("/promotionsV2") else ""
            names = [program, query.get("sourceType", ""), query.get("promotionId", "")]
        file = self._folder / f"{','.join([*names, query.get('limit', ''), '0'])}.json"
        if not file.is_file():
            return _MISSING
        body = file.read_bytes()
        return _HEAD % len(body) + body


class SlowAnswer(asyncio.Protocol):
    """One connection; requests have no body."""

    def __init__(self, answers: Answers, delay_s: float) -> None:
        self._answers, self._delay_s = answers, delay_s
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer each whole request after the delay."""
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            target = head.split(b" ", 2)[1].decode("ascii")
            loop = asyncio.get_running_loop()
            loop.call_later(self._delay_s, self._answer, self._answers.to(target))

    def _answer(self, response: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(response)


async def _serve(folder: Path, delay_s: float, port: int) -> None:
    answers = Answers(folder)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SlowAnswer(answers, delay_s), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    arguments = (Path(sys.argv[1]), float(sys.argv[2]) / 1000, int(os.environ["PORT"]))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(*arguments))
