"""Faults of the successor alone, and of writes: what took effect although nobody was told."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.sandbox.client import SandboxClient, serving, unified_code
from tests.sandbox.faulty import applied, faults, refusal
from tests.sandbox.writing import enrol, enrolment, new_id, old, old_id, revoke


@pytest.fixture(scope="module")
def own() -> Iterator[SandboxClient]:
    """Serve a sandbox whose faults these tests may change."""
    with serving() as client:
        yield client


@pytest.fixture
def fresh() -> Iterator[SandboxClient]:
    """Serve a sandbox whose customers a test may change."""
    with serving() as client:
        yield client


@pytest.mark.parametrize("status", [401, 403, 404, 410, 498, 500, 503])
def test_successor_can_fail_alone(own: SandboxClient, status: int) -> None:
    """`endpoint=v3` is all of the successor; the old endpoints answer."""
    with faults(own, f"status={status},endpoint=v3"):
        for path in ("promotions", "promotions/0", "unifiedPromotions/health"):
            assert own.get(f"/v3/{path}").status_code == status
        for path in ("enrol", "revoke"):
            assert own.post(f"/v3/promotions/{path}").status_code == status
        assert own.definitions(9010)
        assert own.promotions("C-ONE")
        assert own.get("/v2/organization/programs").status_code == 200
        assert applied(own) == [5]


def test_list_can_fail_without_its_entries(own: SandboxClient) -> None:
    """Each endpoint has a name of its own."""
    with faults(own, "status=404,endpoint=promotionsV3", "hang,endpoint=promotionById"):
        assert own.unified().status_code == 404
        assert own.get("/v3/promotions/0").status_code == 200
        with pytest.raises(httpx.ReadTimeout):
            own.get("/api_gateway/loyalty/v1/programs/9010/promotions/90100001/get", timeout=0.2)


@pytest.mark.parametrize("fault", ["cut_json", "array", "status=200,body=html", "status=200"])
def test_nonsense_comes_in_the_lists_place(own: SandboxClient, fault: str) -> None:
    """What is no JSON, no object, or no JSON at all, with status 200."""
    with faults(own, f"{fault},endpoint=promotionsV3"):
        answer = own.unified()
    assert answer.status_code == 200
    try:
        assert isinstance(answer.json(), list)
    except json.JSONDecodeError:
        assert fault != "array"


def test_writes_can_fail_alone(fresh: SandboxClient) -> None:
    """`endpoint=writes` is every write: they arrive and have no effect."""
    with faults(fresh, "status=503,endpoint=writes"):
        answers = [
            enrol(fresh, "C-ENROL"),
            revoke(fresh, "C-WITHDRAW"),
            old(fresh, "enrolAndEarn", "C-ENROL", "ENROL"),
            old(fresh, "directEarn", "C-DIRECT"),
            old(fresh, "revokeEnrolAndEarn", "C-ENROL", "REVOKE_EARN"),
            old(fresh, "revokeDirectEarn", "C-ISSUED"),
            fresh.post("/v2/promotion/issue", json={}),
        ]
    assert {answer.status_code for answer in answers} == {503}
    assert fresh.writes() == (7, 0)
    assert fresh.held("C-ENROL", new_id("C-ENROL"))["enrolments"] == []


@pytest.mark.parametrize(
    ("how", "lost"),
    [
        ("disconnect", httpx.RemoteProtocolError),
        ("reset", httpx.ReadError),
        ("hang", httpx.ReadTimeout),
    ],
)
def test_write_takes_effect_and_its_answer_is_lost(
    fresh: SandboxClient, how: str, lost: type[Exception]
) -> None:
    """The connection breaks, or time runs out: the customer is enrolled all the same."""
    fresh.timeout = httpx.Timeout(1.5 if how == "hang" else 30)
    with faults(fresh, f"lost_answer={how},endpoint=writes"):
        with pytest.raises(lost):
            enrol(fresh, "C-ENROL")
        with pytest.raises(lost):
            old(fresh, "enrolAndEarn", "C-ENROL", "ENROL")
    assert fresh.writes() == (2, 2)
    assert len(fresh.held("C-ENROL", new_id("C-ENROL"))["enrolments"]) == 1
    assert len(fresh.held("C-ENROL", old_id("C-ENROL"))["enrolments"]) == 1


def test_write_takes_effect_and_a_proxy_answers(fresh: SandboxClient) -> None:
    """504 by something in between: the revocation took effect."""
    with faults(fresh, "lost_answer=gateway,endpoint=revoke"):
        answer = revoke(fresh, "C-WITHDRAW")
    assert (answer.status_code, "html" in answer.text) == (504, True)
    assert fresh.writes() == (1, 1)
    assert fresh.held("C-WITHDRAW", new_id("C-WITHDRAW"))["enrolments"] == []


def test_write_can_take_effect_after_its_client_has_left(fresh: SandboxClient) -> None:
    """It is slow, and whoever reads the customer at once sees nothing of it yet."""
    body = enrolment(fresh, "C-ENROL")
    with faults(fresh, "slow=2000,endpoint=enrol"):
        with pytest.raises(httpx.ReadTimeout):
            fresh.post("/v3/promotions/enrol", json=body, timeout=0.2)
        assert fresh.writes() == (1, 0)
    assert fresh.held("C-ENROL", new_id("C-ENROL"))["enrolments"] == []
    give_up = time.monotonic() + 20
    while fresh.writes() != (1, 1):
        assert time.monotonic() < give_up
    assert len(fresh.held("C-ENROL", new_id("C-ENROL"))["enrolments"]) == 1


def test_request_whose_answer_is_lost_is_known(fresh: SandboxClient) -> None:
    """Sent again, it is 558 and nothing else: the first one took effect."""
    with (
        faults(fresh, "lost_answer,endpoint=revoke"),
        pytest.raises(httpx.RemoteProtocolError),
    ):
        revoke(fresh, "C-WITHDRAW", requestId="once")
    assert unified_code(revoke(fresh, "C-WITHDRAW", requestId="once"), 558) == 558
    assert fresh.writes() == (2, 1)


def test_write_without_credentials_has_no_effect(fresh: SandboxClient) -> None:
    """An answer that is lost after a 401 is lost without an effect."""
    fresh.auth = httpx.BasicAuth("x", "y")
    with faults(fresh, "lost_answer,endpoint=enrol"), pytest.raises(httpx.RemoteProtocolError):
        fresh.post("/v3/promotions/enrol", json={})
    assert fresh.writes() == (1, 0)


def test_log_of_writes_has_their_bodies(fresh: SandboxClient) -> None:
    """Endpoint, query and body of each, what is no JSON as null; DELETE forgets them."""
    revoke(fresh, "C-WITHDRAW")
    fresh.post("/v3/promotions/enrol", content=b"{")
    first, second = fresh.get("/__writes").json()["log"]
    assert (first["endpoint"], first["query"]) == ("revoke", "revokeAllEnrollments=true")
    assert first["body"]["promotion"] == {"promotionId": new_id("C-WITHDRAW")}
    assert (first["applied"], second["applied"]) == (True, False)
    assert (second["endpoint"], second["body"]) == ("enrol", None)
    assert fresh.delete("/__writes").status_code == 204
    assert fresh.writes() == (0, 0)


def test_keys_can_stand_twice_everywhere(own: SandboxClient) -> None:
    """All keys, or one; who reads the last one reads what was there before."""
    right = own.unified().json()
    with faults(own, "duplicate_keys,endpoint=promotionsV3"):
        answer = own.unified()
    assert answer.text.startswith('{"data":null,"data":{"content":null,"content":[')
    assert answer.json() == right
    with faults(own, "duplicate_keys=promotionId,endpoint=promotionData"):
        answer = own.customer("C-ONE")
    assert answer.text.count('"promotionId":null,"promotionId":') == 1
    assert answer.text.count("null") == own.customer("C-ONE").text.count("null") + 1


def ids_of(entry: dict[str, Any]) -> tuple[Any, Any]:
    """Return the ids of program and promotion of an entry."""
    return entry["metadata"]["programId"], entry["metadata"]["promotionId"]


def test_ids_can_be_text_or_words(own: SandboxClient) -> None:
    """All ids as text, one key's as a word, of one item of the page."""
    with faults(own, "id_words,endpoint=promotionsV3"):
        assert ids_of(own.unified().json()["data"]["content"][0]) == ("9030", "90300001")
    with faults(own, "id_words=programId,as=word,item=1,endpoint=promotionsV3"):
        first, second = own.unified().json()["data"]["content"][:2]
    assert ids_of(first) == (9030, 90300001)
    assert ids_of(second) == ("HiddenGemDefaultProgram_ID", 90300002)
    with faults(own, "id_words,endpoint=programs"):
        assert own.get("/v2/organization/programs").json()["data"][0]["programId"] == "469"


@pytest.mark.parametrize(("total", "expected"), [("7", 7), ("null", None), ("missing", "none")])
def test_total_can_be_wrong(own: SandboxClient, total: str, expected: Any) -> None:
    """`totalElements` is another number, null, or missing."""
    with faults(own, f"totals={total},endpoint=promotionsV3"):
        assert own.unified().json()["data"].get("totalElements", "none") == expected


def test_pages_can_repeat_an_entry(own: SandboxClient) -> None:
    """Each page but the first begins with the last entry of the one before."""
    pages = [own.unified(page=nth, size=5).json()["data"]["content"] for nth in range(2)]
    with faults(own, "duplicates,endpoint=promotionsV3"):
        first, second = (
            own.unified(page=nth, size=5).json()["data"]["content"] for nth in range(2)
        )
    assert first == pages[0]
    assert second == [pages[0][-1], *pages[1][:-1]]


def test_pages_can_have_another_size(own: SandboxClient) -> None:
    """Larger than asked for, or shorter than they say."""
    with faults(own, "ignore_limit=50,endpoint=promotionsV3"):
        assert len(own.unified(size=10).json()["data"]["content"]) == 50
    with faults(own, "short_pages=3,endpoint=promotionsV3"):
        data = own.unified(size=10).json()["data"]
    assert (len(data["content"]), data["numberOfElements"]) == (3, 10)


def test_words_can_be_unknown(own: SandboxClient) -> None:
    """Of one entry, and in every enum's place."""
    with faults(own, "unknown_enum,item=0,endpoint=promotionsV3"):
        first, second = own.unified(size=2).json()["data"]["content"]
    for name in ("status", "promotionType", "promotionMode"):
        assert first["metadata"][name] == "SOMETHING_NEW" != second["metadata"][name]
    assert first["activities"][0]["event"] == "SOMETHING_NEW"


def test_token_can_be_revoked_by_a_call_of_the_successor() -> None:
    """The call's token is forgotten, and the list answers 401."""
    with serving() as client:
        body = {"key": "sandbox-key", "secret": "sandbox-secret"}
        token = client.post("/v3/oauth/token/generate", json=body).json()["data"]["accessToken"]
        client.headers["X-CAP-API-OAUTH-TOKEN"] = token
        with faults(client, "revoke_token,endpoint=promotionsV3"):
            assert client.unified().status_code == 401
        assert client.customer("C-ONE").status_code == 401


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("lost_answer=never", "lost_answer=never: it must be disconnect or reset or hang"),
        ("totals=1,endpoint=writes", "endpoint=writes: totals is for promotionData"),
        ("id_words,as=number", "as=number: it must be text or word"),
    ],
)
def test_wrong_fault_is_refused(text: str, line: str) -> None:
    """In one line, as any other."""
    assert line in refusal(text)
