"""What operators see of writes, and what callers may not do."""

from typing import Any

import pytest

from tests.sandbox.writing import customer_id, old_id
from tests.support.graph import serve_gateway
from tests.support.http_client import client
from tests.support.logged import Lines
from tests.support.metrics import changed, scrape
from tests.support.tokens import JWT, Issuer
from tests.support.webhooks import SECRET, Sender, customer_event
from tests.writes.support import ENROL, PAYLOAD, WITHDRAW, Writer, wanted, writer


def test_each_action_is_a_line_of_the_log(log: Lines) -> None:
    """Who did it, which promotion, and what became of it; the customer is a hash."""
    with writer() as own:
        given = wanted("C-ENROL")
        own.do(ENROL, given)
        own.do(ENROL, given)
        own.refused(ENROL, wanted("C-GENERIC"))
        own.failed(ENROL, wanted("C-ENROL", programId="x"))
    first, repeated, refused = log.of("promotion_action")
    known = {
        "action": "enrol",
        "program_id": "9031",
        "promotion_id": str(old_id("C-ENROL")),
        "outcome": "done",
        "reason": None,
        "caller": "",
    }
    assert known.items() <= first.items()
    assert (first["repeated"], repeated["repeated"]) == (False, True)
    assert first["customer"] == repeated["customer"] != refused["customer"]
    assert (refused["outcome"], refused["reason"]) == ("refused", "NOT_ENROLLABLE")
    assert str(customer_id("C-ENROL")) not in "".join(log.lines)
    assert "C-ENROL" not in "".join(log.lines)


def test_a_customer_has_the_same_hash_in_all_lines(log: Lines) -> None:
    """Whether they act themselves or the platform tells of it; it is no key of the cache."""
    with writer(webhook_secret=SECRET) as own, Sender(str(own.graph.http.base_url)) as sender:
        own.do(ENROL, wanted("C-ENROL"))
        own.do(ENROL, wanted("C-ENROL", by={"customerId": str(customer_id("C-ENROL"))}))
        for event in (customer_event(customer_id("C-ENROL")), customer_event(1)):
            sender.send(event)
    first, by_id = (line["customer"] for line in log.of("promotion_action"))
    told, other = (line["customer"] for line in log.of("webhook_event"))
    assert first == by_id == told != other
    assert len(told) == len(other) == 16


def test_actions_are_counted_by_outcome() -> None:
    """And the calls by the platform's endpoint."""
    with writer("status=403,endpoint=enrolAndEarn,after=1,count=1") as own:
        url = str(own.graph.http.base_url)
        before = scrape(url)
        given = wanted("C-ENROL")
        own.do(ENROL, given)
        own.do(ENROL, given)
        own.failed(ENROL, wanted("C-LIMIT"))
        own.refused(ENROL, wanted("C-LIMIT"))
        seen = changed(before, scrape(url))
    name = 'gateway_promotion_actions_total{{action="enrol",outcome="{}"}}'
    counted = {outcome: seen.get(name.format(outcome)) for outcome in ("done", "error", "refused")}
    assert counted == {"done": 1, "error": 1, "refused": 1}
    assert seen[name.format("repeated")] == 1
    calls = 'gateway_upstream_calls_total{{endpoint="enrolAndEarn",outcome="{}"}}'
    assert (seen[calls.format("2xx")], seen[calls.format("4xx")]) == (2, 1)


@pytest.mark.parametrize("by", [{"externalId": "C-LIMIT"}, {"customerId": "1"}])
def test_a_foreign_customer_is_forbidden(by: dict[str, Any], tmp_path: Any) -> None:
    """Before any write, and without a word about the customer."""
    issuer = Issuer()
    key = tmp_path / "key.pem"
    key.write_bytes(issuer.pem())
    options = JWT | {"auth_key_file": str(key), "auth_customer_claim": "customers"}
    with writer() as own, _signed(own, **options) as url, client(url) as http:
        claims = {"customers": [{"externalId": "C-ENROL"}]}
        headers = issuer.bearer(**claims)

        def send(given: dict[str, Any]) -> dict[str, Any]:
            body = {"query": ENROL, "variables": {"input": given}}
            answer: dict[str, Any] = http.post("/graphql", json=body, headers=headers).json()
            return answer

        (error,) = send(wanted("C-ENROL", by=by))["errors"]
        assert (error["extensions"]["code"], error["extensions"]["argument"]) == (
            "FORBIDDEN",
            "input.by",
        )
        assert own.writes == []
        assert send(wanted("C-ENROL"))["data"]["done"]["outcome"] == "DONE"


def _signed(own: Writer, **options: Any) -> Any:
    return serve_gateway(own.platform_url, writes=True, **options)


def test_the_mutations_of_a_batch_run_one_after_the_other() -> None:
    """In their order: the second finds what the first has made."""
    with writer("slow=50,endpoint=enrolAndEarn") as own:
        withdraw = wanted("C-ENROL", stage="ENROL")
        batch = [
            {"query": ENROL, "variables": {"input": wanted("C-ENROL")}},
            {"query": WITHDRAW, "variables": {"input": withdraw}},
        ]
        first, second = own.graph.http.post("/graphql", json=batch).json()
        assert first["data"]["done"]["outcome"] == second["data"]["done"]["outcome"] == "DONE"
        ids = [each["data"]["done"]["enrolmentIds"] for each in (first, second)]
        assert ids[0] == ids[1] != []


@pytest.mark.parametrize(
    "selection",
    [
        f"outcome ... @defer {PAYLOAD}",
        "outcome enrolmentIds customerPromotion { id ... @defer { enrolments { enrolmentId } } }",
    ],
)
def test_a_mutation_is_never_sent_in_parts(selection: str) -> None:
    """Whatever the client accepts: @defer is for queries."""
    mutation = (
        "mutation E($input: EnrolInPromotionInput!)"
        f" {{ done: enrolInPromotion(input: $input) {{ {selection} }} }}"
    )
    with writer() as own:
        answer = own.graph.http.post(
            "/graphql",
            json={"query": mutation, "variables": {"input": wanted("C-ENROL")}},
            headers={"Accept": "multipart/mixed;deferSpec=20220824, application/json"},
        )
        assert answer.headers["content-type"].startswith("application/")
        done = answer.json()["data"]["done"]
        (enrolment,) = done["customerPromotion"]["enrolments"]
        assert (done["outcome"], done["enrolmentIds"]) == ("DONE", [enrolment["enrolmentId"]])


def test_what_was_cached_of_the_customer_is_dropped() -> None:
    """Pages and whole responses, by whichever identifier they were asked for."""
    page = "{ customer(by: %s) { promotions { nodes { enrolments { enrolmentId } } } } }"
    ways = ['{externalId: "C-ENROL"}', f'{{customerId: "{customer_id("C-ENROL")}"}}']
    with writer(cache_customer_ttl_s=60) as own:
        for _ in range(2):
            before = [own.graph.ask(page % by) for by in ways]
        assert own.graph.calls == 0
        own.do(ENROL, wanted("C-ENROL"))
        after = [own.graph.ask(page % by) for by in ways]
        assert before[0] != after[0]
        assert after[0] == after[1]
