"""A result for people: one line per figure, what is above its limit in red."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table

from benchmarks.result import Outcome


def table(outcomes: Sequence[Outcome], change: Mapping[str, float] | None = None) -> Table:
    """change: by how much each figure differs from an earlier result (see `result.changes`)."""
    made = Table("figure", "measured", "spread", "limit", "ratio", box=None, pad_edge=False)
    if change is not None:
        made.add_column("change")
    made.add_column("beside it")
    for one in outcomes:
        cells = _cells(one)
        if change is not None:
            cells.append(f"{change[one.figure.name]:+.0%}" if one.figure.name in change else "")
        made.add_row(*cells, _beside(one), style="red" if one.ratio and one.ratio > 1 else "")
    return made


def _cells(one: Outcome) -> list[str]:
    figure = one.figure
    limit = quantity(figure.limit, figure.unit)
    if one.median is None or one.low is None or one.high is None or one.ratio is None:
        return [figure.name, "not measured", "", limit, ""]
    several = len(one.samples) > 1
    spread = f"{quantity(one.low, figure.unit)} to {quantity(one.high, figure.unit)}" if several else "one sample"
    return [figure.name, quantity(one.median, figure.unit), spread, limit, f"{one.ratio:.2f}"]


def _beside(one: Outcome) -> str:
    parts = [f"{name}: {quantity(value, one.figure.unit)}" for name, value in one.beside.items()]
    return "; ".join([*parts, one.note] if one.note else parts)


def quantity(value: float, unit: str) -> str:
    """A value as a person would say it: `4.2 s`, `3 min 20 s`, `870 MB`."""
    if unit in ("x", "%"):
        return f"{value:.2f} {unit}"
    if unit != "s":
        return f"{value:.0f} {unit}"
    if value < 1:
        return f"{value:.2f} s"
    if value < 100:
        return f"{value:.1f} s"
    minutes, seconds = divmod(round(value), 60)
    return f"{minutes} min {seconds:02} s" if seconds else f"{minutes} min"
