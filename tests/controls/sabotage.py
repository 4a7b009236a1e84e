"""What a sabotage is: data, and the rules that keep it honest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from ethinfra.certificate import features
from ethinfra.errors import BadInput
from ethinfra.paths import ROOT


@dataclass(frozen=True)
class Edit:
    """One change of one file. `old` stands there exactly once."""

    path: str
    old: str
    new: str

    def applied_to(self, text: str) -> str:
        """The file's new text; BadInput where the old one is missing or ambiguous."""
        count = text.count(self.old)
        if count != 1:
            raise BadInput(
                f"edit of {self.path}",
                expected=f"exactly once in it:\n{self.old}",
                seen=f"{count} times",
                todo="write the edit in tests/controls/catalogue anew: what it breaks has changed",
            )
        return text.replace(self.old, self.new)


@dataclass(frozen=True)
class Sabotage:
    """breaks: what no longer holds, in one sentence.

    fails: title of each scenario that must fail → a text that its failure must contain, so that it does not fail for
           another reason
    """

    name: str
    breaks: str
    edits: tuple[Edit, ...]
    fails: dict[str, str]


@dataclass(frozen=True)
class Bundle:
    """Sabotages that are tried on one cluster. No scenario is touched by two of them.

    untouched: titles of scenarios that must pass all the same
    prepared:  edits that break nothing and let the sabotages be seen, each for the reason given in the catalogue
    """

    name: str
    sabotages: tuple[Sabotage, ...]
    untouched: tuple[str, ...]
    prepared: tuple[Edit, ...] = field(default=())

    @property
    def edits(self) -> tuple[Edit, ...]:
        """All edits, in the order in which they are made."""
        return (*self.prepared, *(edit for one in self.sabotages for edit in one.edits))

    @property
    def titles(self) -> tuple[str, ...]:
        """All scenarios that are run."""
        return (*(title for one in self.sabotages for title in one.fails), *self.untouched)


def apply(edits: Iterable[Edit], root: Path) -> None:
    """Make the edits in a project's tree. BadInput for the first one that does not fit."""
    for edit in edits:
        path = root / edit.path
        path.write_text(edit.applied_to(path.read_text()))


@cache
def addresses() -> dict[str, str]:
    """Title of every live scenario → its address for pytest. Titles are unique in the whole contract.

    What is asked of manifests needs no cluster; its controls are in tests/mutants.
    """
    return {
        one.title: f"{one.file.relative_to(ROOT).as_posix()}::{one.title}"
        for feature in features.read_all(ROOT / "features")
        for one in feature.scenarios
        if not one.file.is_relative_to(ROOT / "features" / "static")
    }
