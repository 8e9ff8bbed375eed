"""Faults of the OAuth token: it ends sooner than it was said to."""

from datetime import timedelta

from starlette.responses import Response

from gateway.sandbox.auth import TOKEN_HEADERS
from gateway.sandbox.faults.call import Call, payload_of


async def short_token(call: Call) -> Response:
    """Hand out a token that lives for less than its `ttlSeconds`; with 0 it is never accepted."""
    answer = await call.answer()
    if answer.status_code == 200:
        token = payload_of(answer)["data"]["accessToken"]
        call.authentication.shorten(token, timedelta(seconds=call.options["short_token"]))
    return answer


async def revoke_token(call: Call) -> Response:
    """Forget the token that the call came with, which is then answered with 401, as ever after."""
    for name in TOKEN_HEADERS:
        token = call.request.headers.get(name)
        if token is not None:
            call.authentication.shorten(token, timedelta())
    return await call.answer()
