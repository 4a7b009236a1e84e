"""Requirement rows and their clauses, as data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ethinfra.errors import BadInput
from ethinfra.paths import ROOT

_ROW_ID = re.compile(r"[A-Z]+-\d\d")
_CLAUSE_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True)
class Clause:
    """One thing that a scenario can prove. `id` is `ROW.name`."""

    id: str
    text: str


@dataclass(frozen=True)
class Row:
    """One requirement. static: it is proved on rendered manifests, without a cluster."""

    id: str
    area: str
    text: str
    static: bool
    clauses: tuple[Clause, ...]


class Requirements:
    """All rows, in the file's order."""

    def __init__(self, rows: tuple[Row, ...]) -> None:
        self.rows = rows
        self.clauses = {clause.id: clause for row in rows for clause in row.clauses}

    @property
    def ids(self) -> list[str]:
        return list(self.clauses)


def load(path: Path = ROOT / "features" / "requirements.yaml") -> Requirements:
    """Read the rows. BadInput names the row that is malformed, or an id that is there twice."""
    try:
        document = yaml.load(path.read_text(), Loader=_NoRepeats)  # noqa: S506 - a SafeLoader underneath
    except (OSError, yaml.YAMLError) as reason:
        raise BadInput(f"{path} cannot be read", seen=str(reason)) from reason
    if not isinstance(document, dict):
        raise BadInput(f"{path}", expected="areas, each a map of rows", seen=type(document).__name__)
    rows: list[Row] = []
    for area, raws in document.items():
        rows.extend(_row(path, str(area), str(name), raw) for name, raw in raws.items())
    ids = [row.id for row in rows]
    for name in ids:
        if ids.count(name) > 1:
            raise BadInput(f"{path}: row {name} is there twice")
    return Requirements(tuple(rows))


def _row(path: Path, area: str, name: str, raw: Any) -> Row:
    where = f"{path}: {name}"
    if not _ROW_ID.fullmatch(name):
        raise BadInput(where, expected="an id such as NODE-04")
    if not isinstance(raw, dict) or set(raw) - {"text", "static", "clauses"} or not raw.get("text"):
        raise BadInput(where, expected="text, clauses, and static: true where it holds")
    clauses = raw.get("clauses")
    if not isinstance(clauses, dict) or not clauses:
        raise BadInput(where, expected="at least one clause")
    for key, text in clauses.items():
        if not _CLAUSE_ID.fullmatch(str(key)) or not isinstance(text, str) or not text:
            raise BadInput(f"{where}.{key}", expected="a lower-case id with hyphens, and a sentence")
    return Row(
        id=name,
        area=area,
        text=str(raw["text"]),
        static=bool(raw.get("static", False)),
        clauses=tuple(Clause(f"{name}.{key}", text) for key, text in clauses.items()),
    )


class _NoRepeats(yaml.SafeLoader):
    """YAML lets a later key replace an earlier one; here that would lose a requirement without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"{key!r} is there twice", node.start_mark)
        return super().construct_mapping(node, deep)
