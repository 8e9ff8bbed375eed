"""The figures as a section of Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from speed.comparison import Row
from speed.extras import DELAY_MS, LATENCY_AT_ONCE, Latency
from speed.growth import Point, fit
from speed.new_text import NewText

BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
PLOT = "growth.svg"
_COLUMNS = (
    "workload",
    "server",
    "operations/s",
    "CPU µs each",
    "upstream calls each",
    "to naive",
    "by CPU",
    "to Mercurius",
    "by CPU",
)


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one run."""

    when: str
    machine: Sequence[str]
    shape: str
    rows: Sequence[Row]
    latencies: dict[str, Latency]
    start_up_s: float
    memory_mb: dict[str, tuple[float, float]]  # after the uncached workloads, after the cached one
    failures: tuple[int, int]
    new_text: NewText
    by_leaves: Sequence[Point]
    by_calls: Sequence[Point]


def markdown(figures: Figures) -> str:
    """Return the section."""
    parts = [
        f"Measured {figures.when}, {figures.shape}.\n",
        *(f"- {line}" for line in figures.machine),
        f"- {_foreign(figures.rows)}",
        "",
        *_table(figures.rows),
        "",
        *_others(figures),
        "",
        f"![CPU time by leaves and by upstream calls]({PLOT})",
        "",
        *_growth("leaves", figures.by_leaves),
        "",
        *_growth("upstream calls", figures.by_calls),
    ]
    return "\n".join(parts) + "\n"


def _foreign(rows: Sequence[Row]) -> str:
    shares = [sample.foreign for row in rows for sample in row.by_server.values()]
    return (
        f"other processes, and the kernel, took {min(shares):.0%} to {max(shares):.0%} of the"
        " server's core meanwhile"
    )


def _table(rows: Sequence[Row]) -> list[str]:
    lines = [
        f"| {' | '.join(_COLUMNS)} |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        naive, mercurius = row.by_server.get("naive"), row.by_server.get("mercurius")
        title = f"**{row.workload.name}** {row.workload.title}, {row.answer_bytes / 1000:.1f} kB"
        for name, sample in row.by_server.items():
            ratios = (
                _times(sample.per_second, naive.per_second) if naive else "",
                _times(naive.cpu_us, sample.cpu_us) if naive else "",
                _times(sample.per_second, mercurius.per_second) if mercurius else "",
                _times(mercurius.cpu_us, sample.cpu_us) if mercurius else "",
            )
            lines.append(
                f"| {title} | {name} | {sample.per_second:,.0f} | {sample.cpu_us:,.0f}"
                f" | {sample.calls:.1f} | {' | '.join(ratios)} |"
            )
            title = ""
    return lines


def _times(one: float, other: float) -> str:
    return f"{one / other:.2f}" if other else ""


def _others(figures: Figures) -> list[str]:
    direct = figures.latencies["direct"]
    lines = ["| figure | |", "|---|--:|"]
    for name, latency in figures.latencies.items():
        if name != "direct":
            lines.append(
                f"| added latency of {name}, W1 over an upstream of {DELAY_MS} ms,"
                f" {LATENCY_AT_ONCE} at once: p50, p99 | {latency.p50_ms - direct.p50_ms:.1f} ms,"
                f" {latency.p99_ms - direct.p99_ms:.1f} ms |"
            )
    for name, (uncached, cached) in figures.memory_mb.items():
        lines.append(
            f"| resident memory of {name} after W1 to W4, after W5 | {uncached:.0f} MB,"
            f" {cached:.0f} MB |"
        )
    wrong, total = figures.failures
    text = figures.new_text
    costs = f"{text.more_us:,.0f} µs, {text.parse_and_validate_us:,.0f} µs, {text.compiling:.0%}"
    return [
        *lines,
        f"| W4, 32 at once with the default deadline: wrong answers | {wrong} of {total} |",
        f"| start-up until `/readyz` answers | {figures.start_up_s:.2f} s |",
        f"| a text never seen costs more by, parsing and validating alone, the rest | {costs} |",
    ]


def _growth(unit: str, points: Sequence[Point]) -> list[str]:
    servers = list(points[0].cpu_us)
    lines = [
        f"| CPU µs by {unit} | " + " | ".join(f"{point.x:,}" for point in points) + " | line |",
        "|---|" + "--:|" * len(points) + "---|",
    ]
    for server in servers:
        line = fit(points, server)
        costs = " | ".join(f"{point.cpu_us[server]:,.0f}" for point in points)
        lines.append(
            f"| {server} | {costs} | {line.at_zero_us:,.0f} + {line.per_unit_us:,.2f} each;"
            f" off by {line.worst:.0%} at most |"
        )
    return lines


def put_into(readme: Path, section: str) -> None:
    """Replace the text between the markers; raise ValueError where they are missing."""
    before, begin, rest = readme.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{readme} lacks {BEGIN} or {END}")
    readme.write_text(f"{before}{begin}\n\n{section}\n{end}{after}")
