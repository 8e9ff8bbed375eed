"""Changing and making definitions from outside, as somebody does in the platform's interfaces."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.sandbox.promotion import GENERIC, Promotion
from gateway.sandbox.responses import json_response
from gateway.sandbox.successor.promotion import UnifiedPromotion
from gateway.sandbox.world import World
from gateway.sandbox.writes.events import promotion_event

_PATH = "/__promotions/{program_id:int}/{promotion_id:int}"


class DefinitionChange(msgspec.Struct, frozen=True):
    """The body of `PUT /__promotions/{programId}/{promotionId}`; what is null stays as it is.

    A promotion that is nowhere is made, in the new interface if `unified`, else in the old one.
    """

    name: str | None = None
    description: str | None = None
    status: str | None = None
    active: bool | None = None
    unified: bool = False

    def facts(self) -> dict[str, Any]:
        """Return what changes."""
        facts = {
            "name": self.name,
            "description": self.description,
            "status": self.status,
            "active": self.active,
        }
        return {name: value for name, value in facts.items() if value is not None}


class DefinitionEditor:
    """Changes definitions wherever they are shown; every change is an event for `emit`."""

    def __init__(
        self,
        world: World,
        clock: Callable[[], datetime],
        emit: Callable[[dict[str, Any]], None],
    ) -> None:
        self._world, self._clock, self._emit = world, clock, emit

    def apply(
        self, program_id: int, promotion_id: int, change: DefinitionChange
    ) -> dict[str, Any] | None:
        """Change or make a promotion; return its event. None if there is no such program."""
        program = self._world.programs.get(program_id)
        if program is None:
            return None
        changed = self._change((program_id, promotion_id), change.facts())
        if changed is None:
            made = self._make(program_id, promotion_id, change)
            event = promotion_event("promotionCreated", made, self._clock())
        else:
            event = promotion_event("promotionUpdated", changed, self._clock())
        self._emit(event)
        return event

    def _change(self, key: tuple[int, int], facts: dict[str, Any]) -> Promotion | None:
        """Change a promotion in both interfaces and in the hands of customers."""
        changed: Promotion | None = None
        definitions = self._world.programs[key[0]].definitions
        for index, promotion in enumerate(definitions):
            if _key(promotion) == key:
                changed = replace(promotion, documented_definition=None, **facts)
                definitions[index] = changed
        changed = self._new_version(key, facts) or changed
        for customer in self._world.customers:
            for index, holding in enumerate(customer.holdings):
                if _key(holding.promotion) == key:
                    customer.holdings[index] = replace(
                        holding, promotion=replace(holding.promotion, **facts), documented=None
                    )
        return changed

    def _new_version(self, key: tuple[int, int], facts: dict[str, Any]) -> Promotion | None:
        """Replace the newest version in the list by a newer one, whose id is another."""
        unified = self._world.unified
        own = [each for each in unified if _key(each.promotion) == key]
        if not own:
            return None
        newest = max(own, key=lambda each: each.version)
        successor = replace(
            newest, promotion=replace(newest.promotion, **facts), version=newest.version + 1
        )
        unified[unified.index(newest)] = successor
        return successor.promotion

    def _make(self, program_id: int, promotion_id: int, change: DefinitionChange) -> Promotion:
        now = self._clock().replace(microsecond=0)
        facts: dict[str, Any] = {
            "name": f"Promotion {promotion_id}",
            "description": "",
            "status": "LIVE",
        } | change.facts()
        made = Promotion(
            promotion_id=promotion_id,
            program_id=program_id,
            identifier=f"made-{promotion_id}",
            starts_at=now - timedelta(days=1),
            ends_at=now + timedelta(days=30),
            offer_type=GENERIC,
            **facts,
        )
        if change.unified:
            self._world.unified.append(UnifiedPromotion(promotion=made))
        else:
            self._world.programs[program_id].definitions.append(made)
        return made

    def routes(self) -> list[Route]:
        """Return the route of the control endpoint, without authentication."""

        async def change(request: Request) -> Response:
            try:
                wanted = msgspec.json.decode(await request.body(), type=DefinitionChange)
            except msgspec.DecodeError as error:
                return json_response({"error": str(error)}, 400)
            event = self.apply(**request.path_params, change=wanted)
            if event is None:
                return json_response({"error": "there is no such program"}, 404)
            return json_response(event)

        return [Route(_PATH, change, methods=["PUT"])]


def _key(promotion: Promotion) -> tuple[int, int]:
    return promotion.program_id, promotion.promotion_id
