"""The GraphQL endpoint: a request's life in order, from HTTP request to HTTP response."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import msgspec

from gateway.answer_budget import AnswerShare
from gateway.auth.authenticator import Authenticator
from gateway.config.settings import Settings
from gateway.context import CallBudget, Caller, RequestContext, UpstreamReport
from gateway.dataloaders.data_loaders import DataLoaders, LoaderSources
from gateway.edge.clients import Client, Clients
from gateway.edge.http_request import ClientDisconnectedError, HttpRequest
from gateway.edge.request_guard import RequestGuard
from gateway.edge.trace_context import trace_headers
from gateway.errors import (
    MaskedError,
    MethodNotAllowedError,
    RequestError,
    UnauthenticatedError,
)
from gateway.execution.cost import Cost
from gateway.execution.delivery import Delivery
from gateway.execution.documents import Operation
from gateway.execution.encoding import encode_answer, encode_at_once
from gateway.execution.executor import Executor, ExecutorInParts
from gateway.execution.failures import OperationRefusedError
from gateway.execution.operation_store import OperationStore
from gateway.execution.outcome import Outcome, masked
from gateway.graphql_http.batch_cost import BatchCostBudget
from gateway.graphql_http.compression import compress_response
from gateway.graphql_http.content_negotiation import GRAPHQL, JSON, choose_media_type
from gateway.graphql_http.gc_tuning import DeferredGc
from gateway.graphql_http.incremental import PartsResponse, parts_response
from gateway.graphql_http.operation_statistics import OperationRecord, OperationStatistics
from gateway.graphql_http.persisted_queries.persisted_documents import PersistedDocuments
from gateway.graphql_http.request import (
    GraphQLRequest,
    GraphQLRequestBatch,
    read_graphql_request,
)
from gateway.graphql_http.response import (
    CLIENT_DISCONNECTED,
    STREAMED,
    HttpResponse,
    ResponseBody,
    internal_error_response,
    json_response,
    logged_error_response,
)
from gateway.graphql_http.response_cache import ResponseCache
from gateway.schema.customer_gate import max_look_ups
from gateway.schema.info import ResolverContext
from gateway.telemetry import log, log_operation

_DISCONNECTED_RESPONSE = HttpResponse(CLIENT_DISCONNECTED, (), (), 0)


@dataclass(frozen=True, slots=True)
class GraphQLHandler:
    """Handles requests to ``/graphql``.

    `quota_left` returns how many upstream calls this minute has left for a request's caller, None
    for no limit; `max_startable` is how many could start within one operation's deadline, None for
    any number.
    """

    settings: Settings
    guard: RequestGuard
    authenticator: Authenticator
    documents: PersistedDocuments
    operations: OperationStore
    response_cache: ResponseCache
    executor: Executor
    loader_sources: LoaderSources
    quota_left: Callable[[RequestContext], int | None]
    clock: Callable[[], datetime]
    statistics: OperationStatistics
    gc: DeferredGc
    clients: Clients = field(default_factory=Clients)
    max_startable: int | None = None

    async def handle(self, http_request: HttpRequest) -> HttpResponse:
        """Return the response: negotiate, admit, read, execute, encode.

        The caller is authenticated and counted before the body is read, so that a body costs
        nothing of a request that is refused.
        """
        guard, headers = self.guard, http_request.headers
        client = self.clients.of(headers)
        media_type, number = JSON, 1
        try:
            media_type = choose_media_type(b",".join(headers.all(b"accept")))
            guard.origins.check_csrf(headers)
            try:
                caller = await self.authenticator.caller(headers)
            except UnauthenticatedError:
                # Verifying a token that is refused has cost time, too.
                await guard.admit(http_request, Caller())
                raise
            caller_key = await guard.admit(http_request, caller)
            with guard.reading.acquire(caller_key):
                graphql_request = await read_graphql_request(
                    http_request, self.settings.max_body_bytes, self.settings.max_batch
                )
            if isinstance(graphql_request, list):
                number = len(graphql_request)
                await guard.count_batch(caller_key, number)
            context = self._create_context(http_request, caller, caller_key)
            with (
                guard.running.acquire(caller_key, number),
                guard.counting_calls(context),
                http_request,  # cancelled from here on if the client disconnects
            ):
                body = await (
                    self._execute_batch(graphql_request, context, client, http_request)
                    if isinstance(graphql_request, list)
                    else self._execute(graphql_request, context, client, http_request)
                )
                response = json_response(body, 200, media_type)
                return await compress_response(response, headers, self.settings.compress_min_bytes)
        except ClientDisconnectedError:
            self.gc.after_errors()
            if not http_request.is_refused:
                self.statistics.disconnects += 1
                log.info("client_disconnected", **client.log_fields.fields)
            return _DISCONNECTED_RESPONSE
        except RequestError as error:
            self.statistics.count_rejected(client.outcomes, [error.code], error.status, number)
            response = logged_error_response(
                error, http_request.id, media_type, **client.log_fields.fields
            )
            needs_post = isinstance(error, MethodNotAllowedError)
            return response.with_header("Allow", "POST") if needs_post else response
        except OperationRefusedError as refused:
            self.statistics.count_rejected(client.outcomes, refused.codes)
            # To an old client any status but 200 is a failed connection (GraphQL over HTTP).
            status = 400 if media_type == GRAPHQL else 200
            _log_refused(refused, status, client)
            return json_response({"errors": refused.errors}, status, media_type)
        except Exception as error:  # noqa: BLE001 - a client never sees an internal error
            log.error("unexpected_error", path="", exc_info=error)
            self.statistics.count_rejected(client.outcomes, [MaskedError.code], 500, number)
            return internal_error_response(http_request.id)

    def _create_context(
        self, http_request: HttpRequest, caller: Caller, caller_key: str
    ) -> RequestContext:
        settings = self.settings
        context = http_request.context = RequestContext(
            id=http_request.id,
            now=self.clock(),
            caller=caller,
            deadline=asyncio.get_running_loop().time() + settings.upstream_deadline_s,
            budget=CallBudget(
                settings.upstream_max_calls_per_operation, max_startable=self.max_startable
            ),
            caller_key=caller_key,
            trace_headers=trace_headers(http_request.headers, http_request.id),
            answer=AnswerShare(settings.max_answer_leaves, settings.max_answer_bytes),
        )
        return context

    async def _execute_batch(
        self,
        batch: GraphQLRequestBatch,
        context: RequestContext,
        client: Client,
        http_request: HttpRequest,
    ) -> list[ResponseBody]:
        """Execute the operations of a batch concurrently; return their bodies in the same order.

        A batch may cost what one operation may: all share the budget of upstream calls, the
        deadline and the cost. Each has its own loaders, errors and report.
        """
        budget = BatchCostBudget()
        async with asyncio.TaskGroup() as group:
            tasks = []
            for part in batch:
                run = self._execute_one_of(part, context, client, http_request, budget)
                tasks.append(group.create_task(run))
                await asyncio.sleep(0)  # other requests run between two long documents
        return [task.result() for task in tasks]

    async def _execute_one_of(
        self,
        part: GraphQLRequest | RequestError,
        context: RequestContext,
        client: Client,
        http_request: HttpRequest,
        budget: BatchCostBudget,
    ) -> ResponseBody:
        try:
            if isinstance(part, RequestError):
                raise part
            part_context = replace(
                context, report=UpstreamReport(), warnings={}, answer=context.answer.sibling()
            )
            body = await self._execute(part, part_context, client, http_request, budget)
        except RequestError as error:
            self.statistics.count_rejected(client.outcomes, [error.code], error.status)
            log.info("request_rejected", status=200, code=error.code, **client.log_fields.fields)
            return {"errors": [error.formatted(context.id)]}
        except OperationRefusedError as refused:
            self.statistics.count_rejected(client.outcomes, refused.codes)
            _log_refused(refused, 200, client)
            return {"errors": refused.errors}
        assert isinstance(body, dict)  # noqa: S101 - the operations of a batch are not sent in parts
        return body

    async def _execute(
        self,
        graphql_request: GraphQLRequest,
        context: RequestContext,
        client: Client,
        http_request: HttpRequest,
        batch_budget: BatchCostBudget | None = None,
    ) -> ResponseBody | HttpResponse:
        """Return the response body of one operation: resolve its document, check it, run it.

        `STREAMED` where it has been sent in parts. Raise RequestError or OperationRefusedError for
        an operation that must not run.
        """
        started = time.perf_counter()
        variables, reference = graphql_request.variables, graphql_request.reference
        text = graphql_request.query
        if reference is not None or self.documents.only_trusted:
            text = await self.documents.resolve(text, reference)
        operation = self.operations.get(text, graphql_request.operation_name)
        if http_request.method != "POST" and not operation.is_query:
            raise MethodNotAllowedError("GET supports queries only; use POST.")

        # A cached response proves that its operation and variables have been checked.
        cache_key, cached = self.response_cache.find(operation, variables, context)
        if cached is not None:
            cost = cached.cost
        else:
            own = context.caller.customers
            cost = (
                operation.check(variables, max_look_ups(context.caller), len(own))
                if own
                else operation.check(variables)
            )
        if batch_budget is not None:
            batch_budget.add(cost)
        if reference is not None:  # only now: what is stored for its hash alone is valid
            await self.documents.store(text, reference)

        if operation.deprecated is not None:
            operation.deprecated.count_in(client.deprecated_uses, variables)
        if cached is not None:
            outcome = Outcome(cached.data, [])
        elif (
            operation.defers
            and operation.is_query
            and batch_budget is None
            and (response := parts_response(http_request)) is not None
        ):
            return await self._execute_in_parts(
                operation, variables, cost, context, client, started, response
            )
        else:
            run = batch_budget.in_turn(self.executor.run, operation) if batch_budget else None
            outcome = await self._run(operation, variables, context, run)
            if cache_key:
                outcome = self.response_cache.store(cache_key, cost, context, outcome)
        return self._report(operation, outcome, cost, context, client, started)

    async def _execute_in_parts(  # noqa: PLR0913, PLR0917 - all that is known of one operation
        self,
        operation: Operation,
        variables: dict[str, Any],
        cost: Cost,
        context: RequestContext,
        client: Client,
        started: float,
        response: PartsResponse,
    ) -> ResponseBody | HttpResponse:
        """Execute an operation, and send what is deferred after the rest, as soon as it is there.

        Return the body instead where nothing is deferred. It is not cached: the next client may
        accept it only as a whole.
        """
        deliveries: list[Delivery] = []
        executor = self.executor

        async def run(*arguments: Any) -> Outcome:
            if not isinstance(executor, ExecutorInParts):
                return await executor.run(*arguments)
            outcome, delivery = await executor.run_in_parts(*arguments)
            if delivery is not None:
                deliveries.append(delivery)
            return outcome

        outcome = await self._run(operation, variables, context, run)
        data, errors, _ = outcome
        if not deliveries or not isinstance(data, msgspec.Raw):
            return self._report(operation, outcome, cost, context, client, started)
        extensions = {"cost": cost.extension}
        first = {"data": data, **({"errors": errors} if errors else {}), "extensions": extensions}
        await response.deliver(first, deliveries[0], context.id)
        first_part_ms = round((response.began_at - started) * 1000, 1)
        fields = {"parts": response.parts, "first_part_ms": first_part_ms}
        whole = Outcome(data, errors + response.errors)
        body = self._report(operation, whole, cost, context, client, started, fields)
        response.end({name: value for name, value in body["extensions"].items() if name != "cost"})
        return STREAMED

    async def _run(
        self,
        operation: Operation,
        variables: dict[str, Any],
        context: RequestContext,
        run: Callable[..., Awaitable[Outcome]] | None = None,
    ) -> Outcome:
        """Execute an operation, and encode its data; `run` replaces the executor's."""
        resolver_context = ResolverContext(context, DataLoaders(context, self.loader_sources))
        try:
            outcome = await (run or self.executor.run)(operation, variables, resolver_context)
        except Exception as error:  # noqa: BLE001 - a client never sees an internal error
            log.error("unexpected_error", path="", exc_info=error)
            return Outcome(None, [masked(context.id)])
        if outcome.may_repeat:
            return await encode_answer(outcome, context.answer, context.id)
        return encode_at_once(outcome, context.answer, context.id)

    def _report(  # noqa: PLR0913, PLR0917 - all that is known of one operation
        self,
        operation: Operation,
        outcome: Outcome,
        cost: Cost,
        context: RequestContext,
        client: Client,
        started: float,
        log_fields: dict[str, Any] | None = None,
    ) -> ResponseBody:
        """Count and log an operation; return `data`, any `errors`, and `extensions`."""
        data, errors, _ = outcome
        report = context.report
        duration_s = time.perf_counter() - started
        record: OperationRecord = operation.record or self.statistics.record_of(operation)
        self.statistics.count_executed(record, client.outcomes, data, errors, duration_s)
        more = log_fields
        if errors or report.quota_wait_s or context.caller.subject:
            more = (more or {}) | _rare_fields(errors, report, context.caller)
        log_operation(
            record.log_fields,
            client.log_fields,
            len(errors),
            report.calls,
            round(duration_s * 1000, 1),
            more,
        )
        extensions: dict[str, Any] = {"cost": cost.extension}
        if self.settings.report_upstream:
            extensions["upstream"] = {
                "calls": report.calls,
                "coalesced": report.coalesced,
                "cached": report.cached,
                "stale": report.stale,
                "quotaLeft": self.quota_left(context),
            }
        if context.warnings:
            extensions["warnings"] = [
                {"code": code, "message": message} for code, message in context.warnings.items()
            ]
        if errors:
            self.gc.after_errors()
            return {"data": data, "errors": errors, "extensions": extensions}
        return {"data": data, "extensions": extensions}


def _log_refused(refused: OperationRefusedError, status: int, client: Client) -> None:
    """Log an operation that is refused, by the hash of its text: it may have no name."""
    fields = {"document": refused.document} if refused.document else {}
    fields |= client.log_fields.fields
    log.info("request_rejected", status=status, code=refused.code, **fields)


def _rare_fields(
    errors: list[dict[str, Any]], report: UpstreamReport, caller: Caller
) -> dict[str, Any]:
    """Return the fields that not every log line of an operation has."""
    fields: dict[str, Any] = {}
    if errors:
        fields["codes"] = [*dict.fromkeys(error["extensions"]["code"] for error in errors)]
    if report.quota_wait_s:
        fields["quota_wait_ms"] = round(report.quota_wait_s * 1000, 1)
    if caller.subject:
        fields["caller"] = caller.subject
    return fields
