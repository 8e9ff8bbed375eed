"""What a write by the successor leaves: its request id, the log, metrics, and what is dropped."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.writing import customer_id, new_id
from tests.support.commands import until
from tests.support.graph import serve_gateway
from tests.support.http_client import client
from tests.support.logged import Lines
from tests.support.metrics import changed, scrape
from tests.support.tokens import JWT, Issuer
from tests.support.valkey import Valkey
from tests.writes.support import ENROL, WITHDRAW, wanted_new, writer

BOTH: dict[str, Any] = {"definitions": "both", "cache_definition_ttl_s": 60}
SECRET: dict[str, Any] = {"cache_key_secret": "sixteen bytes at least"}


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    """Return a server for one test."""
    own = Valkey()
    yield own
    own.stop()


def _post(url: str, mutation: str, given: dict[str, Any], headers: Any = None) -> dict[str, Any]:
    with client(url) as http:
        body = {"query": mutation, "variables": {"input": given}}
        answer: dict[str, Any] = http.post("/graphql", json=body, headers=headers).json()
        done: dict[str, Any] = answer["data"]["done"]
        return done


def test_the_platform_recognises_what_another_process_has_done() -> None:
    """Without a Redis in common the same key is sent again: 558, and read again."""
    with writer(**BOTH) as own, serve_gateway(own.platform_url, writes=True, **BOTH) as other:
        given = wanted_new("C-WITHDRAW", stage="ENROL")
        assert own.do(WITHDRAW, given)["outcome"] == "DONE"
        own.do(ENROL, wanted_new("C-WITHDRAW"))
        done = _post(other, WITHDRAW, given)
        assert (done["outcome"], done["enrolmentIds"]) == ("UNCERTAIN", [])
        assert len(done["customerPromotion"]["enrolments"]) == 1
        first, second = (each for each in own.writes if each["endpoint"] == "revoke")
        assert first["body"] == second["body"]
        assert (first["applied"], second["applied"]) == (True, False)


def test_a_request_id_belongs_to_a_caller_a_customer_and_a_key(tmp_path: Any) -> None:
    """It has 40 characters, and tells nothing of them."""
    issuer = Issuer()
    path = tmp_path / "key.pem"
    path.write_bytes(issuer.pem())
    options = JWT | BOTH | {"auth_key_file": str(path)}
    given = wanted_new("C-ENROL")
    key = given["idempotencyKey"]
    with writer(**BOTH) as own, serve_gateway(own.platform_url, writes=True, **options) as url:
        for subject, wanted in (
            ("one", given),
            ("other", given),
            ("one", wanted_new("C-WITHDRAW", idempotencyKey=key)),
            ("one", wanted_new("C-ENROL")),
        ):
            _post(url, ENROL, wanted, issuer.bearer(sub=subject))
        ids = [each["body"]["requestId"] for each in own.writes]
        assert len(set(ids)) == 4
        assert {len(each) for each in ids} == {40}
        assert all(each.isalnum() for each in ids)
        secrets = (key, str(customer_id("C-ENROL")), "one")
        assert not any(secret in each for secret in secrets for each in ids)


def test_a_write_is_logged_and_counted_like_any_other(log: Lines) -> None:
    """One line for each action, and the calls by the platform's endpoint."""
    with writer(**BOTH) as own:
        url = str(own.graph.http.base_url)
        before = scrape(url)
        own.do(ENROL, wanted_new("C-ENROL"))
        own.do(ENROL, wanted_new("C-SILENT"))
        own.refused(ENROL, wanted_new("C-LIMIT"))
        own.do(WITHDRAW, wanted_new("C-ENROL", stage="ENROL"))
        seen = changed(before, scrape(url))
    lines = log.of("promotion_action")
    assert [(each["outcome"], each["reason"]) for each in lines] == [
        ("done", None),
        ("uncertain", None),
        ("refused", "ALREADY_ENROLLED_OR_LIMIT_REACHED"),
        ("done", None),
    ]
    known = {"action": "enrol", "program_id": "9030", "promotion_id": str(new_id("C-ENROL"))}
    assert known.items() <= lines[0].items()
    assert str(customer_id("C-ENROL")) not in "".join(log.lines)
    calls = 'gateway_upstream_calls_total{{endpoint="{}",outcome="2xx"}}'
    assert (seen[calls.format("enrol")], seen[calls.format("revoke")]) == (3, 1)
    actions = 'gateway_promotion_actions_total{{action="{}",outcome="{}"}}'
    assert seen[actions.format("enrol", "done")] == 1
    assert seen[actions.format("enrol", "uncertain")] == 1
    assert seen[actions.format("withdraw_enrolments", "done")] == 1


@pytest.mark.parametrize("name", ["C-ENROL", "C-UNCERTAIN"])
def test_what_was_cached_of_the_customer_is_dropped(name: str) -> None:
    """Pages and whole responses, by whichever identifier, also where it is UNCERTAIN."""
    page = "{ customer(by: %s) { promotions { nodes { enrolments { enrolmentId } } } } }"
    ways = [f'{{externalId: "{name}"}}', f'{{customerId: "{customer_id(name)}"}}']
    with writer(cache_customer_ttl_s=60, **BOTH) as own:
        before = [own.graph.ask(page % by) for by in ways]
        own.do(ENROL, wanted_new(name))
        after = [own.graph.ask(page % by) for by in ways]
        assert before[0] != after[0]
        assert after[0] == after[1]


def test_what_one_replica_finds_outdated_no_other_one_sends(valkey: Valkey) -> None:
    """The other searches for the promotion, whose old version it has, too."""
    shared = BOTH | SECRET | {"cache_url": valkey.url}
    with (
        writer(**shared) as own,
        serve_gateway(own.platform_url, writes=True, **shared) as other,
    ):
        own.do(ENROL, wanted_new("C-ENROL"))
        assert _post(other, ENROL, wanted_new("C-ENROL"))["outcome"] == "DONE"
        own.change("C-ENROL", name="Another name")
        evicted = 'gateway_cache_evictions_total{subject="definition"}'
        before = scrape(other)
        assert own.refused(ENROL, wanted_new("C-ENROL")) == "REFUSED"
        assert until(lambda: scrape(other)[evicted] > before[evicted])
        assert _post(other, ENROL, wanted_new("C-ENROL"))["outcome"] == "DONE"
        assert own.applied == 3


def test_an_outdated_catalogue_is_not_read_from_redis_again(valkey: Valkey) -> None:
    """A replica that starts shares it, and one that has found it outdated reads the platform."""
    shared = BOTH | SECRET | {"cache_url": valkey.url}
    with (
        writer(**shared) as own,
        serve_gateway(own.platform_url, writes=True, **shared) as other,
    ):
        assert own.do(ENROL, wanted_new("C-ENROL"))["outcome"] == "DONE"
        own.graph.answer("{ __typename }")
        assert _post(other, ENROL, wanted_new("C-ENROL"))["outcome"] == "DONE"
        assert own.graph.call_log()["promotionsV3"] == 0
        own.change("C-ENROL", name="Another name")
        assert _post(other, ENROL, wanted_new("C-ENROL"))["outcome"] == "REFUSED"
        assert _post(other, ENROL, wanted_new("C-ENROL"))["outcome"] == "DONE"
        assert own.graph.call_log()["promotionsV3"] == 2
        assert own.applied == 3
