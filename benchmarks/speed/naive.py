"""The naive baseline: the gateway's own resolvers on graphql-core, plain httpx, plain uvicorn.

Httpx with its own transport and pool, and `uvicorn.run` with its defaults (uvloop and httptools
where they are installed).
"""

import os

import httpx
import uvicorn

from gateway.app import create_app
from gateway.config.settings import load_settings
from gateway.telemetry import configure_logging
from tests.support.httpx_transport import HttpxTransport

if __name__ == "__main__":
    settings = load_settings()
    configure_logging(settings.log_format)
    limits = httpx.Limits(max_connections=settings.upstream_max_connections)
    upstream = httpx.AsyncHTTPTransport(limits=limits, trust_env=False)
    app = create_app(settings, transport=HttpxTransport(upstream, settings.upstream_url))
    uvicorn.run(app, port=int(os.environ["PORT"]), log_level="warning", access_log=False)
