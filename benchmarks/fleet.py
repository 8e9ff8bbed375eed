"""Run three replicas behind nginx with one Valkey, and see whether they keep their promises.

    python benchmarks/fleet.py [--quick]

All are processes of their own on the loopback: `promotion-gateway serve`, nginx, Valkey and the
sandbox. Replicas are replaced and killed, and Valkey is paused, killed and restarted, under a
steady load that never retries. The exit status is 1 where a promise is broken. Needs nginx.
`benchmarks/README.md` explains the figures.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from fleet_scenarios import FULL, QUICK, Outcome, run

_HEAD = f"{'scenario':<18}{'requests':>9}{'failed':>8}{'p50 ms':>8}{'p99 ms':>8}{'calls':>7}  notes"


def _print(outcome: Outcome) -> None:
    tally = outcome.tally
    print(
        f"{outcome.name:<18}{tally.requests:>9}{tally.failures.total():>8}"
        f"{tally.percentile_ms(50):>8.0f}{tally.percentile_ms(99):>8.0f}{outcome.calls:>7}"
        f"  {', '.join(outcome.notes)}"
    )
    for words in outcome.broken:
        print(f"{'':<18}BROKEN: {words}")
    sys.stdout.flush()


def main() -> int:
    """Run from the command line; return the exit status."""
    parser = argparse.ArgumentParser(description="Three replicas, nginx and Valkey under load.")
    parser.add_argument("--quick", action="store_true", help="all scenarios in under a minute")
    parser.add_argument("--logs", type=Path, help="a folder that keeps the processes' logs")
    options = parser.parse_args()
    if not shutil.which("nginx"):
        raise SystemExit("the fleet needs nginx: apt-get install nginx-light")
    with tempfile.TemporaryDirectory() as scratch:
        folder = (options.logs or Path(scratch)).resolve()
        print(_HEAD)
        outcomes = asyncio.run(run(folder, QUICK if options.quick else FULL, _print))
    return int(any(outcome.broken for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
