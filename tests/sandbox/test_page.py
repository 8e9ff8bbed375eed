"""The page about the sandbox agrees with it."""

import re
from pathlib import Path

from starlette.routing import Route

from gateway.sandbox.app import create_sandbox
from gateway.sandbox.faults.spec import parse_fault
from gateway.sandbox.world import World
from tests.sandbox.writing import CUSTOMERS, customer_id

PAGE = (Path(__file__).parents[2] / "docs/sandbox.md").read_text(encoding="utf-8")


def test_every_request_of_control_is_on_the_page(world: World) -> None:
    """Those of the page are those of the application."""
    routes = {
        (method, route.path)
        for route in create_sandbox(world).routes
        if isinstance(route, Route) and route.path.startswith("/__")
        for method in route.methods or ()
        if method != "HEAD"
    }
    written = re.findall(r"`(GET|PUT|DELETE) (/__[^`]+)`", PAGE)
    known = {"{programId}": "{program_id:int}", "{promotionId}": "{promotion_id:int}"}
    described = set()
    for method, path in written:
        for name, converter in known.items():
            path = path.replace(name, converter)  # noqa: PLW2901 - one after the other
        described.add((method, path))
    assert described == routes


def test_customers_have_the_ids_of_the_page(world: World) -> None:
    """Each customer of the page is found, and those who write are all there."""
    rows = dict(re.findall(r"^\| (C-[A-Z]+) \| (\d+) \|", PAGE, re.MULTILINE))
    assert rows == {name: str(customer_id(name)) for name in CUSTOMERS}
    for name, number in rows.items():
        customer = world.customer("externalId", name)
        assert customer is not None
        assert str(customer.customer_id) == number
        new_only = "new interface only" in PAGE.split(f"| {name} |")[1].split("\n")[0]
        programs = {holding.promotion.program_id for holding in customer.holdings}
        assert programs == ({9030} if new_only else {9030, 9031})


def test_faults_of_the_page_are_valid() -> None:
    """Each is parsed as the command does."""
    texts = re.findall(r"--fault (\S+)", PAGE)
    assert len(texts) == 9
    assert all(parse_fault(text).endpoints for text in texts)
