import re
from collections.abc import Iterator

import pytest

from gateway.sandbox.faults.modes import MODES
from gateway.sandbox.faults.spec import fault_help, parse_fault
from gateway.sandbox.world import World
from tests.sandbox.client import LEGACY_BASICS, SandboxClient, serving
from tests.sandbox.faulty import applied, faults, refusal, statuses


@pytest.fixture(scope="module")
def own(world: World) -> Iterator[SandboxClient]:
    """Serve a sandbox whose faults these tests may change."""
    with serving(world=world) as client:
        yield client


# --- the text ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "'' is not a mode; the modes are status, reset,"),
        ("explode", "'explode' is not a mode; the modes are status, reset,"),
        ("status", "status needs a value: a whole number from 200 to 599"),
        ("status=", "status=: it must be a whole number from 200 to 599"),
        ("status=teapot", "status=teapot: it must be a whole number from 200 to 599"),
        ("status=199", "status=199: it must be a whole number from 200 to 599"),
        ("status=٥٠٣", "status=٥٠٣: it must be a whole number from 200 to 599"),
        ("reset=1", "reset takes no value of its own: write reset alone"),
        ("status=503,rate=2", "rate=2: it must be a number from 0 to 1"),
        ("status=503,rate=-1", "rate=-1: it must be a number from 0 to 1"),
        ("status=503,rate=nan", "rate=nan: it must be a number from 0 to 1"),
        ("status=503,count=0", "count=0: it must be a whole number from 1 to 1000000000"),
        ("status=503,rate=.1,rate=.2", "rate is given twice"),
        ("status=503,body=xml", "body=xml: it must be none or documented or html"),
        ("status=503,bytes_per_s=1", "status has no parameter 'bytes_per_s'; it has body, code,"),
        (
            "hang,endpoint=other",
            "endpoint=other: it must be promotionData or promotionsV2 or promotionById",
        ),
        ("totals=0,endpoint=token", "endpoint=token: totals is for promotionData and promotionsV2"),
        ("totals=many", "totals=many: it must be a whole number from"),
        ("status=429,retry_after=1\r\nX: y", "it must be seconds, an HTTP date, or date+"),
        ("slow=" + "9" * 5000, "it must have at most 2000 characters"),
    ],
)
def test_wrong_fault_is_refused_in_one_line(text: str, line: str) -> None:
    """An invalid fault is refused with what is wrong and what is allowed."""
    told = refusal(text)
    assert told.startswith("fault '")
    assert line in told
    assert len(told) < 500


def test_parameters_come_in_any_order_and_with_blanks() -> None:
    """Neither spaces around names and values nor the order of parameters matters."""
    one = parse_fault("status=503,rate=0.2,endpoint=promotionData")
    other = parse_fault(" status = 503 , endpoint = promotionData , rate = 0.2 ")
    assert (one.options, one.rate, one.endpoints) == (other.options, other.rate, other.endpoints)
    assert one.endpoints == {"promotionData"}


def test_value_may_have_a_comma() -> None:
    """An HTTP date may contain a comma, and further parameters may follow."""
    fault = parse_fault("status=429,retry_after=Wed, 21 Oct 2026 07:28:00 GMT,count=3")
    assert fault.options["retry_after"] == "Wed, 21 Oct 2026 07:28:00 GMT"
    assert fault.count == 3


def test_help_lists_every_mode() -> None:
    """The help text has a line for each mode with its parameters."""
    _, *lines, last = fault_help().splitlines()
    assert [re.split(r"[=\[:]", line.strip())[0] for line in lines] == [*MODES]
    assert "rate (a number from 0 to 1)" in last


# --- when a fault strikes ---------------------------------------------------------------------


def test_rate_strikes_the_same_calls_each_time(own: SandboxClient) -> None:
    """A rate applies to about so many calls, the same ones after each start."""
    with faults(own, "status=503,rate=0.25"):
        first = statuses(own, 80)
    with faults(own, "status=503,rate=0.25"):
        assert statuses(own, 80) == first
    assert 10 <= first.count(503) <= 30
    with faults(own, "status=503,rate=0.25,seed=2"):
        assert statuses(own, 80) != first


def test_rates_of_two_faults_are_independent(own: SandboxClient) -> None:
    """Two faults of one rate are independent: the second applies to its share."""
    with faults(own, "status=503,rate=0.3", "status=504,rate=0.3"):
        seen = statuses(own, 80)
    assert seen.count(503) > 10
    assert seen.count(504) > 5


def test_rates_of_nothing_and_of_all(own: SandboxClient) -> None:
    """A rate of 0 applies to no call, one of 1 to each."""
    with faults(own, "status=503,rate=0", "status=502,rate=1"):
        assert statuses(own, 5) == [502] * 5
        assert applied(own) == [0, 5]


def test_fault_strikes_only_so_often_and_so_late(own: SandboxClient) -> None:
    """`after` calls are skipped, the fault applies to the next `count`, and to none after that."""
    with faults(own, "status=503,after=2,count=3"):
        assert statuses(own, 7) == [200, 200, 503, 503, 503, 200, 200]
        assert own.get("/__faults").json() == [
            {"fault": "status=503,after=2,count=3", "seen": 7, "struck": 3}
        ]


def test_first_fault_that_is_due_strikes(own: SandboxClient) -> None:
    """The order of the list decides; the next fault applies when the first is exhausted."""
    with faults(own, "status=503,count=1", "status=502,count=1"):
        assert statuses(own, 3) == [503, 502, 200]


def test_fault_strikes_its_endpoint_alone(own: SandboxClient) -> None:
    """A fault applies to the named endpoint only, or to all of them."""
    token = {"key": "sandbox-key", "secret": "sandbox-secret"}

    def seen() -> list[int]:
        return [
            own.customer("C-ONE").status_code,
            own.legacy(9010, **LEGACY_BASICS).status_code,
            own.post("/v3/oauth/token/generate", json=token).status_code,
        ]

    for endpoint, expected in {
        "promotionData": [503, 200, 200],
        "promotionsV2": [200, 503, 200],
        "token": [200, 200, 503],
        "all": [503, 503, 503],
    }.items():
        with faults(own, f"status=503,endpoint={endpoint}"):
            assert seen() == expected


def test_fault_strikes_matching_calls_alone(own: SandboxClient) -> None:
    """`match` selects calls by a part of their path and query, for `after` and `count` too."""
    with faults(own, "status=503,match=identifierValue=C-TEN&,after=1"):
        seen = [own.customer(name).status_code for name in ("C-TEN", "C-ONE", "C-TEN", "C-100")]
    assert seen == [200, 200, 503, 200]


def test_calls_with_a_fault_are_counted_and_need_no_credentials(own: SandboxClient) -> None:
    """A fault applies before authentication, and its calls are in the log."""
    own.delete("/__calls")
    with faults(own, "status=503"):
        assert own.get("/v2/customers/lookup/promotionData", auth=None).status_code == 503
    assert own.get("/__calls").json()["promotionData"] == 1


# --- the control endpoint ---------------------------------------------------------------------


def test_faults_can_be_given_at_the_start(world: World) -> None:
    """The constructor's faults apply from the first call until they are removed."""
    with serving(world=world, faults=[parse_fault("status=418")]) as client:
        assert statuses(client, 1) == [418]
        client.delete("/__faults")
        assert statuses(client, 1) == [200]


@pytest.mark.parametrize(
    "content", [b"", b"{}", b'"hang"', b"[1]", b'["explode"]', b'["reset", "status"]', b"\xff"]
)
def test_wrong_order_changes_nothing(own: SandboxClient, content: bytes) -> None:
    """An invalid list is refused with a reason, and the faults do not change."""
    with faults(own, "status=503"):
        answer = own.put("/__faults", content=content)
        assert answer.status_code == 400
        assert re.fullmatch(r".+", answer.json()["error"])
        assert statuses(own, 1) == [503]


def test_no_fault_is_in_force_by_default(own: SandboxClient) -> None:
    """A sandbox without faults lists none."""
    assert own.get("/__faults", auth=None).json() == []
