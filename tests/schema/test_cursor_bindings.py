"""A cursor is bound to its list: two different sets of filters never share it."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.schema import customer_pages, program
from gateway.schema.customer_pages import CustomerPageArguments
from gateway.schema.customer_search import CustomerPromotionOrder, CustomerSearch
from gateway.upstream.customer_view.endpoint import CustomerFilters
from gateway.upstream.definitions.endpoint import DefinitionFilters
from gateway.upstream.normalise.enums import (
    CustomerPromotionOrderField,
    CustomerPromotionSourceType,
    CustomerSource,
    OrderDirection,
    PromotionAvailability,
    PromotionSourceType,
    PromotionTypeFilter,
    PromotionValidity,
)
from tests.support.examples import examples
from tests.support.graph import Graph

bound_of_program = program.connection_key
bound_of_customer = customer_pages.connection_key
WORDS = ["None", "False", "True", "|", "=", ",", "x", "1", "None|False|None|None", "=None", "UI"]
TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map("".join)
DIGITS = st.none() | st.sampled_from(["0", "1", "11"])
TYPES = st.lists(
    st.sampled_from(list(PromotionSourceType)), min_size=1, max_size=3, unique=True
).map(tuple)
DEFINITIONS = st.tuples(
    st.sampled_from(["1", "11"]),
    TYPES,
    st.builds(DefinitionFilters, st.none() | TEXTS, st.booleans(), DIGITS, DIGITS),
)
PROGRAMS = st.none() | st.lists(st.sampled_from(["1", "2", "12"]), min_size=1, unique=True).map(
    lambda ids: tuple(sorted(ids))
)
THEIRS = st.tuples(
    st.sampled_from(list(CustomerSource)),
    st.builds(
        CustomerFilters,
        st.none() | st.sampled_from(list(PromotionAvailability)),
        st.none() | st.sampled_from(list(PromotionTypeFilter)),
        st.none() | st.sampled_from(list(CustomerPromotionSourceType)),
        PROGRAMS,
    ),
)


@examples(1000)
@given(one=DEFINITIONS, other=DEFINITIONS)
def test_filters_of_a_program_that_differ_are_bound_apart(one: Any, other: Any) -> None:
    """Absent filters, their encoding as a text, separators in a text, the order of source types."""
    bound = bound_of_program(*one), bound_of_program(*other)
    assert (bound[0] == bound[1]) is (one == other)


@examples(1000)
@given(one=THEIRS, other=THEIRS)
def test_filters_of_a_customer_that_differ_are_bound_apart(one: Any, other: Any) -> None:
    """The same holds for a customer's list."""
    bound = bound_of_customer(*one), bound_of_customer(*other)
    assert (bound[0] == bound[1]) is (one == other)


SEARCHES = st.builds(
    CustomerPageArguments,
    search=st.none() | TEXTS | st.sampled_from(["NAME ASC", "CURRENT,ENDED|x", "É", "e", "E"]),
    validity=st.none()
    | st.lists(st.sampled_from(list(PromotionValidity)), min_size=1, unique=True).map(tuple),
    order_by=st.none()
    | st.builds(
        CustomerPromotionOrder,
        field=st.sampled_from(list(CustomerPromotionOrderField)),
        direction=st.sampled_from(list(OrderDirection)),
    ),
)


@examples(1000)
@given(one=st.tuples(THEIRS, SEARCHES), other=st.tuples(THEIRS, SEARCHES))
def test_searches_that_differ_are_bound_apart(one: Any, other: Any) -> None:
    """By folded text, values of validity and order, and from lists without any of them."""
    searches = [CustomerSearch.check(arguments) for _, arguments in (one, other)]
    keys = [search.key if search else "" for search in searches]
    bound = bound_of_customer(*one[0]) + keys[0], bound_of_customer(*other[0]) + keys[1]
    are_equal = searches[0] == searches[1] and one[0] == other[0]
    assert (bound[0] == bound[1]) is are_equal


def test_no_two_of_a_table_are_bound_alike() -> None:
    """Each text with each other one, wherever a separator could shift it."""
    texts = [None, *WORDS, "None|True|1|1", "x|False", "False|None", "==None", "None,None"]
    filters = [
        DefinitionFilters(*each) for each in product(texts, (False, True), (None, "1"), (None, "1"))
    ]
    types = (PromotionSourceType.UI,)
    bound = {bound_of_program("1", types, each) for each in filters}
    assert len(bound) == len(filters)


def test_a_cursor_without_filters_is_what_it_was() -> None:
    """Stored cursors stay valid: the binding changes only for texts that need it."""
    types = (PromotionSourceType.UI, PromotionSourceType.CAMPAIGN)
    filters = DefinitionFilters("TransactionAdd", includes_inactive=True, promotion_id="7")
    bound = (
        bound_of_program("9", types, filters),
        bound_of_program("9", types[:1], DefinitionFilters()),
    )
    assert bound == (
        "Program.promotions|9|UI,CAMPAIGN|TransactionAdd|True|None|7",
        "Program.promotions|9|UI|None|False|None|None",
    )


LISTS = ["", 'eventName:"None"', 'eventName:"=None"', "includeInactive:true",
         'eventName:"None|True"', 'startRuleId:"0"', 'promotionId:"0"',
         "sourceTypes:[UI,CAMPAIGN]", "sourceTypes:[CAMPAIGN,UI]"]  # fmt: skip


@pytest.fixture(scope="module")
def cursor(graph: Graph) -> str:
    """Return a cursor of the list without filters."""
    query = '{program(programId:"9001"){promotions(first:1){pageInfo{endCursor}}}}'
    data = graph.ask(query)
    found: str = data["program"]["promotions"]["pageInfo"]["endCursor"]
    return found


@pytest.mark.parametrize("filters", LISTS)
def test_a_cursor_goes_on_in_its_own_list_alone(graph: Graph, cursor: str, filters: str) -> None:
    """Over HTTP, any other list refuses it, without a call."""
    query = f'query($c:String){{program(programId:"9001"){{promotions({filters} after:$c)'
    query += "{nodes{id}}}}"
    answer = graph.answer(query, {"c": cursor})
    codes = [error["extensions"]["code"] for error in answer.get("errors", [])]
    assert codes == (["CURSOR_INVALID"] if filters else [])
    assert graph.calls == (0 if filters else 1)
