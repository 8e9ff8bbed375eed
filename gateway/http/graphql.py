"""The GraphQL endpoint: from an HTTP request to an answer, and nothing but that."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from gateway.errors import MethodNotAllowedError, RequestError, UnauthenticatedError
from gateway.execution.cost import Cost
from gateway.execution.documents import Operation
from gateway.execution.executor import Executor
from gateway.execution.failures import OperationRefusedError
from gateway.execution.operation import Operations
from gateway.execution.outcome import Outcome, masked
from gateway.http.answer_cache import AnswerCache
from gateway.http.answers import refuse, respond
from gateway.http.auth import Authentication
from gateway.http.batch import Bill, Body, run_batch
from gateway.http.departure import ClientGoneError, unless_gone
from gateway.http.door import Door
from gateway.http.explorer import Explorer
from gateway.http.negotiation import GRAPHQL, JSON, choose, prefers_html
from gateway.http.parameters import Batch, Parameters, read_parameters
from gateway.http.request_id import request_id_of
from gateway.http.statistics import OperationStatistics
from gateway.persisted.documents import PersistedDocuments
from gateway.request import CallBudget, Caller, Request
from gateway.schema.context import Context
from gateway.schema.customer_gate import look_ups_of
from gateway.settings import Settings
from gateway.telemetry import log

_LONGEST_NAME = 80
_CLIENT_GONE = 499  # nginx's: nobody gets it, but a log in between may


@dataclass(frozen=True, slots=True)
class GraphQLEndpoint:
    """Answers at ``/graphql``; `context_of` gives a request its loaders.

    `quota_left` tells how many upstream calls this minute still has for its caller, None for all.
    """

    settings: Settings
    authentication: Authentication
    documents: PersistedDocuments
    operations: Operations
    executor: Executor
    context_of: Callable[[Request], Context]
    quota_left: Callable[[Request], int | None]
    clock: Callable[[], datetime]
    explorer: Explorer | None
    statistics: OperationStatistics
    answers: AnswerCache
    door: Door

    async def answer(self, http: HttpRequest) -> Response:
        """Answer one HTTP request."""
        accept = ",".join(http.headers.getlist("accept"))
        if self.explorer is not None and http.method != "POST" and prefers_html(accept):
            return self.explorer.page()
        media_type = JSON
        try:
            media_type = choose(accept)
            self.door.check(http)
            caller = await self._caller(http)
            await self.door.count(http, caller)
            with self.door.reading.taken():
                parameters = await read_parameters(
                    http, self.settings.max_body_bytes, self.settings.max_batch
                )
            if isinstance(parameters, list):
                await self.door.count(http, caller, len(parameters) - 1)
                with self.door.running.taken(len(parameters)):
                    return await self._execute_batch(http, caller, parameters, media_type)
            with self.door.running.taken():
                return await self._execute(http, caller, parameters, media_type)
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
        self, http: HttpRequest, caller: Caller, parameters: Parameters, media_type: str
    ) -> Response:
        operation, cost, known = await self._admit(parameters, Bill(), caller, http.method)
        request = self._request(http, caller)
        work = self._answer(operation, cost, known, request)
        write = await unless_gone(http, request, work)
        return respond(write(), 200, media_type)

    async def _execute_batch(
        self, http: HttpRequest, caller: Caller, batch: Batch, media_type: str
    ) -> Response:
        bill = Bill()

        async def run(parameters: Parameters, part: Request) -> Callable[[], Body]:
            operation, cost, known = await self._admit(parameters, bill, caller, http.method)
            return await self._answer(operation, cost, known, part)

        request = self._request(http, caller)
        work = run_batch(batch, request, run, self.statistics)
        return respond(await unless_gone(http, request, work), 200, media_type)

    async def _admit(
        self, parameters: Parameters, bill: Bill, caller: Caller, method: str
    ) -> tuple[Operation, Cost, Parameters]:
        """Give the operation to run, its cost, and the parameters with their document's text.

        Nothing is left then that could refuse it. Raises RequestError or OperationRefusedError. A
        text is kept for its hash only here.
        """
        text = await self.documents.text(parameters.query, parameters.reference)
        operation = self.operations.get(text, parameters.operation_name)
        if method != "POST" and not operation.is_query:
            raise MethodNotAllowedError("GET runs queries only; use POST.")
        look_ups = look_ups_of(caller)
        cost = operation.check(self.operations.schema, parameters.variables, look_ups)
        bill.add(cost)
        await self.documents.keep(text, parameters.reference)
        return operation, cost, parameters._replace(query=text)

    async def _answer(
        self, operation: Operation, cost: Cost, parameters: Parameters, request: Request
    ) -> Callable[[], Body]:
        """Run an operation; gives what writes its answer."""
        subject = request.caller.subject
        started = time.perf_counter()
        outcome = await self.answers.answer(
            operation, parameters, request, lambda: self._run(operation, parameters, request)
        )
        duration_s = time.perf_counter() - started
        self.statistics.ran(outcome.data, outcome.errors, duration_s)
        log.info(
            "operation",
            operation=operation.name and operation.name[:_LONGEST_NAME],
            errors=len(outcome.errors),
            upstream_calls=request.budget.spent,
            **({"caller": subject} if subject else {}),
            duration_ms=round(duration_s * 1000, 1),
        )

        def write() -> Body:
            body: Body = {"data": outcome.data}
            if outcome.errors:
                body["errors"] = outcome.errors
            body["extensions"] = {"cost": cost.shown} | self._extensions(request)
            return body

        return write

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

    async def _caller(self, http: HttpRequest) -> Caller:
        try:
            return await self.authentication.caller(http.headers)
        except UnauthenticatedError:
            await self.door.count(http, Caller())  # a token that is refused has cost work, too
            raise

    def _request(self, http: HttpRequest, caller: Caller) -> Request:
        settings = self.settings
        return Request(
            id=request_id_of(http),
            now=self.clock(),
            caller=caller,
            deadline=asyncio.get_running_loop().time() + settings.upstream_deadline_s,
            budget=CallBudget(settings.upstream_max_calls_per_operation),
        )
