"""Cursors: opaque, versioned, bound, and refused before any call wherever they do not belong."""

import base64

import pytest

from gateway.errors import CursorInvalidError
from gateway.paging.cursor import Binding, Owner, Position
from tests.graph import Graph
from tests.paging.listing import Listing, customer, program

MOBILE = "4915700000004"  # C-101's
BY_MOBILE = f'customer(by:{{mobile:"{MOBILE}"}})'
REFUSED = (
    "after: this is not a cursor of this connection; pass a cursor that it gave for the same"
    " customer or program and the same filters."
)


@pytest.fixture(scope="module")
def program_cursor(graph: Graph) -> str:
    """Give a cursor of program 9100's plain list."""
    return Listing(graph, program(9100)).page(first=3).cursors[1]


@pytest.fixture(scope="module")
def customer_cursor(graph: Graph) -> str:
    """Give a cursor of C-101's plain list, asked by external id."""
    return Listing(graph, customer("C-101")).page(first=3).cursors[1]


@pytest.mark.parametrize("argument", ["after", "before"])
@pytest.mark.parametrize(
    "cursor",
    ["", " ", "x", "null", "é", "\uff21\uff22", "MTIz", "A" * 256, "A" * 100_000, "=" * 8, "0"],
    ids=ascii,
)
def test_what_is_no_cursor_is_refused_before_any_call(
    graph: Graph, argument: str, cursor: str
) -> None:
    """Whatever text a client sends, the answer is CURSOR_INVALID and names the argument."""
    for root in (program(9100), customer("C-101")):
        code, message = Listing(graph, root).refusal(**{argument: cursor})
        assert (code, message) == ("CURSOR_INVALID", REFUSED.replace("after", argument, 1))


def test_a_damaged_cursor_is_refused_before_any_call(graph: Graph, program_cursor: str) -> None:
    """A character more, less or other, at either end or in the middle."""
    listing, middle = Listing(graph, program(9100)), len(program_cursor) // 2
    damaged = [
        program_cursor[:-1],
        program_cursor[1:],
        program_cursor + "A",
        program_cursor + "=",
        "A" + program_cursor,
        program_cursor[:middle] + "_" + program_cursor[middle + 1 :],
        program_cursor.swapcase(),
    ]
    for cursor in damaged:
        assert listing.refusal(first=1, after=cursor) == ("CURSOR_INVALID", REFUSED)


@pytest.mark.parametrize(
    "owner", [None, Owner("mobile", MOBILE, "700000004")], ids=["program", "customer"]
)
def test_each_single_damaged_character_is_noticed(owner: Owner | None) -> None:
    """Every character of a cursor, changed to every other, taken away, doubled or appended."""
    binding = Binding("a connection", owner)
    cursor = binding.write(Position(2, 40, 90_050_001))
    assert binding.read("after", cursor, 3) == Position(2, 40, 90_050_001)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=.~ \n"
    damaged = {
        cursor[:index] + character + cursor[index + kept :]
        for index in range(len(cursor) + 1)
        for character in ["", *alphabet]
        for kept in (0, 1)
    } - {cursor}
    assert len(damaged) > 5000
    for text in damaged:
        with pytest.raises(CursorInvalidError):
            binding.read("after", text, 3)


def test_a_cursor_of_another_list_is_refused_before_any_call(
    graph: Graph, program_cursor: str, customer_cursor: str
) -> None:
    """Another program, filter, customer, source or kind of connection."""
    others = [
        (Listing(graph, program(9101)), program_cursor),
        (Listing(graph, program(9100), "sourceTypes:[CAMPAIGN]"), program_cursor),
        (Listing(graph, program(9100), "sourceTypes:[UI,CAMPAIGN]"), program_cursor),
        (Listing(graph, program(9100), "includeInactive:true"), program_cursor),
        (Listing(graph, program(9100), 'eventName:"TransactionAdd"'), program_cursor),
        (Listing(graph, program(9100), 'startRuleId:"1"'), program_cursor),
        (Listing(graph, program(9100), 'promotionId:"91000001"'), program_cursor),
        (Listing(graph, customer("C-101")), program_cursor),
        (Listing(graph, program(9100)), customer_cursor),
        (Listing(graph, customer("C-100")), customer_cursor),
        (Listing(graph, 'customer(source:ALL,by:{externalId:"C-101"})'), customer_cursor),
        (Listing(graph, customer("C-101"), "type:GENERIC"), customer_cursor),
        (Listing(graph, customer("C-101"), "availability:EXPIRED"), customer_cursor),
        (Listing(graph, customer("C-101"), "sourceType:UI"), customer_cursor),
        (Listing(graph, customer("C-101"), 'programIds:["9101"]'), customer_cursor),
        (Listing(graph, customer("C-100").replace("externalId", "cuid")), customer_cursor),
    ]
    for listing, cursor in others:
        assert listing.refusal(first=1, after=cursor) == ("CURSOR_INVALID", REFUSED), listing.root


def test_cursors_hold_for_the_same_filters_however_written(graph: Graph) -> None:
    """`programIds` in another order, twice, or with zeros in front is the same list."""
    name = customer("C-TEN")
    cursor = Listing(graph, name, 'programIds:["9001","9002"]').page(first=3).cursors[1]
    again = Listing(graph, name, 'programIds:["9002","09001","9002"]').page(first=1, after=cursor)
    assert (len(again.ids), again.drift, again.calls) == (1, "NONE", 1)


def test_a_cursor_got_by_mobile_goes_on_by_the_customers_ids(graph: Graph) -> None:
    """It works on `node(id:)` and `by: {customerId:}`, and holds no mobile number."""
    first = Listing(graph, BY_MOBILE).page(first=3)
    (data,) = graph.ask(f"{{{BY_MOBILE}{{id customerId}}}}").values()
    expected = Listing(graph, BY_MOBILE).page(first=3, after=first.cursors[2]).ids
    for other in (
        f'node(id:"{data["id"]}")',
        f'customer(by:{{customerId:"{data["customerId"]}"}})',
    ):
        page = Listing(graph, other).page(first=3, after=first.cursors[2])
        assert (page.ids, page.calls) == (expected, 1)
    for text in (*first.cursors, data["id"], *first.ids):
        assert MOBILE.encode() not in base64.urlsafe_b64decode(text + "==")


def test_a_cursor_of_another_customer_is_refused_by_their_id(graph: Graph) -> None:
    """A cursor got by mobile does not open the list of another customer's node id."""
    cursor = Listing(graph, BY_MOBILE).page(first=3).cursors[1]
    (other,) = graph.ask(f"{{{customer('C-100')}{{id}}}}").values()
    listing = Listing(graph, f'node(id:"{other["id"]}")')
    assert listing.refusal(first=1, after=cursor) == ("CURSOR_INVALID", REFUSED)


def test_a_cursor_that_slips_through_is_refused_once_the_customer_is_known() -> None:
    """Sixteen bits of an identifier may agree by chance; the customer's id does not."""
    asked = Owner("mobile", MOBILE)
    cursor = Binding("a list", asked._replace(customer_id="700000004")).write(Position(0, 1, 2))
    binding = Binding("a list", asked)
    assert binding.read("after", cursor) == Position(0, 1, 2)
    binding.belongs("after", cursor, "700000004")
    with pytest.raises(CursorInvalidError):
        binding.belongs("after", cursor, "700000005")


def test_a_cursor_of_another_version_or_segment_is_refused() -> None:
    """A cursor names its version, and no segment that the connection lacks."""
    binding = Binding("a list")
    cursor = binding.write(Position(1, 2, 3))
    with pytest.raises(CursorInvalidError):
        binding.read("after", cursor, segments=1)
    assert binding.read("after", cursor, segments=2) == Position(1, 2, 3)
    body = base64.urlsafe_b64decode(cursor + "==")[8:]
    assert body.startswith(b"[1,")
    other = b"[2," + body[3:]
    tagged = binding._tag(other) + other  # noqa: SLF001 - as a version to come would
    with pytest.raises(CursorInvalidError):
        binding.read("after", base64.urlsafe_b64encode(tagged).rstrip(b"=").decode(), segments=2)


def test_a_cursor_of_an_offset_past_what_the_platform_counts_is_refused() -> None:
    """Nothing is asked from beyond 2^31, or from below 0."""
    binding = Binding("a list")
    for offset in (-1, 2**31, 2**63):
        with pytest.raises(CursorInvalidError):
            binding.read("after", binding.write(Position(0, offset, 3)))
