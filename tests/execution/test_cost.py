"""The cost of operations, by the rules of docs/cost.md."""

import re
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from gateway.execution.cost import Cost
from gateway.execution.failures import OperationRefusedError
from gateway.execution.limits import DEFAULT_LIMITS
from gateway.execution.operation_store import OperationStore
from gateway.schema.build import build_schema, executable

ROOT = Path(__file__).parent.parent.parent
DOCUMENT = (ROOT / "docs" / "cost.md").read_text()
EXAMPLES = re.findall(
    r"```graphql\n(.*?)```\n\nCost: (\d+) leaves \+ 100 . (\d+) calls? = (\d+)", DOCUMENT, re.DOTALL
)
BY = 'by:{mobile:"1"}'
OPERATIONS = OperationStore(
    executable(build_schema()),
    introspection=True,
    limits=DEFAULT_LIMITS._replace(cost=10**9, list_length=50),
)


def cost(text: str, variables: dict[str, Any] | None = None) -> Cost:
    """Count the cost of a document's only operation."""
    return OPERATIONS.get(text, None).check(variables or {})


def figures(text: str, variables: dict[str, Any] | None = None) -> tuple[int, int]:
    """Return its leaves and calls."""
    counted = cost(text, variables)
    return counted.leaves, counted.calls


@pytest.mark.parametrize(("text", "leaves", "calls", "requested"), EXAMPLES)
def test_an_example_costs_what_the_document_says(
    text: str, leaves: str, calls: str, requested: str
) -> None:
    """The examples of docs/cost.md have the gateway's own figures."""
    counted = cost(text)
    assert (counted.leaves, counted.calls) == (int(leaves), int(calls))
    assert counted.requested == int(requested) == int(leaves) + 100 * int(calls)


def test_the_document_has_its_examples() -> None:
    """The test above has examples."""
    assert len(EXAMPLES) == DOCUMENT.count("```graphql") == 6


def page(arguments: str) -> str:
    """Return a query for one leaf of each item of a customer's page."""
    declared = "query($n:Int,$d:Int=7,$c:String)"
    return f"{declared}{{customer({BY}){{promotions({arguments}){{nodes{{id}}}}}}}}".replace(
        "promotions()", "promotions"
    )


@pytest.mark.parametrize(
    ("arguments", "variables", "expected"),
    [
        ("", {}, (20, 1)),
        ("first:0", {}, (0, 1)),
        ("first:98", {}, (98, 1)),
        ("first:99", {}, (99, 2)),
        ("last:3", {}, (3, 2)),
        ("first:null", {}, (20, 1)),
        ("first:$n", {"n": 7}, (7, 1)),
        ("first:$n", {"n": 7.0}, (7, 1)),
        ("first:$n", {}, (20, 1)),
        ("first:$n", {"n": None}, (20, 1)),
        ("first:$d", {}, (7, 1)),
        ("first:$d", {"d": None}, (20, 1)),
        ("last:$d", {"d": 9}, (9, 2)),
        ("first:$n,last:$d", {"n": None, "d": 4}, (4, 2)),
        ("first:3,before:$c", {"c": "x"}, (3, 1)),
        ("before:$c", {"c": "x"}, (20, 2)),
        ("before:$c", {}, (20, 1)),
        ("first:$n", {"n": 2**31 - 1}, (100, 2)),
        ("first:$n", {"n": -5}, (0, 1)),
    ],
)
def test_a_page_counts_by_its_size(
    arguments: str, variables: dict[str, Any], expected: tuple[int, int]
) -> None:
    """Literal, variable, default or none; out of range it counts as the nearest bound."""
    text = page(arguments)
    for name in ("$n", "$d", "$c"):
        if name not in arguments:
            text = re.sub(rf",?\{name}:\w+(=7)?", "", text)
    assert figures(text.replace("query()", "query").replace("(,", "("), variables) == expected


SEARCHED = (
    "query($s:String,$v:[PromotionValidity!],"
    '$o:CustomerPromotionOrder){customer(by:{mobile:"1"})'
    "{a:promotions(first:3,search:$s,validity:$v,orderBy:$o){nodes{id}} "
    "b:promotions(first:3,availability:EXPIRED,%s){nodes{id}}}}"
)


@pytest.mark.parametrize(
    ("arguments", "variables", "calls"),
    [
        ("orderBy:{field:NAME,direction:DESC}", {}, 4),
        ("orderBy:null", {}, 2),
        ("search:null,validity:null", {}, 2),
        ('search:"x"', {}, 4),
        ("validity:CURRENT", {}, 4),
        ("validity:[CURRENT,ENDED],orderBy:{field:NAME}", {}, 4),
        ("last:null", {"s": "", "v": None, "o": None}, 4),
        ("last:null", {"s": "x"}, 4),
        ("last:null", {"v": []}, 4),
        ("last:null", {"v": ["CURRENT", "ENDED"]}, 4),
        ("last:null", {"o": {"field": "NAME"}}, 4),
        ("orderBy:{field:NAME}", {"o": {"field": "NAME"}}, 6),
    ],
)
def test_a_whole_list_counts_the_calls_that_read_it(
    arguments: str, variables: dict[str, Any], calls: int
) -> None:
    """Three for each such page, whatever its size; null is an ordinary page."""
    assert figures(SEARCHED % arguments, variables) == (6, calls)
    limits = DEFAULT_LIMITS._replace(cost=10**9, scan_calls=5)
    operations = OperationStore(OPERATIONS.schema, introspection=True, limits=limits)
    scans = (calls - 2) // 2
    counted = operations.get(SEARCHED % arguments, None).check(variables)
    assert counted.calls == 2 + 4 * scans


@pytest.mark.parametrize(
    ("text", "variables", "expected"),
    [
        ("{__typename}", {}, (1, 0)),
        (f"{{customer({BY}){{id}}}}", {}, (1, 1)),
        (f"{{customer({BY}){{promotions{{drift}}}}}}", {}, (1, 1)),
        (f"{{customer({BY}){{...on Node{{...on Customer{{promotions{{drift}}}}}}}}}}", {}, (1, 1)),
        (f"{{customer({BY}){{a:promotions{{drift}} b:promotions{{drift}}}}}}", {}, (2, 2)),
        (f"{{customer({BY}){{id promotions@skip(if:true){{drift}}}}}}", {}, (1, 1)),
        (f"{{customer({BY}){{promotions{{warnings{{message}}}}}}}}", {}, (5, 1)),
        (f"{{customer({BY}){{promotions(first:2){{edges{{cursor node{{id}}}}}}}}}}", {}, (4, 1)),
        ('{program(programId:"1"){id}}', {}, (1, 0)),
        ('{program(programId:"1"){name}}', {}, (1, 1)),
        ('{promotion(programId:"1",promotionId:"1"){id}}', {}, (1, 2)),
        ('{promotion(programId:"1",promotionId:"1"){definition{status}}}', {}, (1, 4)),
        (
            '{promotion(programId:"1",promotionId:"1"){definition(sourceType:UI){status}}}',
            {},
            (1, 4),
        ),
        ("{programs{programId name}}", {}, (10, 1)),
        ("{programs{name ...{name} promotions(first:1){nodes{program{name}}}}}", {}, (15, 6)),
        ('{programs{name} program(programId:"1"){name}}', {}, (6, 2)),
        ('{promotion(programId:"1",promotionId:"1"){definition{scopes}}}', {}, (5, 4)),
        ('{node(id:"a"){id}}', {}, (1, 40)),
        ('{node(id:"a"){id ...on Customer{customerId} ...on Program{name}}}', {}, (2, 40)),
        ('{nodes(ids:["a","b","c"]){id}}', {}, (3, 40)),
        ("{nodes(ids:25){id}}", {}, (1, 40)),
        ("query($i:[ID!]!){nodes(ids:$i){id}}", {"i": ["a", "b"]}, (2, 40)),
        ("query($i:[ID!]!){nodes(ids:$i){id}}", {"i": "a"}, (1, 40)),
        ("query($i:[ID!]!=7){nodes(ids:$i){id}}", {}, (1, 40)),
        (
            "query($b:[CustomerIdentifier!]!){customers(by:$b){id}}",
            {"b": [{"mobile": "1"}] * 3},
            (3, 3),
        ),
        ("query($a:ID!){nodes(ids:[$a,$a]){id}}", {"a": "x"}, (2, 40)),
        ("query($y:Boolean!){a:__typename@include(if:$y) b:__typename}", {"y": False}, (1, 0)),
        ("query($y:Boolean=true){a:__typename@skip(if:$y) b:__typename}", {}, (1, 0)),
        ("{...F ...F __typename}fragment F on Query{__typename}", {}, (2, 0)),
        ("{...@skip(if:true){__typename} a:__typename}", {}, (1, 0)),
        ("{...F@include(if:false) a:__typename}fragment F on Query{__typename}", {}, (1, 0)),
    ],
)  # fmt: skip
def test_leaves_and_calls_are_counted(
    text: str, variables: dict[str, Any], expected: tuple[int, int]
) -> None:
    """By each rule of docs/cost.md."""
    assert figures(text, variables) == expected


def test_what_is_too_dear_is_refused_with_its_cost() -> None:
    """At the limit it passes; above it, the error has both figures."""
    text = page("first:50").replace("query($n:Int,$d:Int=7,$c:String)", "")
    for maximum, passes in ((150, True), (149, False)):
        limits = DEFAULT_LIMITS._replace(cost=maximum)
        operations = OperationStore(OPERATIONS.schema, introspection=True, limits=limits)
        operation = operations.get(text, None)
        if passes:
            assert operation.check({}).extension == {
                "requested": 150,
                "maximum": 150,
            }
            continue
        with pytest.raises(OperationRefusedError) as refused:
            operation.check({})
        (error,) = refused.value.errors
        assert error["message"] == "Operation cost: 150 exceeds the limit of 149."
        assert error["extensions"] == {
            "code": "QUERY_TOO_COMPLEX",
            "retryable": False,
            "cost": {"requested": 150, "maximum": 149},
        }


def test_fragments_that_multiply_are_counted_at_once() -> None:
    """Fragments that double a dozen times are counted in no time."""
    # Not by depth, which the guards bound, but by what they let pass.
    body = "a:definition{...D} b:definition{...D} c:program{promotions{nodes{...F%d}}}"
    fragments = " ".join(f"fragment F{i} on Promotion{{{body % (i + 1)}}}" for i in range(3))
    text = (
        '{promotion(programId:"1",promotionId:"1"){...F0}}'
        + fragments
        + "fragment F3 on Promotion{name} fragment D on PromotionDefinition{status scopes}"
    )
    operations = OperationStore(
        OPERATIONS.schema, introspection=True, limits=DEFAULT_LIMITS._replace(cost=10**9)
    )
    operation = operations.get(text, None)
    started = perf_counter()
    counted = operation.check({})
    assert counted.leaves == 12 * (1 + 20 + 400) + 8_000
    assert perf_counter() - started < 1


def test_equal_sizes_are_counted_once() -> None:
    """Cursors and identifiers do not change the cost."""
    text = "query($b:CustomerIdentifier!,$n:Int){customer(by:$b){promotions(first:$n){drift}}}"
    operation = OPERATIONS.get(text, None)
    first = operation.check({"b": {"mobile": "1"}, "n": 3})
    assert operation.check({"b": {"email": "x"}, "n": 3}) is first
    assert operation.check({"b": {"email": "x"}, "n": 4}) is not first
