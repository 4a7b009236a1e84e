"""One picture of a run: the heads of all nodes over time, and below it, on the same clock, what ran when.

Plain SVG without scripts or foreign fonts, light or dark as the reader prefers, so that it can stand in a README too.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from html import escape
from typing import Any

from ethinfra.certificate.statuses import Status

WIDTH = 960
_LEFT, _RIGHT, _TOP = 150, 24, 56
_HEADS_HEIGHT = 230
_BAR, _GAP = 16, 8

#: Name → colour on light and on dark paper. The nodes' are distinct for people who see colours differently too, and
#: nodes get them in this order.
_COLOURS = {
    "ink": ("#1f2328", "#e6edf3"),
    "soft": ("#59636e", "#9198a1"),
    "grid": ("#d9dee3", "#30363d"),
    "paper": ("#ffffff", "#0d1117"),
    "layer": ("#8fa3b8", "#57687a"),
    "passed": ("#1a8a3c", "#3fb950"),
    "failed": ("#cf222e", "#f85149"),
    "pending": ("#9a6700", "#d29922"),
    "node0": ("#2a78d6", "#4493f8"),
    "node1": ("#1baf7a", "#2bb586"),
    "node2": ("#d98e00", "#d29922"),
    "node3": ("#4a3aa7", "#a49bf0"),
    "node4": ("#eb6834", "#f0883e"),
    "node5": ("#d1528b", "#db6d9f"),
}
_NODE_COLOURS = sum(name.startswith("node") for name in _COLOURS)


def _style() -> str:
    """Classes `<name>` to fill and `<name>-line` to draw with. Without variables, which not every viewer knows."""

    def rules(paper: int) -> str:
        return "".join(
            f".ei .{name}{{fill:{both[paper]}}}.ei .{name}-line{{stroke:{both[paper]};fill:none}}"
            for name, both in _COLOURS.items()
        )

    return (
        '.ei{font:12px system-ui,-apple-system,"Segoe UI",sans-serif}.ei .title{font-size:15px;font-weight:600}'
        f".ei .line{{stroke-linejoin:round;stroke-linecap:round}}{rules(0)}"
        f"@media (prefers-color-scheme:dark){{{rules(1)}}}"
    )


@dataclass(frozen=True)
class _Clock:
    """Seconds since the epoch to x."""

    begin: float
    end: float

    def x(self, moment: float) -> float:
        span = max(self.end - self.begin, 1)
        inside = min(max(moment, self.begin), self.end)
        return round(_LEFT + (inside - self.begin) / span * (WIDTH - _LEFT - _RIGHT), 1)


def picture(record: dict[str, Any]) -> str:
    """The picture of one run. What a record does not have is left out: a run without heads has bars alone."""
    run = record["run"]
    clock = _Clock(run["started"], max(run["finished"], run["started"] + 1))
    parts: list[str] = []
    bottom = _TOP
    if record["heads"]:
        parts += _heads(record["heads"], clock, _TOP)
        bottom += _HEADS_HEIGHT + 34
    rows = _rows(record)
    parts += _bars(rows, clock, bottom)
    bottom += len(rows) * (_BAR + _GAP)
    axis = _axis(clock, _TOP, bottom)
    height = bottom + 34
    title = f"{run['id']}: heads of every node, layers and scenarios over time"
    return (
        f'<svg class="ei" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">'
        f"<title>{escape(title)}</title><style>{_style()}</style>"
        f'<rect class="paper" width="{WIDTH}" height="{height}" rx="8"/>'
        f'<text class="ink title" x="16" y="26">{escape(_headline(record))}</text>'
        f"{''.join(axis)}{''.join(parts)}</svg>\n"
    )


def _headline(record: dict[str, Any]) -> str:
    counts = Counter(one["status"] for one in record["scenarios"])
    said = ", ".join(f"{counts[status]} {status.lower().replace('_', ' ')}" for status in Status if counts[status])
    return f"{len(record['scenarios'])} scenarios on {record['environment']['name']}: {said}"


def _heads(heads: list[dict[str, Any]], clock: _Clock, top: float) -> list[str]:
    lines: dict[str, list[dict[str, Any]]] = {}
    for head in heads:
        lines.setdefault(head["node"], []).append(head)
    highest = max(head["number"] for head in heads) or 1
    lowest = min(head["number"] for head in heads)
    # A chain that was long before the run began would otherwise be a flat line far above an empty picture.
    step = _nice((highest - lowest) / 4) if lowest > highest / 3 else _nice(highest / 4)
    floor = lowest // step * step if lowest > highest / 3 else 0
    ceiling = floor + (highest - floor) * 1.04

    def y(number: float) -> float:
        return round(top + 24 + (1 - (number - floor) / max(ceiling - floor, 1)) * (_HEADS_HEIGHT - 24), 1)

    parts = [f'<text class="soft" x="16" y="{top + 30}">block number</text>']
    for number in range(floor, highest + 1, step):
        parts.append(f'<line class="grid-line" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y(number)}" y2="{y(number)}"/>')
        parts.append(f'<text class="soft" x="{_LEFT - 8}" y="{y(number) + 4}" text-anchor="end">{number}</text>')
    # Nodes that agree draw the same line: the first ones are wider, so that each still shows beneath the next.
    count = len(lines)
    legend_x = float(_LEFT)
    for index, (node, points) in enumerate(sorted(lines.items())):
        colour = f"node{index % _NODE_COLOURS}"
        width = 1.6 + min(2.2, 7 / count) * (count - 1 - index)
        path = _path([(clock.x(one["t"]), y(one["number"])) for one in points])
        parts.append(
            f'<path class="line {colour}-line" stroke-width="{width:.1f}" d="{path}">'
            f"<title>{escape(node)}: block {points[-1]['number']}</title></path>"
        )
        parts.append(f'<rect class="{colour}" x="{legend_x:.0f}" y="{top + 1}" width="12" height="10" rx="2"/>')
        parts.append(f'<text class="ink" x="{legend_x + 17:.0f}" y="{top + 10}">{escape(node)}</text>')
        legend_x += 32 + 6.6 * len(node)
    return parts


def _path(points: list[tuple[float, float]]) -> str:
    """Without the points that lie on a level stretch: a run has thousands of them."""
    kept = [
        point
        for index, point in enumerate(points)
        if index in (0, len(points) - 1) or not points[index - 1][1] == point[1] == points[index + 1][1]
    ]
    return "M" + "L".join(f"{x} {y}" for x, y in kept)


@dataclass(frozen=True)
class _Bar:
    begin: float
    seconds: float
    colour: str
    text: str
    label: str = ""


def _rows(record: dict[str, Any]) -> list[tuple[str, list[_Bar]]]:
    rows: list[tuple[str, list[_Bar]]] = []
    cluster = record["cluster"]
    if cluster.get("started"):
        rows.append(("cluster", [_timed("cluster", cluster, "" if cluster.get("made") else "reused")]))
    for layer in record["layers"]:
        rows.append((layer["name"], [_timed(layer["name"], layer)]))
    workers: dict[str, list[_Bar]] = {}
    for one in record["scenarios"]:
        if one["started"]:
            bar = _Bar(one["started"], one["seconds"], _colour(one["status"]), f"{one['status']}: {one['title']}")
            workers.setdefault(one["worker"], []).append(bar)
    # What the controller does at the end of the run stands beside what the first worker did before.
    if len(workers) > 1:
        at_end = workers.pop("main", [])
        workers[min(workers)] += at_end
    for index, (_, bars) in enumerate(sorted(workers.items())):
        rows.append(("scenarios" if index == 0 else "", bars))
    return rows


def _timed(name: str, facts: dict[str, Any], label: str = "") -> _Bar:
    colour = "failed" if facts.get("failure") else "layer"
    took = label or f"{facts['seconds']:.0f}s"
    return _Bar(facts["started"], facts["seconds"], colour, f"{name}: {took}", took)


def _bars(rows: list[tuple[str, list[_Bar]]], clock: _Clock, top: float) -> list[str]:
    parts = []
    for index, (name, bars) in enumerate(rows):
        y = top + index * (_BAR + _GAP)
        parts.append(f'<text class="ink" x="{_LEFT - 8}" y="{y + 12}" text-anchor="end">{escape(name)}</text>')
        for bar in bars:
            x = clock.x(bar.begin)
            # A hair of the paper stays between neighbours, and nothing is too short to be seen.
            width = max(clock.x(bar.begin + bar.seconds) - x - 1, 2)
            parts.append(
                f'<rect class="{bar.colour}" x="{x}" y="{y}" width="{width:.1f}" height="{_BAR}" rx="2">'
                f"<title>{escape(bar.text)}</title></rect>"
            )
            if bar.label:
                after = x + width + 6
                anchor, at = ("end", x - 6) if after > WIDTH - 60 else ("start", after)
                parts.append(f'<text class="soft" x="{at:.1f}" y="{y + 12}" text-anchor="{anchor}">{bar.label}</text>')
    return parts


def _axis(clock: _Clock, top: float, bottom: float) -> list[str]:
    span = clock.end - clock.begin
    step = next((one for one in (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200) if span / one <= 10), 21600)
    parts = []
    for second in range(0, int(span) + 1, step):
        x = clock.x(clock.begin + second)
        parts.append(f'<line class="grid-line" x1="{x}" x2="{x}" y1="{top + 20}" y2="{bottom}"/>')
        label = f"{second}s" if step < 60 else f"{second // 60} min"
        parts.append(f'<text class="soft" x="{x}" y="{bottom + 18}" text-anchor="middle">{label}</text>')
    return parts


def _colour(status: str) -> str:
    match Status(status):
        case Status.PASSED:
            return "passed"
        case Status.PENDING | Status.NOT_APPLICABLE:
            return "pending"
    return "failed"


def _nice(step: float) -> int:
    """The next of 1, 2, 5, 10, 20, 50 …"""
    power = 1
    while True:
        for digit in (1, 2, 5):
            if digit * power >= step:
                return digit * power
        power *= 10
