"""Global ids: each identifies its node, and none discloses an identifier."""

import base64

import pytest

from gateway.errors import BadUserInputError
from gateway.schema.ids import check_digits, read_id, write_id
from tests.support.graph import Graph

EVERYTHING = """{
  customer(by: {mobile: "4915700000006"}) {
    id __typename
    promotions(first: 2) { edges { cursor node { id __typename promotion {
      id __typename program { id __typename }
    } } } }
  }
}"""


def test_each_type_comes_back_by_its_id(graph: Graph) -> None:
    """`node(id)` returns a node of the same type and id."""
    customer = graph.ask(EVERYTHING)["customer"]
    theirs = customer["promotions"]["edges"][0]["node"]
    things = [customer, theirs, theirs["promotion"], theirs["promotion"]["program"]]
    assert [thing["__typename"] for thing in things] == [
        "Customer",
        "CustomerPromotion",
        "Promotion",
        "Program",
    ]
    for thing in things:
        found = graph.ask("query($id:ID!){node(id:$id){id __typename}}", {"id": thing["id"]})
        assert found["node"] == {"id": thing["id"], "__typename": thing["__typename"]}


def test_a_thing_has_one_id_whichever_way_it_was_found(graph: Graph) -> None:
    """By mobile number, e-mail, external id or customer id, alone or in a list."""
    identifiers = (
        'mobile:"4915700000006"',
        'email:"c-ten@example.com"',
        'externalId:"C-TEN"',
        'cuid:"cuid-c-ten"',
        'customerId:"700000006"',
    )
    selection = "{id promotions(first:1){nodes{id promotion{id}}}}"
    fields = [f"c{n}:customer(by:{{{by}}}){selection}" for n, by in enumerate(identifiers)]
    found = graph.ask("{" + " ".join(fields) + "}")
    assert len({str(customer) for customer in found.values()}) == 1
    id_ = found["c0"]["promotions"]["nodes"][0]["promotion"]["id"]
    data = graph.ask(
        '{program(programId:"9001"){promotions(first:1){nodes{id}}}'
        ' promotion(programId:"09001",promotionId:"090010001"){id program{id}}}'
    )
    assert data["program"]["promotions"]["nodes"] == [{"id": id_}]
    assert data["promotion"] == {"id": id_, "program": {"id": write_id("Program", "9001")}}


@pytest.mark.parametrize(
    ("by", "secret"),
    [
        ('mobile:"4915700000006"', b"4915700000006"),
        ('email:"c-ten@example.com"', b"example"),
        ('externalId:"C-TEN"', b"C-TEN"),
    ],
)
def test_ids_and_cursors_hold_no_identifier(graph: Graph, by: str, secret: bytes) -> None:
    """Decoded, they contain the platform's ids and nothing that the client sent."""
    customer = graph.ask(EVERYTHING.replace('mobile: "4915700000006"', by))["customer"]
    edges = customer["promotions"]["edges"]
    texts = [customer["id"], *(e["cursor"] for e in edges), *(e["node"]["id"] for e in edges)]
    decoded = [base64.urlsafe_b64decode(text + "==") for text in texts]
    assert not any(secret in text for text in decoded)
    assert decoded[0] == b"Customer:INSTORE:700000006"


@pytest.mark.parametrize(
    "text",
    [
        "Customer",
        "Customer:",
        "Customer:INSTORE",
        "Customer:INSTORE:",
        "Customer:INSTORE:1:2",
        "Customer:instore:1",
        "Customer:NOWHERE:1",
        "Customer::1",
        "Customer:INSTORE:+4915700000006",
        "Customer:INSTORE:c-ten@example.com",
        "Customer:INSTORE:01",
        "Customer:INSTORE:-1",
        "Customer:INSTORE:" + "9" * 20,
        "CustomerPromotion",
        "CustomerPromotion:INSTORE:1:2",
        "CustomerPromotion:INSTORE:1:2:3:4",
        "CustomerPromotion:INSTORE:1:../2:3",
        "CustomerX:INSTORE:1",
        "Promotion:1",
        "Promotion:1:2:3",
        "Promotion:1:0x2",
        "Promotion:1: 2",
        "Promotion:1:2\n",
        "Promotion:0973:1",
        "Program",
        "Program:",
        "Program:1:2",
        "Program:one",
        "Query:1",
        "program:1",
        "",
        ":",
        "::::",
    ],
)
def test_what_is_no_id_of_the_graph_is_refused(text: str) -> None:
    """A wrong number of parts, an unknown type or source, or a part that is no number."""
    written = base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()
    with pytest.raises(BadUserInputError):
        read_id("id", written)


def test_each_single_damaged_character_is_noticed_or_another_id() -> None:
    """A damaged id is refused, unless it is another well-formed one."""
    id_ = write_id("CustomerPromotion", "INSTORE", "564332013", "973", "79555")
    assert read_id("id", id_) == ("CustomerPromotion", ("INSTORE", "564332013", "973", "79555"))
    for index in range(len(id_) + 1):
        for character in ("", "A", "z", "0", "-", "_", "+", "/", "=", "é", " ", "\n"):
            for kept in (0, 1):
                text = id_[:index] + character + id_[index + kept :]
                try:
                    type_name, parts = read_id("id", text)
                except BadUserInputError:
                    continue
                assert write_id(type_name, *parts) == text


@pytest.mark.parametrize("text", ["é" * 10, "\ud800", "A" * 201, "A" * 100_000, "A", "====", "~"])
def test_what_is_no_base64_is_refused(text: str) -> None:
    """Any text is refused as bad input at worst."""
    with pytest.raises(BadUserInputError):
        read_id("id", text)


def test_numbers_are_written_one_way() -> None:
    """Leading zeros are dropped, because the platform's ids are numbers."""
    assert check_digits("programId", "0973") == "973"
    assert check_digits("programId", "0") == "0"
    assert check_digits("programId", "9" * 19) == "9" * 19
