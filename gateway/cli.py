"""``promotion-gateway dev | serve | sandbox | schema | docs | operations | config | check``.

Each command imports what it alone needs, after what may end it at once: the graph takes half a
second and 40 MB.
"""

import argparse
import json
import logging
import os
import secrets
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway import schema_options
from gateway.config.edge import LOCAL_ORIGINS
from gateway.config.settings import (
    SettingsError,
    allows_sandbox,
    effective,
    load_settings,
    origins,
    unknown_variables,
)
from gateway.context import Role
from gateway.generated_files import CommandError, write_or_check
from gateway.graphql_http.persisted_queries.manifest import ManifestForm, write_manifest
from gateway.server.listener import ServerError, listen, url_of
from gateway.telemetry import configure_logging, log_startup_failure

if TYPE_CHECKING:
    from gateway.sandbox.faults.spec import Fault
    from gateway.sandbox.token_issuer import TokenIssuer

_SANDBOX_PORT = 8001
_ORIGIN_COLUMN = 60
_ENVIRONMENT = """Settings come from environment variables, as GATEWAY_PORT=8080:
`promotion-gateway config` lists them all with their values."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return 0, or 2 after one line on stderr for each mistake."""
    options = _parser().parse_args(arguments)
    try:
        status = int(options.run(options) or 0)
        sys.stdout.flush()
    except BrokenPipeError:  # its reader, such as head, has ended
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (CommandError, ServerError, SettingsError) as error:
        if options.run is _serve:
            log_startup_failure(str(error).splitlines())
        else:
            print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 0
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="promotion-gateway",
        description="One GraphQL graph of a customer's loyalty promotions.",
        epilog="Begin with `promotion-gateway dev`. " + _ENVIRONMENT,
    )
    parser.add_argument(
        "--version", action="version", version=f"%(prog)s {version('promotion-gateway')}"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Any, summary: str, details: str = "") -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=summary, description=f"{summary} {details}")
        added.set_defaults(run=run)
        return added

    dev = command(
        "dev",
        _dev,
        "Run the gateway with an embedded sandbox and GraphiQL.",
        "It needs no account and no network. The gateway listens at GATEWAY_HOST and"
        " GATEWAY_PORT; the settings of the upstream are the sandbox's own.",
    )
    dev.add_argument(
        "--sandbox-port",
        type=_port,
        default=_SANDBOX_PORT,
        help="port of the sandbox; 0 selects a free port (default: %(default)s)",
    )
    dev.add_argument(
        "--auth",
        action="store_true",
        help="require a bearer token, as with GATEWAY_AUTH=jwt, and print tokens to try it with",
    )
    _add_sandbox_options(dev)
    serve = command(
        "serve",
        _serve,
        "Run the gateway in front of the platform at GATEWAY_UPSTREAM_URL.",
        "That setting is required, and so are GATEWAY_UPSTREAM_USERNAME and"
        " GATEWAY_UPSTREAM_PASSWORD unless GATEWAY_UPSTREAM_AUTH is not basic.",
    )
    serve.epilog = _ENVIRONMENT
    sandbox = command(
        "sandbox",
        _sandbox,
        "Run the sandbox alone: the platform's endpoints.",
        "Its credentials for basic are sandbox and sandbox, for oauth sandbox-key and"
        " sandbox-secret; /__world lists its customers and programs. docs/sandbox.md has the rest.",
    )
    sandbox.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: %(default)s)"
    )
    sandbox.add_argument(
        "--port",
        type=_port,
        default=_SANDBOX_PORT,
        help="port; 0 selects a free port (default: %(default)s)",
    )
    _add_sandbox_options(sandbox)
    schema = command("schema", _schema, schema_options.SUMMARY, schema_options.DETAILS)
    schema_options.add_options(schema)
    docs = command("docs", _docs, "Write the generated pages of docs/ in the current folder.")
    for generating in (schema, docs):
        generating.add_argument(
            "--check", action="store_true", help="compare only; exit status 1 if it is stale"
        )
    operations = command(
        "operations",
        _operations,
        "Write the manifest of trusted documents for the .graphql files of a folder.",
        "Each operation, with the fragments it needs from any of the files, must be one that would"
        " run with the present settings. GATEWAY_TRUSTED_DOCUMENTS takes what is written.",
    )
    operations.add_argument(
        "folder", type=Path, help="folder of the .graphql files, searched recursively"
    )
    operations.add_argument(
        "--output", type=Path, metavar="FILE", help="file to write (default: stdout)"
    )
    operations.add_argument(
        "--format",
        type=ManifestForm,
        choices=list(ManifestForm),
        default=ManifestForm.MAP,
        help="map: hash to text; apollo: with names, as Apollo's tools (default: %(default)s)",
    )
    config = command(
        "config",
        _config,
        "Print the effective settings and where each comes from, secrets masked.",
        "One GATEWAY_ variable a line.",
    )
    config.add_argument(
        "--json-schema",
        action="store_true",
        help="print the JSON schema of an object of these variables instead, such as a ConfigMap's",
    )
    check = command(
        "check",
        _check,
        "Check whether `serve` would start: settings, files, trusted documents.",
        "One line for each part; the exit status is 1 if one of them has failed.",
    )
    check.add_argument(
        "--connect",
        action="store_true",
        help="also connect to the platform, without calling it, to Redis, and to the JWK set's URL",
    )
    return parser


def _add_sandbox_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of a sandbox to a command that starts one."""
    parser.add_argument(
        "--latency-ms",
        type=_milliseconds,
        default=0,
        help="latency of every response of the sandbox, in milliseconds (default: %(default)s)",
    )
    parser.add_argument(
        "--fault",
        type=_fault,
        action="append",
        default=[],
        metavar="FAULT",
        help="let the sandbox play this fault, e.g. status=503,rate=0.2; may be repeated",
    )


def _fault(text: str) -> "Fault":
    from gateway.sandbox.faults.mode import FaultError
    from gateway.sandbox.faults.spec import parse_fault

    try:
        return parse_fault(text)
    except FaultError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _port(text: str) -> int:
    """Parse a TCP port; raise ArgumentTypeError if it is none."""
    return _number(text, 65535)


def _milliseconds(text: str) -> int:
    return _number(text, 60_000)


def _number(text: str, maximum: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6 and int(text) <= maximum):
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number from 0 to {maximum}")
    return int(text)


def _dev(options: argparse.Namespace) -> None:
    _check_sandbox_is_allowed("dev")
    from gateway.sandbox.auth import Credentials

    credentials = Credentials()
    # The environment may configure another upstream, which must neither be called nor be an error.
    overrides: dict[str, Any] = {
        "upstream_auth": "basic",
        "upstream_username": credentials.username,
        "upstream_password": credentials.password,
        "upstream_oauth_key": "",
        "upstream_oauth_secret": "",
        "upstream_proxy": "",
        "upstream_ca_file": "",
        "upstream_client_cert_file": "",
        "upstream_client_key_file": "",
        "auth": "none",
        "auth_jwks_url": "",
        "auth_jwks_proxy": "",
        "auth_jwks_ca_file": "",
        "auth_key_file": "",
        "unix_socket": "",
        "graphiql": True,
        "introspection": True,
        "report_upstream": True,
        "writes": True,
        "shutdown_delay_s": 0.0,
        "admin_port": 0,
        "anonymous_roles": frozenset(Role),
        "log_format": "console",
    }
    # The sockets come first: the sandbox has its URL from its socket, and its port may be taken.
    address = load_settings(upstream_url="", **overrides)
    if not address.webhook_secret.get_secret_value():
        overrides["webhook_secret"] = secrets.token_urlsafe(24)
    _warn_of_unknown_variables()
    sandbox_socket = listen("127.0.0.1", options.sandbox_port, "--sandbox-port")
    gateway_socket = listen(address.host, address.port, "GATEWAY_PORT or GATEWAY_HOST")
    from gateway.app import create_app
    from gateway.sandbox.app import create_sandbox
    from gateway.sandbox.webhook import WebhookTarget
    from gateway.serve import times_of
    from gateway.server.lifecycle import run
    from gateway.server.server_process import Served
    from gateway.telemetry.eviction_metrics import WEBHOOK
    from gateway.welcome import welcome

    upstream_url = url_of("127.0.0.1", sandbox_socket)
    overrides["cors_origins"] = (*address.cors_origins, *LOCAL_ORIGINS)
    issuer = _create_issuer(upstream_url, overrides) if options.auth else None
    settings = load_settings(upstream_url=upstream_url, **overrides)
    configure_logging(settings.log_format, logging.WARNING, level=settings.log_level)
    gateway_url = url_of(settings.host, gateway_socket)
    secret = settings.webhook_secret.get_secret_value()
    sandbox = create_sandbox(
        latency_ms=options.latency_ms,
        faults=options.fault,
        webhook=WebhookTarget(gateway_url + WEBHOOK, settings.webhook_header, secret),
        more_routes=issuer.routes() if issuer else (),
    )
    gateway = create_app(settings)
    tokens = issuer.tokens() if issuer else []
    print(welcome(gateway_url, upstream_url, tokens), flush=True)
    run(
        Served(sandbox, sandbox_socket),
        Served(gateway, gateway_socket, gateway.state.lifecycle),
        times=times_of(settings),
    )


def _create_issuer(url: str, overrides: dict[str, Any]) -> "TokenIssuer":
    """Create the issuer at the sandbox's `url`; set the `overrides` that make its tokens valid."""
    from gateway.app import utc_now
    from gateway.sandbox import token_issuer

    overrides |= {
        "auth": "jwt",
        "auth_jwks_url": url + token_issuer.JWKS_PATH,
        "auth_issuer": token_issuer.ISSUER,
        "auth_audience": token_issuer.AUDIENCE,
        "auth_algorithms": ("ES256",),
        "auth_customer_claim": token_issuer.CUSTOMER_CLAIM,
        "auth_roles_claim": token_issuer.ROLES_CLAIM,
    }
    return token_issuer.TokenIssuer(utc_now)


def _serve(_options: argparse.Namespace) -> None:
    from gateway.serve import serve

    serve()


def _sandbox(options: argparse.Namespace) -> None:
    _check_sandbox_is_allowed("sandbox")
    configure_logging("console", logging.WARNING)
    listener = listen(options.host, options.port, "--port")
    from gateway.sandbox.app import create_sandbox
    from gateway.server.lifecycle import run
    from gateway.server.server_process import Served

    sandbox = create_sandbox(latency_ms=options.latency_ms, faults=options.fault)
    print(f"Sandbox: {url_of(options.host, listener)}/__world, end with Ctrl-C", flush=True)
    run(Served(sandbox, listener))


def _check_sandbox_is_allowed(command: str) -> None:
    if not allows_sandbox():
        raise CommandError(
            f"GATEWAY_ALLOW_SANDBOX=false: `{command}` serves data that is made up; set it to true"
            " to try the gateway here, or run `promotion-gateway serve`"
        )


def _schema(options: argparse.Namespace) -> int:
    from gateway.schema_command import run

    return run(options)


def _docs(options: argparse.Namespace) -> int:
    from gateway.reference import pages

    return write_or_check("docs", pages(), check=options.check)


def _operations(options: argparse.Namespace) -> None:
    from gateway.app import create_operations
    from gateway.graphql_http.persisted_queries.folder import FolderError, read_folder

    operations = create_operations(load_settings())
    try:
        texts = read_folder(options.folder, operations)
    except FolderError as error:
        raise CommandError(str(error)) from None
    written = write_manifest(texts, options.format)
    if options.output is None:
        print(written, end="")
        return
    try:
        options.output.write_text(written, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{options.output}: {error.strerror}") from None


def _config(options: argparse.Namespace) -> None:
    if options.json_schema:
        from gateway.config.json_schema import settings_schema

        print(json.dumps(settings_schema(), indent=2, ensure_ascii=False))
        return
    settings = load_settings()
    origin = origins(settings)
    for name, value in effective(settings).items():
        print(f"{f'{name}={value}':<{_ORIGIN_COLUMN}}  # {origin[name]}")
    _warn_of_unknown_variables()


def _check(options: argparse.Namespace) -> int:
    from gateway.checks import check_deployment

    has_failed = False
    for status, text in check_deployment(connect=options.connect):
        print(f"{status:<7}  {text}")
        has_failed |= status == "failed"
    return int(has_failed)


def _warn_of_unknown_variables() -> None:
    for line in unknown_variables():
        print(f"warning: {line}", file=sys.stderr)
