"""A connection as a client pages through it, and the calls of each page."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from tests.support.graph import Graph

ARGUMENTS = "$first:Int,$after:String,$last:Int,$before:String"
PAGE = (
    "edges{cursor node{id}} totalCount drift"
    " pageInfo{hasNextPage hasPreviousPage startCursor endCursor}"
)


class Page(NamedTuple):
    """One page: its items' global ids, their cursors, its other fields, and its calls."""

    ids: list[str]
    cursors: list[str]
    total: int | None
    drift: str
    info: dict[str, Any]
    calls: int

    @property
    def edges(self) -> tuple[bool, bool]:
        """Return whether there is a previous and a next page."""
        return self.info["hasPreviousPage"], self.info["hasNextPage"]


@dataclass(frozen=True)
class Listing:
    """A connection: its root field, and the arguments of `promotions` beside paging."""

    graph: Graph
    root: str
    filters: str = ""
    selection: str = PAGE
    limits: list[int] = field(default_factory=list)

    def query(self) -> str:
        """Return the query."""
        paging = "first:$first,after:$after,last:$last,before:$before"
        name, _, _ = self.root.partition("(")
        below = f"promotions({paging} {self.filters}){{{self.selection}}}"
        inner = f"... on Customer{{{below}}}" if name == "node" else below
        return f"query({ARGUMENTS}){{{self.root}{{{inner}}}}}"

    def page(self, **arguments: Any) -> Page:
        """Query one page; its calls have limits of 1 to 100."""
        data = self.graph.ask(self.query(), arguments)
        (root,) = data.values()
        connection = root["promotions"]
        queries = self.graph.queries()
        limits = [int(parse_qs(query)["limit"][0]) for query in queries]
        assert all(1 <= limit <= 100 for limit in limits)
        self.limits[:] = limits
        return Page(
            [edge["node"]["id"] for edge in connection["edges"]],
            [edge["cursor"] for edge in connection["edges"]],
            connection.get("totalCount"),
            connection["drift"],
            connection["pageInfo"],
            len(queries),
        )

    def refusal(self, **arguments: Any) -> tuple[str, str]:
        """Query a page that is refused before any call; return the code and message."""
        return self.graph.refusal(self.query(), arguments)

    def forward(self, size: int) -> list[Page]:
        """Follow `endCursor` to the end."""
        pages = [self.page(first=size)]
        while pages[-1].info["hasNextPage"]:
            pages.append(self.page(first=size, after=pages[-1].info["endCursor"]))
        return pages

    def backward(self, size: int) -> list[Page]:
        """Follow `startCursor` to the start; the last page comes first."""
        pages = [self.page(last=size)]
        while pages[-1].info["hasPreviousPage"]:
            pages.append(self.page(last=size, before=pages[-1].info["startCursor"]))
        return pages


def customer(name: str) -> str:
    """Return the root field of a customer by external id."""
    return f'customer(by:{{externalId:"{name}"}})'


def program(program_id: int) -> str:
    """Return the root field of a program."""
    return f'program(programId:"{program_id}")'
