"""The GraphQL endpoint: from an HTTP request to an answer, and nothing but that."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from gateway.errors import MethodNotAllowedError, RequestError
from gateway.execution.executor import Executor
from gateway.execution.failures import OperationRefusedError
from gateway.execution.operation import Operation, Operations
from gateway.execution.outcome import Outcome, masked
from gateway.http.answers import refuse, respond
from gateway.http.departure import ClientGoneError, unless_gone
from gateway.http.explorer import Explorer
from gateway.http.negotiation import GRAPHQL, JSON, choose, prefers_html
from gateway.http.parameters import Parameters, read_parameters
from gateway.http.request_id import request_id_of
from gateway.http.statistics import OperationStatistics
from gateway.persisted.documents import Documents
from gateway.request import CallBudget, Caller, Request
from gateway.schema.context import Context
from gateway.settings import Settings, UpstreamAuth
from gateway.telemetry import log

_LONGEST_NAME = 80
_CLIENT_GONE = 499  # nginx's: nobody gets it, but a log in between may


@dataclass(frozen=True, slots=True)
class GraphQLEndpoint:
    """Answers at ``/graphql``; `context_of` gives a request its loaders.

    `quota_left` tells how many upstream calls this minute still has for its caller, None for all.
    """

    settings: Settings
    documents: Documents
    operations: Operations
    executor: Executor
    context_of: Callable[[Request], Context]
    quota_left: Callable[[Request], int | None]
    clock: Callable[[], datetime]
    explorer: Explorer | None
    statistics: OperationStatistics

    async def answer(self, http: HttpRequest) -> Response:
        """Answer one HTTP request."""
        accept = ",".join(http.headers.getlist("accept"))
        if self.explorer is not None and http.method != "POST" and prefers_html(accept):
            return self.explorer.page()
        media_type = JSON
        try:
            media_type = choose(accept)
            parameters = await read_parameters(http, self.settings.max_body_bytes)
            return await self._execute(http, parameters, media_type)
        except ClientGoneError:
            log.info("client_gone")
            return Response(status_code=_CLIENT_GONE)
        except RequestError as error:
            self.statistics.errors([error.code])
            answer = refuse(error, media_type)
            if isinstance(error, MethodNotAllowedError):
                answer.headers["Allow"] = "POST"
            return answer
        except OperationRefusedError as refused:
            self.statistics.refused(refused.errors)
            # To an old client any status but 200 is a failed connection (GraphQL over HTTP).
            status = 400 if media_type == GRAPHQL else 200
            log.info("request_refused", status=status, code=refused.code)
            return respond({"errors": refused.errors}, status, media_type)

    async def _execute(
        self, http: HttpRequest, parameters: Parameters, media_type: str
    ) -> Response:
        text = await self.documents.text(parameters.query, parameters.reference)
        operation = self.operations.get(text, parameters.operation_name)
        if http.method != "POST" and not operation.is_query:
            raise MethodNotAllowedError("GET runs queries only; use POST.")
        operation.check(self.operations.schema, parameters.variables)
        await self.documents.keep(text, parameters.reference)
        request = self._request(http)
        started = time.perf_counter()
        outcome = await unless_gone(http, request, self._run(operation, parameters, request))
        duration_s = time.perf_counter() - started
        self.statistics.ran(outcome.data, outcome.errors, duration_s)
        log.info(
            "operation",
            operation=operation.name and operation.name[:_LONGEST_NAME],
            errors=len(outcome.errors),
            upstream_calls=request.budget.spent,
            duration_ms=round(duration_s * 1000, 1),
        )
        body: dict[str, Any] = {"data": outcome.data}
        if outcome.errors:
            body["errors"] = outcome.errors
        if extensions := self._extensions(request):
            body["extensions"] = extensions
        return respond(body, 200, media_type)

    def _extensions(self, request: Request) -> dict[str, Any]:
        """Say what the answer as a whole has cost, and what is to be known of it."""
        extensions: dict[str, Any] = {}
        if self.settings.report_upstream:
            extensions["upstream"] = {
                "calls": request.budget.spent,
                "coalesced": request.report.coalesced,
                "cached": request.report.cached,
                "stale": request.report.stale,
                "quotaLeft": self.quota_left(request),
            }
        if request.warnings:
            extensions["warnings"] = [
                {"code": code, "message": message} for code, message in request.warnings.items()
            ]
        return extensions

    async def _run(self, operation: Operation, parameters: Parameters, request: Request) -> Outcome:
        try:
            return await self.executor.run(
                operation, parameters.variables, self.context_of(request)
            )
        except Exception as error:  # noqa: BLE001 - a client never sees what went wrong inside
            log.error("unexpected_error", path="", exc_info=error)
            return Outcome(None, [masked(request.id)])

    def _request(self, http: HttpRequest) -> Request:
        settings = self.settings
        return Request(
            id=request_id_of(http),
            now=self.clock(),
            caller=self._caller(http),
            deadline=asyncio.get_running_loop().time() + settings.upstream_deadline_s,
            budget=CallBudget(settings.upstream_max_calls_per_operation),
        )

    def _caller(self, http: HttpRequest) -> Caller:
        roles = self.settings.anonymous_roles
        if self.settings.upstream_auth is not UpstreamAuth.PASSTHROUGH:
            return Caller(roles)
        names = ("Authorization", self.settings.upstream_oauth_header)
        held = ((name, http.headers.get(name)) for name in names)
        return Caller(roles, tuple((name, value) for name, value in held if value))
