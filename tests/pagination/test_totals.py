"""Implausible totals."""

import pytest

from tests.support.faulty_platform import faulty

PAGE = """{ customer(by: {externalId: "C-101"}) { promotions(first: %d) {
  totalCount pageInfo { hasNextPage } nodes { id } } } }"""


@pytest.mark.parametrize("total", ["0", "-1", "null", "missing", "3"])
def test_a_total_below_what_is_there_is_null(total: str) -> None:
    """A list with a total below its items has no total, and continues."""
    with faulty(f"totals={total}") as (graph, _):
        for size in (10, 100):
            page = graph.ask(PAGE % size)["customer"]["promotions"]
            assert page["totalCount"] is None
            assert page["pageInfo"]["hasNextPage"] is True
            assert len(page["nodes"]) == size
