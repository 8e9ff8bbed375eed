"""The generated pages of `docs/`: as the code is, and complete."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cli import main
from gateway.config.parsing import PREFIX
from gateway.config.settings import VARIABLES, Settings
from gateway.errors import codes
from gateway.reference import pages
from gateway.telemetry.events import EVENTS
from gateway.telemetry.metric import Kind
from gateway.telemetry.metrics import ALL_METRICS

ROOT = Path(__file__).parent.parent
CONFIGURATION, METRICS_PAGE, LOGS, ERRORS, _MIGRATION = pages().values()


@pytest.mark.parametrize("path", pages(), ids=str)
def test_a_page_is_as_the_code_is(path: Path) -> None:
    """Else `make fix` writes it anew."""
    assert (ROOT / path).read_text(encoding="utf-8") == pages()[path]


def test_every_setting_metric_and_code_has_its_row() -> None:
    """Each setting and metric once, and every code that an error can have."""
    settings = re.findall(r"^\| `(GATEWAY_\w+)` \|", CONFIGURATION, re.MULTILINE)
    assert sorted(settings) == sorted(PREFIX + name.upper() for name in Settings.model_fields)
    metrics = re.findall(r"^\| `((?:gateway|process)_\w+)` \|", METRICS_PAGE, re.MULTILINE)
    assert metrics == [metric.name for metric in ALL_METRICS]
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", ERRORS, re.MULTILINE)) == set(codes())


def logged() -> Iterator[tuple[str, str, set[str]]]:
    """Return the event, level and fields of each call of the log in the code."""
    for path in (ROOT / "gateway").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and ast.unparse(node.func.value) == "log"
                and isinstance(node.args[0], ast.Constant)
            ):
                fields = {keyword.arg for keyword in node.keywords if keyword.arg}
                yield str(node.args[0].value), node.func.attr, fields - {"exc_info", "request_id"}


def test_every_log_line_of_the_code_is_an_event_of_the_table() -> None:
    """With its level and no field that the table has not, and none of the table is never logged."""
    events = {event.name: event for event in EVENTS}
    calls = list(logged())
    assert {name for name, _, _ in calls} == events.keys()
    for name, level, fields in calls:
        assert level == events[name].level, name
        assert fields <= set(events[name].fields), name


@pytest.mark.parametrize("path", sorted((ROOT / "docs").glob("*.md")), ids=lambda path: path.name)
def test_a_document_names_settings_and_metrics_that_exist(path: Path) -> None:
    """Whoever copies a name from a document sets or sees something."""
    text = path.read_text(encoding="utf-8")
    assert set(re.findall(r"\bGATEWAY_[A-Z_]+[A-Z]\b", text)) <= set(VARIABLES)
    metrics = {metric.name for metric in ALL_METRICS} | {
        f"{metric.name}_{part}"
        for metric in ALL_METRICS
        for part in ("bucket", "count")
        if metric.kind is Kind.HISTOGRAM
    }
    # A name after a colon is that of a recording rule.
    assert set(re.findall(r"(?<!:)\bgateway_[a-z0-9_]+[a-z]\b", text)) <= metrics


def test_a_row_has_all_its_cells() -> None:
    """No text of the code breaks a table."""
    for page in pages().values():
        for table in re.findall(r"(?:^\|.*\|\n)+", page, re.MULTILINE):
            assert len({line.count("|") for line in table.splitlines()}) == 1


def test_pages_are_written_and_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--check` is silent where all are right, and names each page that is stale."""
    monkeypatch.chdir(tmp_path)
    assert main(["docs"]) == 2
    assert capsys.readouterr().err == "docs/configuration.md: No such file or directory\n"
    (tmp_path / "docs").mkdir()
    assert main(["docs"]) == 0
    assert main(["docs", "--check"]) == 0
    assert capsys.readouterr() == ("", "")
    (tmp_path / "docs" / "errors.md").write_text("stale")
    assert main(["docs", "--check"]) == 1
    assert capsys.readouterr().err == "docs/errors.md is stale: run promotion-gateway docs\n"
