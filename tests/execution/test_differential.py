"""Both executors give the same data, the same errors, and make the same calls."""

from collections.abc import Iterator
from random import Random
from typing import Any

import msgspec
import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.execution.compiler.compiled_executor import CompiledExecutor
from gateway.schema.build import build_schema
from tests.execution import oddities
from tests.execution.both import REFERENCES, Both, Tally, Watched
from tests.execution.generated import Generated, Pools

SEEDS = st.integers(0, 10**12)
QUICK = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
THOROUGH = settings(QUICK, max_examples=250)
A_SEED = 20  # operations for each seed that hypothesis chooses
ODD_POOLS = Pools({"index": list(range(30)), "turns": [0, 1, 2, 5]}, {})

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def silent() -> Iterator[None]:
    """Drop the log lines of thousands of errors that are caused on purpose."""

    def drop(*_: Any) -> Any:
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[drop])
    yield
    structlog.configure(**before)


async def _try(both: Both, seed: int) -> Tally:
    for step in range(A_SEED):
        await both.try_one(Random(f"{seed} {step}"))  # noqa: S311 - no secret
        assert not both.tally.differences, both.tally.differences[0]
    return both.tally


def _proves_something(tally: Tally) -> None:
    """Assert that operations with and without errors were compared."""
    counts = tally.counts
    assert counts["ran"] > 0.95 * counts["operations"]
    assert 0.2 < counts["with errors"] / counts["ran"] < 0.95
    assert counts["with null propagation"] > 0.02 * counts["ran"]
    assert counts["told otherwise"] <= max(3, 0.01 * counts["ran"])
    assert counts["in another order"] <= max(3, 0.01 * counts["ran"])


@pytest.mark.timeout(300)
async def test_the_real_schema_executes_the_same_on_a_platform_that_lies() -> None:
    """Data byte for byte, errors by path, code and message, calls by method and URL."""
    await _real(QUICK)


@pytest.mark.verify
@pytest.mark.timeout(3000)
async def test_five_thousand_operations_execute_the_same() -> None:
    """The same with 5,000 operations over the real schema."""
    await _real(THOROUGH)


async def _real(how_many: settings) -> None:
    both = Both()
    seeds: list[int] = []

    @how_many
    @given(SEEDS)
    def choose(seed: int) -> None:
        seeds.append(seed)

    choose()
    for seed in seeds:
        await _try(both, seed)
    _proves_something(both.tally)
    # Mutations are switched off, and fetch nothing.
    assert both.tally.counts["fetched"] > 0.7 * both.tally.counts["queries"]
    assert both.tally.counts["of several calls"] > 0.4 * both.tally.counts["queries"]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seeds", [3, pytest.param(20, marks=pytest.mark.verify)])
async def test_a_subgraph_executes_the_same(seeds: int) -> None:
    """With entities by reference, of all types and malformed ones, and the subgraph's schema."""
    both = Both(build_schema(federation=True))
    for seed in range(seeds):
        await _try(both, seed)
    _proves_something(both.tally)
    await both.compare(Generated(ENTITIES, {"r": REFERENCES}))
    await both.compare(Generated("query Q { _service { __typename sdl } }", {}))
    assert both.tally.differences == []


ENTITIES = """
query Q($r: [_Any!]!) { a: _entities(representations: $r) { ...E } }
fragment E on _Entity {
  __typename
  ... on Node { id ... on Customer { promotions(first: 2) { nodes { promotion { name } } } } }
  ... on Promotion { name definition { status } }
}
"""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seeds", [5, pytest.param(40, marks=pytest.mark.verify)])
async def test_whatever_a_resolver_does_wrong_is_the_same_error(seeds: int) -> None:
    """Int beyond 32 bits, NaN, null where it must not be, errors in lists and of fetches."""
    both = Both(oddities.build(), ODD_POOLS)
    for seed in range(seeds):
        await _try(both, seed)
    _proves_something(both.tally)


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("query Q { thing(index: 1) { id ... on Odd { mustOther { mustIntNumber } } } }", {}),
        ("query Q($c: Boolean = true) { thing { __typename @include(if: $c) } }", {"c": None}),
        ("query Q($c: Boolean = true) { __typename @skip(if: $c) }", {"c": None}),
        ("query Q($i: Int = 1) { odd(index: $i) { textText } }", {"i": None}),
        ("query Q { a: mustOdd(index: 8) { textText } b: odd(index: 1) { asked { id } } }", {}),
        ("query Q { odd(index: 4) { others { others { textText } } } }", {}),
        ("query Q { __typename a: __typename ... { __typename } }", {}),
    ],
)
async def test_a_special_case_is_the_same(text: str, variables: dict[str, Any]) -> None:
    """What generated operations meet seldom."""
    both = Both(oddities.build(), ODD_POOLS)
    await both.compare(Generated(text, variables))
    assert both.tally.counts["ran"] == 1
    assert both.tally.differences == []


SERIAL = """
mutation Q { a: step(turns: 5) { asked(turns: 3) { __typename } } b: steps ...F }
fragment F on Mutation { c: step { asked { __typename } } d: steps }
"""


@pytest.mark.parametrize(
    ("text", "data", "failed", "steps"),
    [
        (
            SERIAL,
            {"b": 1, "d": 2},
            [],
            2,
        ),
        ("mutation Q { a: step(index: 4) { id } b: steps }", {"a": None, "b": 1}, ["a"], 1),
        (
            "mutation Q { a: step { id } b: mustStep(index: 6) { id } c: step { id } }",
            None,
            ["b"],
            2,
        ),
        ("mutation Q { a: mustStep(index: 5) { id } b: step { id } }", None, ["a"], 1),
        (
            "mutation Q($i: Int = 1) { a: mustStep(index: $i) { id } b: step { id } }",
            None,
            ["a"],
            0,
        ),
    ],
)
async def test_the_root_fields_of_a_mutation_run_one_after_the_other(
    text: str, data: dict[str, Any] | None, failed: list[str], steps: int
) -> None:
    """Each with all below it; none begins once an earlier one has made the whole data null."""
    both = Both(oddities.build(), ODD_POOLS)
    variables = {"i": None} if "$i" in text else {}
    await both.compare(Generated(text, variables))
    assert both.tally.counts["ran"] == 1
    assert both.tally.differences == []
    operation = both.operations.get(text, None)
    for executor in (both.reference, both.compiled, both.compiled):
        context = both.gateway.context()
        outcome = await executor.run(operation, variables, context)
        shown = msgspec.json.decode(msgspec.json.encode(outcome.data))
        assert shown is None if data is None else shown.items() >= data.items()
        assert [error["path"] for error in outcome.errors] == [[key] for key in failed]
        assert context.request.report.calls == steps


SORTED = """
query Q($f: CustomerPromotionOrderField!, $d: OrderDirection = DESC, $s: String,
    $v: [PromotionValidity!], $o: CustomerPromotionOrder) {
  customer(by: {externalId: "C-101"}) {
    a: promotions(first: 3, search: $s, validity: $v, orderBy: {field: $f, direction: $d}) { ...P }
    b: promotions(last: 3, orderBy: {field: $f}) { ...P }
    c: promotions(last: 3, orderBy: $o) { totalCount pageInfo { hasPreviousPage } }
    d: promotions(last: 3, orderBy: $o) { ...P }
  }
}
fragment P on CustomerPromotionConnection {
  totalCount drift pageInfo { hasNextPage startCursor } nodes { promotion { name } }
}
"""


@pytest.mark.parametrize(
    "variables",
    [
        {"f": "NAME"},
        {"f": "ENDS_AT", "d": "ASC", "s": "points", "v": "CURRENT"},
        {"f": "ENDS_AT", "d": None, "s": None, "v": None, "o": None},
        {"f": "NEXT_EXPIRY_AT", "v": ["CURRENT", "UPCOMING"], "o": {"field": "STARTS_AT"}},
        {"f": "NAME", "s": "", "v": [], "o": {"field": "NAME", "direction": "DESC"}},
    ],
)
async def test_a_sorted_page_is_the_same(variables: dict[str, Any]) -> None:
    """With variables in the order, its default, and null for each."""
    both = Both()
    await both.compare(Generated(SORTED, variables))
    assert both.tally.counts["ran"] == 1
    assert both.tally.differences == []


async def test_only_introspection_runs_on_the_reference() -> None:
    """Everything that selects neither __schema nor __type is compiled."""
    both = Both()
    watched = Watched(both.reference)
    both.compiled = CompiledExecutor(build_schema(), introspection=watched)
    for seed in range(60):
        await both.try_one(Random(seed))  # noqa: S311 - no secret
    assert both.tally.counts["ran"] > 50
    assert watched.ran == 0
    for text in (
        "query Q { __schema { queryType { name } } }",
        'query Q { ...F } fragment F on Query { ... { t: __type(name: "Limit") { name } } }',
    ):
        await both.compare(Generated(text, {}))
    assert watched.ran == 4
    assert both.tally.differences == []


async def test_an_operation_gives_the_same_again() -> None:
    """What is kept for payloads that recur is the same data in every place."""
    both = Both()
    text = (
        'query Q { customer(by: {externalId: "C-LIMITS"}) { promotions { nodes {'
        " limits { a: pointsPerCustomer { max used remaining } } } } } }"
    )
    operation = both.operations.get(text, None)
    first = await both.compiled.run(operation, {}, both.gateway.context())
    second = await both.compiled.run(operation, {}, both.gateway.context())
    assert msgspec.json.encode(first.data) == msgspec.json.encode(second.data)


async def test_what_one_sibling_fetches_outlives_what_another_does_wrong() -> None:
    """Pages at hand are completed one after the other, and each may leave more to fetch."""
    both = Both()
    text = (
        'query Q { a: customers(by: [{externalId: "C-TEN"}, {externalId: "C-CURRENT"}]) {'
        " promotions(first: 2) { nodes { nextExpiryAt promotion {"
        ' forCustomer(by: {externalId: "C-TEN"}) { id } } } } } }'
    )
    for spoiling in (0, 0.3, 0.6):
        for seed in range(6):
            both.gateway.begin(seed, 0, spoiling)
            await both.compare(Generated(text, {}))
    assert both.tally.counts["with errors"] > 3
    assert both.tally.differences == []


async def test_an_error_that_leaves_no_data_fetches_nothing() -> None:
    """What stands before it in the document is not asked for, as nothing of it would be shown."""
    both = Both()
    text = (
        'query Q($ids: [ID!] = []) { customer(by: {externalId: "C-TEN"}) { customerId }'
        " nodes(ids: $ids) { id } }"
    )
    await both.compare(Generated(text, {"ids": None}))
    assert both.tally.counts["without data"] == 1
    assert not both.gateway.platform.calls  # the compiled one's, which ran last
    assert both.tally.differences == []
