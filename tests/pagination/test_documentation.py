"""The examples of docs/paging.md work."""

import pytest

from tests.support.graph import Graph
from tests.support.page_projects import blocks

EXAMPLES = [block.text for block in blocks("paging.md") if block.language == "graphql"]


@pytest.mark.parametrize(
    ("selection", "customer", "items", "pages"),
    [(EXAMPLES[0], "C-101", 101, 6), (EXAMPLES[1], "C-CURRENT", 6, 1)],
)
def test_an_example_pages_through_a_list_to_its_end(
    graph: Graph, selection: str, customer: str, items: int, pages: int
) -> None:
    """Each page costs one call."""
    query = f"""query ($endCursor: String) {{
      customer(by: {{externalId: "{customer}"}}) {{ {selection} }}
    }}"""
    names: list[str] = []
    cursor, sizes = None, list[int]()
    while len(sizes) < pages:
        page = graph.ask(query, {"endCursor": cursor})["customer"]["promotions"]
        assert graph.calls == 1
        names += [node["promotion"]["name"] for node in page["nodes"]]
        cursor = page["pageInfo"]["endCursor"]
        sizes.append(len(page["nodes"]))
    assert not page["pageInfo"]["hasNextPage"]
    assert len(names) == items


def test_every_example_is_run() -> None:
    """There are no others on the page."""
    assert len(EXAMPLES) == 2
