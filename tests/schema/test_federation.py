"""The graph as a subgraph of Federation 2: entities by reference, and its schema."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    DirectiveDefinitionNode,
    DocumentNode,
    ObjectTypeDefinitionNode,
    parse,
    print_ast,
    strip_ignored_characters,
)

from gateway.cli import main
from gateway.schema.build import build_schema, executable, print_schema, print_subgraph
from gateway.schema.ids import write_id
from tests.schema.hygiene import described, descriptions_stay_inside
from tests.support.graph import Graph, graph_over
from tests.support.tokens import JWT, Issuer

ENTITIES = "query($r: [_Any!]!) { _entities(representations: $r) { __typename %s } }"
NODES = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename %s } }"
BELOW = """
  ... on Customer { id customerId promotions(first: 2) { totalCount } }
  ... on CustomerPromotion { id promotion { name } limits { pointsPerCustomer { kind } } }
  ... on Promotion { id name definition { status } }
  ... on Program { id programId program: name }
"""
TEN, CURRENT = "700000006", "700000008"
OWN = ("Customer", "INSTORE", TEN)
PROGRAM = ("Program", "9005")
UNKNOWN = ("Promotion", "9005", "1")


def reference(*parts: str) -> dict[str, Any]:
    """Return what a router sends of an entity: its type and its key."""
    return {"__typename": parts[0], "id": write_id(*parts)}


@pytest.fixture(scope="module")
def subgraph(sandbox_url: str) -> Iterator[Graph]:
    """Serve a gateway as a subgraph."""
    with graph_over(sandbox_url, federation=True) as graph:
        yield graph


@pytest.fixture(scope="module")
def known(subgraph: Graph) -> list[tuple[str, ...]]:
    """Return promotions of a customer, in several programs."""
    nodes = subgraph.ask(
        '{ customer(by: {externalId: "C-TEN"}) { promotions(first: 10) { nodes {'
        " promotion { programId promotionId } } } } }"
    )["customer"]["promotions"]["nodes"]
    return [(one["promotion"]["programId"], one["promotion"]["promotionId"]) for one in nodes]


def test_each_type_is_found_by_its_reference(subgraph: Graph, known: list[tuple[str, str]]) -> None:
    """In the order of the references, null for what there is none of, as `nodes` has it."""
    things = [
        PROGRAM,
        UNKNOWN,
        OWN,
        *(("CustomerPromotion", "INSTORE", TEN, *each) for each in known[:2]),
        *(("Promotion", *each) for each in known[:2]),
        ("Customer", "INSTORE", "1"),
    ]
    listed = subgraph.ask(NODES % BELOW, {"ids": [write_id(*each) for each in things]})["nodes"]
    calls = subgraph.call_log()["total"]
    found = subgraph.ask(ENTITIES % BELOW, {"r": [reference(*each) for each in things]})
    assert found["_entities"] == listed
    assert [one and one["__typename"] for one in listed][:5] == [
        "Program", None, "Customer", "CustomerPromotion", "CustomerPromotion"
    ]  # fmt: skip
    assert subgraph.calls == calls


def test_references_share_their_calls(subgraph: Graph, known: list[tuple[str, str]]) -> None:
    """All of one program's definitions are one page, and so are one customer's promotions."""
    program = max({each[0] for each in known}, key=[each[0] for each in known].count)
    same = [each for each in known if each[0] == program]
    assert len(same) > 2
    promotions = [reference("Promotion", *each) for each in same]
    subgraph.ask(ENTITIES % "... on Promotion { name }", {"r": promotions})
    assert subgraph.calls == 1
    theirs = [reference("CustomerPromotion", "INSTORE", TEN, *each) for each in same]
    subgraph.ask(ENTITIES % "... on CustomerPromotion { id }", {"r": theirs})
    assert subgraph.calls == 1


def test_pages_below_an_entity_are_its_look_up(subgraph: Graph) -> None:
    """Through a fragment on the union, too: one call with the page's own size."""
    page = "... on Customer { customerId promotions(first: 3) { totalCount } }"
    for below in (page, f"... on _Entity {{ ... on Node {{ {page} }} }}"):
        subgraph.ask(ENTITIES % below, {"r": [reference(*OWN)]})
        (query,) = subgraph.queries()
        assert "limit=3" in query or "limit=4" in query


@pytest.mark.parametrize(
    ("sent", "argument"),
    [
        ("x", "representations[1]"),
        (["x"], "representations[1]"),
        ({}, "representations[1].__typename"),
        ({"id": write_id(*PROGRAM)}, "representations[1].__typename"),
        ({"__typename": "Limit", "id": write_id(*PROGRAM)}, "representations[1].__typename"),
        ({"__typename": ["Program"], "id": write_id(*PROGRAM)}, "representations[1].__typename"),
        ({"__typename": "Program"}, "representations[1].id"),
        ({"__typename": "Program", "id": 9005}, "representations[1].id"),
        ({"__typename": "Program", "id": "9005"}, "representations[1].id"),
        ({"__typename": "Promotion", "id": write_id(*PROGRAM)}, "representations[1].id"),
    ],
)
def test_a_bad_reference_is_its_own_error(subgraph: Graph, sent: Any, argument: str) -> None:
    """Null in its place with the argument at fault, and its siblings are found."""
    answer = subgraph.answer(
        ENTITIES % "... on Program { programId }", {"r": [reference(*PROGRAM), sent]}
    )
    assert answer["data"]["_entities"] == [{"__typename": "Program", "programId": "9005"}, None]
    (error,) = answer["errors"]
    assert error["path"] == ["_entities", 1]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["extensions"]["argument"] == argument
    assert subgraph.calls == 0


NESTED = '{"a":' * 12 + "1" + "}" * 12
DEEP = "QUERY_TOO_COMPLEX", "Input nesting depth: the limit of 10 is exceeded."


@pytest.mark.parametrize(
    ("sent", "refusal"),
    [
        ([json.loads(NESTED)], DEEP),
        ([None], ("BAD_USER_INPUT", "$r[0]: it must be an object, and not null.")),
        (None, ("BAD_USER_INPUT", "$r: it must be a list, each an object, and not null.")),
    ],
)
def test_what_is_no_list_of_references_is_refused(
    subgraph: Graph, sent: Any, refusal: tuple[str, str]
) -> None:
    """Before anything runs, with the message of any other argument."""
    assert subgraph.refusal(ENTITIES % "", {"r": sent}) == refusal


def test_an_error_of_a_reference_names_no_type(sandbox_url: str) -> None:
    """Where introspection is off, messages show nothing of the schema."""
    with graph_over(sandbox_url, federation=True, introspection=False) as graph:
        answer = graph.answer(
            ENTITIES % "", {"r": [{"__typename": "X"}, {"__typename": "Program"}]}
        )
    messages = " ".join(error["message"] for error in answer["errors"])
    assert "it must be an entity" in messages
    assert not any(name in messages for name in ("Customer", "Promotion", "Program"))


def test_references_may_be_literals(subgraph: Graph) -> None:
    """With variables in them, and one that is no list."""
    query = "query($id: ID!) { _entities(representations: %s) { ... on Program { programId } } }"
    one = '{__typename: "Program", id: $id, more: {a: [1, 2.5, true, null, X]}}'
    for literal in (one, f"[{one}]"):
        found = subgraph.ask(query % literal, {"id": write_id(*PROGRAM)})
        assert found["_entities"] == [{"programId": "9005"}]


def test_an_outage_costs_the_entities_that_need_the_platform(sandbox_url: str) -> None:
    """Each has its error, and what needs no call is there."""
    with graph_over("http://127.0.0.1:9", federation=True) as graph:
        body = {
            "query": ENTITIES % "... on Program { programId } ... on Promotion { name }",
            "variables": {"r": [reference(*PROGRAM), reference(*UNKNOWN), reference(*OWN)]},
        }
        answer = graph.http.post("/graphql", json=body).json()
    assert answer["data"]["_entities"][0] == {"__typename": "Program", "programId": "9005"}
    assert answer["data"]["_entities"][1] is None
    codes = {tuple(one["path"]): one["extensions"]["code"] for one in answer["errors"]}
    assert codes["_entities", 1].startswith("UPSTREAM_")


def test_entities_are_bounded_as_nodes_are(subgraph: Graph) -> None:
    """By the length of the list, in variables and literals, and by the same cost."""
    many = [reference(*PROGRAM)] * 21
    code, message = subgraph.refusal(ENTITIES % "", {"r": many})
    assert (code, message) == (
        "LIST_TOO_LONG",
        "representations: 21 items exceed the limit of 20.",
    )
    literal = ", ".join(['{__typename: "Program"}'] * 21)
    refused = subgraph.refusal(f"{{ _entities(representations: [{literal}]) {{ __typename }} }}")
    assert refused == (code, message)
    costs = [
        subgraph.answer(query % BELOW, variables)["extensions"]["cost"]
        for query, variables in (
            (NODES, {"ids": [write_id(*PROGRAM)] * 3}),
            (ENTITIES, {"r": [reference(*PROGRAM)] * 3}),
            (ENTITIES.replace("__typename %s", "... on _Entity { __typename %s }"),
             {"r": [reference(*PROGRAM)] * 3}),
        )
    ]  # fmt: skip
    assert costs[0] == costs[1] == costs[2]


def test_the_gate_comes_before_anything(sandbox_url: str, tmp_path: Path) -> None:
    """A foreign customer's entities are FORBIDDEN without a call; the caller's own are found."""
    issuer, key_file = Issuer(), tmp_path / "key.pem"
    key_file.write_bytes(issuer.pem())
    settings = JWT | {"auth_key_file": str(key_file), "auth_customer_claim": "customers"}
    with graph_over(sandbox_url, federation=True, **settings) as graph:
        graph.http.headers.update(issuer.bearer(customers=[{"customerId": TEN}]))
        foreign = [
            ("Customer", "INSTORE", CURRENT),
            ("CustomerPromotion", "INSTORE", CURRENT, "1", "2"),
        ]
        answer = graph.answer(ENTITIES % BELOW, {"r": [reference(*each) for each in foreign]})
        assert answer["data"]["_entities"] == [None, None]
        assert [one["extensions"]["code"] for one in answer["errors"]] == ["FORBIDDEN"] * 2
        assert graph.calls == 0
        found = graph.ask(ENTITIES % "... on Customer { customerId }", {"r": [reference(*OWN)]})
        assert found["_entities"] == [{"__typename": "Customer", "customerId": TEN}]


def test_the_subgraph_shows_its_schema(subgraph: Graph) -> None:
    """Which is the graph's with keys and what others may share, and nothing else."""
    sdl = subgraph.ask("{ _service { sdl } }")["_service"]["sdl"]
    assert sdl == print_subgraph()
    assert subgraph.calls == 0
    kinds = {
        node.name.value: [print_ast(each) for each in node.directives or ()]
        for node in parse(sdl).definitions
        if isinstance(node, ObjectTypeDefinitionNode)
    }
    assert {name: each for name, each in kinds.items() if each} == {
        "Customer": ['@key(fields: "id")'],
        "CustomerPromotion": ['@key(fields: "id")'],
        "Program": ['@key(fields: "id")'],
        "Promotion": ['@key(fields: "id")'],
        "PageInfo": ["@shareable"],
    }
    bare = sdl.replace(' @key(fields: "id")', "").replace(" @shareable", "")
    start, end = bare.index(" @link"), bare.index(" {", bare.index(" @link"))
    bare = bare[:start] + bare[end:]
    graph = parse(print_schema(), no_location=True)
    without_defer = [
        node
        for node in graph.definitions
        if not (isinstance(node, DirectiveDefinitionNode) and node.name.value == "defer")
    ]
    assert len(without_defer) == len(graph.definitions) - 1  # routers have it themselves
    whole = print_ast(DocumentNode(definitions=tuple(without_defer)))
    assert strip_ignored_characters(bare) == strip_ignored_characters(whole)


def test_every_entity_is_a_node() -> None:
    """All types with an `id` of the graph can be referred to."""
    schema = executable(build_schema(federation=True))
    nodes = {kind.name for kind in schema.get_possible_types(schema.type_map["Node"])}  # type: ignore[arg-type]
    assert {kind.name for kind in schema.get_possible_types(schema.type_map["_Entity"])} == nodes  # type: ignore[arg-type]


def test_what_federation_adds_is_described() -> None:
    """As everything of the graph, without a setting's or a file's name."""
    added = parse(build_schema(federation=True).as_str())
    assert list(described(added)) == list(descriptions_stay_inside(added)) == []


def test_without_introspection_the_schema_is_hidden(sandbox_url: str) -> None:
    """Entities are found all the same."""
    with graph_over(sandbox_url, federation=True, introspection=False) as graph:
        for query in (
            "{ _service { sdl } }",
            "{ ...F } fragment F on Query { a: _service { sdl } }",
        ):
            code, message = graph.refusal(query)
            assert code == "GRAPHQL_VALIDATION_FAILED"
            assert "_service needs introspection" in message
        assert graph.ask(ENTITIES % "", {"r": [reference(*PROGRAM)]})["_entities"]


def test_federation_is_off_unless_it_is_wanted(graph: Graph) -> None:
    """The graph is the same without it, and has neither field."""
    for query in ("{ _service { sdl } }", "{ _entities(representations: []) { __typename } }"):
        (error,) = graph.answer(query)["errors"]
        assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
        assert error["message"].startswith("Cannot query field '_")
    plain, federated = (executable(build_schema(federation=each)) for each in (False, True))
    assert federated.type_map.keys() - plain.type_map.keys() == {"_Any", "_Entity", "_Service"}
    fields = [{*schema.type_map["Query"].fields} for schema in (plain, federated)]  # type: ignore[attr-defined]
    assert fields[1] - fields[0] == {"_entities", "_service"}


def test_the_command_prints_the_subgraph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """To stdout, or to a file that `--check` compares; never over schema.graphql by default."""
    monkeypatch.chdir(tmp_path)
    assert main(["schema", "--federation"]) == 0
    assert capsys.readouterr().out == print_subgraph()
    assert main(["schema", "--federation", "--output", "subgraph.graphql"]) == 0
    assert main(["schema", "--federation", "--output", "subgraph.graphql", "--check"]) == 0
    assert (tmp_path / "subgraph.graphql").read_text(encoding="utf-8") == print_subgraph()
    assert [path.name for path in tmp_path.iterdir()] == ["subgraph.graphql"]
    (tmp_path / "subgraph.graphql").write_text("stale")
    assert main(["schema", "--federation", "--output", "subgraph.graphql", "--check"]) == 1
    assert capsys.readouterr().err == (
        "subgraph.graphql is stale: run promotion-gateway schema --federation"
        " --output subgraph.graphql\n"
    )
    assert main(["schema", "--federation", "--diff", "subgraph.graphql"]) == 2
    assert "--diff" in capsys.readouterr().err
