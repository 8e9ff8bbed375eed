"""A limit: Starlette and one upstream call, passed on as bytes, and nothing else.

The client is httpx over `httpx_aiohttp`, without httpx's own pool. A gateway that does the same
call and more may still be faster, where its transport is.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import uvicorn
from httpx_aiohttp import AiohttpTransport
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_UPSTREAM = os.environ.get("UPSTREAM", "")


def _application() -> Starlette:
    client = httpx.AsyncClient(transport=AiohttpTransport(), base_url=_UPSTREAM, trust_env=False)

    async def pass_on(request: Request) -> Response:
        query = request.scope["query_string"].decode("ascii")
        answer = await client.get(f"{request.url.path}?{query}")
        return Response(answer.content, answer.status_code, media_type="application/json")

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with client:
            yield

    return Starlette(routes=[Route("/{path:path}", pass_on)], lifespan=lifespan)


if __name__ == "__main__":
    port = int(os.environ["PORT"])
    uvicorn.run(_application(), port=port, log_level="warning", access_log=False)
