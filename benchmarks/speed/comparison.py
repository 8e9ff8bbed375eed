"""The table: every workload, every server, interleaved round by round."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from speed.load import Bench, Sample, agree, medians
from speed.servers import Running
from speed.workloads import Workload

_FIRST_WARM_UP_S = 3
_WARM_UP_S = 1


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of all servers for one workload."""

    workload: Workload
    answer_bytes: float
    by_server: dict[str, Sample]


def compare(
    bench: Bench, servers: Sequence[Running], workload: Workload, rounds: int, seconds: float
) -> Row:
    """Measure servers in turns; return the median of each.

    Raise DisagreementError where responses differ, before the load or after it.
    """
    able = [s for s in servers if s.server.speaks_graphql or workload.upstream_paths]
    lengths = agree(bench, able, workload)
    samples: dict[str, list[Sample]] = {server.name: [] for server in able}
    for number in range(rounds):
        for server in able:
            warm_up_s = _WARM_UP_S if number else _FIRST_WARM_UP_S
            bench.warm_up(server, workload, warm_up_s)
            sample = bench.measure(server, workload, lengths[server.name], seconds)
            samples[server.name].append(sample)
            print(
                f"{workload.name} round {number + 1}: {server.name} {sample.per_second:.0f}/s,"
                f" {sample.cpu_us:.0f} µs",
                file=sys.stderr,
            )
    agree(bench, able, workload)
    answer_bytes = max(lengths.values())
    return Row(workload, answer_bytes, {name: medians(each) for name, each in samples.items()})
