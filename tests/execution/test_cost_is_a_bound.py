"""No operation makes more calls, or has more leaves, than were counted before it ran."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import get_introspection_query
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from gateway.execution.limits import DEFAULT_LIMITS
from gateway.execution.operation_store import OperationStore
from gateway.schema.build import build_schema, executable
from gateway.schema.ids import write_id
from tests.support.examples import examples
from tests.support.graph import Graph, graph_over
from tests.support.tabs import TABS

ROOT = Path(__file__).parent.parent.parent
README = re.findall(r"```graphql\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
EXAMPLES = [tab.query for tab in TABS if not tab.is_mutation]
MANY_CALLS = 500  # so many that the bound is not what one operation may make
OPERATIONS = OperationStore(
    executable(build_schema()),
    introspection=True,
    limits=DEFAULT_LIMITS._replace(calls=MANY_CALLS, cost=10**9, aliases=10**4, depth=50),
)
IDS = [
    write_id("Program", "9001"),
    write_id("Promotion", "9001", "90010001"),
    write_id("Customer", "INSTORE", "700000006"),
    write_id("CustomerPromotion", "INSTORE", "700000006", "9001", "90010001"),
]
CUSTOMERS = ["000003873354", "C-3000", "C-TEN", "C-ONE", "C-MIXED", "C-101", "C-CURRENT", "nobody"]
PROGRAMS = ["9001", "9002", "9003", "9005", "9101", "1"]

sizes = st.sampled_from(["", "(first:0)", "(first:3)", "(first:20)", "(first:100)", "(last:4)"])
searches = st.sampled_from(
    [
        "(orderBy:{field:NAME})",
        "(last:3 orderBy:{field:NEXT_EXPIRY_AT,direction:DESC})",
        '(first:100 search:"points")',
        "(first:7 validity:[CURRENT,UPCOMING])",
        "(first:0 type:GENERIC validity:CURRENT orderBy:{field:ENDS_AT})",
    ]
)
by = st.sampled_from(CUSTOMERS).map(lambda name: f'{{externalId:"{name}"}}')
types = st.lists(st.sampled_from(["UI", "CAMPAIGN", "PROMOTION_API", "USER_CREATED"]), min_size=1)


def some(*fields: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return a selection of some of the fields, each with a numbered alias."""
    chosen = st.lists(st.one_of(*fields), min_size=1, max_size=3)
    return chosen.map(lambda names: "{" + " ".join(map(_aliased, range(len(names)), names)) + "}")


def _aliased(number: int, field: str) -> str:
    name = re.split(r"\W", field, maxsplit=1)[0]
    return f"{name}_{number}:{field}"


def just(*fields: str) -> st.SearchStrategy[str]:
    """Return a selection of a leaf, or of an object without arguments and with few fields."""
    return st.sampled_from(fields)


definitions = just(
    "definition{status scopes expiries{days}}",
    "definition(sourceType:CAMPAIGN){status restrictions{limit{max}}}",
    "definition{rulesets{name rules{name filters{properties{values}}}}}",
)
promotions = some(
    just("id", "name", "program{id}", "program{name}", "validity"),
    definitions,
    by.map(lambda who: f"forCustomer(by:{who}){{id limits{{pointsPerEvent{{max}}}}}}"),
)
counts = just(
    "promotionCounts{all expired}",
    "promotionCounts{__typename}",
    "promotionCounts(type:GENERIC){all availableToEnrol availableForIssue availableToRedeem}",
)
theirs = some(
    just("id", "metadata{key value}", "restrictions{measure limit{max used}}", "availability"),
    just('metadata(keys:["badge"]){value}', "tightestLimit{stage measure limit{max used}}"),
    just("enrolments{enrolmentId issues{issueId}}", "customer{id promotions{totalCount}}"),
    counts.map(lambda inner: f"customer{{{inner}}}"),
    promotions.map(lambda inner: f"promotion{inner}"),
)
pages = some(
    just("totalCount", "pageInfo{endCursor}", "warnings{message}", "drift"),
    theirs.map(lambda inner: f"nodes{inner}"),
    theirs.map(lambda inner: f"edges{{cursor node{inner}}}"),
)
customers = some(
    just("id", "customerId"),
    counts,
    st.builds(lambda size, inner: f"promotions{size}{inner}", sizes | searches, pages),
)
programs = some(
    just("id", "name"),
    st.builds(
        lambda size, inner: f"promotions{size}{{totalCount nodes{inner}}}", sizes, promotions
    ),
    st.builds(
        lambda names, end, inner: (
            f"promotions(sourceTypes:[{' '.join(names)}] {end}){{totalCount nodes{inner}}}"
        ),
        types,
        just("first:2", "last:2", "first:100", "last:100"),
        promotions,
    ),
)
queries = some(
    st.builds(lambda who, inner: f"customer(by:{who}){inner}", by, customers),
    st.builds(
        lambda who, inner: f"customers(by:[{' '.join(who)}]){inner}",
        st.lists(by, max_size=4),
        customers,
    ),
    st.builds(
        lambda which, inner: f'program(programId:"{which}"){inner}',
        st.sampled_from(PROGRAMS),
        programs,
    ),
    # Five of them, as a list counts: their number decides no call.
    just("programs{id name}", "programs{programId}"),
    st.builds(
        lambda which, inner: f'promotion(programId:"9001",promotionId:"{which}"){inner}',
        st.sampled_from(["90010001", "1"]),
        promotions,
    ),
    st.builds(
        lambda which, inner: f'node(id:"{which}"){{id ...on Promotion{inner}}}',
        st.sampled_from(IDS),
        promotions,
    ),
)


@pytest.fixture(scope="module")
def roomy(sandbox_url: str) -> Iterator[Graph]:
    """Return a gateway where an operation may make many calls."""
    limits = {"max_cost": 10**9, "max_aliases": 1000, "max_depth": 50}
    with graph_over(
        sandbox_url,
        upstream_max_calls_per_operation=MANY_CALLS,
        upstream_deadline_s=30,
        shutdown_grace_s=31,
        **limits,
    ) as graph:
        yield graph


def count(answer: Any, name: str = "") -> int:
    """Count an answer's leaves; of a list that is no page only the five largest items.

    Null is none of them: it may stand for an object, of which an empty page has no leaves.
    """
    if answer is None:
        return 0
    if isinstance(answer, dict):
        return sum(count(value, key) for key, value in answer.items())
    if isinstance(answer, list):
        leaves = sorted((count(item) for item in answer), reverse=True)
        return sum(leaves if name.partition("_")[0] in PAGED else leaves[:5])
    return 1


PAGED = {"nodes", "edges", "customers"}


def check(graph: Graph, text: str) -> None:
    """Compare the cost with what the operation took."""
    counted = OPERATIONS.get(text, None).check({})
    answer = graph.answer(text)
    codes = {error["extensions"]["code"] for error in answer.get("errors", [])}
    # The last is that of an example that asks for the successor, which is off here.
    assert codes <= {"BAD_USER_INPUT", "LIST_TOO_LONG", "UPSTREAM_GONE"}
    assert answer["extensions"]["cost"]["requested"] == counted.requested
    assert graph.calls <= counted.calls
    assert count(answer["data"]) <= counted.leaves


@pytest.mark.parametrize("text", README + EXAMPLES, ids=lambda text: text.strip()[:30])
def test_the_queries_of_the_readme_take_no_more_than_counted(roomy: Graph, text: str) -> None:
    """Neither calls nor leaves; all of them pass the guards."""
    check(roomy, text)


DESCRIBED = "fields{name type{name ofType{name}} args{name type{name}}}"
SCHEMA = [
    get_introspection_query(),
    f"{{__schema{{types{{{DESCRIBED}}}}}}}",
    "{__schema{types{fields{type{fields{name}}} enumValues{name} inputFields{name}}}}",
    "{__schema{types{fields{args{type{name enumValues{name}}}} possibleTypes{name}}}}",
]


@pytest.mark.parametrize("text", SCHEMA, ids=["standard", "fields", "fields' fields", "arguments"])
def test_an_introspection_is_no_larger_than_counted(roomy: Graph, text: str) -> None:
    """Its lists are much longer than others, and counted so; tools' own query passes."""
    answer = roomy.answer(text)
    counted = OperationStore(OPERATIONS.schema, introspection=True).get(text, None)
    leaves = counted.check({}).leaves
    assert count_all(answer["data"]) <= leaves


def count_all(answer: Any) -> int:
    """Count an answer's leaves, all of them."""
    if isinstance(answer, dict | list):
        return sum(map(count_all, answer.values() if isinstance(answer, dict) else answer))
    return 1


@examples(60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=queries)
def test_any_query_takes_no_more_calls_than_counted(roomy: Graph, text: str) -> None:
    """Any combination of fields."""
    check(roomy, text)
