"""The trace check: what it finds, and that it finds nothing in the project's own features."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ethinfra.certificate import features, requirements, trace
from ethinfra.paths import ROOT
from tests.harness.conftest import Project

ROWS = "a:\n  PLAT-01: {text: T., clauses: {a: A., b: B.}}\n"

GOOD = """
Feature: One
  @req:PLAT-01.a @layer:infrastructure
  Scenario: First
    Given a state
    Then it holds
"""

DEFINITIONS = [
    trace.Definition("given", "a state", "steps/one.py:1", lambda text: text == "a state"),
    trace.Definition("then", "it holds", "steps/one.py:2", lambda text: text == "it holds"),
    trace.Definition(None, "anything", "steps/one.py:3", lambda text: text == "anything"),
]


def found(tmp_path: Path, *texts: str, definitions: list[trace.Definition] | None = None) -> list[str]:
    """The problems of some features."""
    for index, text in enumerate(texts):
        (tmp_path / f"f{index}.feature").write_text(text)
    (tmp_path / "requirements.yaml").write_text(ROWS)
    problems = trace.check(
        features.read_all(tmp_path),
        requirements.load(tmp_path / "requirements.yaml"),
        DEFINITIONS if definitions is None else definitions,
        ["infrastructure", "ethereum"],
        ["freeze-process"],
    )
    return [str(problem).replace(f"{tmp_path}/", "") for problem in problems]


def test_good_features_have_no_problem(tmp_path: Path) -> None:
    assert found(tmp_path, GOOD) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("@req:PLAT-01.a ", ""), "f0.feature:4: 'First' names no requirement (@req:ROW.clause)"),
        (("PLAT-01.a", "PLAT-01.z"), "unknown requirement 'PLAT-01.z' in @req:PLAT-01.z; known: PLAT-01.a, PLAT-01.b"),
        (("PLAT-01.a", "PLAT-01"), "unknown requirement 'PLAT-01'"),
        (("@layer:infrastructure", "@layer:moon"), "unknown layer 'moon'"),
        (("@layer:infrastructure", ""), "needs exactly one @layer, or @static; it has 0"),
        (("@layer:infrastructure", "@layer:infrastructure @layer:ethereum"), "it has 2"),
        (("@layer:infrastructure", "@layer:infrastructure @static"), "it can be one of them"),
        (("@layer", "@flaky @layer"), "unknown tag @flaky"),
        (("@layer", "@owner:me @layer"), "unknown tag @owner:me"),
        (("@layer", "@needs:luck @layer"), "unknown capability 'luck'"),
        (("@layer", "@pending: @layer"), "@pending: has no value"),
        (("Then it holds", "Then it holds well"), "f0.feature:6: no definition for the step: Then it holds well"),
        # A step that is there as another kind is not there.
        (("Then it holds", "Given it holds"), "no definition for the step: Given it holds"),
        (("Given a state\n    Then it holds", ""), "has no steps"),
        (("Scenario: First", "Scenario:"), "a scenario has no title"),
        (("First", "First::second"), "breaks its address"),
    ],
)
def test_problem_is_found(tmp_path: Path, change: tuple[str, str], problem: str) -> None:
    problems = found(tmp_path, GOOD.replace(*change))

    assert any(problem in one for one in problems), problems


def test_step_with_two_definitions_is_found(tmp_path: Path) -> None:
    second = trace.Definition(None, "it {verb}", "steps/two.py:9", lambda text: text.startswith("it "))

    (problem,) = found(tmp_path, GOOD, definitions=[*DEFINITIONS, second])

    assert "2 definitions for the step: Then it holds" in problem
    assert "steps/one.py:2" in problem
    assert "steps/two.py:9" in problem


def test_repeated_title_is_found_in_one_file(tmp_path: Path) -> None:
    """pytest-bdd would run one of the two and say nothing."""
    again = GOOD[GOOD.index("  @req") :]

    (problem,) = found(tmp_path, GOOD + again)

    assert "f0.feature:8: the title 'First' is there twice" in problem


def test_repeated_title_is_found_across_files(tmp_path: Path) -> None:
    (problem,) = found(tmp_path, GOOD, GOOD)

    assert "f1.feature:4: the title 'First' is there twice" in problem


def test_rows_with_the_same_title_are_found(tmp_path: Path) -> None:
    outline = GOOD.replace("Scenario: First", "Scenario Outline: First <a>") + (
        "    Examples:\n      | a | b |\n      | 1 | x |\n      | 1 | y |\n"
    )

    problems = found(tmp_path, outline)

    assert any("two rows make the title 'First 1'" in one for one in problems)


def test_placeholders_in_tags_are_filled_per_row(tmp_path: Path) -> None:
    outline = GOOD.replace("PLAT-01.a", "PLAT-01.<clause>").replace("Scenario: First", "Scenario Outline: First") + (
        "    Examples:\n      | clause |\n      | a |\n      | z |\n"
    )

    (problem,) = found(tmp_path, outline)

    assert "unknown requirement 'PLAT-01.z'" in problem


def test_unclaimed_clause_is_no_problem(tmp_path: Path) -> None:
    """It is PENDING in the certificate; PLAT-01.b here."""
    assert found(tmp_path, GOOD) == []
    read = features.read_all(tmp_path)
    assert trace.unclaimed(read, requirements.load(tmp_path / "requirements.yaml")) == ["PLAT-01.b"]


def test_repeated_requirement_is_refused(tmp_path: Path) -> None:
    (tmp_path / "requirements.yaml").write_text("a:\n  PLAT-01: {text: T., clauses: {a: A., a: B.}}\n")

    with pytest.raises(Exception, match="'a' is there twice"):
        requirements.load(tmp_path / "requirements.yaml")


def test_run_with_a_finding_does_not_start(project: Project) -> None:
    project.steps("@then('it holds')\ndef holds(): pass\n")
    project.feature("one", "Feature: One\n  @layer:infrastructure\n  Scenario: First\n    Then it holds\n")

    ran = project.run("features", "-n", "2")

    assert ran.code == pytest.ExitCode.USAGE_ERROR
    assert "features/one.feature:3: 'First' names no requirement" in ran.output
    assert not project.folder.exists()


def test_finding_elsewhere_does_not_stop_one_file(project: Project) -> None:
    """Who works on one feature is not held up by another that is half written."""
    project.steps("@then('it holds')\ndef holds(): pass\n")
    project.feature("bad", "Feature: Bad\n  @layer:infrastructure\n  Scenario: Bad\n    Then it holds\n")
    project.feature("one", "Feature: One\n  @req:PLAT-01.a @static\n  Scenario: Good\n    Then it holds\n")

    assert project.run("features/one.feature").code == 0


def test_the_features_of_this_project_hold_together() -> None:
    """The check with all steps loaded, as every run makes it."""
    command = [sys.executable, "-m", "pytest", "features", "--collect-only", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_requirement_of_the_project_is_read() -> None:
    rows = requirements.load().rows

    assert len(rows) == 63
    assert all(row.clauses for row in rows)
