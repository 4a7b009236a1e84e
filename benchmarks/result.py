"""The arithmetic of a result, and the file that it is stored in.

    reports/bench/<time>.json
        schema, started, seconds, interrupted
        machine             see `machine`
        figures: [{name, what, unit, limit, median, low, high, ratio, beside, note, samples: [{value, beside, facts}]}]

`median`, `low`, `high` and `ratio` are null for a figure that was not measured; `note` then says why.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import inf
from pathlib import Path
from statistics import median
from typing import Any

from ethinfra.errors import BadInput

SCHEMA = 1


@dataclass(frozen=True)
class Figure:
    """Something measured, and what it may be at most. `unit` is `s` or `MB` (a million bytes)."""

    name: str
    what: str
    limit: float
    unit: str = "s"


@dataclass(frozen=True)
class Sample:
    """One measurement.

    beside: what the value can be compared with, in its unit: a physical floor or a peer of the same run
    facts:  what explains it, such as the times of its steps
    note:   what a reader must know to trust it
    """

    figure: str
    value: float
    beside: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class Outcome:
    """A figure with all of its samples; none if it was not measured, and then `note` says why."""

    figure: Figure
    samples: tuple[Sample, ...] = ()
    note: str = ""

    @property
    def median(self) -> float | None:
        return median(sample.value for sample in self.samples) if self.samples else None

    @property
    def low(self) -> float | None:
        return min((sample.value for sample in self.samples), default=None)

    @property
    def high(self) -> float | None:
        return max((sample.value for sample in self.samples), default=None)

    @property
    def ratio(self) -> float | None:
        """Measured by limit: above 1 the promise is broken. Where there must be none at all, one is infinitely many."""
        if self.median is None:
            return None
        if self.figure.limit == 0:
            return inf if self.median else 0.0
        return self.median / self.figure.limit

    @property
    def beside(self) -> dict[str, float]:
        """Medians of what stands beside the samples."""
        names = dict.fromkeys(name for sample in self.samples for name in sample.beside)
        return {name: median(one.beside[name] for one in self.samples if name in one.beside) for name in names}

    def as_record(self) -> dict[str, Any]:
        return {
            **asdict(self.figure),
            "median": _rounded(self.median),
            "low": _rounded(self.low),
            "high": _rounded(self.high),
            "ratio": _rounded(self.ratio),
            "beside": {name: _rounded(value) for name, value in self.beside.items()},
            "note": self.note,
            "samples": [
                {"value": _rounded(one.value), "beside": dict(one.beside), "facts": dict(one.facts)}
                for one in self.samples
            ],
        }


def outcomes(
    figures: Sequence[Figure], samples: Sequence[Sample], reasons: Mapping[str, str] | None = None
) -> list[Outcome]:
    """One outcome per figure, in the figures' order. reasons: why a figure has no samples, or too few."""
    made = []
    for figure in figures:
        own = tuple(sample for sample in samples if sample.figure == figure.name)
        notes = dict.fromkeys([*(sample.note for sample in own), (reasons or {}).get(figure.name, "")])
        made.append(Outcome(figure, own, "; ".join(note for note in notes if note)))
    return made


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, float]:
    """By how much each figure that both results have has changed: 0.1 is ten percent more."""
    old = {one["name"]: one["median"] for one in before["figures"]}
    return {
        one["name"]: one["median"] / old[one["name"]] - 1
        for one in after["figures"]
        if one["median"] is not None and old.get(one["name"])
    }


def store(result: Mapping[str, Any], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n")


def load(path: Path) -> dict[str, Any]:
    """A stored result. BadInput if there is none, or one of another schema."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError) as reason:
        raise BadInput(f"{path} is no result", seen=str(reason), todo="ls reports/bench") from reason
    schema = found.get("schema") if isinstance(found, dict) else None
    if schema != SCHEMA or not isinstance(found.get("figures"), list):
        raise BadInput(f"{path} is no result", expected=f"schema {SCHEMA}", seen=f"schema {schema}")
    result: dict[str, Any] = found
    return result


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
