"""What may happen to a fleet under load, and what it promises then."""

import asyncio
import signal
import time
from bisect import bisect_left
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
from fleet_load import Tally, learn, load, post
from fleet_processes import Fleet, fleet

QUOTA = 60
_WINDOW_S = 60.0
_LATENCY_MS = 50
_KILL_LATENCY_MS = 300  # so that requests wait for the platform when their replica is killed
_STOPPED_S = 0.5  # long enough for nginx to pass several requests to a replica
_DOCUMENTS = 10
_TYPENAME = {"__typename": "Query"}
_SHARED_WITHIN_S = 0.1  # in the background
# nginx learns of a closed connection a moment after the process is gone.
_NOTICED_S = 0.02


@dataclass(frozen=True, slots=True)
class Pace:
    """How long and how hard the scenarios run; `lag_s` is how late endpoints are."""

    per_second: float
    lag_s: float
    delay_s: float
    rolled: int
    outage_s: float
    quota_s: float


FULL = Pace(per_second=80, lag_s=2, delay_s=5, rolled=3, outage_s=8, quota_s=150)
QUICK = Pace(per_second=30, lag_s=1, delay_s=2, rolled=1, outage_s=2.5, quota_s=10)


@dataclass(slots=True)
class Outcome:
    """The row of one scenario; `broken` names the promises that did not hold."""

    name: str
    tally: Tally
    calls: int
    notes: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def promise(self, kept: bool, words: str) -> None:  # noqa: FBT001 - a predicate
        """Note a promise that is broken."""
        if not kept:
            self.broken.append(words)

    def promise_no_failure(self) -> None:
        """No request may fail."""
        failures = self.tally.failures
        self.promise(not failures, f"failures: {dict(failures)}")


Action = Callable[[Fleet, Pace], Awaitable[None]]


async def _roll(running: Fleet, pace: Pace) -> None:
    """Replace replicas one after the other; nginx learns of either side's change `lag_s` late."""
    for _ in range(pace.rolled):
        await asyncio.to_thread(running.start_replica)
        old = running.replicas.pop(0)
        old.process.send_signal(signal.SIGTERM)
        await asyncio.sleep(pace.lag_s)
        running.route()
        status = await asyncio.to_thread(old.process.wait, 60)
        if status != 0:
            raise RuntimeError(f"a replica that was replaced ended with {status}")
    await asyncio.sleep(1)


async def _kill_valkey(running: Fleet, pace: Pace) -> None:
    await asyncio.sleep(1)
    running.valkey.stop()
    await asyncio.sleep(pace.outage_s)


async def _restart_valkey(running: Fleet, pace: Pace) -> None:
    """Restart a Valkey that has been killed, which comes back empty."""
    await asyncio.sleep(1)
    await asyncio.to_thread(running.valkey.start)
    await asyncio.sleep(pace.outage_s)


async def _pause_valkey(running: Fleet, pace: Pace) -> None:
    await asyncio.sleep(1)
    running.valkey.pause()
    try:
        await asyncio.sleep(pace.outage_s)
    finally:
        running.valkey.resume()
    await asyncio.sleep(2)


async def _set_latency(running: Fleet, milliseconds: int) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        await http.put(f"{running.sandbox.url}/__latency", json={"ms": milliseconds})


async def _under_load(name: str, running: Fleet, pace: Pace, act: Action) -> Outcome:
    expected = await learn(running.balancer.url)
    began = time.time()
    async with load(running.balancer.url, pace.per_second, expected) as tally:
        await act(running, pace)
    outcome = Outcome(name, tally, len(running.platform.passed(began)))
    outcome.promise_no_failure()
    return outcome


@dataclass(frozen=True, slots=True)
class _Killed:
    """A replica that has been killed: its address, and Unix times before and after."""

    address: str
    before: float
    after: float

    def in_flight(self, running: Fleet) -> int:
        """Return the number of requests that were in flight on it, by nginx's log."""
        return sum(
            self.address in one.servers and one.began <= self.after + _NOTICED_S
            for one in running.balancer.passed(self.before)
        )


def _kill(running: Fleet) -> _Killed:
    victim = running.replicas.pop(0)
    before = time.time()
    victim.process.kill()
    victim.process.wait()
    return _Killed(victim.url.removeprefix("http://"), before, time.time())


def _note_in_flight(outcome: Outcome, running: Fleet, killed: _Killed) -> int:
    in_flight = killed.in_flight(running)
    failures = outcome.tally.failures
    outcome.notes.append(f"{in_flight} in flight on the one killed")
    outcome.promise(
        failures.total() <= in_flight, f"more failed than was in flight: {dict(failures)}"
    )
    return in_flight


async def _kill_replica(running: Fleet, pace: Pace) -> Outcome:
    """Kill a replica; the endpoints go without it a while later, and another one starts.

    It is stopped first, so that it does not depend on chance whether requests are in flight on it.
    """
    running.balancer.retries = True
    running.route()
    await _set_latency(running, _KILL_LATENCY_MS)
    expected = await learn(running.balancer.url)
    began = time.time()
    async with load(running.balancer.url, pace.per_second, expected) as tally:
        await asyncio.sleep(2)
        # Nothing that it is sent from here on is answered: there are requests in flight on it.
        running.replicas[0].process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(_STOPPED_S)
        killed = _kill(running)
        await asyncio.sleep(pace.lag_s)
        running.route()
        await asyncio.to_thread(running.start_replica)
        running.route()
        await asyncio.sleep(2)
    outcome = Outcome("replica killed", tally, len(running.platform.passed(began)))
    in_flight = _note_in_flight(outcome, running, killed)
    outcome.promise(in_flight > 0, "nothing was in flight, so that nothing was tried")
    await _set_latency(running, _LATENCY_MS)
    running.balancer.retries = False
    running.route()
    return outcome


async def _persisted(running: Fleet, _pace: Pace) -> Outcome:
    """Register documents at one replica; then every other one knows them by their hash.

    A client whose hash is unknown sends the text again. That is no failure, for a call to Valkey
    may time out on a busy machine; that no document was known to all at once would be one.
    """
    outcome = Outcome("APQ", Tally([], frozenset()), 0)
    tally, again, known_to_all = outcome.tally, 0, 0
    began = time.time()
    first, *others = running.urls
    for nth in range(_DOCUMENTS):
        document = f"query Nth{nth} {{ __typename }}"
        reference = {"version": 1, "sha256Hash": sha256(document.encode()).hexdigest()}
        by_hash = {"extensions": {"persistedQuery": reference}}
        with_text = by_hash | {"query": document}
        await tally.ask(first, with_text, _TYPENAME)
        await asyncio.sleep(_SHARED_WITHIN_S)
        unknown = 0
        for url in others:
            _, answer = await post(url, by_hash)
            if "errors" in answer:
                unknown += 1
                await tally.ask(url, with_text, _TYPENAME)
            await tally.ask(url, by_hash, _TYPENAME)
        again += unknown
        known_to_all += not unknown
    outcome.calls = len(running.platform.passed(began))
    outcome.notes.append(f"{known_to_all} of {_DOCUMENTS} known to all, {again} texts sent again")
    outcome.promise(known_to_all > _DOCUMENTS / 2, "most were not known to all")
    outcome.promise_no_failure()
    return outcome


async def _quota(running: Fleet, pace: Pace, expected: list[Any]) -> Outcome:
    """Ask for more than the quota all the time, and lose Valkey and a replica meanwhile."""
    # A call that may start just before the deadline has no time left.
    allowed = ("UPSTREAM_RATE_LIMITED", "UPSTREAM_TIMEOUT")
    async with load(running.balancer.url, pace.per_second / 4, expected, allowed) as tally:
        await asyncio.sleep(pace.quota_s / 3)
        running.valkey.stop()
        await asyncio.sleep(pace.quota_s / 6)
        await asyncio.to_thread(running.valkey.start)
        await asyncio.sleep(pace.quota_s / 6)
        killed = _kill(running)
        running.route()
        await asyncio.sleep(pace.quota_s / 3)
    starts = sorted(one.began for one in running.platform.passed())
    outcome = Outcome("quota of 60", tally, len(starts))
    most = most_in_window(starts, _WINDOW_S)
    refused = tally.refusals.total()
    outcome.notes.append(f"at most {most} calls in 60 s, {refused} operations refused")
    outcome.promise(most <= QUOTA, f"{most} calls in 60 s, and {QUOTA} are allowed")
    outcome.promise(refused > 0, "nothing was refused, so that nothing was tried")
    outcome.promise(len(starts) >= pace.quota_s / 5, f"no more than {len(starts)} calls")
    _note_in_flight(outcome, running, killed)
    return outcome


def most_in_window(starts: list[float], window_s: float) -> int:
    """Return the most of these times, in order, that any half-open window contains."""
    return max(
        (bisect_left(starts, start + window_s) - place for place, start in enumerate(starts)),
        default=0,
    )


async def run(folder: Path, pace: Pace, report: Callable[[Outcome], None]) -> list[Outcome]:
    """Run all scenarios, each on three replicas; `report` gets each outcome when it is there."""
    outcomes: list[Outcome] = []

    def add(outcome: Outcome) -> None:
        outcomes.append(outcome)
        report(outcome)

    settings = {
        "GATEWAY_SHUTDOWN_DELAY_S": f"{pace.delay_s:g}",
        # Nothing is limited by these, and Valkey is asked for each operation and each call.
        "GATEWAY_RATE_LIMIT_PER_MINUTE": "1000000",
        "GATEWAY_UPSTREAM_CALLS_PER_MINUTE": "1000000",
        "GATEWAY_CACHE_DEFINITION_TTL_S": "1",
    }
    with fleet(folder / "shared", 3, settings) as running:
        await _set_latency(running, _LATENCY_MS)
        expected = await learn(running.balancer.url)
        add(await _under_load("rolling restart", running, pace, _roll))
        add(await _persisted(running, pace))
        add(await _kill_replica(running, pace))
        add(await _under_load("Valkey paused", running, pace, _pause_valkey))
        add(await _under_load("Valkey killed", running, pace, _kill_valkey))
        add(await _under_load("Valkey restarted", running, pace, _restart_valkey))
    limited = {"GATEWAY_UPSTREAM_CALLS_PER_MINUTE": str(QUOTA)}
    with fleet(folder / "quota", 3, limited, retries=True) as running:
        add(await _quota(running, pace, expected))
    return outcomes
