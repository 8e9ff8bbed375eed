"""What a deadline means for a call that still waits for its turn: the platform was not too late.

A call waits in a queue of the gateway's own (for the quota, for a connection), or for what another
call does meanwhile (fetch a token, use the rest of the operation's budget). At the deadline it gets
the error of the queue that held it, or the other call, back.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from gateway.context import RequestContext
from gateway.errors import GatewayError, UpstreamRateLimitedError, UpstreamTimeoutError

LateError = Callable[[str], GatewayError]
"""The error, for an endpoint's name, of a call that leaves a queue at its deadline."""


@contextmanager
def in_queue(
    request: RequestContext, target: str, endpoint: str, late: LateError
) -> Iterator[None]:
    """Bound a wait in a queue: at the deadline it raises the `late` error.

    The request's `queued` has the call until its turn comes. A call that gets none stays there: the
    deadline ends all waits of a request at once, and those that end after this one have to find it.
    """
    request.queued[target] = late
    try:
        yield
    except asyncio.CancelledError:
        if request.call_scope.has_ended:
            raise error_behind(endpoint, request.queued) from None
        raise
    del request.queued[target]


@contextmanager
def behind_others(
    request: RequestContext, endpoint: str, others: Callable[[], Mapping[str, LateError]]
) -> Iterator[None]:
    """Bound a wait for other calls: at the deadline it raises the error of the queue they are in.

    Raise UpstreamTimeoutError where they are in none: then the platform was too late.
    """
    try:
        yield
    except asyncio.CancelledError:
        if request.call_scope.has_ended:
            raise error_behind(endpoint, others()) from None
        raise


def error_behind(endpoint: str, queued: Mapping[str, LateError]) -> GatewayError:
    """Return the error of a call that was held back by `queued` calls until its deadline.

    The quota comes first: calls that wait for it hold the connections that others wait for.
    """
    errors = [late(endpoint) for late in queued.values()]
    limited = [error for error in errors if isinstance(error, UpstreamRateLimitedError)]
    return next(iter(limited or errors), UpstreamTimeoutError(endpoint))
