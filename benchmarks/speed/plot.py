"""Two panels of lines as a plain SVG."""

from collections.abc import Sequence
from pathlib import Path

from speed.growth import Point

_WIDTH, _HEIGHT = 380, 260
_LEFT, _BOTTOM, _TOP, _RIGHT = 56, 44, 34, 14
_COLOURS = {"gateway": "#1f6feb", "mercurius": "#bf3989", "naive": "#9a6700"}


def write_plot(path: Path, panels: Sequence[tuple[str, str, Sequence[Point]]]) -> None:
    """Write the panels, each a title, the name of its x axis and its points."""
    width = _WIDTH * len(panels)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{_HEIGHT}"',
        f' viewBox="0 0 {width} {_HEIGHT}" font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{_HEIGHT}" fill="#ffffff"/>',
    ]
    for place, (title, axis, points) in enumerate(panels):
        parts.append(f'<g transform="translate({place * _WIDTH},0)">')
        parts += _panel(title, axis, points)
        parts.append("</g>")
    path.write_text("\n".join([*parts, "</svg>\n"]))


def _panel(title: str, axis: str, points: Sequence[Point]) -> list[str]:
    most_x = max(point.x for point in points)
    most_ms = max(max(point.cpu_us.values()) for point in points) / 1000
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM

    def x_of(x: float) -> float:
        return round(_LEFT + (right - _LEFT) * x / most_x, 1)

    def y_of(ms: float) -> float:
        return round(bottom - (bottom - _TOP) * ms / most_ms, 1)

    parts = [
        f'<text x="{_LEFT}" y="18" font-size="13">{title}</text>',
        f'<text x="{(right + _LEFT) / 2}" y="{_HEIGHT - 10}" text-anchor="middle">{axis}</text>',
        f'<path d="M{_LEFT} {_TOP}V{bottom}H{right}" stroke="#57606a" fill="none"/>',
    ]
    for step in range(5):
        x, ms = most_x * step / 4, most_ms * step / 4
        parts += [
            f'<text x="{x_of(x)}" y="{bottom + 15}" text-anchor="middle">{x:.0f}</text>',
            f'<text x="{_LEFT - 6}" y="{y_of(ms) + 4}" text-anchor="end">{_short(ms)}</text>',
            f'<path d="M{_LEFT} {y_of(ms)}H{right}" stroke="#d0d7de" stroke-width="0.5"/>',
        ]
    for place, server in enumerate(points[0].cpu_us):
        colour = _COLOURS.get(server, "#24292f")
        spots = [(x_of(point.x), y_of(point.cpu_us[server] / 1000)) for point in points]
        line = " ".join(f"{x},{y}" for x, y in spots)
        parts.append(f'<polyline points="{line}" stroke="{colour}" stroke-width="2" fill="none"/>')
        parts += [f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in spots]
        parts.append(
            f'<text x="{_LEFT + 10}" y="{_TOP + 14 * (place + 1)}" fill="{colour}">'
            f"{server}, ms of CPU</text>"
        )
    return parts


def _short(ms: float) -> str:
    return f"{ms:.0f}" if ms >= 10 or ms == 0 else f"{ms:.1f}"
