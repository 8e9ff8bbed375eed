"""What writes need of a process: its switch, the keys, what is dropped after one, and counts."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from gateway.cache.idempotency import KeyClaims
from gateway.cache.keys import KeyMaker
from gateway.context import RequestContext
from gateway.telemetry.counters import CounterVec
from gateway.telemetry.metric import Samples
from gateway.telemetry.metrics import ACTION_OUTCOMES
from gateway.upstream.client import UpstreamClient
from gateway.upstream.normalise.actions import PromotionAction
from gateway.upstream.writes import old_endpoints, successor_endpoints
from gateway.upstream.writes.write import Sent, Write

_T = TypeVar("_T")

Evict = Callable[[str], Awaitable[None]]
"""Drops what is cached of the customer with an id, in all replicas."""

EvictDefinition = Callable[[str, str], Awaitable[None]]
"""Drops what is cached of the definition with the ids of program and promotion, likewise."""


def no_action_samples() -> Samples:
    """Return the samples of a process that does not write."""
    return {"gateway_promotion_actions_total": [0] * (len(PromotionAction) * len(ACTION_OUTCOMES))}


@dataclass(frozen=True, slots=True)
class Writing:
    """The writes of a process; `keys` derives the keys of what is stored, and pseudonyms.

    `clock` returns the time, as that of `RequestContext.now`; `outcomes` counts actions by what is
    done.
    """

    client: UpstreamClient
    claims: KeyClaims
    keys: KeyMaker
    evict: Evict
    evict_definition: EvictDefinition
    clock: Callable[[], datetime]
    outcomes: dict[PromotionAction, CounterVec] = field(
        default_factory=lambda: {action: CounterVec(ACTION_OUTCOMES) for action in PromotionAction}
    )
    _running: set[asyncio.Task[Any]] = field(default_factory=set)

    async def send(self, write: Write, request: RequestContext) -> Sent:
        """Send a write once, where the promotion was found, and return what became of it.

        Raise GatewayError where nothing was written.
        """
        if write.definition is not None:
            return await successor_endpoints.send(self.client, write, request)
        return Sent(await old_endpoints.send(self.client, write, request))

    def samples(self) -> Samples:
        """Return the samples of the `gateway_promotion_actions_total` metric."""
        counts = [count for each in PromotionAction for count in self.outcomes[each].counts]
        return {"gateway_promotion_actions_total": counts}

    async def aclose(self) -> None:
        """Wait for the actions that run, each of which has a deadline, and close connections."""
        if self._running:
            await asyncio.wait(self._running)
        await self.claims.keys.close()

    async def to_its_end(self, action: Coroutine[Any, Any, _T]) -> _T:
        """Run an action that has begun to its end, although its client may disconnect meanwhile.

        What is sent would otherwise be in doubt, and its key taken for nothing.
        """
        task = asyncio.get_running_loop().create_task(action)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)
