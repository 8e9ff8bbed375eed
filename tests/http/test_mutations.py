"""What a GET must never do, shown with a schema that has more than queries."""

from datetime import UTC, datetime
from typing import Any

import httpx
from graphql import build_schema
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from gateway.execution.documents import Operation
from gateway.execution.operation import Operations
from gateway.execution.outcome import Outcome
from gateway.http.auth import Anonymous
from gateway.http.collector import Collector
from gateway.http.cors import Origins
from gateway.http.door import create_door
from gateway.http.graphql import GraphQLEndpoint
from gateway.http.over_asgi import GraphQLOverAsgi
from gateway.http.request_id import RequestIdMiddleware
from gateway.http.statistics import OperationStatistics
from gateway.loaders.bundle import Loaders
from gateway.persisted.documents import PersistedDocuments
from gateway.request import Request
from gateway.schema.context import Context
from tests.graph import settings_for
from tests.http.answering import answer_cache
from tests.http.client import GRAPHQL, client, code
from tests.serving import serve


class Counter:
    """An executor that only counts what it was asked to run."""

    def __init__(self) -> None:
        self.ran: list[str | None] = []

    async def run(
        self, operation: Operation, variables: dict[str, Any], context: Context
    ) -> Outcome:
        """Note the operation's name."""
        self.ran.append(operation.name)
        return Outcome({}, [])


def context_of(request: Request) -> Context:
    """Give a context without loaders, which nothing asks for."""
    loaders: Loaders = None  # type: ignore[assignment]  # the executor stands in for resolvers
    return Context(request, loaders)


def test_a_get_runs_queries_only() -> None:
    """A link must change nothing: a mutation needs POST."""
    executor = Counter()
    settings = settings_for("http://platform.example")
    schema = build_schema("type Query { a: Int } type Mutation { b: Int }")
    endpoint = GraphQLEndpoint(
        settings=settings,
        authentication=Anonymous(frozenset(), ()),
        documents=PersistedDocuments(),
        operations=Operations(schema, introspection=True),
        executor=executor,
        context_of=context_of,
        quota_left=lambda _request: None,
        clock=lambda: datetime.now(UTC),
        statistics=OperationStatistics(),
        answers=answer_cache(),
        door=create_door(settings, Origins(())),
        collector=Collector(),
    )
    app = Starlette(
        routes=[Route("/graphql", GraphQLOverAsgi(endpoint).answer, methods=["GET", "POST"])],
        middleware=[Middleware(RequestIdMiddleware)],
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
    assert endpoint.answers.memory.entries == 1
