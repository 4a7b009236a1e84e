"""docs/values.md: every key with what it may be, its default and its meaning, written from schema and manual."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ethinfra.deploy.values.chart import CHARTS, Chart, read_chart
from ethinfra.deploy.values.manual import Entry, entries
from ethinfra.deploy.values.schema import ANY, Key, Rule, dotted, named, rules
from ethinfra.paths import ROOT

PAGE = ROOT / "docs" / "values.md"

_HEAD = """\
# Values

Every key of the project's charts. Written by `ethinfra values write` from each chart's `values.schema.json` and
`values.yaml`; change those. Environments set them in `values/<layer>/<environment>.yaml`, networks in
`values/networks/`, clients in `values/clients/`.

In a key, `*` is a name of your own, or a place in a list. Whatever is not here is refused, with its path; so is a value
of another type, and values that contradict each other.
"""

_ABOUT = {
    "ethereum-infrastructure": "The nodes: execution client, consensus client and node probe in one pod; the network"
    " that they follow; the validators of a network of one's own.",
    "infrastructure": "What the layers stand on: namespaces, quotas, storage classes, priorities, who may look.",
    "registry": "The registry in the cluster.",
}

_ROW = re.compile(r"^\| `([^`]+)` \|", re.M)


@dataclass(frozen=True)
class Row:
    key: str
    takes: str
    default: str
    meaning: str


def written() -> str:
    """The page as it should be."""
    return page_of([read_chart(name) for name in CHARTS])


def page_of(charts: Iterable[Chart]) -> str:
    """The page of some charts."""
    parts = [_HEAD]
    for chart in charts:
        about = _ABOUT.get(chart.name, "")
        parts.append(f"\n## {chart.name}\n\n{about}\n\n| key | takes | default | meaning |\n|---|---|---|---|\n")
        parts += [_line(row) for row in rows(chart)]
    return "".join(parts)


def documented(page: str, chart: str) -> set[str]:
    """The keys in a chart's table. `validators.…` stands for all that is the same elsewhere."""
    section = page.partition(f"\n## {chart}\n")[2].partition("\n## ")[0]
    return set(_ROW.findall(section))


def rows(chart: Chart) -> Iterator[Row]:
    """In the order of the manual; what it does not show stands where the schema has it."""
    known = rules(chart.schema)
    manual = entries(chart.manual, chart.schema)
    for key in _ordered(named(known), list(manual)):
        copy = chart.copy_of(key)
        explained = meaning(chart, key, known, manual)
        inside = any(one[: len(key)] == key and one != key for one in named(known))
        default = "" if key not in manual or manual[key].example else _json(manual[key].default)
        if inside and default not in ("{}", "[]"):
            default = ""
        original = chart.original(key)
        if copy and original in known and not _differs(key, original, manual, default, inside):
            continue
        if explained or default or not inside:
            yield Row(dotted(key), "" if inside and not default else takes(known, key), default, explained)
    for one in chart.copies:
        yield Row(f"{dotted(one.key)}.…", "", "", f"{one.why}: every key of `{dotted(one.of)}`.")


def meaning(chart: Chart, key: Key, known: dict[Key, Rule], manual: dict[Key, Entry]) -> str:
    """By the comment in values.yaml, the description in the schema, or as the key that it is a copy of."""
    said = manual[key].meaning if key in manual else ""
    original = chart.original(key)
    if not said and original in known:
        return f"As `{dotted(original)}`." if meaning(chart, original, known, manual) else ""
    return said or str(known[key].get("description", ""))


def takes(known: dict[Key, Rule], key: Key) -> str:
    """What a value may be, in few words."""
    rule = known[key]
    if "title" in rule:
        return str(rule["title"])
    if "enum" in rule:
        return ", ".join(f"`{one}`" if one != "" else "empty" for one in rule["enum"])
    kinds = rule.get("type", [])
    names = {"string": "text", "array": "list", "object": "map", "boolean": "true or false"}
    if kinds in ("array", "object"):
        inside = (*key, ANY)
        described = inside in known and known[inside].get("type") != "object"
        return f"{names[kinds]} of {takes(known, inside)}" if described else names[kinds]
    said = " or ".join(names.get(kind, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds))
    least, most = rule.get("minimum"), rule.get("maximum")
    if least is not None and most is not None:
        return f"{said} from {least} to {most}"
    return f"{said} from {least}" if least is not None else said


def _differs(key: Key, original: Key, manual: dict[Key, Entry], default: str, inside: bool) -> bool:
    """Whether a copy has a word or a default of its own."""
    if key not in manual:
        return False
    same = inside or (original in manual and default == _json(manual[original].default))
    return bool(manual[key].meaning) or not same


def _ordered(keys: list[Key], shown: list[Key]) -> list[Key]:
    """Keys of one level stand as the manual has them, and what is inside of each follows it."""
    place = {key: index for index, key in enumerate(shown)}
    order = {key: index for index, key in enumerate(keys)}

    def steps(key: Key) -> list[tuple[int, int]]:
        parts = [key[:length] for length in range(1, len(key) + 1)]
        return [(place.get(part, len(place)), order.get(part, 0)) for part in parts]

    return sorted(keys, key=steps)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _line(row: Row) -> str:
    default = f"`{row.default}`" if row.default else ""
    cells = [f"`{row.key}`", row.takes, default, _plain(row.meaning)]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _plain(text: str) -> str:
    """`<name>` is no tag of HTML. What is between backticks is shown as it is."""
    return re.sub(r"`[^`]*`|<", lambda found: "&lt;" if found.group() == "<" else found.group(), text)
