"""A client that leaves before its answer: what it asked for is not done to its end."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from starlette.requests import Request as HttpRequest

from gateway.request import Request

_T = TypeVar("_T")

# Most answers are out before that, and pay for nothing but a timer.
_LOOK_AFTER_S = 0.05


class ClientGoneError(Exception):
    """Nobody waits for the answer any more."""


async def unless_gone(http: HttpRequest, request: Request, work: Awaitable[_T]) -> _T:
    """Await `work`, or cancel it, and every call made for `request`, when its client has left.

    Raises ClientGoneError then. The body has been read before, so that what is received next is
    the client's leaving.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    watching: asyncio.Task[None] | None = None
    is_gone = False

    async def watch() -> None:
        nonlocal is_gone
        while (await http.receive())["type"] != "http.disconnect":
            pass  # a GET has an empty body, which nobody has read
        is_gone = True
        request.abandon()
        if task is not None:
            task.cancel()

    def begin() -> None:
        nonlocal watching
        watching = loop.create_task(watch(), name="client's departure")

    timer = loop.call_later(_LOOK_AFTER_S, begin)
    try:
        return await work
    except asyncio.CancelledError:
        if task is None or not is_gone:
            raise
        task.uncancel()
        raise ClientGoneError from None
    finally:
        timer.cancel()
        if watching is not None:
            watching.cancel()
