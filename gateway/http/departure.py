"""A client that leaves before its answer: what it asked for is not done to its end."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from gateway.http.asked import Asked
from gateway.request import Request

_T = TypeVar("_T")


class ClientGoneError(Exception):
    """Nobody waits for the answer any more."""


async def unless_gone(asked: Asked, request: Request, work: Coroutine[Any, Any, _T]) -> _T:
    """Await `work`, or cancel it, and every call made for `request`, when its client has left.

    Raises ClientGoneError then. The body has been read before.
    """
    if asked.is_gone:
        work.close()
        raise ClientGoneError
    asked.begin(request)
    try:
        return await work
    except asyncio.CancelledError:
        if not asked.is_gone or asked.task is None:
            raise
        asked.task.uncancel()
        raise ClientGoneError from None
    finally:
        asked.end()
