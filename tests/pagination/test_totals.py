"""Implausible totals."""

import pytest

from tests.support.faulty_platform import faulty

PAGE = """{ customer(by: {externalId: "C-101"}) { promotions(first: %d) {
  totalCount pageInfo { hasNextPage } nodes { id } } } }"""


@pytest.mark.parametrize(("size", "more"), [(10, True), (100, True)])
@pytest.mark.parametrize("total", ["0", "-1", "null", "missing", "3"])
def test_a_total_below_what_is_there_is_null(total: str, size: int, more: bool) -> None:  # noqa: FBT001 - a column of the table
    """A list with a total below its items has no total, and continues."""
    with faulty(f"totals={total}") as (graph, _):
        page = graph.ask(PAGE % size)["customer"]["promotions"]
        assert page["totalCount"] is None
        assert page["pageInfo"]["hasNextPage"] is more
        assert len(page["nodes"]) == size
