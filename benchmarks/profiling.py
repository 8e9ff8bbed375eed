"""Where the gateway's time goes under a workload, sampled by py-spy 1,000 times a second.

pip install py-spy; python benchmarks/profiling.py [--seconds 10] [W1 W2]

The server, the upstream and the load are those of `bench.py`. Only the server's process is sampled;
C code (decoding, encoding, system calls) counts for the Python function that called it, and the
event loop's own work for the loop.
"""

import argparse
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from bench import check_tools, start_bench
from speed.load import Bench
from speed.servers import gateway, running
from speed.workloads import Workload, workloads

_RATE = 1000
# The first that a function's file begins with says what it is for; the last takes all the rest.
_PARTS = [
    ("gateway/upstream/decoding/decode.py", "decoding the platform's answers"),
    ("gateway/upstream/decoding/lazy_field.py", "decoding the platform's answers"),
    ("gateway/graphql_http/response.py", "encoding the answer"),
    ("<operation>", "putting data together"),
    ("gateway/execution/", "putting data together"),
    ("gateway/upstream/normalise/", "putting data together"),
    ("gateway/upstream/decoding/", "putting data together"),
    ("gateway/upstream/customer_view/payload.py", "putting data together"),
    ("gateway/upstream/definitions/payload.py", "putting data together"),
    ("gateway/schema/customer_pages.py", "pages, look-ups and loaders"),
    ("gateway/schema/query.py", "pages, look-ups and loaders"),
    ("gateway/schema/customer_gate.py", "pages, look-ups and loaders"),
    ("gateway/schema/identifiers.py", "pages, look-ups and loaders"),
    ("gateway/schema/", "putting data together"),
    ("gateway/pagination/", "pages, look-ups and loaders"),
    ("gateway/dataloaders/", "pages, look-ups and loaders"),
    ("gateway/cache/", "cache, sharing of equal calls, deadlines"),
    ("gateway/upstream/cached_upstream.py", "cache, sharing of equal calls, deadlines"),
    ("gateway/context.py", "cache, sharing of equal calls, deadlines"),
    ("gateway/upstream/http1/", "HTTP to the platform"),
    ("gateway/upstream/", "quota, breaker, retries, budget"),
    ("gateway/telemetry/", "log and metrics"),
    ("gateway/server/", "HTTP from the client, admission"),
    ("gateway/graphql_http/", "HTTP from the client, admission"),
    ("gateway/edge/", "HTTP from the client, admission"),
    ("gateway/auth/", "HTTP from the client, admission"),
    ("uvicorn/", "HTTP from the client, admission"),
    ("asyncio/", "event loop and what it reads"),
    ("", "all else"),
]


def profile(bench: Bench, workload: Workload, seconds: float) -> Counter[str]:
    """Send a workload to a warm server, and count samples by the innermost function."""
    with running(gateway(bench.upstream.url), bench.cores.served, bench.folder) as server:
        bench.warm_up(server, workload, seconds / 4)
        samples = bench.folder / "samples"
        command = ["py-spy", "record", "--rate", str(_RATE), "--duration", str(round(seconds))]
        command += ["--format", "raw", "--output", str(samples), "--pid", str(server.pid)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as watching:  # noqa: S603 - these words
            bench.warm_up(server, workload, seconds + 1)
            if watching.wait():
                raise SystemExit("py-spy must be allowed to look at other processes (ptrace)")
    functions: Counter[str] = Counter()
    for line in samples.read_text().splitlines():
        stack, _, number = line.rpartition(" ")
        name, _, rest = stack.rpartition(";")[2].partition(" (")
        functions[f"{rest.rpartition(':')[0] or rest.rstrip(')')} {name}"] += int(number)
    return functions


def by_part(functions: Mapping[str, int]) -> Counter[str]:
    """Sum up samples by subject."""
    parts: Counter[str] = Counter()
    for name, number in functions.items():
        parts[next(part for prefix, part in _PARTS if name.startswith(prefix))] += number
    return parts


def _print(profiles: Mapping[str, Counter[str]]) -> None:
    print("| part | " + " | ".join(profiles) + " |\n|---|" + "--:|" * len(profiles))
    shares = {name: by_part(functions) for name, functions in profiles.items()}
    for part in dict.fromkeys(part for _, part in _PARTS):
        cells = [f"{one[part] / one.total():.0%}" for one in shares.values()]
        print(f"| {part} | " + " | ".join(cells) + " |")
    for name, functions in profiles.items():
        told = [f"`{each}` {n / functions.total():.1%}" for each, n in functions.most_common(12)]
        print(f"\n{name}: " + ", ".join(told))


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    known = {each.name: each for each in workloads()}
    parser.add_argument("workloads", nargs="*", default=["W1", "W2"], metavar="|".join(known))
    asked = parser.parse_args()
    if not known.keys() >= {*asked.workloads}:
        parser.error(f"the workloads are {', '.join(known)}")
    check_tools()
    if shutil.which("py-spy") is None:
        raise SystemExit("py-spy is missing: pip install py-spy")
    with tempfile.TemporaryDirectory() as folder, start_bench(Path(folder)) as bench:
        _print({name: profile(bench, known[name], asked.seconds) for name in asked.workloads})


if __name__ == "__main__":
    main()
