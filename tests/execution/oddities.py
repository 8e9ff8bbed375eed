"""A schema whose resolvers return every kind of wrong value, declared like the real one."""

import asyncio
from abc import abstractmethod
from typing import Any

import msgspec
import strawberry
from strawberry.scalars import JSON
from strawberry.schema.config import StrawberryConfig

from gateway.errors import BadUserInputError, ForbiddenError
from gateway.schema.build import SCALARS, executable
from gateway.schema.declare import PAYLOAD, AsView, AsViews, computed, fetching, plain, view
from gateway.schema.directives import DEFER
from gateway.schema.info import Info
from gateway.upstream.normalise.enums import LimitKind


class Payload(msgspec.Struct):
    """The payload of the views below; its attributes are not checked."""

    number: Any = 1
    text: Any = "t"
    inner: Any = None
    many: Any = None


VALUES: list[Any] = [
    1, 0, -1, 2**31, -(2**31) - 1, 2**31 - 1, 10**400, 1.0, 1.5, -0.0, float("nan"), float("inf"),
    "", "text", "12", "1e3", True, False, None, [], [1, None], {}, object(), LimitKind.LIMITED,
    ValueError("x"), ForbiddenError("f"), ("a", "b"), {"a": 1},
]  # fmt: skip


def _payload(index: int, depth: int = 0) -> Payload:
    """Return a payload; each of its attributes runs through all values at a rate of its own."""
    inner: Any = _payload(index + 5, depth + 1) if depth < 3 else None
    many: Any = [_payload(index + step, depth + 1) for step in (1, 2)] if depth < 3 else None
    if index % 7 == 3:
        many = [many and many[0], None, ValueError("in a list")]
    if index % 11 == 4:
        inner, many = VALUES[index % len(VALUES)], VALUES[(index + 3) % len(VALUES)]
    text = VALUES[(index * 5) % len(VALUES)]
    return Payload(VALUES[index % len(VALUES)], text, inner, many)


def _fail(raw: Any) -> Any:
    if raw in {0, 1} if isinstance(raw, int | float) else raw == "text":
        raise BadUserInputError("raw", "a normaliser refuses it")
    return raw


@strawberry.interface
class Thing:
    """An interface of two types."""

    @computed("Who it is.")
    def id(self) -> strawberry.ID:
        """Return an id, or fail."""
        own: strawberry.ID = self.own_id()
        return own

    @abstractmethod
    def own_id(self) -> Any:
        """Return an id."""


def _fields(namespace: dict[str, Any]) -> None:
    """Declare leaves of all types over the same two attributes: most values are of another type."""
    kinds = {
        "int": int, "float": float, "text": str, "flag": bool, "key": strawberry.ID,
        "word": LimitKind, "tree": JSON, "texts": list[str], "numbers": list[int | None],
    }  # fmt: skip
    annotations = namespace["__annotations__"]
    for name, kind in kinds.items():
        for attribute in ("number", "text"):
            annotations[f"{name}_{attribute}"] = kind | None
            namespace[f"{name}_{attribute}"] = plain("A value.", attribute, _fail)
            annotations[f"must_{name}_{attribute}"] = kind
            namespace[f"must_{name}_{attribute}"] = plain("A value.", attribute)


def _no_calls(_asked: object) -> int:
    return 0


@view()
class Small(Thing):
    """A view over a payload."""

    payload: strawberry.Private[Any]

    text: str | None = plain("A text.")
    whole: JSON | None = plain("Cannot be.", PAYLOAD, lambda payload: payload.number)

    def own_id(self) -> Any:
        """Return an id."""
        return self.payload.number


@view()
class Odd(Thing):
    """A view over a payload."""

    payload: strawberry.Private[Any]
    _fields(vars())

    def own_id(self) -> Any:
        """Return an id."""
        return self.payload.text

    @computed("Another.")
    def other(self, *, fails: bool = False) -> "Odd | None":
        """Return a view of the inner payload, or raise."""
        if fails:
            raise ForbiddenError("other: no")
        return Odd(payload=self.payload.inner)

    @computed("Another, surely.")
    def must_other(self) -> "Odd":
        """Return a view of the inner payload, or null, which is not allowed."""
        inner: Any = self.payload.inner
        return Odd(payload=inner) if isinstance(inner, Payload) else inner

    @computed("Some.")
    def others(self) -> list["Odd | None"] | None:
        """Return views, and values that are none."""
        listed: Any = self.payload.many
        return [Odd(payload=one) if isinstance(one, Payload) else one for one in listed]

    @computed("Some, surely.")
    def must_others(self) -> list["Odd"]:
        """Return views, and values that are none."""
        listed: Any = self.payload.many
        return [Odd(payload=one) if isinstance(one, Payload) else one for one in listed]

    @computed("One of two.")
    def thing(self, info: Info) -> Thing | None:
        """Return a view of one type or the other, or a value that is none."""
        assert info.context is not None
        inner: Any = self.payload.inner
        return Small(payload=inner) if self.payload.number else inner

    @computed("Only payloads.", AsViews(Small))
    def smalls(self) -> Any:
        """Return payloads, or a value that is not a list."""
        return self.payload.many

    @computed("Only a payload.", AsView(Small))
    def small(self) -> Any:
        """Return a payload, or a value that is none."""
        return self.payload.inner

    @fetching("Asks.", calls=_no_calls)
    async def asked(self, index: int = 0, turns: int = 1) -> "Odd | None":
        """Yield to the event loop; raise for some indexes."""
        for _ in range(turns):
            await asyncio.sleep(0)
        if index % 5 == 4:
            raise BadUserInputError("asked", "no")
        return Odd(payload=_payload(index))

    @fetching("Asks, surely.", calls=_no_calls)
    async def must_asked(self, index: int = 0, turns: int = 1) -> "Odd":
        """Yield to the event loop; raise or return null for some indexes."""
        for _ in range(turns):
            await asyncio.sleep(0)
        if index % 5 == 4:
            raise RuntimeError("masked")
        nothing: Any = None
        return nothing if index % 5 == 3 else Odd(payload=_payload(index))

    @fetching("Asks for several.", calls=_no_calls)
    async def all_asked(self, index: int = 0) -> list["Odd"]:
        """Return several views, with an error among them for some indexes."""
        listed: list[Any] = [Odd(payload=_payload(index + step)) for step in range(3)]
        return listed + [ValueError("in a list")] * (index % 5 == 2)


@strawberry.type
class Query:
    """The root."""

    @fetching("Asks.", calls=_no_calls)
    async def odd(self, index: int) -> Odd | None:
        """Return a view."""
        return Odd(payload=_payload(index))

    @fetching("Asks, surely.", calls=_no_calls)
    async def must_odd(self, index: int) -> Odd:
        """Return a view; raise for some indexes."""
        await asyncio.sleep(0)
        if index % 9 == 8:
            raise BadUserInputError("must_odd", "no")
        return Odd(payload=_payload(index))

    @computed("A thing at hand.")
    def thing(self, index: int = 2) -> Thing | None:
        """Return a view without fetching."""
        return Odd(payload=_payload(index)) if index % 2 else Small(payload=_payload(index))


async def _take_turn(info: Info, turns: int) -> int:
    """Return how many steps were complete before this one, which takes so many turns of the loop.

    Steps side by side would return the same number.
    """
    report = info.context.request.report
    before = report.calls
    for _ in range(turns + 1):
        await asyncio.sleep(0)
    report.calls = before + 1
    return before


@strawberry.type
class Mutation:
    """The root of operations that run one field after the other."""

    @fetching("A step.", calls=_no_calls)
    async def step(self, info: Info, index: int = 0, turns: int = 1) -> Odd | None:
        """Return a view of the number of steps before; raise for some indexes."""
        before = await _take_turn(info, turns)
        if index % 5 == 4:
            raise BadUserInputError("step", "no")
        return Odd(payload=_payload(index + before))

    @fetching("A step, surely.", calls=_no_calls)
    async def must_step(self, info: Info, index: int = 0, turns: int = 1) -> Odd:
        """Return a view of the number of steps before; raise or return null for some indexes."""
        before = await _take_turn(info, turns)
        if index % 7 == 6:
            raise ForbiddenError("must_step: no")
        nothing: Any = None
        return nothing if index % 7 == 5 else Odd(payload=_payload(index + before))

    @computed("How many steps there were.")
    def steps(self, info: Info) -> int:
        """Return the number of steps so far."""
        return info.context.request.report.calls


def build() -> strawberry.Schema:
    """Return the schema."""
    schema = strawberry.Schema(
        Query,
        Mutation,
        types=[Odd, Small],
        config=StrawberryConfig(info_class=Info, scalar_map=SCALARS),
    )
    executable(schema).directives += (DEFER,)
    return schema
