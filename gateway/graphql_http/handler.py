"""The GraphQL endpoint: from an HTTP request to an answer, and nothing but that."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from gateway.answer_budget import AnswerShare
from gateway.auth.authenticator import Authenticator
from gateway.config.settings import Settings
from gateway.context import CallBudget, Caller, RequestContext
from gateway.edge.http_request import HttpRequest
from gateway.edge.request_guard import RequestGuard
from gateway.edge.trace_context import trace_headers
from gateway.errors import MethodNotAllowedError, RequestError, UnauthenticatedError
from gateway.execution.cost import Cost
from gateway.execution.documents import Operation
from gateway.execution.encoding import encode_answer, encode_at_once
from gateway.execution.executor import Executor
from gateway.execution.failures import OperationRefusedError
from gateway.execution.operation import Operations
from gateway.execution.outcome import Outcome, masked
from gateway.graphql_http.batching import BatchCostBudget, ResponseBody, run_batch
from gateway.graphql_http.client_disconnect import ClientDisconnectedError, cancel_on_disconnect
from gateway.graphql_http.content_negotiation import GRAPHQL, JSON, choose_media_type
from gateway.graphql_http.gc_tuning import DeferredGc
from gateway.graphql_http.operation_statistics import OperationStatistics
from gateway.graphql_http.persisted_queries.documents import PersistedDocuments
from gateway.graphql_http.request import GraphQLRequest, GraphQLRequestBatch, read_graphql_request
from gateway.graphql_http.response import HttpResponse, error_response, json_response
from gateway.graphql_http.response_cache import ResponseCache
from gateway.schema.customer_gate import max_look_ups
from gateway.schema.info import ResolverContext
from gateway.telemetry import log, tell_operation

_LONGEST_NAME = 80
# nginx's status: nobody gets it, but a log in between may.
_CLIENT_GONE = HttpResponse(499, (), ())


class _Prepared(NamedTuple):
    """An operation that may run: its cost, its answer's key, and the answer where that is kept."""

    operation: Operation
    cost: Cost
    key: str
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class GraphQLHandler:
    """Answers at ``/graphql``; `context_of` gives a request its loaders.

    `quota_left` tells how many upstream calls this minute still has for its caller, None for all;
    `max_startable` is how many could start in one operation's time, None for any number.
    """

    settings: Settings
    authentication: Authenticator
    documents: PersistedDocuments
    operations: Operations
    executor: Executor
    context_of: Callable[[RequestContext], ResolverContext]
    quota_left: Callable[[RequestContext], int | None]
    clock: Callable[[], datetime]
    statistics: OperationStatistics
    answers: ResponseCache
    door: RequestGuard
    collector: DeferredGc
    max_startable: int | None = None

    async def answer(self, asked: HttpRequest) -> HttpResponse:
        """Answer one HTTP request."""
        media_type = JSON
        try:
            media_type = choose_media_type(b",".join(asked.headers.all(b"accept")))
            self.door.check(asked)
            caller = await self._caller(asked)
            caller_key = self.door.caller_key(asked, caller)
            await self.door.count(caller_key)
            with self.door.reading.acquire(caller=caller_key):
                parameters = await read_graphql_request(
                    asked, self.settings.max_body_bytes, self.settings.max_batch
                )
            request = self._request(asked, caller, caller_key)
            if isinstance(parameters, list):
                await self.door.count_batch(caller_key, len(parameters))
                places = self.door.running.acquire(len(parameters), caller_key)
                with places, self.door.counting_calls(request):
                    return await self._execute_batch(asked, request, parameters, media_type)
            with self.door.running.acquire(caller=caller_key):
                if self.door.calls is None:
                    return await self._execute(asked, request, parameters, media_type)
                with self.door.counting_calls(request):
                    return await self._execute(asked, request, parameters, media_type)
        except ClientDisconnectedError:
            self.collector.after_errors()
            log.info("client_gone")
            return _CLIENT_GONE
        except RequestError as error:
            self.statistics.errors([error.code])
            answer = error_response(error, asked.id, media_type)
            needs_post = isinstance(error, MethodNotAllowedError)
            return answer.with_header("Allow", "POST") if needs_post else answer
        except OperationRefusedError as refused:
            self.statistics.refused(refused.errors)
            # To an old client any status but 200 is a failed connection (GraphQL over HTTP).
            status = 400 if media_type == GRAPHQL else 200
            log.info("request_refused", status=status, code=refused.code)
            return json_response({"errors": refused.errors}, status, media_type)

    async def _execute(
        self,
        asked: HttpRequest,
        request: RequestContext,
        parameters: GraphQLRequest,
        media_type: str,
    ) -> HttpResponse:
        admitted = await self._admit(parameters, None, request, asked.method)
        work = self._answer(admitted, parameters.variables, request)
        return json_response(await cancel_on_disconnect(asked, request, work), 200, media_type)

    async def _execute_batch(
        self,
        asked: HttpRequest,
        request: RequestContext,
        batch: GraphQLRequestBatch,
        media_type: str,
    ) -> HttpResponse:
        bill = BatchCostBudget()

        async def run(parameters: GraphQLRequest, part: RequestContext) -> ResponseBody:
            admitted = await self._admit(parameters, bill, part, asked.method)
            return await self._answer(admitted, parameters.variables, part)

        work = run_batch(batch, request, run, self.statistics)
        return json_response(await cancel_on_disconnect(asked, request, work), 200, media_type)

    async def _admit(
        self,
        parameters: GraphQLRequest,
        bill: BatchCostBudget | None,
        request: RequestContext,
        method: str,
    ) -> "_Prepared":
        """Return the operation to run, or its answer where that is kept.

        Nothing is left then that could refuse it. Raises RequestError or OperationRefusedError. A
        text is kept for its hash only here.
        """
        text = await self.documents.text(parameters.query, parameters.reference)
        operation = self.operations.get(text, parameters.operation_name)
        if method != "POST" and not operation.is_query:
            raise MethodNotAllowedError("GET supports queries only; use POST.")
        key, kept = self.answers.find(operation, parameters.variables, request)
        if kept is not None:
            cost = kept.cost
        else:
            look_ups = max_look_ups(request.caller) if request.caller.customers else 0
            cost = operation.check(self.operations.schema, parameters.variables, look_ups)
        if bill is not None:
            bill.add(cost)
        if parameters.reference is not None:
            await self.documents.keep(text, parameters.reference)
        return _Prepared(operation, cost, key, None if kept is None else Outcome(kept.data, []))

    async def _answer(
        self, admitted: "_Prepared", variables: dict[str, Any], request: RequestContext
    ) -> ResponseBody:
        """Return the answer, which is kept or has to be found by running the operation."""
        operation, cost, key, outcome = admitted
        started = time.perf_counter()
        if outcome is None:
            outcome = (
                await self._run(operation, variables, request)
                if not key
                else await self.answers.keep(
                    key, cost, request, lambda: self._run(operation, variables, request)
                )
            )
        duration_s = time.perf_counter() - started
        self.statistics.ran(outcome.data, outcome.errors, duration_s)
        if outcome.errors:
            self.collector.after_errors()
        tell_operation(
            operation.name and operation.name[:_LONGEST_NAME],
            len(outcome.errors),
            request.report.calls,
            request.caller.subject,
            round(duration_s * 1000, 1),
        )

        body: ResponseBody = {"data": outcome.data}
        if outcome.errors:
            body["errors"] = outcome.errors
        body["extensions"] = self._extensions(cost, request)
        return body

    def _extensions(self, cost: Cost, request: RequestContext) -> dict[str, Any]:
        """Say what the answer as a whole has cost, and what is to be known of it."""
        extensions: dict[str, Any] = {"cost": cost.shown}
        if self.settings.report_upstream:
            extensions["upstream"] = {
                "calls": request.report.calls,
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

    async def _run(
        self, operation: Operation, variables: dict[str, Any], request: RequestContext
    ) -> Outcome:
        try:
            outcome = await self.executor.run(operation, variables, self.context_of(request))
        except Exception as error:  # noqa: BLE001 - a client never sees what went wrong inside
            log.error("unexpected_error", path="", exc_info=error)
            return Outcome(None, [masked(request.id)])
        if outcome.may_repeat:
            return await encode_answer(outcome, request.answer, request.id)
        return encode_at_once(outcome, request.answer, request.id)

    async def _caller(self, asked: HttpRequest) -> Caller:
        try:
            return await self.authentication.caller(asked.headers)
        except UnauthenticatedError:
            # A token that is refused has cost work, too.
            await self.door.count(self.door.caller_key(asked, Caller()))
            raise

    def _request(self, asked: HttpRequest, caller: Caller, caller_key: str) -> RequestContext:
        settings = self.settings
        return RequestContext(
            id=asked.id,
            now=self.clock(),
            caller=caller,
            deadline=asyncio.get_running_loop().time() + settings.upstream_deadline_s,
            budget=CallBudget(
                settings.upstream_max_calls_per_operation, max_startable=self.max_startable
            ),
            caller_key=caller_key,
            trace_headers=trace_headers(asked.headers, asked.id),
            answer=AnswerShare(settings.max_answer_leaves, settings.max_answer_bytes),
        )
