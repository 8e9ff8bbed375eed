"""The GraphQL endpoint: from an HTTP request to an answer, and nothing but that."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from gateway.answer_budget import AnswerShare
from gateway.errors import MethodNotAllowedError, RequestError, UnauthenticatedError
from gateway.execution.cost import Cost
from gateway.execution.documents import Operation
from gateway.execution.encoding import encode_answer, encode_at_once
from gateway.execution.executor import Executor
from gateway.execution.failures import OperationRefusedError
from gateway.execution.operation import Operations
from gateway.execution.outcome import Outcome, masked
from gateway.http.answer_cache import AnswerCache
from gateway.http.answers import Answer, refuse, respond
from gateway.http.asked import Asked
from gateway.http.auth import Authentication
from gateway.http.batch import Bill, Body, run_batch
from gateway.http.collector import Collector
from gateway.http.departure import ClientGoneError, unless_gone
from gateway.http.door import Door
from gateway.http.negotiation import GRAPHQL, JSON, choose
from gateway.http.parameters import Batch, Parameters, read_parameters
from gateway.http.statistics import OperationStatistics
from gateway.http.trace_context import trace_headers
from gateway.persisted.documents import PersistedDocuments
from gateway.request import CallBudget, Caller, Request
from gateway.schema.context import Context
from gateway.schema.customer_gate import look_ups_of
from gateway.settings import Settings
from gateway.telemetry import log, tell_operation

_LONGEST_NAME = 80
# nginx's status: nobody gets it, but a log in between may.
_CLIENT_GONE = Answer(499, (), ())


class _Admitted(NamedTuple):
    """An operation that may run: its cost, its answer's key, and the answer where that is kept."""

    operation: Operation
    cost: Cost
    key: str
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class GraphQLEndpoint:
    """Answers at ``/graphql``; `context_of` gives a request its loaders.

    `quota_left` tells how many upstream calls this minute still has for its caller, None for all;
    `max_startable` is how many could start in one operation's time, None for any number.
    """

    settings: Settings
    authentication: Authentication
    documents: PersistedDocuments
    operations: Operations
    executor: Executor
    context_of: Callable[[Request], Context]
    quota_left: Callable[[Request], int | None]
    clock: Callable[[], datetime]
    statistics: OperationStatistics
    answers: AnswerCache
    door: Door
    collector: Collector
    max_startable: int | None = None

    async def answer(self, asked: Asked) -> Answer:
        """Answer one HTTP request."""
        media_type = JSON
        try:
            media_type = choose(b",".join(asked.headers.all(b"accept")))
            self.door.check(asked)
            caller = await self._caller(asked)
            caller_key = self.door.caller_key(asked, caller)
            await self.door.count(caller_key)
            with self.door.reading.taken(caller=caller_key):
                parameters = await read_parameters(
                    asked, self.settings.max_body_bytes, self.settings.max_batch
                )
            request = self._request(asked, caller, caller_key)
            if isinstance(parameters, list):
                await self.door.count_batch(caller_key, len(parameters))
                places = self.door.running.taken(len(parameters), caller_key)
                with places, self.door.counting_calls(request):
                    return await self._execute_batch(asked, request, parameters, media_type)
            with self.door.running.taken(caller=caller_key):
                if self.door.calls is None:
                    return await self._execute(asked, request, parameters, media_type)
                with self.door.counting_calls(request):
                    return await self._execute(asked, request, parameters, media_type)
        except ClientGoneError:
            self.collector.after_errors()
            log.info("client_gone")
            return _CLIENT_GONE
        except RequestError as error:
            self.statistics.errors([error.code])
            answer = refuse(error, asked.id, media_type)
            needs_post = isinstance(error, MethodNotAllowedError)
            return answer.with_header("Allow", "POST") if needs_post else answer
        except OperationRefusedError as refused:
            self.statistics.refused(refused.errors)
            # To an old client any status but 200 is a failed connection (GraphQL over HTTP).
            status = 400 if media_type == GRAPHQL else 200
            log.info("request_refused", status=status, code=refused.code)
            return respond({"errors": refused.errors}, status, media_type)

    async def _execute(
        self, asked: Asked, request: Request, parameters: Parameters, media_type: str
    ) -> Answer:
        admitted = await self._admit(parameters, None, request, asked.method)
        work = self._answer(admitted, parameters.variables, request)
        return respond(await unless_gone(asked, request, work), 200, media_type)

    async def _execute_batch(
        self, asked: Asked, request: Request, batch: Batch, media_type: str
    ) -> Answer:
        bill = Bill()

        async def run(parameters: Parameters, part: Request) -> Body:
            admitted = await self._admit(parameters, bill, part, asked.method)
            return await self._answer(admitted, parameters.variables, part)

        work = run_batch(batch, request, run, self.statistics)
        return respond(await unless_gone(asked, request, work), 200, media_type)

    async def _admit(
        self, parameters: Parameters, bill: Bill | None, request: Request, method: str
    ) -> "_Admitted":
        """Give the operation to run, or its answer where that is kept.

        Nothing is left then that could refuse it. Raises RequestError or OperationRefusedError. A
        text is kept for its hash only here.
        """
        text = await self.documents.text(parameters.query, parameters.reference)
        operation = self.operations.get(text, parameters.operation_name)
        if method != "POST" and not operation.is_query:
            raise MethodNotAllowedError("GET runs queries only; use POST.")
        key, kept = self.answers.find(operation, parameters.variables, request)
        if kept is not None:
            cost = kept.cost
        else:
            look_ups = look_ups_of(request.caller) if request.caller.customers else 0
            cost = operation.check(self.operations.schema, parameters.variables, look_ups)
        if bill is not None:
            bill.add(cost)
        if parameters.reference is not None:
            await self.documents.keep(text, parameters.reference)
        return _Admitted(operation, cost, key, None if kept is None else Outcome(kept.data, []))

    async def _answer(
        self, admitted: "_Admitted", variables: dict[str, Any], request: Request
    ) -> Body:
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

        body: Body = {"data": outcome.data}
        if outcome.errors:
            body["errors"] = outcome.errors
        body["extensions"] = self._extensions(cost, request)
        return body

    def _extensions(self, cost: Cost, request: Request) -> dict[str, Any]:
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
        self, operation: Operation, variables: dict[str, Any], request: Request
    ) -> Outcome:
        try:
            outcome = await self.executor.run(operation, variables, self.context_of(request))
        except Exception as error:  # noqa: BLE001 - a client never sees what went wrong inside
            log.error("unexpected_error", path="", exc_info=error)
            return Outcome(None, [masked(request.id)])
        if outcome.may_repeat:
            return await encode_answer(outcome, request.answer, request.id)
        return encode_at_once(outcome, request.answer, request.id)

    async def _caller(self, asked: Asked) -> Caller:
        try:
            return await self.authentication.caller(asked.headers)
        except UnauthenticatedError:
            # A token that is refused has cost work, too.
            await self.door.count(self.door.caller_key(asked, Caller()))
            raise

    def _request(self, asked: Asked, caller: Caller, caller_key: str) -> Request:
        settings = self.settings
        return Request(
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
