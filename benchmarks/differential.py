"""Compare both executors on many generated operations, once: see tests/execution.

Prints the kinds of operations, and every difference. The exit status is 1 where there is one.
"""

import argparse
import asyncio
import sys
import time
from pathlib import Path
from random import Random

import structlog

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.execution import oddities
from tests.execution.both import Both
from tests.execution.generated import Pools


async def compare(operations: int, start: int, *, odd: bool) -> int:
    """Compare operations from the seed `start` on; return the number of differences."""
    both = Both(oddities.build(), Pools({"index": list(range(30))}, {})) if odd else Both()
    began = time.monotonic()
    for step in range(operations):
        known = len(both.tally.differences)
        await both.try_one(Random(start + step))  # noqa: S311 - no secret
        for difference in both.tally.differences[known : known + 1]:
            print(f"seed {start + step}: {difference}", flush=True)
        if (step + 1) % 1000 == 0:
            spent = time.monotonic() - began
            found = len(both.tally.differences)
            print(f"{spent:.0f} s: {both.tally.report()}; differences {found}", flush=True)
    return len(both.tally.differences)


def main() -> None:
    """Read the arguments and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--operations", type=int, default=100_000)
    parser.add_argument("--start", type=int, default=0, help="the first seed")
    parser.add_argument(
        "--odd", action="store_true", help="over the schema of tests/execution/oddities.py"
    )
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    sys.exit(bool(asyncio.run(compare(asked.operations, asked.start, odd=asked.odd))))


if __name__ == "__main__":
    main()
