"""A caller whose token names customers can access these and no others, by no path."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.sandbox.app import create_sandbox
from gateway.sandbox.faults.spec import parse_fault
from gateway.schema.ids import write_id
from gateway.upstream.customer_view.endpoint import CustomerKey
from tests.sandbox.client import NOW, shared_world
from tests.support.graph import Graph, graph_over
from tests.support.serving import serve
from tests.support.tokens import JWT, Issuer

PACKAGE = Path(__file__).parents[2] / "gateway"
ISSUER = Issuer()
# C-TEN is the caller, C-CURRENT somebody else.
OWN, OTHER = "700000006", "700000008"
MOBILE, OTHERS_MOBILE = f"4915{OWN}", f"4915{OTHER}"
BY_MOBILE = [{"mobile": MOBILE}]
OWN_NODE, OTHERS_NODE = (write_id("Customer", "INSTORE", id_) for id_ in (OWN, OTHER))
CUSTOMER = "query($by:CustomerIdentifier!,$s:CustomerSource!){customer(by:$by,source:$s){id}}"
NODE = "query($id:ID!){node(id:$id){__typename}}"


@pytest.fixture
def key_file(tmp_path: Path) -> str:
    """Write the issuer's key to a file."""
    path = tmp_path / "key.pem"
    path.write_bytes(ISSUER.pem())
    return str(path)


@pytest.fixture
def guarded(sandbox_url: str, key_file: str) -> Iterator[Graph]:
    """Serve a gateway that has no stored customer ids."""
    settings = JWT | {"auth_key_file": key_file, "auth_customer_claim": "customers"}
    with graph_over(sandbox_url, **settings) as graph:
        yield graph


def ask(
    graph: Graph, customers: list[dict[str, Any]] | None, query: str, **variables: Any
) -> dict[str, Any]:
    """Send a query as a caller with these customers; None omits the claim."""
    graph.http.headers.update(ISSUER.bearer(customers=customers))
    return graph.answer(query, variables)


def codes(answer: dict[str, Any]) -> list[tuple[str, list[str | int]]]:
    """Return the code and path of each error."""
    return [(one["extensions"]["code"], one["path"]) for one in answer.get("errors", ())]


def test_only_the_gate_makes_a_customers_key() -> None:
    """No other module creates a customer's key, also not from another key."""
    found = set()
    for path in set(PACKAGE.rglob("*.py")) - set((PACKAGE / "sandbox").rglob("*.py")):
        tree = ast.parse(path.read_text())
        stated = {
            id(name)
            for node in ast.walk(tree)
            for annotation in (getattr(node, "annotation", None), getattr(node, "returns", None))
            if isinstance(annotation, ast.AST)
            for name in ast.walk(annotation)
        }
        for node in ast.walk(tree):
            is_named = isinstance(node, ast.Name | ast.Attribute) and (
                getattr(node, "id", getattr(node, "attr", "")) == "CustomerKey"
            )
            is_made_of_another = (
                isinstance(node, ast.keyword) and node.arg in CustomerKey._fields[1:]
            )
            is_alias = isinstance(node, ast.alias) and node.name == "CustomerKey" and node.asname
            if (is_named and id(node) not in stated) or is_made_of_another or is_alias:
                found.add(f"{path.relative_to(PACKAGE)}:{getattr(node, 'lineno', '')}")
    assert {place.partition(":")[0] for place in found} == {"schema/customer_gate.py"}, found


@pytest.mark.parametrize(
    "one",
    [
        {"mobile": MOBILE},
        {"email": "c-ten@example.com"},
        {"externalId": "C-TEN"},
        {"cuid": "cuid-c-ten"},
        {"customerId": OWN},
    ],
)
def test_a_customer_of_the_claim_is_answered(guarded: Graph, one: dict[str, str]) -> None:
    """The caller's own identifier, equal byte for byte, takes one call."""
    answer = ask(guarded, [{"cuid": "another"}, one], CUSTOMER, by=one, s="INSTORE")
    assert answer["data"] == {"customer": {"id": OWN_NODE}}
    assert guarded.calls == 1


@pytest.mark.parametrize(
    ("claim", "identifier", "source"),
    [
        (BY_MOBILE, {"mobile": OTHERS_MOBILE}, "INSTORE"),
        (BY_MOBILE, {"mobile": f"+{MOBILE}"}, "INSTORE"),
        (BY_MOBILE, {"mobile": f"0{MOBILE}"}, "INSTORE"),
        (BY_MOBILE, {"mobile": f"{MOBILE} "}, "INSTORE"),
        (BY_MOBILE, {"mobile": MOBILE[:-1]}, "INSTORE"),
        (BY_MOBILE, {"mobile": MOBILE.replace("4", "\u0664")}, "INSTORE"),
        (BY_MOBILE, {"email": MOBILE}, "INSTORE"),
        (BY_MOBILE, {"email": "c-ten@example.com"}, "INSTORE"),
        (BY_MOBILE, {"mobile": MOBILE}, "ECOMMERCE"),
        (BY_MOBILE, {"mobile": MOBILE}, "ALL"),
        ([{"mobile": MOBILE, "source": "ALL"}], {"mobile": MOBILE}, "INSTORE"),
        ([{"email": "c-ten@example.com"}], {"email": "C-TEN@example.com"}, "INSTORE"),
        ([{"externalId": "42"}], {"externalId": "00042"}, "INSTORE"),
        ([{"customerId": OWN}], {"mobile": MOBILE}, "INSTORE"),
        ([{"customerId": OWN}], {"customerId": OTHER}, "INSTORE"),
        ([{"customerId": OWN}], {"customerId": f"0{OWN}"}, "INSTORE"),
        ([{"externalId": OWN}], {"cuid": OWN}, "INSTORE"),
        (BY_MOBILE, {"customerId": OTHER}, "ECOMMERCE"),
        ([], {"mobile": MOBILE}, "INSTORE"),
        (None, {"mobile": MOBILE}, "INSTORE"),
        (None, {"customerId": OWN}, "INSTORE"),
    ],
)
def test_any_other_is_forbidden_before_any_call(
    guarded: Graph, claim: Any, identifier: dict[str, str], source: str
) -> None:
    """Another spelling or source of the own identifier is refused: it may be someone else."""
    answer = ask(guarded, claim, CUSTOMER, by=identifier, s=source)
    assert answer["data"] == {"customer": None}
    assert codes(answer) == [("FORBIDDEN", ["customer"])]
    (error,) = answer["errors"]
    assert error["message"] == "by: the caller is not authorized for this customer."
    assert guarded.calls == 0


@pytest.mark.parametrize("claim", [BY_MOBILE, [{"cuid": "nobody"}, *BY_MOBILE]])
def test_an_own_id_is_told_by_looking_up_the_claim_once(guarded: Graph, claim: Any) -> None:
    """One call with limit 1 for each identifier of the claim, whose result is stored."""
    answer = ask(guarded, claim, CUSTOMER, by={"customerId": OWN}, s="INSTORE")
    assert answer["data"] == {"customer": {"id": OWN_NODE}}
    assert guarded.calls == len(claim) + 1
    assert all("limit=1&" in query for query in guarded.queries())
    assert ask(guarded, claim, NODE, id=OWN_NODE)["data"] == {"node": {"__typename": "Customer"}}
    assert guarded.calls == 1


@pytest.mark.parametrize(
    ("query", "variables", "path"),
    [
        (CUSTOMER, {"by": {"customerId": OTHER}, "s": "INSTORE"}, "customer"),
        (NODE, {"id": OTHERS_NODE}, "node"),
        (NODE, {"id": write_id("Customer", "INSTORE", "1")}, "node"),
        (NODE, {"id": write_id("CustomerPromotion", "INSTORE", OTHER, "9020", "1")}, "node"),
    ],
)
def test_anothers_id_is_never_looked_up(
    guarded: Graph, query: str, variables: dict[str, Any], path: str
) -> None:
    """The caller's own identifier is looked up, so that nothing is disclosed of the other."""
    answer = ask(guarded, BY_MOBILE, query, **variables)
    assert codes(answer) == [("FORBIDDEN", [path])]
    (asked,) = guarded.queries()
    assert f"identifierName=mobile&identifierValue={MOBILE}" in asked
    assert OTHER not in asked
    assert codes(ask(guarded, BY_MOBILE, query, **variables)) == [("FORBIDDEN", [path])]
    assert guarded.calls == 0


def test_siblings_survive_what_is_forbidden(guarded: Graph) -> None:
    """Each path to a customer has its own error, and none makes a call."""
    query = """query($own:ID!,$other:ID!,$theirs:ID!,$m:String!,$o:String!,$id:ID!){
      customers(by:[{mobile:$m},{mobile:$o},{customerId:$id}]){customerId}
      nodes(ids:[$other,$own,$theirs]){__typename}
      program(programId:"9001"){promotions(first:1){nodes{promotionId
        forCustomer(by:{mobile:$o}){customer{customerId}}
        own:forCustomer(by:{mobile:$m}){customer{customerId}}
      }}}
    }"""
    theirs = write_id("CustomerPromotion", "INSTORE", OTHER, "9020", "90200001")
    ids = {"own": OWN_NODE, "other": OTHERS_NODE, "theirs": theirs, "id": OTHER}
    answer = ask(guarded, BY_MOBILE, query, m=MOBILE, o=OTHERS_MOBILE, **ids)
    data = answer["data"]
    assert data["customers"] == [{"customerId": OWN}, None, None]
    assert data["nodes"] == [None, {"__typename": "Customer"}, None]
    (promotion,) = data["program"]["promotions"]["nodes"]
    assert promotion["forCustomer"] is None
    assert promotion["own"] == {"customer": {"customerId": OWN}}
    assert sorted(codes(answer), key=str) == sorted(
        [
            ("FORBIDDEN", ["customers", 1]),
            ("FORBIDDEN", ["customers", 2]),
            ("FORBIDDEN", ["nodes", 0]),
            ("FORBIDDEN", ["nodes", 2]),
            ("FORBIDDEN", ["program", "promotions", "nodes", 0, "forCustomer"]),
        ],
        key=str,
    )
    assert not [query for query in guarded.queries() if OTHER in query]


def test_a_cursor_opens_no_list_of_anothers(sandbox_url: str, guarded: Graph, graph: Graph) -> None:
    """A cursor of another customer's list does not grant access to the list."""
    query = """query($by:CustomerIdentifier!,$after:String){customer(by:$by){
      promotions(first:2,after:$after){pageInfo{endCursor}}}}"""
    theirs = graph.ask(query, {"by": {"mobile": OTHERS_MOBILE}})
    cursor = theirs["customer"]["promotions"]["pageInfo"]["endCursor"]
    answer = ask(guarded, BY_MOBILE, query, by={"mobile": OTHERS_MOBILE}, after=cursor)
    assert codes(answer) == [("FORBIDDEN", ["customer"])]
    answer = ask(guarded, BY_MOBILE, query, by={"mobile": MOBILE}, after=cursor)
    assert codes(answer) == [("CURSOR_INVALID", ["customer", "promotions"])]
    assert guarded.calls == 0


def test_what_is_cached_for_one_is_not_for_another(sandbox_url: str, key_file: str) -> None:
    """Authorization precedes the cache: cached pages are refused as well."""
    settings = JWT | {"auth_key_file": key_file, "auth_customer_claim": "customers"}
    one = {"mobile": MOBILE}
    with graph_over(sandbox_url, **settings, cache_customer_ttl_s=60) as guarded:
        for claim, calls, is_answered in (
            ([one], 1, True),
            ([one], 0, True),
            ([{"mobile": OTHERS_MOBILE}], 0, False),
            ([], 0, False),
            ([one], 0, True),
        ):
            answer = ask(guarded, claim, CUSTOMER, by=one, s="INSTORE")
            assert (answer["data"]["customer"] is not None) == is_answered
            assert guarded.calls == calls


def test_a_page_by_ones_own_identifier_tells_the_id_too(guarded: Graph) -> None:
    """A page by the own identifier has the id, so that the id takes no further call."""
    ask(guarded, BY_MOBILE, CUSTOMER, by={"mobile": MOBILE}, s="INSTORE")
    assert ask(guarded, BY_MOBILE, NODE, id=OWN_NODE)["data"]["node"]
    assert guarded.calls == 1


def test_a_claim_of_nobody_opens_nobody(guarded: Graph) -> None:
    """An unknown own identifier is null; by an id it is forbidden."""
    claim = [{"mobile": "+0"}]
    answer = ask(guarded, claim, CUSTOMER, by={"mobile": "+0"}, s="INSTORE")
    assert answer == answer | {"data": {"customer": None}}
    assert codes(answer) == []
    assert codes(ask(guarded, claim, NODE, id=OWN_NODE)) == [("FORBIDDEN", ["node"])]


def test_what_cannot_be_told_is_not_forbidden(key_file: str) -> None:
    """During an outage an id is the outage's error, unless the claim has that id."""
    sandbox = create_sandbox(shared_world(), clock=lambda: NOW, faults=[parse_fault("status=503")])
    settings = JWT | {"auth_key_file": key_file, "auth_customer_claim": "customers"}
    with serve(sandbox) as url, graph_over(url, **settings) as guarded:
        answer = ask(guarded, BY_MOBILE, NODE, id=OTHERS_NODE)
        assert codes(answer) == [("UPSTREAM_UNAVAILABLE", ["node"])]
        answer = ask(guarded, [{"customerId": OWN}], NODE, id=OTHERS_NODE)
        assert codes(answer) == [("FORBIDDEN", ["node"])]


def test_looking_up_the_claim_counts_in_the_operations_calls(
    sandbox_url: str, key_file: str
) -> None:
    """The number of look-ups for a large claim is limited."""
    settings = JWT | {"auth_key_file": key_file, "auth_customer_claim": "customers"}
    claim = [{"externalId": f"C-{number:03}"} for number in range(1, 20)]
    with graph_over(sandbox_url, **settings, upstream_max_calls_per_operation=5) as guarded:
        answer = ask(guarded, claim, NODE, id=OWN_NODE)
        assert codes(answer) == [("UPSTREAM_BUDGET_EXCEEDED", ["node"])]
        assert guarded.calls == 5


def test_no_definition_takes_the_call_of_the_page_to_come(sandbox_url: str, key_file: str) -> None:
    """While the claim is looked up, the call for the customer stays reserved."""
    settings = JWT | {"auth_key_file": key_file, "auth_customer_claim": "customers"}
    query = """query($id:ID!){promotion(programId:"9001",promotionId:"90010001"){name}
      node(id:$id){id}}"""
    with graph_over(sandbox_url, **settings, upstream_max_calls_per_operation=2) as guarded:
        answer = ask(guarded, BY_MOBILE, query, id=OWN_NODE)
        assert answer["data"] == {"promotion": None, "node": {"id": OWN_NODE}}
        assert codes(answer) == [("UPSTREAM_BUDGET_EXCEEDED", ["promotion"])]


def test_bad_input_is_told_before_what_is_forbidden(guarded: Graph) -> None:
    """An invalid identifier is reported as bad input, before authorization."""
    answer = ask(guarded, BY_MOBILE, CUSTOMER, by={"mobile": ""}, s="INSTORE")
    assert codes(answer) == [("BAD_USER_INPUT", ["customer"])]


def test_definitions_are_not_a_customers(guarded: Graph) -> None:
    """A caller without customers can query everything that depends on no customer."""
    answer = ask(guarded, None, '{program(programId:"9001"){name promotions{totalCount}}}')
    assert answer["data"]["program"]["promotions"]["totalCount"] == 40
