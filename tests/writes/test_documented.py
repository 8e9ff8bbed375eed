"""What docs/writing.md shows, sent to a gateway that writes, on a sandbox as it starts."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from tests.support.page_projects import blocks
from tests.support.tabs import TABS
from tests.writes.support import Writer, writer

PAGE = blocks("writing.md")


@pytest.fixture(scope="module")
def own() -> Iterator[Writer]:
    """Serve a gateway with what `dev` allows."""
    with writer(definitions="both") as own:
        yield own


def test_the_first_mutation_is_done(own: Writer) -> None:
    """With the variables that stand beside it."""
    (query,) = [block.text for block in PAGE if block.language == "graphql"]
    (variables,) = [block.text for block in PAGE if block.language == "json"]
    done = own.graph.ask(query, json.loads(variables))["enrolInPromotion"]
    assert (done["outcome"], done["userErrors"]) == ("DONE", [])
    assert done["customerPromotion"]["enrolments"][0]["enrolmentId"] in done["enrolmentIds"]


def test_the_command_for_a_shell_is_done_and_done_once(own: Writer) -> None:
    """Twice it is one write, and the same answer."""
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is missing")
    (command,) = [block.text for block in PAGE if block.language == "sh"]
    body = re.search(r"<<'END'\n(.*?)END\n", command, re.DOTALL)
    assert body is not None
    arguments = ["-s", f"{str(own.graph.http.base_url).rstrip('/')}/graphql"]
    arguments += ["-H", "Content-Type: application/json", "-d", "@-"]
    assert f"curl http://127.0.0.1:8000/graphql -H '{arguments[3]}' -d @-" in command
    before = len(own.writes)
    answers = [
        json.loads(subprocess.check_output([curl, *arguments], input=body[1], text=True))["data"]  # noqa: S603 - as documented
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert answers[0]["enrolInPromotion"]["outcome"] == "DONE"
    assert len(own.writes) == before + 1


def test_graphiql_has_a_tab_for_each_mutation() -> None:
    """As the page says."""
    text = "\n".join(tab.query for tab in TABS if tab.is_mutation)
    for name in ("enrolInPromotion", "issuePromotion", "withdrawFromPromotion"):
        assert f"{name}(input" in text
