"""The report: one HTML file that needs nothing else, with links to the evidence beside it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from ethinfra.certificate.picture import picture
from ethinfra.certificate.statuses import BAD, Status

_TEMPLATE = Path(__file__).with_name("report.html.j2")


def report(record: dict[str, Any], judged: dict[str, Any]) -> str:
    """The page of one run."""
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters |= {"clock": _clock, "took": _took, "tone": _tone}
    scenarios = {one["id"]: one for one in record["scenarios"]}
    features: dict[str, list[dict[str, Any]]] = {}
    for one in record["scenarios"]:
        features.setdefault(one["file"], []).append(one)
    areas: dict[str, list[dict[str, Any]]] = {}
    for row in judged["requirements"]:
        areas.setdefault(row["area"], []).append(row)
    return environment.from_string(_TEMPLATE.read_text()).render(
        record=record,
        run=record["run"],
        judged=judged,
        areas=areas,
        features=features,
        scenarios=scenarios,
        bad=[one for one in record["scenarios"] if Status(one["status"]) in BAD],
        # Made by us from the record, every text in it escaped.
        picture=Markup(picture(record)),  # noqa: S704
    )


def _clock(moment: float | None) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(moment)) if moment else "-"


def _took(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60:02d} s"


def _tone(status: str) -> str:
    """The class that colours a status; its word always stands beside the colour."""
    if status in ("PASSED", "CERTIFIED"):
        return "good"
    if status in ("PENDING", "INCOMPLETE"):
        return "open"
    return "away" if status == "NOT_APPLICABLE" else "bad"
