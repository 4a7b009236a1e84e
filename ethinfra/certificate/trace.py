"""Does every scenario prove something that is required, and does every step mean exactly one thing?

A scenario without a requirement, a title that is there twice, or a step that two definitions match would lose
coverage without an error: pytest-bdd drops the first of two equal titles and takes the last of two definitions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ethinfra.certificate.features import Feature, Scenario
from ethinfra.certificate.requirements import Requirements

#: Tags without a value, and what they mean.
PLAIN_TAGS = {
    "smoke": "part of `make test`",
    "static": "needs no cluster",
    "disruptive": "breaks something: holds the cluster alone",
    "long-chain": "needs a long chain: runs last",
    "snapshot": "needs a promoted snapshot of the deployed geth: one is taken before, if there is none",
}
#: Tags with a value, `@kind:value`.
VALUED_TAGS = {
    "req": "the clause that it proves",
    "layer": "the layer that it needs",
    "needs": "a capability without which it is NOT_APPLICABLE",
    "pending": "why it cannot pass yet",
}


@dataclass(frozen=True)
class Definition:
    """A step definition: `type` is None where it may stand for given, when and then alike."""

    type: str | None
    pattern: str
    where: str
    matches: Callable[[str], bool]


@dataclass(frozen=True)
class Problem:
    """One finding, with the files that it concerns."""

    files: tuple[Path, ...]
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.files[0]}:{self.line}: {self.text}"


def check(
    features: Sequence[Feature],
    requirements: Requirements,
    definitions: Sequence[Definition],
    layers: Iterable[str],
    capabilities: Iterable[str],
) -> list[Problem]:
    """All problems, in the order of the files. A clause without a scenario is none: it is PENDING."""
    problems: list[Problem] = []
    scenarios = [scenario for feature in features for scenario in feature.scenarios]
    problems += _titles(features)
    known = {"req": set(requirements.ids), "layer": set(layers), "needs": set(capabilities)}
    for scenario in scenarios:
        problems += [Problem((scenario.file,), scenario.line, text) for text in _tags(scenario, known)]
        problems += _steps(scenario, definitions)
    # Rows of one outline share their steps; the same finding once is enough.
    return list(dict.fromkeys(problems))


def unclaimed(features: Iterable[Feature], requirements: Requirements) -> list[str]:
    """Clauses that no scenario claims."""
    claimed = {clause for feature in features for scenario in feature.scenarios for clause in scenario.tagged("req")}
    return [clause for clause in requirements.ids if clause not in claimed]


def _titles(features: Sequence[Feature]) -> list[Problem]:
    problems = []
    first: dict[str, tuple[Path, int]] = {}
    for feature in features:
        for title, line in feature.templates:
            if not title:
                problems.append(Problem((feature.file,), line, "a scenario has no title"))
            elif title in first:
                file, other = first[title]
                text = f"the title {title!r} is there twice, first in {file}:{other}"
                problems.append(Problem((feature.file, file), line, text))
            else:
                first[title] = (feature.file, line)
        seen: set[str] = set()
        for scenario in feature.scenarios:
            if scenario.title in seen and scenario.row:
                problems.append(Problem((feature.file,), scenario.line, f"two rows make the title {scenario.title!r}"))
            seen.add(scenario.title)
            if "::" in scenario.title:
                problems.append(Problem((feature.file,), scenario.line, "`::` in a title breaks its address"))
    return problems


def _tags(scenario: Scenario, known: dict[str, set[str]]) -> list[str]:
    problems = []
    for tag in scenario.tags:
        kind, colon, value = tag.partition(":")
        if (not colon and tag not in PLAIN_TAGS) or (colon and kind not in VALUED_TAGS):
            problems.append(f"unknown tag @{tag}; known: {_known_tags()}")
        elif colon and not value:
            problems.append(f"@{tag} has no value")
        elif kind in known and value not in known[kind]:
            what = {"req": "requirement", "layer": "layer", "needs": "capability"}[kind]
            problems.append(f"unknown {what} {value!r} in @{tag}; {_near(value, known[kind])}")
    if not scenario.tagged("req"):
        problems.append(f"{scenario.title!r} names no requirement (@req:ROW.clause)")
    static, layers = "static" in scenario.tags, scenario.tagged("layer")
    if static and layers:
        problems.append(f"{scenario.title!r} is @static and needs @layer:{layers[0]}; it can be one of them")
    if not static and len(layers) != 1:
        problems.append(f"{scenario.title!r} needs exactly one @layer, or @static; it has {len(layers)}")
    return problems


def _steps(scenario: Scenario, definitions: Sequence[Definition]) -> list[Problem]:
    problems = []
    if not scenario.steps:
        problems.append(
            Problem((scenario.file,), scenario.line, f"{scenario.title!r} has no steps, it would prove nothing")
        )
    for step in scenario.steps:
        found = [one for one in definitions if one.type in (None, step.type) and one.matches(step.text)]
        if not found:
            text = f"no definition for the step: {step.type.capitalize()} {step.text}"
            problems.append(Problem((scenario.file,), step.line, text))
        if len(found) > 1:
            named = "; ".join(f"{one.pattern!r} in {one.where}" for one in found)
            text = f"{len(found)} definitions for the step: {step.type.capitalize()} {step.text} ({named})"
            problems.append(Problem((scenario.file,), step.line, text))
    return problems


def _known_tags() -> str:
    return ", ".join([f"@{tag}" for tag in PLAIN_TAGS] + [f"@{tag}:…" for tag in VALUED_TAGS])


def _near(value: str, known: set[str]) -> str:
    """The known values, or those of the same row where there are many."""
    near = sorted(one for one in known if one.partition(".")[0] == value.partition(".")[0])
    return f"known: {', '.join(near or sorted({one.partition('.')[0] for one in known}))}"
