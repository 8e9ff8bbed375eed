"""The sockets on which the gateway listens: of a port, or a Unix socket."""

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from gateway.config.settings import Settings

# Like a port of this machine it is open to all its users; the folder can restrict that.
_MODE = 0o666
_BACKLOG = 2048


class ServerError(Exception):
    """Serving cannot start; the message is one line for the operator."""


def listen(host: str, port: int, remedy: str) -> socket.socket:
    """Return a socket that listens on an address; port 0 selects a free port.

    Raise ServerError, whose message ends with `remedy`: the settings of the address.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)  # at once, so that a second process fails now
    except (OSError, TypeError) as error:  # TypeError: a name that IDNA cannot encode
        listener.close()
        reason = getattr(error, "strerror", None) or "invalid address"
        raise ServerError(
            f"cannot listen on {host}:{port}: {reason}; choose another with {remedy}"
        ) from None
    return listener


def url_of(host: str, listener: socket.socket) -> str:
    """Return the URL of a socket that listens on a host."""
    port = listener.getsockname()[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextmanager
def open_listener(settings: Settings) -> Iterator[tuple[socket.socket, dict[str, Any]]]:
    """Yield the socket of the settings, and its address for the log."""
    if settings.unix_socket:
        with unix_listener(settings.unix_socket) as listener:
            yield listener, {"unix_socket": settings.unix_socket}
    else:
        listener = listen(settings.host, settings.port, "GATEWAY_PORT or GATEWAY_HOST")
        yield listener, {"host": settings.host, "port": listener.getsockname()[1]}


@contextmanager
def unix_listener(path: str) -> Iterator[socket.socket]:
    """Yield a Unix socket that listens at `path`, and remove its file at the end.

    The file that a killed process has left is replaced. Raise ServerError, in one line, where
    another process listens there, or the file is no socket.
    """
    listener = socket.socket(socket.AF_UNIX)
    try:
        _remove_stale(path)
        listener.bind(path)
        Path(path).chmod(_MODE)
        listener.listen(_BACKLOG)
        own = Path(path).stat()
    except OSError as error:
        listener.close()
        raise ServerError(
            f"cannot listen on {path}: {error.strerror or error}; choose another with"
            " GATEWAY_UNIX_SOCKET"
        ) from None
    try:
        yield listener
    finally:
        listener.close()
        with suppress(OSError):
            found = Path(path).stat()
            if (found.st_dev, found.st_ino) == (own.st_dev, own.st_ino):  # and not a successor's
                Path(path).unlink()


def _remove_stale(path: str) -> None:
    """Remove a socket on which no process listens; raise OSError for any other file."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise OSError("the file is no socket")
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1.0)
        try:
            client.connect(path)
        except ConnectionRefusedError:
            Path(path).unlink()
            return
        except TimeoutError:
            pass  # its queue is full
    raise OSError("another process listens there")
