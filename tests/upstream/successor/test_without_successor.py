"""A gateway with the default settings, whose credential may not read the successor."""

import json

import pytest

from tests.support.faulty_platform import faulty
from tests.support.logged import Lines
from tests.support.metrics import scrape

PAGE = """{ customer(by: {externalId: "C-UNIFIED"}) { promotions(first: 20) { totalCount
  nodes { promotion { name definition { source } } } } } }"""
ABSENT = 'gateway_upstream_endpoint_absent_ratio{endpoint="%s"}'
LIST = '{ program(programId: "9001") { name promotions(first: 5) { nodes { name } } } }'


@pytest.mark.parametrize("answer", ["401", "403", "403,body=documented", "404", "410"])
def test_it_starts_serves_and_warns_once(answer: str, log: Lines) -> None:
    """One call and one log line in five minutes; what the legacy list has is all there."""
    with faulty(f"status={answer},endpoint=promotionsV3", definitions="both") as (graph, platform):
        assert graph.http.get("/readyz").status_code == 200
        calls = 0
        for _ in range(5):
            nodes = graph.ask(PAGE)["customer"]["promotions"]["nodes"]
            log_of_calls = platform.get("/__calls").json()["log"]
            calls += sum(call["endpoint"] == "promotionsV3" for call in log_of_calls)
            found = [node["promotion"]["definition"] for node in nodes]
            assert found.count({"source": "LEGACY"}) == 2
            assert found.count(None) == 14
            assert len(graph.ask(LIST)["program"]["promotions"]["nodes"]) == 5
            metrics = scrape(str(graph.http.base_url))
            assert metrics[ABSENT % "promotionsV3"] == 1
            assert metrics[ABSENT % "promotionById"] == 0
        assert graph.http.get("/readyz").status_code == 200
        assert calls <= 2  # a 401 is tried once more, with the credential read anew
    lines = [json.loads(line) for line in log.lines]
    warned = [line["event"] for line in lines if line["level"] not in {"info", "debug"}]
    assert warned == ["upstream_endpoint_absent"]
