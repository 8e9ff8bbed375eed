"""``promotion-gateway dev | serve | sandbox | schema | config``."""

import argparse
import asyncio
import contextlib
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette

from gateway.app import create_app
from gateway.http.explorer import Explorer
from gateway.request import Role
from gateway.sandbox.app import create_sandbox
from gateway.sandbox.auth import Credentials
from gateway.schema.build import print_schema
from gateway.settings import (
    Settings,
    SettingsError,
    effective,
    load_settings,
    unknown_variables,
)
from gateway.telemetry import configure_logging

_SANDBOX_PORT = 8001
_FIRST_QUERY = """{
  customer(by: {externalId: "C-CURRENT"}) {
    promotions(first: 3) {
      totalCount
      nodes {
        promotion { name type validity }
        limits { pointsPerCustomer { kind max used remaining } }
      }
    }
  }
}"""


class CommandError(Exception):
    """A command cannot do what it was asked; the message is one clear line."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; gives 0, or 2 after one line for each mistake on stderr."""
    parsed = _parser().parse_args(arguments)
    try:
        return int(parsed.run(parsed) or 0)
    except (CommandError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="promotion-gateway",
        description="One GraphQL graph of a customer's loyalty promotions. Settings come from the"
        " environment, as GATEWAY_…: `config` lists them.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Any, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(run=run)
        return added

    dev = command("dev", _dev, "Run the gateway on an embedded sandbox, with GraphiQL.")
    dev.add_argument(
        "--sandbox-port",
        type=_port,
        default=_SANDBOX_PORT,
        help="port of the sandbox, 0 takes a free one (default: %(default)s)",
    )
    _add_sandbox_options(dev)
    command("serve", _serve, "Run the gateway on the platform at GATEWAY_UPSTREAM_URL.")
    sandbox = command("sandbox", _sandbox, "Run the sandbox alone: the platform's two endpoints.")
    sandbox.add_argument("--host", default="127.0.0.1", help="address (default: %(default)s)")
    sandbox.add_argument(
        "--port", type=_port, default=_SANDBOX_PORT, help="port (default: %(default)s)"
    )
    _add_sandbox_options(sandbox)
    schema = command("schema", _schema, "Write schema.graphql in the current folder.")
    schema.add_argument(
        "--check", action="store_true", help="only compare; exit status 1 where it differs"
    )
    command("config", _config, "Print the effective settings, secrets masked.")
    return parser


def _add_sandbox_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--latency-ms",
        type=_milliseconds,
        default=0,
        help="let every answer of the sandbox wait so long (default: %(default)s)",
    )


def _port(text: str) -> int:
    return _number(text, 65535)


def _milliseconds(text: str) -> int:
    return _number(text, 60_000)


def _number(text: str, most: int) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= most):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to {most}")
    return int(text)


def _dev(options: argparse.Namespace) -> None:
    overrides: dict[str, Any] = {
        "graphiql": True,
        "introspection": True,
        "report_upstream": True,
        "anonymous_roles": frozenset(Role),
        "log_format": "console",
    }
    listening = load_settings(upstream_url="")
    sandbox_socket = _listen("127.0.0.1", options.sandbox_port)
    gateway_socket = _listen(listening.host, listening.port)
    demo = Credentials()
    settings = load_settings(
        **overrides,
        upstream_url=f"http://127.0.0.1:{sandbox_socket.getsockname()[1]}",
        upstream_auth="basic",
        upstream_username=demo.username,
        upstream_password=demo.password,
    )
    configure_logging(settings.log_format)
    _print_welcome(settings, gateway_socket.getsockname()[1])
    sandbox = create_sandbox(latency_ms=options.latency_ms)
    asyncio.run(_run((sandbox, sandbox_socket), (create_app(settings), gateway_socket)))


def _print_welcome(settings: Settings, port: int) -> None:
    url = f"http://{settings.host}:{port}/graphql"
    explorer = "GraphiQL" if Explorer().is_built else "GraphQL (GraphiQL is not built)"
    print(f"{explorer}: {url}")
    print(f"Sandbox:  {settings.upstream_url}/__world lists whom you can ask for")
    print(f"\nA first query to paste:\n\n{_FIRST_QUERY}\n\nEnd with Ctrl-C.", flush=True)


def _serve(_options: argparse.Namespace) -> None:
    settings = load_settings()
    if not settings.upstream_url:
        raise CommandError("GATEWAY_UPSTREAM_URL is needed: the platform's origin")
    for line in unknown_variables():
        print(line, file=sys.stderr)
    configure_logging(settings.log_format)
    if settings.workers > 1:
        _listen(settings.host, settings.port).close()  # one clear line where it is taken
        uvicorn.run(
            "gateway.app:create_worker_app",
            factory=True,
            host=settings.host,
            port=settings.port,
            workers=settings.workers,
            **_SERVER,
        )
        return
    listener = _listen(settings.host, settings.port)
    asyncio.run(_run((create_app(settings), listener)))


def _sandbox(options: argparse.Namespace) -> None:
    configure_logging("console")
    listener = _listen(options.host, options.port)
    print(f"Sandbox: http://{options.host}:{listener.getsockname()[1]}", flush=True)
    asyncio.run(_run((create_sandbox(latency_ms=options.latency_ms), listener)))


def _schema(options: argparse.Namespace) -> int:
    path = Path("schema.graphql")
    written = print_schema()
    if options.check:
        if path.is_file() and path.read_text() == written:
            return 0
        print(
            "schema.graphql is not the code's schema: run promotion-gateway schema", file=sys.stderr
        )
        return 1
    path.write_text(written)
    return 0


def _config(_options: argparse.Namespace) -> None:
    for name, value in effective(load_settings()).items():
        print(f"{name}={value}")
    for line in unknown_variables():
        print(f"# {line}", file=sys.stderr)


_SERVER: dict[str, Any] = {
    "log_config": None,
    "access_log": False,
    "server_header": False,
    "timeout_graceful_shutdown": 10,
}


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise CommandError(f"cannot listen on {host}:{port}: {error.strerror}") from None
    return listener


async def _run(*served: tuple[Starlette, socket.socket]) -> None:
    """Serve applications on their sockets until a signal ends them all."""
    servers = [uvicorn.Server(uvicorn.Config(app, **_SERVER)) for app, _ in served]
    tasks = [
        asyncio.create_task(server.serve(sockets=[listener]))
        for server, (_, listener) in zip(servers, served, strict=True)
    ]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for server in servers:
        server.should_exit = True
    with contextlib.suppress(KeyboardInterrupt):
        await asyncio.gather(*tasks)
