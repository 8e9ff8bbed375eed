"""Cursors are opaque, versioned and bound, and refused before any call elsewhere."""

import base64
import hashlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.errors import CursorInvalidError
from gateway.pagination.cursor import Binding, CursorOwner
from gateway.pagination.position import Position, encode
from gateway.pagination.sort_position import MAX_KEY_LENGTH, SortKey, SortPosition
from tests.pagination.listing import Listing, customer, program
from tests.support.graph import Graph

MOBILE = "4915700000004"  # C-101's
BY_MOBILE = f'customer(by:{{mobile:"{MOBILE}"}})'
IDS = st.integers(0, 2**63 - 1)
NEIGHBOURS = st.lists(IDS, max_size=3).map(tuple)
REFUSED = (
    "after: it must be a cursor of this connection, from a page with the same customer or program"
    " and the same filters and order."
)


@pytest.fixture(scope="module")
def program_cursor(graph: Graph) -> str:
    """Return a cursor of program 9100's plain list."""
    return Listing(graph, program(9100)).page(first=3).cursors[1]


@pytest.fixture(scope="module")
def customer_cursor(graph: Graph) -> str:
    """Return a cursor of C-101's plain list, queried by external id."""
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
    """Any text is refused with CURSOR_INVALID, which names the argument."""
    for root in (program(9100), customer("C-101")):
        code, message = Listing(graph, root).refusal(**{argument: cursor})
        assert (code, message) == ("CURSOR_INVALID", REFUSED.replace("after", argument, 1))


def test_a_damaged_cursor_is_refused_before_any_call(graph: Graph, program_cursor: str) -> None:
    """A character more, less or changed, at either end or in the middle."""
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
    "owner", [None, CursorOwner("mobile", MOBILE, "700000004")], ids=["program", "customer"]
)
def test_each_single_damaged_character_is_noticed(owner: CursorOwner | None) -> None:
    """Every character of a cursor changed to every other, removed, doubled or appended."""
    binding = Binding("a connection", owner)
    position = Position(2, 40, 90_050_001, (90_050_000, 7), (90_050_002,), 12)
    cursor = binding.write(position)
    assert binding.read("after", cursor, 3) == position
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=.~ \n"
    damaged = {
        cursor[:index] + character + cursor[index + kept :]
        for index in range(len(cursor) + 1)
        for character in ["", *alphabet]
        for kept in (0, 1)
    } - {cursor}
    assert len(damaged) > 4000
    for text in damaged:
        with pytest.raises(CursorInvalidError):
            binding.read("after", text, 3)


def test_a_cursor_of_another_list_is_refused_before_any_call(
    graph: Graph, program_cursor: str, customer_cursor: str
) -> None:
    """Another program, filter, customer, source or kind of connection refuses it."""
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
    """`programIds` in another order, repeated, or with leading zeros is the same list."""
    name = customer("C-TEN")
    cursor = Listing(graph, name, 'programIds:["9001","9002"]').page(first=3).cursors[1]
    again = Listing(graph, name, 'programIds:["9002","09001","9002"]').page(first=1, after=cursor)
    assert (len(again.ids), again.drift, again.calls) == (1, "NONE", 1)


def test_a_cursor_got_by_mobile_goes_on_by_the_customers_ids(graph: Graph) -> None:
    """It is valid for `node(id:)` and `by: {customerId:}`, and has no mobile number."""
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
    """A cursor from a look-up by mobile is refused for another customer's node id."""
    cursor = Listing(graph, BY_MOBILE).page(first=3).cursors[1]
    (other,) = graph.ask(f"{{{customer('C-100')}{{id}}}}").values()
    listing = Listing(graph, f'node(id:"{other["id"]}")')
    assert listing.refusal(first=1, after=cursor) == ("CURSOR_INVALID", REFUSED)


def test_a_cursor_that_slips_through_is_refused_once_the_customer_is_known() -> None:
    """Sixteen bits of an identifier may be equal by chance; the customer's id is not."""
    asked = CursorOwner("mobile", MOBILE)
    cursor = Binding("a list", asked._replace(customer_id="700000004")).write(Position(0, 1, 2))
    binding = Binding("a list", asked)
    assert binding.read("after", cursor) == Position(0, 1, 2)
    binding.check_owner("after", cursor, "700000004")
    with pytest.raises(CursorInvalidError):
        binding.check_owner("after", cursor, "700000005")


@given(
    position=st.builds(
        Position,
        st.integers(0, 10),
        st.integers(0, 2**31 - 1),
        st.none() | IDS,
        NEIGHBOURS,
        NEIGHBOURS,
        st.integers(0, 1100),
    ),
    customer_id=st.none() | IDS,
)
def test_a_cursor_says_what_was_written(position: Position, customer_id: int | None) -> None:
    """Any position is decoded as encoded, in at most 256 characters."""
    owner = None if customer_id is None else CursorOwner("mobile", MOBILE, str(customer_id))
    binding = Binding("a list", owner)
    cursor = binding.write(position)
    assert binding.read("after", cursor, 11) == position
    assert len(cursor) <= 256


KEYS: st.SearchStrategy[SortKey] = (
    st.none()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=MAX_KEY_LENGTH)
)


@given(position=st.builds(SortPosition, KEYS, IDS, IDS), customer_id=IDS)
@example(SortPosition("\U0010ffff" * MAX_KEY_LENGTH, 2**63 - 1, 2**63 - 1), 2**63 - 1)
def test_a_cursor_of_a_sorted_list_says_what_was_written(
    position: SortPosition, customer_id: int
) -> None:
    """Any key and ids are decoded as encoded, in at most 512 characters."""
    binding = Binding("a list", CursorOwner("mobile", MOBILE, str(customer_id)))
    cursor = binding.write(position)
    assert binding.read_sorted("after", cursor) == position
    assert len(cursor) <= 512


@pytest.mark.parametrize("root", [program(9100), customer("C-100")])
def test_cursors_are_short(graph: Graph, root: str) -> None:
    """A usual cursor has some forty characters, neighbours included."""
    lengths = [len(cursor) for cursor in Listing(graph, root).page(first=50).cursors]
    assert max(lengths) <= 50


def test_a_cursor_of_another_segment_is_refused() -> None:
    """A cursor of a segment that the connection does not have is refused."""
    binding = Binding("a list")
    cursor = binding.write(Position(1, 2, 3))
    with pytest.raises(CursorInvalidError):
        binding.read("after", cursor, segments=1)
    assert binding.read("after", cursor, segments=2) == Position(1, 2, 3)


def _forge(numbers: list[int], version: int = 2, extra: bytes = b"") -> str:
    """Encode a cursor with a valid tag, as an attacker could."""
    body = encode(numbers) + extra
    bound = bytes([version]) + body + b"\0" + b"a list"
    raw = bytes([version]) + hashlib.blake2b(bound, digest_size=8).digest() + body
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


HONEST = [0, 0, 1, 40, 0, 8, 5, 2, 3]  # owner, fingerprint, segment, offset, repaired, id, ...


def test_what_a_forged_cursor_may_say() -> None:
    """The tag is no secret: a cursor that could be genuine is accepted."""
    assert Binding("a list").read("after", _forge(HONEST), 2) == Position(1, 40, 7, (8,), (5,))


@pytest.mark.parametrize(
    "cursor",
    [
        pytest.param(_forge(HONEST, version=1), id="version before"),
        pytest.param(_forge(HONEST, version=3), id="version to come"),
        pytest.param(_forge([]), id="nothing"),
        pytest.param(_forge(HONEST[:-1]), id="too few numbers"),
        pytest.param(_forge([*HONEST, 1]), id="too many numbers"),
        pytest.param(_forge([0, 0, 2, *HONEST[3:]]), id="segment"),
        pytest.param(_forge([0, 0, 1, 2**31, *HONEST[4:]]), id="huge offset"),
        pytest.param(_forge([0, 0, 1, 2**63, *HONEST[4:]]), id="huger offset"),
        pytest.param(_forge([*HONEST[:4], 1101, *HONEST[5:]]), id="too much repair"),
        pytest.param(_forge([*HONEST[:5], 2**63 + 1, *HONEST[6:]]), id="huge id"),
        pytest.param(_forge([*HONEST[:6], 16, 2, 2, 2, 2]), id="four neighbours"),
        pytest.param(_forge([*HONEST[:7], 15, 1]), id="a neighbour below zero"),
        pytest.param(_forge([*HONEST[:7], 2**64 - 2, 1]), id="a huge neighbour"),
        pytest.param(_forge(HONEST, extra=b"\x80"), id="cut short"),
        pytest.param(_forge(HONEST[:-1], extra=b"\x81\x00"), id="a number written longer"),
        pytest.param(_forge(HONEST[:-1], extra=b"\xff" * 11 + b"\x01"), id="a number too long"),
        pytest.param(_forge([5, *HONEST[1:]]), id="somebody's"),
    ],
)
def test_a_cursor_that_nobody_writes_is_refused(cursor: str) -> None:
    """Values out of bounds are CURSOR_INVALID, even with a valid tag."""
    with pytest.raises(CursorInvalidError):
        Binding("a list").read("after", cursor, 2)


@pytest.mark.parametrize(
    "numbers",
    [
        pytest.param([0, 0], id="nothing"),
        pytest.param([0, 0, 1, 1], id="no key"),
        pytest.param([0, 0, 1, 1, 3], id="a kind of key to come"),
        pytest.param([0, 0, 1, 1, 0, 7], id="null and a value"),
        pytest.param([0, 0, 1, 1, 1], id="a number that is absent"),
        pytest.param([0, 0, 1, 1, 1, 7, 7], id="two numbers"),
        pytest.param([0, 0, 1, 1, 1, 2**54 + 2], id="a huge number"),
        pytest.param([0, 0, 2**63, 1, 0], id="a huge id"),
        pytest.param([0, 0, 1, 2**63, 0], id="a huge program"),
        pytest.param([0, 0, 1, 1, 2, *[97] * 65], id="a long text"),
        pytest.param([0, 0, 1, 1, 2, 0x110000], id="no character"),
        pytest.param([0, 0, 1, 1, 2, 0xD800], id="half a character"),
        pytest.param([5, 0, 1, 1, 0], id="somebody's"),
    ],
)
def test_a_sort_key_that_nobody_writes_is_refused(numbers: list[int]) -> None:
    """Values out of bounds are CURSOR_INVALID, even with a valid tag."""
    with pytest.raises(CursorInvalidError):
        Binding("a list").read_sorted("after", _forge(numbers))
