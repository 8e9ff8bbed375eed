"""A client that disconnects in the middle: what it wanted done is done, once, and is recorded."""

import json
import time
from typing import Any

import pytest

from tests.sandbox.writing import customer_id
from tests.support.raw_http import connect
from tests.writes.support import ENROL, Writer, wanted, wanted_new, writer

BOTH: dict[str, Any] = {"definitions": "both", "cache_definition_ttl_s": 60}
BY_ID = {"by": {"customerId": str(customer_id("C-ENROL"))}}
OLD, NEW = wanted("C-ENROL", **BY_ID), wanted_new("C-ENROL", **BY_ID)


def _until_calls(own: Writer, endpoint: str) -> None:
    until = time.monotonic() + 10
    while not own.graph.call_log()[endpoint]:
        assert time.monotonic() < until


@pytest.mark.parametrize(
    ("slow", "at", "given"),
    [
        ("enrolAndEarn", "enrolAndEarn", OLD),
        ("enrol", "enrol", NEW),
        ("promotionData", "promotionData", NEW),
        ("promotionsV3", "promotionsV3", NEW),
    ],
)
def test_what_has_begun_runs_to_its_end(slow: str, at: str, given: dict[str, Any]) -> None:
    """Wherever it is: reading before, loading the catalogue, or writing."""
    with writer(f"slow=400,endpoint={slow}", **BOTH) as own:
        body = json.dumps({"query": ENROL, "variables": {"input": given}})
        head = (
            "POST /graphql HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        with connect(str(own.graph.http.base_url)) as connection:
            connection.sendall((head + body).encode())
            _until_calls(own, at)
        until = time.monotonic() + 10
        while not own.applied:
            assert time.monotonic() < until
        own.repair()
        done = own.do(ENROL, given)
        assert done["outcome"] == "DONE"
        (enrolment,) = done["customerPromotion"]["enrolments"]
        assert done["enrolmentIds"] == [enrolment["enrolmentId"]]
        assert len(own.writes) == 1
        assert own.graph.calls <= 2  # to read again, as the first one does, perhaps only now


def test_a_repetition_waits_for_what_its_client_left() -> None:
    """It gets the result of the first, which is still under way."""
    with writer("slow=400,endpoint=enrol", **BOTH) as own:
        body = json.dumps({"query": ENROL, "variables": {"input": NEW}})
        head = (
            "POST /graphql HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        with connect(str(own.graph.http.base_url)) as connection:
            connection.sendall((head + body).encode())
            _until_calls(own, "enrol")
        done = own.do(ENROL, NEW)
        assert (done["outcome"], len(done["enrolmentIds"])) == ("DONE", 1)
        assert len(own.writes) == 1
