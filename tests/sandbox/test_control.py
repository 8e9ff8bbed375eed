import time
from collections.abc import Iterator

import httpx
import pytest

from gateway.sandbox.app import create_sandbox
from gateway.sandbox.calls import ENDPOINTS
from gateway.sandbox.world import World
from tests.sandbox.client import LEGACY_BASICS, SandboxClient, serving
from tests.support.serving import serve


@pytest.fixture(scope="module")
def own(world: World) -> Iterator[SandboxClient]:
    """Serve a sandbox whose counters and latency these tests may change."""
    with serving(world=world) as client:
        yield client


@pytest.fixture(autouse=True)
def settled(own: SandboxClient) -> None:
    """Each test starts with no calls and no latency."""
    own.put("/__latency", json={"ms": 0})
    own.delete("/__calls")


def none(**others: int) -> dict[str, int]:
    """Return zero for every endpoint but the others."""
    return dict.fromkeys(ENDPOINTS, 0) | others


def test_calls_are_counted_by_endpoint(own: SandboxClient) -> None:
    """Every endpoint's calls are counted, refused ones too, and control calls are not."""
    own.customer("C-ONE")
    own.customer("nobody")
    own.legacy(9010, **LEGACY_BASICS)
    own.post("/v3/oauth/token/generate", json={})
    own.get("/v2/customers/lookup/promotionData", auth=httpx.BasicAuth("x", "y"))
    own.get("/__world")
    report = own.get("/__calls", auth=None).json()
    assert report.pop("log")
    assert report.pop("total") == 5
    assert report == none(promotionData=3, promotionsV2=1, token=1)


def test_log_tells_the_query_as_received(own: SandboxClient) -> None:
    """The log keeps path and raw query string, in the order of arrival."""
    own.customer("+49 170&x=%41/ü?#")
    own.legacy(9010, limit=1)
    first, second = own.get("/__calls").json()["log"]
    assert first["endpoint"] == "promotionData"
    assert first["path"] == "/v2/customers/lookup/promotionData"
    assert "identifierValue=%2B49+170%26x%3D%2541%2F%C3%BC%3F%23" in first["query"]
    assert second == {
        "endpoint": "promotionsV2",
        "path": "/api_gateway/loyalty/v1/programs/9010/promotionsV2",
        "query": "limit=1",
    }


def test_log_is_bounded_and_can_be_reset(own: SandboxClient) -> None:
    """Only the last thousand calls are stored, all are counted, and DELETE removes them."""
    for _ in range(1005):
        own.post("/v3/oauth/token/generate")
    report = own.get("/__calls").json()
    assert report["total"] == 1005
    assert len(report["log"]) == 1000
    assert own.request("DELETE", "/__calls", auth=None).status_code == 204
    assert own.get("/__calls").json() == {"total": 0, **none(), "log": []}


def seconds_of(client: SandboxClient) -> tuple[float, float]:
    """Return the durations of the customer view and the definitions, in seconds."""
    started = time.perf_counter()
    client.customer("C-ONE")
    between = time.perf_counter()
    client.legacy(9010, **LEGACY_BASICS)
    return between - started, time.perf_counter() - between


def test_latency_of_one_endpoint_can_be_ordered(own: SandboxClient) -> None:
    """One endpoint waits at least as long as set, the other does not wait."""
    answer = own.request(
        "PUT", "/__latency", json={"ms": 80, "endpoint": "promotionsV2"}, auth=None
    )
    assert answer.json() == none(promotionsV2=80)
    customer_s, definitions_s = seconds_of(own)
    assert definitions_s >= 0.08
    assert customer_s < definitions_s


def test_latency_of_all_endpoints_can_be_ordered(own: SandboxClient) -> None:
    """Without an endpoint the latency is for all, and a negative one means none."""
    own.put("/__latency", json={"ms": 40, "endpoint": None})
    assert min(seconds_of(own)) >= 0.04
    answer = own.put("/__latency", json={"ms": -5})
    assert answer.json() == none()


def test_latency_can_be_given_at_the_start(world: World) -> None:
    """The constructor's latency holds from the first call."""
    with serving(world=world, latency_ms=40) as client:
        assert min(seconds_of(client)) >= 0.04


def test_sandbox_without_options_lives_today() -> None:
    """By default the clock is the real one, and C-CURRENT can redeem something by it."""
    with serve(create_sandbox()) as url, SandboxClient(url) as client:
        assert client.promotions("C-CURRENT", promotionStatusForCustomer="AVAILABLE_TO_REDEEM")


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"ms": "slow"}', b'{"ms": 1, "endpoint": "nowhere"}']
)
def test_wrong_latency_order_is_refused(own: SandboxClient, content: bytes) -> None:
    """An invalid body changes nothing and is refused."""
    answer = own.put("/__latency", content=content)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_world_lists_customers_and_programs(own: SandboxClient) -> None:
    """All identifiers and the sizes of programs are listed, without credentials."""
    described = own.get("/__world", auth=None).json()
    customers = {
        customer["identifiers"]["externalId"][0]: customer
        for customer in described["customers"]
        if "externalId" in customer["identifiers"]
    }
    programs = {program["programId"]: program for program in described["programs"]}
    assert customers["C-ONLINE"] == {
        "customerId": 700000014,
        "identifiers": {
            "externalId": ["C-ONLINE"],
            "mobile": ["4915700000014"],
            "email": ["c-online@example.com"],
            "cuid": ["cuid-c-online"],
        },
        "sources": ["ECOMMERCE", "WEBSITE"],
        "promotions": 2,
        "note": "found on ECOMMERCE and WEBSITE only",
    }
    assert programs[9003]["definitions"] == {"UI": 3000}
    assert (programs[9003]["unified"], programs[9033]["unified"]) == (0, 105)
    assert all(entry["note"] for entry in described["customers"] + described["programs"])
