"""Roles and customers in the claims of a token, and claims that cannot be read."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.auth.claims import read_customers, read_roles
from gateway.context import Caller, CustomerClaim, Role
from gateway.errors import TokenRefusedError
from tests.support.graph import Graph, graph_over
from tests.support.tokens import JWT, Issuer

ISSUER = Issuer()
RULESETS = """{ promotion(programId: "9001", promotionId: "90010001") {
  definition { rulesets { rulesetId } }
} }"""


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Write the issuer's key into a file."""
    path: Path = tmp_path_factory.mktemp("keys") / "key.pem"
    path.write_bytes(ISSUER.pem())
    return str(path)


@pytest.fixture(scope="module")
def guarded(sandbox_url: str, key_file: str) -> Iterator[Graph]:
    """Serve a gateway that requires a token, and would let anonymous callers see rulesets."""
    settings = JWT | {"auth_key_file": key_file, "auth_roles_claim": "realm.roles"}
    with graph_over(sandbox_url, **settings, anonymous_roles=frozenset(Role)) as graph:
        yield graph


@pytest.mark.parametrize(
    ("claim", "roles"),
    [
        (["rulesets"], {Role.RULESETS}),
        (["admin", "rulesets", 7, None], {Role.RULESETS}),
        ("openid rulesets", {Role.RULESETS}),
        (["RULESETS", "rulesets "], set()),
        ("openid", set()),
        ({"rulesets": True}, set()),
        (True, set()),
        (None, set()),
    ],
)
def test_roles_are_the_words_that_this_gateway_knows(claim: Any, roles: set[Role]) -> None:
    """They come as a list, or as one string with blanks, as OAuth's scopes do."""
    assert read_roles({"roles": claim}, "roles") == roles


def test_a_claim_is_found_by_its_name_before_its_path() -> None:
    """An issuer's own claim names may contain dots; only then the name is a path."""
    inside = {"realm": {"roles": ["rulesets"]}}
    assert read_roles(inside, "realm.roles") == {Role.RULESETS}
    assert read_roles(inside | {"realm.roles": []}, "realm.roles") == set()
    assert read_roles({"https://i.example/roles": ["rulesets"]}, "https://i.example/roles")
    assert read_roles({"realm": "rulesets"}, "realm.roles") == set()


@pytest.mark.parametrize(
    ("one", "claim"),
    [
        ({"mobile": "49157"}, ("INSTORE", "mobile", "49157")),
        ({"mobile": " +49157"}, ("INSTORE", "mobile", " +49157")),
        ({"externalId": "00042"}, ("INSTORE", "externalId", "00042")),
        ({"email": "Ä@example.com"}, ("INSTORE", "email", "Ä@example.com")),
        ({"cuid": "c", "source": "ECOMMERCE"}, ("ECOMMERCE", "cuid", "c")),
        ({"customerId": "564332013"}, ("INSTORE", "id", "564332013")),
        ({"customerId": 564332013}, ("INSTORE", "id", "564332013")),
    ],
)
def test_a_customer_is_one_identifier_exactly_as_it_stands(
    one: dict[str, Any], claim: tuple[str, str, str]
) -> None:
    """Nothing is trimmed, lowered or padded."""
    assert read_customers({"customers": [one]}, "customers") == (CustomerClaim(*claim),)


@pytest.mark.parametrize(
    "claim",
    [
        {"mobile": "49157"},
        "49157",
        ["49157"],
        [{}],
        [{"source": "INSTORE"}],
        [{"mobile": "49157"}, {}],
        [{"mobile": "49157", "email": "a@example.com"}],
        [{"mobile": 49157}],
        [{"mobile": ""}],
        [{"mobile": "4" * 257}],
        [{"mobile": "49157\n"}],
        [{"mobile": None}],
        [{"customerId": True}],
        [{"customerId": 1.5}],
        [{"Mobile": "49157"}],
        [{"id": "564332013"}],
        [{"customer_id": "564332013"}],
        [{"mobile": "49157", "source": "instore"}],
        [{"mobile": "49157", "source": None}],
        [{"mobile": "49157", "source": ["INSTORE"]}],
        [{"mobile": "49157", "kind": "primary"}],
    ],
    ids=str,
)
def test_customers_that_nobody_understands_refuse_the_token(claim: Any) -> None:
    """A claim that can only be read in part refuses the token."""
    with pytest.raises(TokenRefusedError):
        read_customers({"customers": claim}, "customers")


def test_customers_keep_their_order_and_are_there_once() -> None:
    """The order of the claim is what `viewer` shows."""
    claim = [{"mobile": "2"}, {"mobile": "1"}, {"mobile": "2", "source": "INSTORE"}]
    customers = read_customers({"customers": claim}, "customers")
    assert [each.identifier_value for each in customers] == ["2", "1"]


@pytest.mark.parametrize("claims", [{}, {"customers": None}, {"customers": []}])
def test_without_the_claim_there_are_no_customers(claims: dict[str, Any]) -> None:
    """A token without the claim may query no customer."""
    assert read_customers(claims, "customers") == ()


def test_the_role_claim_opens_rulesets_and_nothing_else_does(guarded: Graph) -> None:
    """With tokens the roles of anonymous callers do not apply."""

    def codes(**claims: Any) -> list[str]:
        body = {"query": RULESETS}
        answer = guarded.http.post("/graphql", json=body, headers=ISSUER.bearer(**claims)).json()
        assert answer["data"]["promotion"]["definition"]
        return [error["extensions"]["code"] for error in answer.get("errors", ())]

    assert codes(realm={"roles": ["rulesets"]}) == []
    assert codes() == codes(roles=["rulesets"]) == codes(realm={"roles": []}) == ["FORBIDDEN"]


def test_a_fingerprint_is_shared_by_those_who_may_see_the_same() -> None:
    """It covers roles, customers in their order, and credential, and not the subject."""
    first, second = CustomerClaim("INSTORE", "mobile", "1"), CustomerClaim("INSTORE", "mobile", "2")
    roles = frozenset(Role)
    callers = [
        Caller(),
        Caller(roles),
        Caller(customers=()),
        Caller(customers=(first,)),
        Caller(customers=(first, second)),
        Caller(customers=(second, first)),
        Caller(customers=(CustomerClaim("ALL", "mobile", "1"),)),
        Caller(credential=(("Authorization", "Basic a"),)),
        Caller(credential=(("Authorization", "Basic b"),)),
    ]
    assert len({caller.fingerprint for caller in callers}) == len(callers)
    again = Caller(customers=(first, second), subject="s")
    assert again.fingerprint == callers[4].fingerprint


def test_neither_claims_nor_the_token_are_in_the_log_or_the_answer(
    sandbox_url: str, key_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A log line has a hash of the subject; no response repeats a claim."""
    settings = JWT | {"auth_key_file": key_file, "auth_customer_claim": "customers"}
    claims = {"sub": "4915700000006", "customers": [{"mobile": "4915700000006"}], "name": "Secret"}
    queries = [
        '{ customer(by: {mobile: "4915700000006"}) { __typename } }',
        '{ customer(by: {mobile: "4915700000007"}) { __typename } }',
        "{ __typename }",
    ]
    with graph_over(sandbox_url, **settings) as graph:
        answers = [
            graph.http.post("/graphql", json={"query": query}, headers=headers).text
            for query in queries
            for headers in (
                ISSUER.bearer(**claims),
                ISSUER.bearer(**claims, exp=0),
                ISSUER.bearer(**claims | {"customers": ["4915700000006"]}),
            )
        ]
    written = capsys.readouterr().out
    assert written.count("caller=") == 3
    assert len({part.split()[0] for part in written.split("caller=")[1:]}) == 1
    told = written + json.dumps(answers)
    for secret in ("491570000000", "Secret", "eyJ", "somebody"):
        assert secret not in told
