"""The run record: what happened, as it happened.

Each worker appends events to a file of its own, one JSON object per line, so that a killed worker loses at most the
line that it was writing. The controller merges them into `run.json`, from which everything else is made.

A run's folder:

    run.json            the merged record
    certificate.json    rows and verdict, with the digest of every other file
    report.html, report.svg, junit.xml, SHA256SUMS
    events/<worker>.ndjson
    manifests/<layer>.yaml          what was rendered and applied
    evidence/<scenario>/…           observations, and what was collected when it failed
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from ethinfra.certificate.statuses import Status
from ethinfra.redact import MASK, redact

SCHEMA = 1

Event = dict[str, Any]

_SECRET_KEY = re.compile(r"(?i)(password|passwd|token|secret|mnemonic|private[-_]?key|authorization)$")


class Recorder:
    """Appends events of one process. Every text goes through the redactor."""

    def __init__(self, folder: Path, worker: str) -> None:
        self.worker = worker
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{worker}.ndjson"

    def add(self, event: str, **facts: Any) -> None:
        """Append one event, with the time of now. Values must be JSON or have a text."""
        line = json.dumps(clean({"t": round(time.time(), 3), "worker": self.worker, "event": event, **facts}))
        # One write per line: a line is there or it is not, whoever else appends.
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(handle, line.encode() + b"\n")
        finally:
            os.close(handle)


def clean(value: Any) -> Any:
    """The same value as plain JSON, without secrets: by shape and registration, and by the name of the key."""
    if isinstance(value, dict):
        return {
            str(key): MASK if _SECRET_KEY.search(str(key)) and isinstance(one, str) and one else clean(one)
            for key, one in value.items()
        }
    if isinstance(value, (list, tuple, set, frozenset)):
        return [clean(one) for one in (sorted(value, key=str) if isinstance(value, (set, frozenset)) else value)]
    if is_dataclass(value) and not isinstance(value, type):
        return clean({field.name: getattr(value, field.name) for field in fields(value)})
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return redact(str(value))


def read_events(folder: Path) -> list[Event]:
    """All events of all workers in the order of their times. A line that a kill cut off is left out."""
    events: list[Event] = []
    for path in sorted(folder.glob("*.ndjson")):
        for line in path.read_text(errors="replace").splitlines():
            try:
                events.append(json.loads(line))
            except json.JSONDecodeError:
                continue
    return sorted(events, key=lambda event: event["t"])


def merge(events: Iterable[Event], head: dict[str, Any]) -> dict[str, Any]:
    """The run record of these events. `head` holds the controller's own facts (run, source, environment, requirements).

    A scenario that was collected and never ended is an ERROR with the reason: none is lost without a word.
    """
    scenarios: dict[str, dict[str, Any]] = {}
    layers: dict[str, dict[str, Any]] = {}
    cluster: dict[str, Any] = {}
    subject: dict[str, Any] = {}
    heads: list[dict[str, Any]] = []
    for event in events:
        facts = {key: value for key, value in event.items() if key not in ("event", "worker")}
        match event["event"]:
            case "collected":
                for one in event["scenarios"]:
                    scenarios.setdefault(one["id"], {**one, **_NOTHING_YET, "steps": [], "evidence": []})
            case "started":
                scenarios[event["id"]].update(started=event["t"], worker=event["worker"])
            case "step":
                scenarios[event["id"]]["steps"].append(_without(facts, "t", "id"))
            case "evidence":
                scenarios[event["id"]]["evidence"].append(_without(facts, "t", "id"))
            case "finished":
                scenarios[event["id"]].update(_without(facts, "t", "id"))
            case "check":
                blank = {**_NOTHING_YET, "worker": event["worker"], "steps": [], "evidence": []}
                scenarios[event["id"]] = {**blank, **_without(facts, "t")}
            case "layer":
                layers.setdefault(event["name"], _without(facts, "t"))
            case "cluster":
                cluster = cluster or _without(facts, "t")
            case "subject":
                _deepen(subject, _without(facts, "t"))
            case "head":
                heads.append(facts)
    for one in scenarios.values():
        if one["status"] is None:
            begun = one["started"] is not None
            one["status"] = Status.ERROR
            one["reason"] = "its worker ended before it did" if begun else "not run: the run ended before its turn"
    return {
        "schema": SCHEMA,
        **head,
        "cluster": cluster,
        "layers": list(layers.values()),
        "subject": subject,
        "scenarios": list(scenarios.values()),
        "heads": heads,
    }


_NOTHING_YET: dict[str, Any] = {
    "status": None,
    "reason": "",
    "failure": "",
    "started": None,
    "seconds": 0.0,
    "waited": 0.0,
    "worker": "",
}


def _without(facts: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in facts.items() if key not in keys}


def _deepen(into: dict[str, Any], facts: dict[str, Any]) -> None:
    for key, value in facts.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _deepen(into[key], value)
        else:
            into[key] = value
