"""Pages of a customer's promotions, searched and sorted, as a client gets them."""

from typing import Any

from tests.support.graph import Graph

BY_NAME = 'customer(by:{externalId:"C-TEN"})'
SHOWN = "totalCount drift warnings{message} nodes{promotion{promotionId}} pageInfo{...P}"
FRAGMENT = "fragment P on PageInfo{hasNextPage hasPreviousPage startCursor endCursor}"
PAST, PRESENT, FUTURE = (
    {"startDate": "2020-01-01T00:00:00Z", "endDate": "2021-01-01T00:00:00Z"},
    {"startDate": "2020-01-01T00:00:00Z", "endDate": "2090-01-01T00:00:00Z"},
    {"startDate": "2089-01-01T00:00:00Z", "endDate": "2090-01-01T00:00:00Z"},
)


def ask(graph: Graph, arguments: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a page of the customer's promotions; `variables` are all strings."""
    declared = "".join(f"${name}:String" for name in variables or ())
    query = f"query{f'({declared})' if declared else ''}{{{BY_NAME}{{promotions({arguments})"
    data = graph.ask(f"{query}{{{SHOWN}}}}}}}{FRAGMENT}", variables)
    page: dict[str, Any] = data["customer"]["promotions"]
    return page


def ids(page: dict[str, Any]) -> list[int]:
    """Return the ids of a page's promotions."""
    return [int(node["promotion"]["promotionId"]) for node in page["nodes"]]


def error(graph: Graph, arguments: str) -> dict[str, Any]:
    """Return the extensions of the error of a page, which is null; the customer stays."""
    answer = graph.answer(f"{{{BY_NAME}{{__typename promotions({arguments}){{totalCount}}}}}}")
    assert answer["data"]["customer"] == {"__typename": "Customer", "promotions": None}
    (only,) = answer["errors"]
    assert only["path"] == ["customer", "promotions"]
    extensions: dict[str, Any] = only["extensions"]
    return extensions | {"message": only["message"]}
