"""GET must not run mutations, with a schema that has some."""

from datetime import UTC, datetime
from typing import Any
from unittest.mock import Mock

import httpx
from graphql import build_schema
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from gateway.auth.authenticator import Anonymous
from gateway.dataloaders.data_loaders import LoaderSources
from gateway.edge.cors import Origins
from gateway.edge.middleware import EdgeMiddleware
from gateway.edge.request_guard import create_request_guard
from gateway.execution.documents import Operation
from gateway.execution.operation_store import OperationStore
from gateway.execution.outcome import Outcome
from gateway.graphql_http.gc_tuning import DeferredGc
from gateway.graphql_http.handler import GraphQLHandler
from gateway.graphql_http.operation_statistics import OperationStatistics
from gateway.graphql_http.persisted_queries.persisted_documents import PersistedDocuments
from gateway.schema.info import ResolverContext
from gateway.server.graphql_route import GraphQLRoute
from tests.support.graph import settings_for
from tests.support.http_client import GRAPHQL, client, code
from tests.support.response_caches import standalone_response_cache
from tests.support.serving import serve


class Counter:
    """An executor that records what it was to execute."""

    def __init__(self) -> None:
        self.ran: list[str | None] = []

    async def run(
        self, operation: Operation, variables: dict[str, Any], context: ResolverContext
    ) -> Outcome:
        """Record the operation's name."""
        self.ran.append(operation.name)
        return Outcome({}, [])


def test_a_get_runs_queries_only() -> None:
    """A mutation requires POST."""
    executor = Counter()
    nothing: Any = Mock()  # the executor stands in for resolvers: no loader is used
    settings = settings_for("http://platform.example")
    schema = build_schema("type Query { a: Int } type Mutation { b: Int }")
    endpoint = GraphQLHandler(
        settings=settings,
        authenticator=Anonymous(frozenset(), ()),
        documents=PersistedDocuments(),
        operations=OperationStore(schema, introspection=True),
        executor=executor,
        loader_sources=LoaderSources(*[nothing] * 10),
        quota_left=lambda _request: None,
        clock=lambda: datetime.now(UTC),
        statistics=OperationStatistics(),
        response_cache=standalone_response_cache(),
        guard=create_request_guard(settings, Origins(())),
        gc=DeferredGc(),
    )
    app = Starlette(
        routes=[Route("/graphql", GraphQLRoute(endpoint), methods=["GET", "POST"])],
        middleware=[Middleware(EdgeMiddleware, Origins(()), OperationStatistics())],
    )
    body = {"query": "query Q { a } mutation M { b }", "operationName": "M"}
    with serve(app) as url, client(url) as http:
        http.headers["Accept"] = GRAPHQL
        refused = http.get("/graphql", params=body)
        assert (refused.status_code, code(refused)) == (405, "METHOD_NOT_ALLOWED")
        assert refused.headers["allow"] == "POST"
        assert executor.ran == []
        assert http.get("/graphql", params=body | {"operationName": "Q"}).status_code == 200
        for _ in range(2):  # and is never answered from what is kept
            answer: httpx.Response = http.post("/graphql", json=body)
            assert answer.status_code == 200
    assert executor.ran == ["Q", "M", "M"]
    assert endpoint.response_cache.memory.entries == 1
