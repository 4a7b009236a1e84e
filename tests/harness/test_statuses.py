"""What becomes of a scenario, in pytest's output, in the record and in the certificate."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.conftest import Project, Ran

STEPS = """
from ethinfra.errors import ChainError

@given("a state")
def state(): pass

@then("it holds")
def holds(evidence): evidence.observe("seen", 42)

@then("it does not hold")
def does_not(): assert 1 == 2, "numbers differ"

@then("the chain says otherwise")
def otherwise(): raise ChainError("geth-0 is on another chain", expected="0xaa", seen="0xbb")

@then("its code is broken")
def broken(): raise TypeError("oops")

@then("it skips itself")
def skips(): pytest.skip("lazy")

@then("it gives up")
def gives_up(): pytest.fail("gave up")

@then("it never ends")
def never_ends():
    while True:
        try:
            time.sleep(0.1)
        except Exception:
            pass

@then(parsers.parse("{number:d} is less than 3"))
def less(number): assert number < 3
"""

FEATURE = """
@layer:infrastructure
Feature: Outcomes

  @req:PLAT-01.a
  Scenario: A claim that holds
    Given a state
    Then it holds

  @req:PLAT-01.b
  Scenario: A claim that does not hold
    Given a state
    Then it does not hold
    And it holds

  @req:PLAT-01.b
  Scenario: A chain that says otherwise
    Then the chain says otherwise

  @req:PLAT-01.b
  Scenario: A broken step
    Then its code is broken

  @req:PLAT-01.b
  Scenario: A step that skips itself
    Then it skips itself

  @req:PLAT-01.b
  Scenario: A step that gives up
    Then it gives up

  @req:PLAT-01.b
  Scenario: A step that never ends
    Then it never ends

  @req:PLAT-01.b @layer:local-registry
  Scenario: On a layer that is broken
    Then it holds

  @req:PLAT-01.b @layer:local-registry
  Scenario: On the same layer that is broken
    Then it holds

  @req:PLAT-01.c @pending:nobody-wrote-it
  Scenario: Not built yet
    Then it holds

  @req:PLAT-01.c @layer:istio
  Scenario: On a layer that is pending
    Then it holds

  @req:PLAT-01.d @needs:volume-limits
  Scenario: Not here
    Then it holds

  @req:PLAT-01.<clause>
  Scenario Outline: Rows
    Then <number> is less than 3

    Examples:
      | number | clause |
      | 1      | a      |
      | 5      | b      |
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    project = Project(tmp_path_factory.mktemp("statuses"))
    project.steps(STEPS)
    # Layer tags stand on each scenario here, because there may be one only.
    feature = FEATURE.replace("@layer:infrastructure\nFeature", "Feature")
    lines = [
        f"{line} @layer:infrastructure" if line.strip().startswith("@req") and "@layer" not in line else line
        for line in feature.splitlines()
    ]
    project.feature("outcomes", "\n".join(lines))
    return project.run("features", "-n", "2")


@pytest.mark.parametrize(
    ("title", "status"),
    [
        ("A claim that holds", "PASSED"),
        ("A claim that does not hold", "FAILED"),
        ("A chain that says otherwise", "FAILED"),
        ("A broken step", "ERROR"),
        ("A step that skips itself", "ERROR"),
        ("A step that gives up", "FAILED"),
        ("A step that never ends", "TIMEOUT"),
        ("On a layer that is broken", "BLOCKED"),
        ("On the same layer that is broken", "BLOCKED"),
        ("Not built yet", "PENDING"),
        ("On a layer that is pending", "PENDING"),
        ("Not here", "NOT_APPLICABLE"),
        ("Rows [1, a]", "PASSED"),
        ("Rows [5, b]", "FAILED"),
    ],
)
def test_status(ran: Ran, title: str, status: str) -> None:
    assert ran.scenario(title)["status"] == status, ran.output


def test_pytest_counts_agree(ran: Ran) -> None:
    """PENDING and NOT_APPLICABLE are skips, BLOCKED is an error, and nothing else is either."""
    assert "7 failed, 2 passed, 3 skipped, 2 errors" in ran.output
    assert ran.code == 1


def test_skips_tell_their_reason(ran: Ran) -> None:
    assert "PENDING: nobody wrote it" in ran.output
    assert "PENDING: layer istio: the mesh layer is not written yet" in ran.output
    assert "NOT_APPLICABLE: local on embedded lacks volume-limits" in ran.output


def test_blocked_scenarios_carry_the_same_text(ran: Ran) -> None:
    """Whichever worker they ran in, and though only one of them deployed."""
    first, second = ran.scenario("On a layer that is broken"), ran.scenario("On the same layer that is broken")
    assert first["reason"] == second["reason"]
    assert "registry pod crashes: no space" in first["reason"]


def test_layer_is_deployed_once(ran: Ran) -> None:
    deployed = (ran.folder.parent / "deployed").read_text().split()
    assert sorted(deployed) == ["infrastructure", "local-registry"]


def test_failure_names_feature_scenario_and_step(ran: Ran) -> None:
    assert "features/outcomes.feature:10: A claim that does not hold" in ran.output
    assert "✓   11  Given a state" in ran.output
    assert "✗   12  Then it does not hold" in ran.output
    assert "·   13  And it holds" in ran.output
    assert "FAILED features/outcomes.feature::A claim that does not hold - Then it does not hold" in ran.output


def test_library_errors_are_shown_without_traceback(ran: Ran) -> None:
    shown = ran.scenario("A chain that says otherwise")["failure"]
    assert "geth-0 is on another chain\n  expected: 0xaa\n  seen:     0xbb" in shown
    assert "raise ChainError" not in shown


def test_steps_are_recorded(ran: Ran) -> None:
    steps = ran.scenario("A claim that does not hold")["steps"]
    assert [(step["text"], step["status"]) for step in steps] == [
        ("a state", "PASSED"),
        ("it does not hold", "FAILED"),
        ("it holds", None),
    ]
    assert "numbers differ" in steps[1]["error"]


def test_observations_are_evidence(ran: Ran) -> None:
    scenario = ran.scenario("A claim that holds")
    (piece,) = scenario["evidence"]
    assert '"value": 42' in (ran.folder / piece["path"]).read_text()
    assert ran.certificate["files"][piece["path"]] == piece["sha256"]


def test_rows_follow_from_scenarios(ran: Ran) -> None:
    rows = {row["id"]: row for row in ran.certificate["requirements"]}
    clauses = {clause["id"]: clause["status"] for row in rows.values() for clause in row["clauses"]}
    assert clauses == {
        "PLAT-01.a": "PASSED",
        "PLAT-01.b": "FAILED",
        "PLAT-01.c": "PENDING",
        "PLAT-01.d": "NOT_APPLICABLE",
        "PLAT-02.a": "PENDING",
    }
    assert (rows["PLAT-01"]["proved"], rows["PLAT-01"]["of"]) == (1, 4)
    assert ran.certificate["verdict"] == "NOT CERTIFIED"


def test_summary_says_where_and_what(ran: Ran) -> None:
    assert "verdict:     NOT CERTIFIED" in ran.output
    assert "certificate: report/certificate.json" in ran.output
    assert (ran.folder / "report.html").exists()


def test_disruption_needs_permission_elsewhere(project: Project) -> None:
    """In a cluster that somebody else booted, a disruptive scenario runs only if that is allowed."""
    project.conftest(owned=False)
    project.steps(STEPS)
    project.feature(
        "break",
        """
        Feature: Breaking
          @req:PLAT-01.a @layer:infrastructure @disruptive
          Scenario: Something breaks
            Then it holds
        """,
    )

    refused = project.run()
    project.folder = Path(f"{project.folder}-2")
    allowed = project.run("features", "--allow-disruptive")

    assert refused.scenario("Something breaks")["status"] == "NOT_APPLICABLE"
    assert "--allow-disruptive" in refused.scenario("Something breaks")["reason"]
    assert refused.code == 0
    assert allowed.scenario("Something breaks")["status"] == "PASSED"
    assert allowed.certificate["verdict"] == "INCOMPLETE"
