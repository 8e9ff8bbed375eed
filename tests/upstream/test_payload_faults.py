"""Each fault of the sandbox in a payload: a coded error, or a page without the faulty part."""

from collections.abc import Iterator
from typing import Any

import pytest

from gateway.sandbox.app import create_sandbox
from gateway.sandbox.world import World
from tests.sandbox.client import NOW, SandboxClient, new_world
from tests.sandbox.faulty import faults
from tests.support.graph import Graph, graph_over
from tests.support.metrics import changed, scrape
from tests.support.serving import serve

ITEM = "name type event description"


def _page(nodes: str) -> str:
    return f"promotions(first:5){{totalCount warnings{{message}} pageInfo{{hasNextPage}} {nodes}}}"


CUSTOMER = f"""query($id:ID!) {{ customer(by:{{customerId:$id}}) {{
  {_page(f"nodes{{promotion{{{ITEM}}}}}")} }} }}"""
PROGRAM = f"query($id:ID!) {{ program(programId:$id) {{ {_page(f'nodes{{{ITEM}}}')} }} }}"

Served = tuple[SandboxClient, Graph]


@pytest.fixture(scope="module")
def served(world: World) -> Iterator[Served]:
    """Serve one sandbox whose faults these tests may change, and a gateway on it."""
    with (
        serve(create_sandbox(world, clock=lambda: NOW)) as url,
        SandboxClient(url) as sandbox,
        graph_over(url) as graph,
    ):
        yield sandbox, graph


@pytest.fixture(scope="module")
def world() -> World:
    """Return the sandbox's data."""
    return new_world()


def _ask(served: Served, endpoint: str, *specs: str) -> tuple[Any, list[str]]:
    """Return an endpoint's page under these faults, and the errors' codes."""
    sandbox, graph = served
    query, root, asked = PROGRAM, "program", "9001"
    if endpoint == "promotionData":
        asked = sandbox.customer("C-TEN").json()["customerId"]
        query, root = CUSTOMER, "customer"
    with faults(sandbox, *specs):
        answer = graph.answer(query, {"id": str(asked)})
    codes = [error["extensions"]["code"] for error in answer.get("errors", [])]
    found = answer["data"][root]
    return found and found["promotions"], codes


def _names(page: Any) -> list[str]:
    return [node.get("promotion", node)["name"] for node in page["nodes"]]


BOTH = pytest.mark.parametrize("endpoint", ["promotionData", "promotionsV2"])


@BOTH
@pytest.mark.parametrize(
    "fault",
    [
        "array",
        "cut_json",
        "status=200,body=html",
        "status=200",
        "invalid_utf8",
        "huge=20000000",
        "gzip_bomb=100000000",
        "null=promotions",
        "missing=promotions",
        "retype=promotions",
        "deep,key=promotions",
        "digits,key=promotions",
    ],
)
def test_a_payload_that_is_faulty_as_a_whole_is_a_coded_error(
    served: Served, endpoint: str, fault: str
) -> None:
    """Nothing of the payload is shown."""
    if endpoint == "promotionsV2":
        fault = fault.replace("promotions", "data")
    page, codes = _ask(served, endpoint, f"{fault},endpoint={endpoint}")
    assert (page, codes) == (None, ["UPSTREAM_BAD_PAYLOAD"])


@BOTH
@pytest.mark.parametrize("fault", ["truncate", "truncate,framing=chunked"])
def test_a_body_that_breaks_off_is_a_coded_error(served: Served, endpoint: str, fault: str) -> None:
    """A truncated response is an error, whatever its framing."""
    page, codes = _ask(served, endpoint, f"{fault},endpoint={endpoint}")
    assert (page, codes) == (None, ["UPSTREAM_UNAVAILABLE"])


@pytest.mark.parametrize(
    "fault",
    [
        "other_customer",
        "other_customer,part=id",
        "missing=customerId",
        "null=customerId",
        "retype=customerId",
        "digits,key=customerId",
        "deep,key=customerId",
    ],
)
def test_a_page_of_perhaps_another_customer_is_never_served(served: Served, fault: str) -> None:
    """A response by id needs a readable customer id that is the same."""
    page, codes = _ask(served, "promotionData", f"{fault},endpoint=promotionData")
    assert (page, codes) == (None, ["UPSTREAM_BAD_PAYLOAD"])


@BOTH
@pytest.mark.parametrize(
    "fault",
    [
        "totals=-1",
        "totals=null",
        "totals=missing",
        "totals=0",
        "missing=pageDetails",
        "deep,key=pageDetails",
        "deep,key=extra",
        "digits",
    ],
)
def test_a_faulty_total_costs_the_total_only(served: Served, endpoint: str, fault: str) -> None:
    """The items are those without the fault, and the total is null."""
    expected, _ = _ask(served, endpoint)
    page, codes = _ask(served, endpoint, f"{fault},endpoint={endpoint}")
    if fault.startswith("deep"):  # nesting that no reader can follow leaves nothing to read
        assert (page, codes) in [(None, ["UPSTREAM_BAD_PAYLOAD"]), (expected, [])]
        return
    assert codes == []
    assert page["nodes"] == expected["nodes"]
    assert page["pageInfo"] == expected["pageInfo"]
    assert page["totalCount"] is None


@BOTH
@pytest.mark.parametrize(
    "fault", ["retype=NAME,item=1", "null=ID,item=1", "missing=ID,item=1", "retype=ID,item=1"]
)
def test_an_unreadable_item_is_left_out_and_logged(
    served: Served, endpoint: str, fault: str
) -> None:
    """The other items are unchanged, in their order."""
    words = ("promotionName", "promotionId") if endpoint == "promotionData" else ("name", "id")
    fault = fault.replace("NAME", words[0]).replace("ID", words[1])
    expected, _ = _ask(served, endpoint)
    page, codes = _ask(served, endpoint, f"{fault},endpoint={endpoint}")
    assert codes == []
    assert _names(page) == [name for place, name in enumerate(_names(expected)) if place != 1]
    assert len(page["warnings"]) == 1


@BOTH
@pytest.mark.parametrize("fault", ["null", "missing"])
@pytest.mark.parametrize("of", ["name", "id"])
def test_a_left_out_item_is_counted_by_the_field_at_fault(
    served: Served, endpoint: str, fault: str, of: str
) -> None:
    """The metric names the documented field that could not be read, and no other."""
    field = f"promotion{of.title()}" if endpoint == "promotionData" else of
    before = _drift(served)
    _ask(served, endpoint, f"{fault}={field},item=1,endpoint={endpoint}")
    series = _series("items_dropped", endpoint, field, reason="malformed")
    assert changed(before, _drift(served)) == {series: 1.0}


@BOTH
def test_an_unreadable_leaf_is_counted_by_field(served: Served, endpoint: str) -> None:
    """So are values that are read although they are of another type."""
    is_current = endpoint == "promotionData"
    flag = "active" if is_current else "isActive"
    before = _drift(served)
    _ask(served, endpoint, f"retype={flag},item=1,endpoint={endpoint}")
    _ask(served, endpoint, f"retype=description,item=1,endpoint={endpoint}")
    counted = changed(before, _drift(served))
    lost = _series("undocumented_values", endpoint, flag, effect="null")
    read = _series("undocumented_values", endpoint, "description", effect="converted")
    deeper = _series("undocumented_values", endpoint, f"rulesetInfos.rules.{flag}", effect="null")
    assert (counted[lost], counted[read]) == (1, 1)
    assert (counted.keys() == {lost, read}) is is_current
    assert (deeper in counted) is not is_current


@BOTH
def test_unknown_words_are_counted_by_field(served: Served, endpoint: str) -> None:
    """At the top of a promotion and in its restrictions, with each response again."""
    fields = {
        "promotionData": {"eventName", "pointsOfferType"},
        "promotionsV2": {"eventName", "pointsOfferType", "promotionStatus"},
    }[endpoint]
    before = _drift(served)
    _ask(served, endpoint)
    assert changed(before, _drift(served)) == {}
    _ask(served, endpoint, f"unknown_enum,endpoint={endpoint}")
    once = changed(before, _drift(served))
    _ask(served, endpoint, f"unknown_enum,endpoint={endpoint}")
    assert changed(before, _drift(served)) == {series: 2 * n for series, n in once.items()}
    assert {_series("unknown_enum_values", endpoint, field) for field in fields} <= once.keys()
    assert any("estrictions.periodUnit" in series for series in once)


def _series(name: str, endpoint: str, field: str, **labels: str) -> str:
    pairs = sorted({"endpoint": endpoint, "field": field, **labels}.items())
    written = ",".join(f'{label}="{value}"' for label, value in pairs)
    return f"gateway_upstream_{name}_total{{{written}}}"


def _drift(served: Served) -> dict[str, float]:
    """Return the counters that have the label `field`."""
    samples = scrape(str(served[1].http.base_url).rstrip("/"))
    return {series: number for series, number in samples.items() if 'field="' in series}


@BOTH
def test_undocumented_enum_values_are_unknown(served: Served, endpoint: str) -> None:
    """An unknown enum value makes that leaf null, and nothing else."""
    expected, _ = _ask(served, endpoint)
    page, codes = _ask(served, endpoint, f"unknown_enum,endpoint={endpoint}")
    assert codes == []
    assert _names(page) == _names(expected)
    promotions = [node.get("promotion", node) for node in page["nodes"]]
    assert {(one["type"], one["event"]) for one in promotions} == {("UNKNOWN", "UNKNOWN")}


@BOTH
def test_half_a_character_is_replaced(served: Served, endpoint: str) -> None:
    """The text before it is unchanged."""
    key = "promotionName" if endpoint == "promotionData" else "name"
    expected, _ = _ask(served, endpoint)
    page, codes = _ask(served, endpoint, f"surrogate={key},endpoint={endpoint}")
    assert codes == []
    assert _names(page) == [f"{name}\ufffd" for name in _names(expected)]
