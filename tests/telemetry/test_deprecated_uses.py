"""The use of what is deprecated, counted by client over HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest

from gateway.app import create_app
from gateway.execution.deprecations import deprecated_elements
from gateway.schema.build import build_schema, executable
from gateway.telemetry.metrics import DEPRECATED
from tests.support.graph import settings_for
from tests.support.http_client import client
from tests.support.metrics import families
from tests.support.serving import serve

METRIC = "gateway_deprecated_uses_total"
CUSTOMER = """query Q($source: CustomerSource! = ALL) {
  customer(by: {externalId: "C-TEN"}, source: $source) { promotions(first: 1) { totalCount } }
}"""
PROGRAM = "{ program(programId: 9005) { name } }"


@pytest.fixture
def url(sandbox_url: str) -> Iterator[str]:
    """Serve a gateway in whose schema a field, an argument and a value are deprecated."""
    schema = build_schema.__wrapped__()
    types: dict[str, Any] = executable(schema).type_map
    types["Program"].fields["name"].deprecation_reason = "Use another."
    types["Query"].fields["program"].args["programId"].deprecation_reason = "Use another."
    types["CustomerSource"].values["INSTORE"].deprecation_reason = "Use another."
    settings = settings_for(sandbox_url, client_names="web,app", cache_customer_ttl_s=60)
    with serve(create_app(settings, schema=schema)) as url:
        yield url


def uses(url: str) -> dict[tuple[str, str], float]:
    """Return the operations by client and element, without zeros."""
    return {
        (sample.labels["client"], sample.labels["element"]): sample.value
        for family in families(url)
        for sample in family.samples
        if sample.name == METRIC and sample.value
    }


def test_operations_count_by_client_and_element(url: str) -> None:
    """Those of known clients apart, in the document and in variables, cached responses too."""

    def send(query: str, name: str | None, **variables: str) -> None:
        headers = {"GraphQL-Client-Name": name} if name else {}
        body = {"query": query, "variables": variables}
        answer = http.post("/graphql", json=body, headers=headers).json()
        assert "errors" not in answer

    with client(url) as http:
        send("{ __typename }", "web")
        send(CUSTOMER, "web")
        assert uses(url) == {}
        for name in ("web", "web", "app", "unknown", None):
            send(PROGRAM, name)
        for _ in range(3):  # the last two from the response cache
            send(CUSTOMER, "web", source="INSTORE")
        http.post("/graphql", json={"query": '{ program(programId: "x") { nothing } }'})
    argument = "Query.program(programId:)"
    assert uses(url) == {
        **{(name, "Program.name"): count for name, count in COUNTS.items()},
        **{(name, argument): count for name, count in COUNTS.items()},
        ("web", "CustomerSource.INSTORE"): 3,
    }


COUNTS = {"web": 2, "app": 1, "other": 1, "none": 1}


def test_the_series_are_bounded_by_the_schema_and_the_names(url: str) -> None:
    """One for each client and deprecated element, from the start."""
    (family,) = (one for one in families(url) if one.name == METRIC.removesuffix("_total"))
    assert len([sample for sample in family.samples if sample.name == METRIC]) == 4 * 3


def test_the_graphs_own_elements_are_listed(gateway_url: str) -> None:
    """All that is deprecated in the graph has series, and nothing else."""
    assert deprecated_elements(executable(build_schema())) == DEPRECATED
    (family,) = (one for one in families(gateway_url) if one.name == METRIC.removesuffix("_total"))
    assert {sample.labels["element"] for sample in family.samples} == set(DEPRECATED)
