"""A client that leaves before its answer: what it asked for is not done to its end."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from gateway.context import RequestContext
from gateway.edge.http_request import HttpRequest

_T = TypeVar("_T")


class ClientDisconnectedError(Exception):
    """Nobody waits for the answer any more."""


async def cancel_on_disconnect(
    asked: HttpRequest, request: RequestContext, work: Coroutine[Any, Any, _T]
) -> _T:
    """Await `work`, or cancel it, and every call made for `request`, when its client has left.

    Raises ClientGoneError then. The body has been read before.
    """
    if asked.is_gone:
        work.close()
        raise ClientDisconnectedError
    asked.begin(request)
    try:
        return await work
    except asyncio.CancelledError:
        if not asked.is_gone or asked.task is None:
            raise
        asked.task.uncancel()
        raise ClientDisconnectedError from None
    finally:
        asked.end()
