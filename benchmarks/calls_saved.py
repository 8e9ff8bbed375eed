"""How many upstream calls the cache and coalescing save.

.venv/bin/python benchmarks/calls_saved.py

Sends the same 1,000 mixed operations to a new gateway three times, and counts the sandbox's calls:
one at a time without a cache, eight at a time without a cache, and eight at a time with the default
cache. `benchmarks/README.md` says why that is fair. The exit status is 1 where responses differ.
"""

import argparse
import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import httpx
from soak_operations import Operation, operations
from soak_processes import gateway, sandbox

from gateway.sandbox.world import World

_NO_CACHE = {"GATEWAY_CACHE_DEFINITION_TTL_S": "0", "GATEWAY_CACHE_CUSTOMER_TTL_S": "0"}
_AGAIN = 0.3  # the share of operations that somebody else asks at the same time
_SOURCES = ("calls", "coalesced", "cached", "stale")


class Leg(NamedTuple):
    """One configuration: its name, the gateway's settings, and operations at a time."""

    name: str
    settings: Mapping[str, str]
    at_once: int


LEGS = (
    Leg("neither", _NO_CACHE, 1),
    Leg("coalescing", _NO_CACHE, 8),
    Leg("coalescing and cache", {}, 8),
)


def choose(known: list[Operation], count: int, dice: Random) -> list[Operation]:
    """Choose operations at random, a share of which is sent twice in a row."""
    chosen: list[Operation] = []
    while len(chosen) < count:
        one = dice.choice(known)
        chosen += [one, one] if dice.random() < _AGAIN else [one]
    return chosen[:count]


async def run(leg: Leg, asked: list[Operation], upstream_url: str, log: Path) -> dict[str, Any]:
    """Send all operations to a new gateway; return its figures and its responses."""
    seen: Counter[str] = Counter()
    answers: list[Any] = []
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        # Without a cache each operation would read the whole catalogue of the successor.
        settings = {"GATEWAY_DEFINITIONS": "legacy", **leg.settings}
        with gateway(upstream_url, log, settings, inherits=False) as served:
            await http.delete(f"{upstream_url}/__calls")
            for start in range(0, len(asked), leg.at_once):
                together = asked[start : start + leg.at_once]
                posts = (http.post(f"{served.url}/graphql", json=one.body()) for one in together)
                for response in await asyncio.gather(*posts):
                    answer = response.json()
                    report = answer["extensions"]["upstream"]
                    seen.update({name: report[name] for name in _SOURCES})
                    seen["errors"] += bool(answer.get("errors"))
                    answers.append(answer["data"])
        made = (await http.get(f"{upstream_url}/__calls")).json()["total"]
    return {
        "made": made,
        "answers": answers,
        **{name: seen[name] for name in (*_SOURCES, "errors")},
    }


def _print(figures: dict[str, dict[str, Any]], count: int) -> None:
    off = figures[LEGS[0].name]["made"]
    print(f"{'':<22}{'calls':>8}{'per op.':>9}{'saved':>8}{'joined':>8}{'cached':>8}{'stale':>7}")
    for name, seen in figures.items():
        print(
            f"{name:<22}{seen['made']:>8}{seen['made'] / count:>9.3f}{1 - seen['made'] / off:>8.1%}"
            f"{seen['coalesced']:>8}{seen['cached']:>8}{seen['stale']:>7}"
        )


def main() -> int:
    """Run from the command line, and return the exit status."""
    parser = argparse.ArgumentParser(description="Count the upstream calls that are saved.")
    parser.add_argument("--operations", type=int, default=1000, help="how many (default: 1000)")
    parser.add_argument("--seed", type=int, default=1, help="of what is asked (default: 1)")
    options = parser.parse_args()
    known = operations(World.generate(today=datetime.now(UTC).date()))
    asked = choose(known, options.operations, Random(options.seed))  # noqa: S311 - no secret
    with tempfile.TemporaryDirectory() as scratch, sandbox(Path(scratch)) as played:
        figures = {
            leg.name: asyncio.run(run(leg, asked, played.url, Path(scratch) / "gateway.log"))
            for leg in LEGS
        }
    _print(figures, options.operations)
    first, *others = (seen["answers"] for seen in figures.values())
    errors = sum(seen["errors"] for seen in figures.values())
    is_same = all(other == first for other in others)
    print(f"errors: {errors}; all answers the same: {'yes' if is_same else 'NO'}")
    return int(errors > 0 or not is_same)


if __name__ == "__main__":
    sys.exit(main())
