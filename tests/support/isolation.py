"""Fifty callers with the same query at once, and the expected result of each."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx

from gateway.sandbox.customer import Customer, Holding
from gateway.sandbox.generation import Generator
from gateway.sandbox.promotion import Program
from gateway.sandbox.world import World
from gateway.schema.ids import write_id
from tests.sandbox.client import TODAY
from tests.support.http_client import TLS

CALLERS = 50
_PROGRAM = 9001
_FIRST_ID = 800_000_000
_IDENTIFIERS = ("mobile", "email", "externalId", "cuid", "customerId")
_CUSTOMER = """fragment C on Customer { id customerId promotions(first: 2, after: $after) {
  totalCount pageInfo { endCursor } nodes { id limits { pointsPerCustomer { used } }
  promotion { name definition { status } program { name } } } } }"""
_ONE = "query($by: CustomerIdentifier!, $after: String)"
QUERIES = {
    "customer": _ONE + "{ customer(by: $by) { ...C } }" + _CUSTOMER,
    "customers": "query($by: [CustomerIdentifier!]!, $after: String)"
    "{ customers(by: $by) { ...C } }" + _CUSTOMER,
    "node": "query($id: ID!, $after: String) { node(id: $id) { ...C } }" + _CUSTOMER,
    "nodes": "query($ids: [ID!]!, $after: String) { nodes(ids: $ids) { ...C } }" + _CUSTOMER,
    "promotion": """query($by: CustomerIdentifier!) {
      promotion(programId: "9001", promotionId: "90010001") { forCustomer(by: $by) {
        id customer { customerId } limits { pointsPerCustomer { used } } } } }""",
}
"""Each way to a customer; the last one's answer lies one level deeper."""


def identifier(number: int) -> dict[str, str]:
    """Return a customer's identifier in their claim, one of five kinds."""
    name = _IDENTIFIERS[number % len(_IDENTIFIERS)]
    id_ = _FIRST_ID + number
    return {name: str(id_) if name == "customerId" else f"{name}-{id_}"}


def node_id(number: int) -> str:
    """Return a customer's global id."""
    return write_id("Customer", "INSTORE", str(_FIRST_ID + number))


def _customer(number: int, definitions: list[Any], shared: str = "") -> Customer:
    """Return a customer whose figures are unique."""
    id_ = _FIRST_ID + number
    return Customer(
        customer_id=id_,
        identifiers={
            name: (shared or f"{name}-{id_}",) for name in _IDENTIFIERS if name != "customerId"
        },
        holdings=[Holding(promotion=one, points=Decimal(number + 1)) for one in definitions],
    )


def one_world() -> World:
    """Return the world of one brand: fifty customers with the same promotions."""
    definitions = Generator(1, TODAY).promotions(_PROGRAM, 4)
    program = Program(program_id=_PROGRAM, name="Everybody's", definitions=definitions)
    customers = [_customer(number, definitions) for number in range(CALLERS)]
    return World(customers, {_PROGRAM: program})


def own_world(number: int, shared: str) -> World:
    """Return the world of one of many brands: the same ids, and a different customer."""
    definitions = Generator(number, TODAY).promotions(_PROGRAM, 4)
    program = Program(program_id=_PROGRAM, name=f"Brand {number}", definitions=definitions)
    return World([_customer(number, definitions, shared)], {_PROGRAM: program})


def wrapped(kind: str, values: list[Any]) -> dict[str, Any]:
    """Return the data of a response of this kind, built from each customer's part."""
    if kind.endswith("s"):
        return {kind: values}
    return {kind: {"forCustomer": values[0]} if kind == "promotion" else values[0]}


def unwrapped(kind: str, data: dict[str, Any]) -> Any:
    """Return the part of a single customer in such data."""
    return data["promotion"]["forCustomer"] if kind == "promotion" else data[kind]


def asked(http: httpx.Client, kind: str, headers: dict[str, str], **variables: Any) -> Any:
    """Query one customer alone, and return the result."""
    body = {"query": QUERIES[kind], "variables": variables}
    answer = http.post("/graphql", json=body, headers=headers).json()
    assert "errors" not in answer, answer
    return unwrapped(kind, answer["data"])


@dataclass(frozen=True)
class Question:
    """One caller's query and its expected result: the data, and the paths that are FORBIDDEN."""

    headers: dict[str, str]
    body: bytes
    data: dict[str, Any]
    forbidden: tuple[tuple[str | int, ...], ...] = ()


def question(
    headers: dict[str, str],
    kind: str,
    variables: dict[str, Any],
    parts: list[tuple[bool, Any]],
) -> Question:
    """Return a query with the expected result of each part: its data, or FORBIDDEN."""
    path = ("promotion", "forCustomer") if kind == "promotion" else (kind,)
    is_list = kind.endswith("s")
    forbidden = tuple(
        (*path, index) if is_list else path
        for index, (is_allowed, _) in enumerate(parts)
        if not is_allowed
    )
    data = wrapped(kind, [part if is_allowed else None for is_allowed, part in parts])
    body = json.dumps({"query": QUERIES[kind], "variables": variables}).encode()
    return Question(headers, body, data, forbidden)


async def storm(url: str, rounds: Iterable[list[Question]]) -> Counter[str]:
    """Send all queries of a round at once, round after round, and count the results.

    `right`, `wrong` and `failed` responses, and the customers who are `forbidden` in right ones.
    """
    counts: Counter[str] = Counter()
    started = time.perf_counter()
    async with AsyncExitStack() as stack:
        # A connection each: httpx's pool takes longer over fifty than the gateway over an answer.
        each_ones = [
            await stack.enter_async_context(
                httpx.AsyncClient(base_url=url, trust_env=False, timeout=60, verify=TLS)
            )
            for _ in range(CALLERS)
        ]
        for questions in rounds:
            asking = map(_ask, each_ones, questions)
            for asked_one, kind in zip(questions, await asyncio.gather(*asking), strict=True):
                counts[kind] += 1
                counts["forbidden"] += len(asked_one.forbidden) if kind == "right" else 0
    counts["seconds"] = round(time.perf_counter() - started)
    return counts


async def _ask(http: httpx.AsyncClient, one: Question) -> str:
    headers = one.headers | {"Content-Type": "application/json"}
    answer = (await http.post("/graphql", content=one.body, headers=headers)).json()
    errors = answer.get("errors", [])
    forbidden = [
        tuple(error["path"]) for error in errors if error["extensions"]["code"] == "FORBIDDEN"
    ]
    if len(errors) > len(forbidden):
        return "failed"
    is_right = answer["data"] == one.data and sorted(forbidden) == sorted(one.forbidden)
    return "right" if is_right else "wrong"
