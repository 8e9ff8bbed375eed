"""Where a write goes while the successor is not offered, or cannot be read."""

import pytest

from tests.writes.support import ENROL, Writer, wanted, wanted_new, writer

AT = "endpoint=promotionsV3"


def _endpoints(own: Writer) -> list[str]:
    return [each["endpoint"] for each in own.writes]


@pytest.mark.parametrize(
    "fault",
    [
        "status=401",
        "status=403,body=documented",
        "status=404",
        "status=410",
        "status=200,body=html",
    ],
)
def test_without_the_successor_all_writes_are_old_ones(fault: str) -> None:
    """One of the new interface is not found there; the absence is remembered."""
    with writer(f"{fault},{AT}", definitions="both") as own:
        assert own.do(ENROL, wanted("C-ENROL"))["outcome"] == "DONE"
        assert own.refused(ENROL, wanted_new("C-ENROL")) == "PROMOTION_NOT_FOUND"
        assert own.graph.call_log()["promotionsV3"] == 0
        assert _endpoints(own) == ["enrolAndEarn", "enrolAndEarn"]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("status=500", "UPSTREAM_UNAVAILABLE"),
        ("reset", "UPSTREAM_UNAVAILABLE"),
        ("hang", "UPSTREAM_TIMEOUT"),
        ("status=429,retry_after=60", "UPSTREAM_TIMEOUT"),
    ],
)
def test_in_an_outage_of_the_catalogue_only_old_ones_are_written(fault: str, code: str) -> None:
    """What the legacy endpoint has is an old one; any other write is an error and frees its key."""
    with writer(f"{fault},{AT}", definitions="both", upstream_deadline_s=1) as own:
        given = wanted_new("C-ENROL")
        assert own.failed(ENROL, given) == code
        assert own.writes == []
        if "429" not in fault:
            assert own.do(ENROL, wanted("C-ENROL"))["outcome"] == "DONE"
            assert _endpoints(own) == ["enrolAndEarn"]


def test_without_the_legacy_endpoint_an_outage_leaves_nothing_to_write() -> None:
    """Nobody knows which promotions are old ones then."""
    with writer(f"status=500,{AT}", definitions="v3") as own:
        assert own.failed(ENROL, wanted("C-ENROL")) == "UPSTREAM_UNAVAILABLE"
        assert own.writes == []


def test_a_write_that_is_forbidden_says_nothing_of_reads() -> None:
    """The catalogue serves as before, and the next write goes to the same endpoint."""
    with writer("status=403,endpoint=enrol,count=1", definitions="both") as own:
        given = wanted_new("C-ENROL")
        assert own.failed(ENROL, given) == "UPSTREAM_AUTH_FAILED"
        assert own.do(ENROL, given)["outcome"] == "DONE"
        assert _endpoints(own)[-1] == "enrol"
        assert own.applied == 1
