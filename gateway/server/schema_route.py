"""``GET /graphql/schema.graphql``: the schema in the schema definition language, for tools."""

from hashlib import sha256

from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request as StarletteRequest
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.auth.authenticator import Authenticator
from gateway.context import Caller
from gateway.edge.request_guard import RequestGuard
from gateway.errors import RequestError, UnauthenticatedError
from gateway.graphql_http.operation_statistics import OperationStatistics
from gateway.graphql_http.response import logged_error_response, to_starlette
from gateway.server.graphql_route import AsgiRequest

FILE = "schema.graphql"
_MAX_TAGS_LENGTH = 1024  # characters of If-None-Match that are compared


class SchemaRoute:
    """Serves the schema to those whom introspection would answer.

    A client revalidates it each time, so that it never has the schema of an earlier version.
    """

    def __init__(
        self,
        sdl: str,
        guard: RequestGuard,
        authenticator: Authenticator,
        statistics: OperationStatistics,
    ) -> None:
        self._sdl, self._guard, self._authenticator = sdl.encode(), guard, authenticator
        self._statistics = statistics
        # Weak: the compressed body has the same one.
        self._tag = f'W/"{sha256(self._sdl).hexdigest()[:32]}"'
        self._headers = {
            "ETag": self._tag,
            "Cache-Control": "private, no-cache",
            "Vary": "Authorization",
        }

    def route(self, path: str) -> BaseRoute:
        """Return the route at this path, whose body is compressed for those who accept it."""
        return Route(path, self.handle, methods=["GET"], middleware=[Middleware(GZipMiddleware)])

    async def handle(self, http: StarletteRequest) -> Response:
        """Return the schema, or 304 for a client that has it."""
        request = AsgiRequest(http)
        try:
            try:
                caller = await self._authenticator.caller(request.headers)
            except UnauthenticatedError:
                await self._guard.admit(request, Caller())
                raise
            await self._guard.admit(request, caller)
        except RequestError as error:
            self._statistics.count_errors([error.code])
            return to_starlette(logged_error_response(error, request.id))
        if self._is_known(http.headers.get("if-none-match", "")):
            # As the 200 whose place it takes (RFC 9110 §15.4.5), to which the middleware adds.
            varying = {"Vary": f"{self._headers['Vary']}, Accept-Encoding"}
            return Response(status_code=304, headers=self._headers | varying)
        # What browsers show and tools read; `application/graphql` is no registered type.
        return Response(self._sdl, headers=self._headers, media_type="text/plain; charset=utf-8")

    def _is_known(self, tags: str) -> bool:
        """Whether a client has the schema, by its If-None-Match (RFC 9110 §13.1.2)."""
        given = {tag.strip() for tag in tags[:_MAX_TAGS_LENGTH].split(",")}
        return not given.isdisjoint({"*", self._tag, self._tag.removeprefix("W/")})
