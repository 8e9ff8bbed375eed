"""Rules, dashboard and runbook agree with each other and with the gateway's metrics."""

import re
from typing import Any

import pytest

from gateway.telemetry.metric import BUCKETS_S, Kind, Metric
from gateway.telemetry.metrics import ALL_METRICS
from gateway.upstream.payload_fields import payload_fields
from tests.deploy.manifests import documents
from tests.deploy.monitoring import (
    MONITORING,
    RULE_TESTS,
    Selector,
    alerts,
    dashboard,
    dashboard_queries,
    groups,
    objectives,
    panels,
    rules,
    runbook,
    selectors,
)
from tests.test_documentation import headings

# What Prometheus adds to every series of a target.
TARGET_LABELS = {"namespace", "job", "instance"}


FIELDS = {"field": tuple(path for _, path in payload_fields().needed)}


def fixed(metric: Metric) -> dict[str, tuple[str, ...]]:
    """Return the values of a metric's labels where they are the same for each gateway."""
    return {
        name: FIELDS.get(name, ()) if isinstance(values, str) else values
        for name, values in metric.labels
    }


def series_of(metric: Metric) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return the names of a metric's series with the values of their labels."""
    columns = list(zip(*metric.series, strict=True)) if metric.rows else []
    labels = dict(zip(metric.label_names, columns, strict=True)) if columns else fixed(metric)
    if metric.kind is not Kind.HISTOGRAM:
        return {metric.name: labels}
    bucket = {f"{metric.name}_bucket": labels | {"le": (*map(str, BUCKETS_S), "+Inf")}}
    return bucket | {f"{metric.name}_{part}": labels for part in ("count", "sum")}


KNOWN: dict[str, dict[str, tuple[str, ...]]] = {"up": {}}
for _metric in ALL_METRICS:
    KNOWN |= series_of(_metric)
RECORDED = {rule["record"] for rule in rules() if "record" in rule}


def mistakes(query: str) -> list[str]:
    """Return what a query names that no gateway has: series, labels and values of labels."""
    return [mistake for selector in selectors(query) for mistake in _mistakes(selector)]


def _mistakes(selector: Selector) -> list[str]:
    if selector.name in RECORDED:
        return []
    if selector.name not in KNOWN:
        return [selector.name]
    found = []
    labels = KNOWN[selector.name]
    for label, how, value in selector.matchers:
        if label in TARGET_LABELS:
            continue
        if label not in labels:
            found.append(f"{selector.name}.{label}")
            continue
        alternatives = value.split("|") if "~" in how else [re.escape(value)]
        found += [
            f"{selector.name}.{label}={alternative}"
            for alternative in alternatives
            if not any(re.fullmatch(alternative, known) for known in labels[label])
        ]
    return found


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_every_rule_is_about_existing_metrics(rule: dict[str, Any]) -> None:
    """Its series, labels and values are in the gateway's table of metrics."""
    assert selectors(rule["expr"]) or rule["expr"].startswith("vector(")
    assert mistakes(rule["expr"]) == []


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel["title"])
def test_every_panel_is_about_existing_metrics(panel: dict[str, Any]) -> None:
    """So is each query of the dashboard, whose panels have descriptions and units."""
    for target in panel["targets"]:
        assert selectors(target["expr"])
        assert mistakes(target["expr"]) == []
    assert panel["description"].endswith(".")
    assert panel["type"] in {"heatmap", "table"} or panel["fieldConfig"]["defaults"]["unit"]
    assert panel["datasource"]["uid"] == "${datasource}"


@pytest.mark.parametrize("query", objectives())
def test_every_objective_is_about_existing_metrics(query: str) -> None:
    """The bound of a latency is one of the buckets."""
    assert selectors(query)
    assert mistakes(query) == []
    bounds = [
        value for each in selectors(query) for label, _, value in each.matchers if label == "le"
    ]
    assert set(bounds) <= {str(bound) for bound in BUCKETS_S}


def test_a_mistake_is_found() -> None:
    """The check fails on a series, a label and a value that do not exist."""
    assert mistakes("sum by (job) (rate(gateway_operation_total[5m])) > 1") == [
        "gateway_operation_total"
    ]
    assert mistakes('gateway_operations_total{result="ok"} and up') == [
        "gateway_operations_total.result"
    ]
    assert mistakes('gateway_cache_hits_total{job="a", level=~"memory|disk"}') == [
        "gateway_cache_hits_total.level=disk"
    ]


def test_every_metric_is_on_the_dashboard() -> None:
    """What the gateway counts can be seen, directly or through a recorded rule."""
    seen = {selector.name for query in dashboard_queries() for selector in selectors(query)}
    for rule in rules():
        if rule.get("record") in seen:
            seen |= {selector.name for selector in selectors(rule["expr"])}
    hidden = [metric.name for metric in ALL_METRICS if not seen & set(series_of(metric))]
    assert hidden == []


def test_every_alert_has_an_entry_in_the_runbook() -> None:
    """Its annotation links to the entry, whose heading is its name; no entry is left over."""
    anchors = headings(MONITORING.parents[1] / "docs/runbook.md")
    for alert in alerts():
        page, _, anchor = alert["annotations"]["runbook"].partition("#")
        assert page == "docs/runbook.md"
        assert anchor == alert["alert"].lower()
        assert anchor in anchors
        assert alert["labels"]["severity"] in {"critical", "warning"}
        assert alert["annotations"]["summary"].endswith(".")
    entries = re.findall(r"^### (\w+)$", runbook(), re.MULTILINE)
    assert entries == [alert["alert"] for alert in alerts()]


def test_every_alert_is_tested() -> None:
    """There is a case for promtool in which it fires, and one in which it does not."""
    tests = [test for path in RULE_TESTS for file in documents(path) for test in file["tests"]]
    cases = [case for test in tests for case in test["alert_rule_test"]]
    fires = {case["alertname"] for case in cases if case["exp_alerts"]}
    assert fires == {alert["alert"] for alert in alerts()}
    silent = {case["alertname"] for case in cases if not case["exp_alerts"]}
    assert silent == fires


def test_names_of_rules_are_unique_and_well_formed() -> None:
    """No group or rule hides another, and the dashboard's panels have ids of their own."""
    names = [rule.get("alert") or rule["record"] for rule in rules()]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-zA-Z_:][\w:]*", name) for name in names)
    assert len({group["name"] for group in groups()}) == len(groups())
    ids = [panel["id"] for panel in dashboard()["panels"]]
    assert len(ids) == len(set(ids))


def test_panels_do_not_overlap() -> None:
    """Each has a place of its own in Grafana's 24 columns."""
    taken: dict[tuple[int, int], str] = {}
    for panel in dashboard()["panels"]:
        grid = panel["gridPos"]
        assert grid["x"] + grid["w"] <= 24, panel["title"]
        for x in range(grid["x"], grid["x"] + grid["w"]):
            for y in range(grid["y"], grid["y"] + grid["h"]):
                assert taken.setdefault((x, y), panel["title"]) == panel["title"]
