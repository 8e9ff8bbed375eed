"""The rules and the dashboard of `deploy/monitoring`, and what their queries name."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from tests.deploy.manifests import ROOT, documents

MONITORING = ROOT / "deploy" / "monitoring"
RULES = MONITORING / "rules.yaml"
RULE_TESTS = (MONITORING / "rules_test.yaml", MONITORING / "rules_days_test.yaml")
Json = dict[str, Any]

_LABELS = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^()]*)\)")
_MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*")')
_SELECTOR = re.compile(r"\b([a-zA-Z_:][\w:]*)(?:\s*\{([^{}]*)\})?")
_WORDS = {
    *("sum", "min", "max", "topk", "rate", "increase", "histogram_quantile", "vector", "scalar"),
    *("absent", "max_over_time", "min_over_time", "changes", "resets", "deriv", "time"),
    *("and", "or", "unless", "by", "on", "offset", "ignoring", "group_left", "without", "bool"),
}
# Durations and Grafana's variables are neither.
_DURATION = re.compile(r"\b\d+(?:ms|[smhdwy])\b|\$\w+")


class Selector(NamedTuple):
    """A series that a query selects, with the matchers of its labels."""

    name: str
    matchers: tuple[tuple[str, str, str], ...]


def selectors(query: str) -> list[Selector]:
    """Return the selectors of a query: whatever is not a word of PromQL."""
    found = []
    for name, labels in _SELECTOR.findall(_DURATION.sub(" ", _LABELS.sub(" ", query))):
        if name not in _WORDS:
            matchers = _MATCHER.findall(labels)
            found.append(Selector(name, tuple((a, b, json.loads(c)) for a, b, c in matchers)))
    return found


def groups() -> list[Json]:
    """Return the groups of rules."""
    (document,) = documents(RULES)
    found: list[Json] = document["groups"]
    return found


def rules() -> list[Json]:
    """Return all rules."""
    return [rule for group in groups() for rule in group["rules"]]


def alerts() -> list[Json]:
    """Return the alert rules."""
    return [rule for rule in rules() if "alert" in rule]


def dashboard() -> Json:
    """Return the dashboard."""
    found: Json = json.loads((MONITORING / "grafana/dashboard.json").read_text(encoding="utf-8"))
    return found


def panels() -> list[Json]:
    """Return the panels, without the rows."""
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def dashboard_queries() -> list[str]:
    """Return all queries of the dashboard's panels."""
    return [target["expr"] for panel in panels() for target in panel["targets"]]


def runbook() -> str:
    """Return the runbook."""
    return Path(ROOT / "docs/runbook.md").read_text(encoding="utf-8")


def objectives() -> list[str]:
    """Return the queries of the objectives in `docs/operations.md`."""
    text = Path(ROOT / "docs/operations.md").read_text(encoding="utf-8")
    return re.findall(r"```promql\n(.*?)```", text, re.DOTALL)
