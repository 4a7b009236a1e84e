"""Bad input ends the run at once, says what is known, and leaves nothing."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from fixtures import options
from tests.harness.conftest import Project

STEPS = """
@then("it holds")
def holds(): pass
"""

FEATURE = """
Feature: One
  @req:PLAT-01.a @layer:infrastructure
  Scenario: Something holds
    Then it holds
"""


@pytest.fixture
def small(project: Project) -> Project:
    project.steps(STEPS)
    project.feature("one", FEATURE)
    return project


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--env", "moon"], "one of: local, production, staging"),
        (["--cluster", "docker"], "embedded, kind, context"),
        (["--nodes", "0"], "a number from 1 to 20"),
        (["--nodes", "many"], "a number from 1 to 20"),
        (["--layers", "ethereum,moon"], "one of: infrastructure, local-registry"),
        (["--layers", ","], "one or more of: infrastructure, local-registry"),
        (["--env", "staging", "--cluster", "context:elsewhere"], "one of: staging"),
    ],
)
def test_bad_value_is_refused(arguments: list[str], said: str) -> None:
    parser = pytest.Parser(_ispytest=True)
    options.pytest_addoption(parser)
    config = SimpleNamespace(option=parser.parse(arguments), stash=pytest.Stash())

    with pytest.raises(pytest.UsageError, match=re.escape(said)):
        options.pytest_configure(config)


def test_bad_value_ends_the_run_before_it_collects(small: Project) -> None:
    ran = small.run("features", "--env", "moon")

    assert ran.code == pytest.ExitCode.USAGE_ERROR
    assert "one of: local, production, staging" in ran.output
    assert "collected" not in ran.output
    assert not small.folder.exists()


def test_report_is_never_mixed_with_another(small: Project) -> None:
    (small.folder / "older").mkdir(parents=True)

    ran = small.run()

    assert ran.code == pytest.ExitCode.USAGE_ERROR
    assert "is not an empty folder" in ran.output


def test_selection_that_pytest_refuses_certifies_nothing(small: Project) -> None:
    ran = small.run("features", "-m", "not an expression")

    assert ran.code == pytest.ExitCode.USAGE_ERROR
    assert "Wrong expression" in ran.output
    assert not small.folder.exists()


def test_report_that_cannot_be_written_is_said_first(small: Project) -> None:
    small.folder = Path("/proc/nowhere")

    ran = small.run()

    assert ran.code == pytest.ExitCode.USAGE_ERROR
    assert "/proc/nowhere" in ran.output
    assert "INTERNALERROR" not in ran.output


def test_one_scenario_is_run_by_its_address(small: Project) -> None:
    ran = small.run("features/one.feature::Something holds")

    assert ran.code == 0
    assert [one["title"] for one in ran.record["scenarios"]] == ["Something holds"]


def test_layers_that_are_not_chosen_are_not_applicable(small: Project) -> None:
    small.feature("two", FEATURE.replace("infrastructure", "ethereum").replace("Something", "Another"))

    ran = small.run("features", "--layers", "infrastructure")

    assert ran.scenario("Something holds")["status"] == "PASSED"
    assert ran.scenario("Another holds")["status"] == "NOT_APPLICABLE"


def test_project_tests_need_no_environment(small: Project) -> None:
    """Options of the features are there, and do nothing, when only the project's own tests run."""
    small.write("tests/test_it.py", "def test_it(): pass\n")
    small.write("steps/broken.py", "import nothing_of_that_name\n")

    ran = small.run("tests")

    assert ran.code == 0
    assert "1 passed" in ran.output
    assert not small.folder.exists()


def test_broken_steps_are_named(small: Project) -> None:
    small.write("steps/broken.py", "import nothing_of_that_name\n")

    ran = small.run()

    assert ran.code == pytest.ExitCode.USAGE_ERROR
    assert "steps.broken" in ran.output
    assert "nothing_of_that_name" in ran.output


def test_certificate_folder_is_chosen_by_time_and_environment(small: Project) -> None:
    ran = small.run()

    assert ran.record["run"]["env"] == "local"
    assert ran.record["run"]["id"].endswith("Z-local")
    assert Path(ran.folder / "SHA256SUMS").exists()
