"""The command `serve`: one process that serves, or the parent of several.

Each imports what it alone needs. The parent of workers does without the graph and the server, which
take half a second and 40 MB.
"""

import socket
from typing import Any

from gateway.checks import check_servable, read_metric_table
from gateway.config.settings import Settings, load_settings
from gateway.server.descriptors import connection_limit, raise_descriptor_limit
from gateway.server.listener import listen, open_listener
from gateway.server.times import ServerTimes
from gateway.telemetry import log, start_logging


def serve() -> None:
    """Serve until a signal; raise SettingsError or ServerError if that cannot start."""
    start_logging()  # first, so that each mistake is a line of the log
    settings = load_settings()
    check_servable(settings)
    raise_descriptor_limit()
    limit = connection_limit(settings)
    with open_listener(settings) as (listener, address):
        _serve_at(listener, address, settings, limit)


def _serve_at(
    listener: socket.socket, address: dict[str, Any], settings: Settings, limit: int
) -> None:
    admin_listener = _listen_admin(settings)
    if limit < settings.max_connections:
        log.warning("connections_limited", limit=limit)
    serve = _serve_alone if settings.workers == 1 else _supervise
    serve(listener, admin_listener, address, settings)


def _serve_alone(
    listener: socket.socket,
    admin_listener: socket.socket | None,
    address: dict[str, Any],
    settings: Settings,
) -> None:
    from gateway.app import create_app  # noqa: PLC0415 - see above
    from gateway.graphql_http.gc_tuning import freeze_gc  # noqa: PLC0415 - see above
    from gateway.server.lifecycle import run  # noqa: PLC0415 - see above
    from gateway.server.server_process import Served  # noqa: PLC0415 - see above

    app = create_app(settings)
    freeze_gc()
    log.info("listening", **address)
    run(
        Served(app, listener, app.state.lifecycle),
        times=times_of(settings),
        admin=None if admin_listener is None else Served(app.state.admin, admin_listener),
        is_service=True,
    )


def _supervise(
    listener: socket.socket,
    admin_listener: socket.socket | None,
    address: dict[str, Any],
    settings: Settings,
) -> None:
    from gateway.server.supervisor import Supervisor  # noqa: PLC0415 - see above
    from gateway.server.worker import WorkerFactory  # noqa: PLC0415 - see above
    from gateway.telemetry.shared_metrics import SharedMetrics  # noqa: PLC0415 - see above

    shared = SharedMetrics(settings.workers, read_metric_table(settings))
    log.info("listening", **address)
    factory = WorkerFactory("gateway.app:create_worker_app", shared)
    listeners, count_restart = (listener, admin_listener), shared.count_restart
    times = times_of(settings)
    Supervisor(factory, settings.workers, times, *listeners, count_restart=count_restart).run()


def _listen_admin(settings: Settings) -> socket.socket | None:
    if not settings.admin_port:
        return None
    remedy = "GATEWAY_ADMIN_PORT or GATEWAY_ADMIN_HOST"
    listener = listen(settings.admin_host, settings.admin_port, remedy)
    log.info("admin_listening", host=settings.admin_host, port=settings.admin_port)
    return listener


def times_of(settings: Settings) -> ServerTimes:
    """Return the time limits that the settings name."""
    return ServerTimes(settings.keep_alive_s, settings.shutdown_delay_s, settings.shutdown_grace_s)
