"""`.feature` files as data: what stands in them, before any step is bound.

pytest-bdd runs them; it also drops a scenario whose title is there twice, so the trace check reads for itself.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gherkin.errors import CompositeParserException
from gherkin.parser import Parser

from ethinfra.errors import BadInput

_PLACEHOLDER = re.compile(r"<([^<>\s][^<>]*)>")


@dataclass(frozen=True)
class Step:
    """type: given, when or then; `And` and `But` have the type of the step before them."""

    type: str
    keyword: str
    text: str
    line: int


@dataclass(frozen=True)
class Scenario:
    """One scenario, or one row of an outline.

    id:       a name for files and records: letters, digits and hyphens, the same in every run
    title:    as printed, placeholders filled in, unique in its file
    template: the title as written
    tags:     without the @, feature's and rule's included, placeholders filled in
    row:      the outline's values; empty for a plain scenario
    """

    id: str
    feature: str
    file: Path
    line: int
    title: str
    template: str
    tags: tuple[str, ...]
    steps: tuple[Step, ...]
    row: dict[str, str]

    def tagged(self, kind: str) -> tuple[str, ...]:
        """The values of tags `@kind:value`, in their order."""
        return tuple(tag.partition(":")[2] for tag in self.tags if tag.startswith(f"{kind}:"))


@dataclass(frozen=True)
class Feature:
    """templates: title and line of each scenario as written, repeated ones included."""

    name: str
    file: Path
    line: int
    tags: tuple[str, ...]
    templates: tuple[tuple[str, int], ...]
    scenarios: tuple[Scenario, ...]


def read(file: Path, root: Path) -> Feature:
    """Parse one file. `root` is the folder that ids are relative to. BadInput names the line of a syntax error."""
    try:
        document = Parser().parse(file.read_text())
    except CompositeParserException as reason:
        raise BadInput(f"{file} is not Gherkin", seen=str(reason)) from reason
    raw = document.get("feature")
    if not raw:
        raise BadInput(f"{file} holds no feature", expected="`Feature:` and at least one scenario")
    base = file.relative_to(root).with_suffix("").as_posix() if file.is_relative_to(root) else file.stem
    templates: list[tuple[str, int]] = []
    scenarios: list[Scenario] = []
    taken: set[str] = set()
    for parent_tags, background, one in _scenarios(raw):
        templates.append((one["name"], one["location"]["line"]))
        tags = parent_tags + _tags(one)
        steps = background + one["steps"]
        for row, line, row_tags in _rows(one):
            title = _fill(one["name"], row)
            if row and title == one["name"]:
                title = f"{title} [{', '.join(row.values())}]"
            scenarios.append(
                Scenario(
                    id=_slug(base, title, taken),
                    feature=raw["name"],
                    file=file,
                    line=line,
                    title=title,
                    template=one["name"],
                    tags=tuple(dict.fromkeys(_fill(tag, row) for tag in tags + row_tags)),
                    steps=_steps(steps, row),
                    row=row,
                )
            )
    return Feature(raw["name"], file, raw["location"]["line"], tuple(_tags(raw)), tuple(templates), tuple(scenarios))


def read_all(root: Path) -> list[Feature]:
    """Every feature below a folder, in the order of their paths."""
    return [read(file, root) for file in sorted(root.rglob("*.feature"))]


def _scenarios(feature: Mapping[str, Any]) -> list[tuple[list[str], list[dict[str, Any]], dict[str, Any]]]:
    """Tags from above, background steps from above, and the scenario; those of rules too."""
    found: list[tuple[list[str], list[dict[str, Any]], dict[str, Any]]] = []

    def visit(children: list[dict[str, Any]], tags: list[str], background: list[dict[str, Any]]) -> None:
        for child in children:
            if "background" in child:
                background = background + child["background"]["steps"]
            elif "rule" in child:
                visit(child["rule"]["children"], tags + _tags(child["rule"]), background)
            else:
                found.append((tags, background, child["scenario"]))

    visit(feature["children"], _tags(feature), [])
    return found


def _rows(scenario: dict[str, Any]) -> list[tuple[dict[str, str], int, list[str]]]:
    """Values, line and tags of each row; one empty row for a plain scenario."""
    if not scenario["examples"]:
        return [({}, scenario["location"]["line"], [])]
    rows = []
    for table in scenario["examples"]:
        names = [cell["value"] for cell in table.get("tableHeader", {}).get("cells", [])]
        for row in table.get("tableBody", []):
            values = dict(zip(names, (cell["value"] for cell in row["cells"]), strict=True))
            rows.append((values, row["location"]["line"], _tags(table)))
    return rows


def _steps(raws: list[dict[str, Any]], row: dict[str, str]) -> tuple[Step, ...]:
    steps: list[Step] = []
    kinds = {"Context": "given", "Action": "when", "Outcome": "then"}
    for raw in raws:
        kind = kinds.get(raw["keywordType"]) or (steps[-1].type if steps else "given")
        steps.append(Step(kind, raw["keyword"].strip(), _fill(raw["text"], row), raw["location"]["line"]))
    return tuple(steps)


def _tags(raw: Mapping[str, Any]) -> list[str]:
    return [tag["name"].removeprefix("@") for tag in raw["tags"]]


def _fill(text: str, row: dict[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda found: row.get(found.group(1), found.group(0)), text)


def _slug(base: str, title: str, taken: set[str]) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", f"{base}/{title}".lower()).strip("-")
    # Long enough to be read, short enough for a file name; the digest keeps what was cut apart.
    if len(words) > 90:
        words = f"{words[:80].rstrip('-')}-{hashlib.sha256(title.encode()).hexdigest()[:8]}"
    slug, count = words, 1
    while slug in taken:
        count += 1
        slug = f"{words}-{count}"
    taken.add(slug)
    return slug
