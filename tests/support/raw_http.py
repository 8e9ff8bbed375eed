"""Raw bytes to a server and back, as no client library would send them."""

import json
import socket
from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import urlsplit

POST = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
BODY = b'{"query": "{ __typename }"}'
WHOLE = POST + b"Content-Length: 27\r\n\r\n" + BODY


class RawAnswer(NamedTuple):
    """A response: its status (0 for none), its headers in lower case, and its body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str | None:
        """Return the code of the first error, None where there is none."""
        try:
            told: str = json.loads(self.body)["errors"][0]["extensions"]["code"]
        except (ValueError, KeyError, TypeError):
            return None
        return told


def connect(url: str) -> socket.socket:
    """Open a connection to a server."""
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname, parts.port), timeout=10)


def send(connection: socket.socket, pieces: Iterable[bytes]) -> None:
    """Send one piece after the other, until the server has closed its side."""
    try:
        for piece in pieces:
            connection.sendall(piece)
    except OSError:
        return


def until_closed(connection: socket.socket) -> bytes:
    """Return all that a server sends before it closes the connection."""
    received = bytearray()
    try:
        while chunk := connection.recv(65536):
            received += chunk
    except ConnectionResetError:  # it does not read to its end what it has refused
        pass
    return bytes(received)


def parse(raw: bytes) -> RawAnswer:
    """Parse the first response."""
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    if not lines[0].startswith("HTTP/1.1 "):
        return RawAnswer(0, {}, b"")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    return RawAnswer(int(lines[0].split()[1]), headers, body)


def exchange(url: str, *pieces: bytes) -> RawAnswer:
    """Send pieces over a new connection, and return the response once it is complete."""
    received = bytearray()
    with connect(url) as connection, suppress(ConnectionResetError):
        send(connection, pieces)
        while not _is_whole(received) and (chunk := connection.recv(65536)):
            received += chunk
    return parse(bytes(received))


def _is_whole(raw: bytearray) -> bool:
    """Return whether there is a complete response; a 100 Continue is none."""
    while raw.startswith(b"HTTP/1.1 100 "):
        del raw[: raw.index(b"\r\n\r\n") + 4]
    if b"\r\n\r\n" not in raw:
        return False
    answer = parse(bytes(raw))
    return len(answer.body) >= int(answer.headers.get("content-length", "0"))
