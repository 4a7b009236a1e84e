"""The list of controls in README.md, written from the data so that it cannot differ from it.

python -m tests.controls.table            write it
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from tests.controls.catalogue import BUNDLES
from tests.controls.elsewhere import control_of
from tests.controls.sabotage import addresses

README = Path(__file__).parent / "README.md"
BEGIN, END = "<!-- controls: written by `python -m tests.controls.table` -->", "<!-- end of controls -->"


def written(readme: str) -> str:
    """The page with the lists as they should be."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{_sabotages()}{_scenarios()}\n{END}{after}"


def _sabotages() -> str:
    parts = ["\n### Sabotages\n\n| cluster | sabotage | what it breaks |\n|---|---|---|\n"]
    parts += [f"| {bundle.name} | `{one.name}` | {one.breaks} |\n" for bundle in BUNDLES for one in bundle.sabotages]
    return "".join(parts)


def _scenarios() -> str:
    parts = []
    for file, titles in groupby(addresses().items(), lambda one: one[1].partition("::")[0]):
        parts.append(f"\n### {file}\n\n| scenario | control |\n|---|---|\n")
        parts += [f"| {title} | {control(title)} |\n" for title, _ in titles]
    return "".join(parts)


def control(title: str) -> str:
    """The control of one scenario in words; empty if it has none."""
    found = [f"`{one.name}`" for bundle in BUNDLES for one in bundle.sabotages if title in one.fails]
    if found:
        return ", ".join(found)
    other = control_of(title)
    if other is None:
        return ""
    return f"unit: `{other.test}`" if other.test else f"none: {other.without}"


if __name__ == "__main__":
    README.write_text(written(README.read_text()))
