"""The events of the sandbox inside `dev`, which the gateway takes."""

import re

import httpx
import pytest

from tests.support.commands import post, running
from tests.support.examples import rarely
from tests.support.http_client import TLS
from tests.test_cli import HOSTILE


@pytest.mark.parametrize("variables", [{}, *rarely({"GATEWAY_WEBHOOK_SECRET": "of sixteen bytes"})])
def test_dev_shows_what_changes_in_its_sandbox(variables: dict[str, str]) -> None:
    """The sandbox sends its events to the gateway, whose cache drops what has changed."""
    with running("dev", "--sandbox-port", "0", variables=HOSTILE | variables) as command:
        text = "".join(command.lines_until("End with"))
        url = re.findall(r"http://127\.0\.0\.1:\d+/graphql", text)[0]
        sandbox = re.findall(r"(http://127\.0\.0\.1:\d+)/__world", text)[0]
        query = '{ promotion(programId: "9010", promotionId: "90100001") { name } }'

        def name() -> str:
            found: str = post(url, query).json()["data"]["promotion"]["name"]
            return found

        assert name() != "Renamed"
        with httpx.Client(base_url=sandbox, trust_env=False, verify=TLS) as client:
            client.put("/__promotions/9010/90100001", json={"name": "Renamed"})
            (sent,) = client.get("/__webhook?settled=true").json()["events"]
        assert sent["outcome"] == "delivered"
        assert name() == "Renamed"
        assert command.end() == 0
