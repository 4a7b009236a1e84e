"""A planted secret is nowhere: not in the record, the evidence, the reports, or on the terminal."""

from __future__ import annotations

from tests.harness.conftest import Project

PLANTED = "correct-horse-battery-staple-4711"

STEPS = f"""
from ethinfra.redact import redact
SECRET = "{PLANTED}"

@given("a secret that is known")
def known(): redact.register(SECRET)

@then("it is observed, attached, printed and shown in a failure")
def shown(evidence):
    evidence.observe("answer", {{"header": f"token is {{SECRET}}"}})
    evidence.attach("page", f"<p>{{SECRET}}</p>")
    print("printed", SECRET)
    raise AssertionError(f"expected nothing, got {{SECRET}}")

@then("a secret by its shape is shown")
def shape(evidence):
    evidence.attach("headers", {{"password": "unregistered-{PLANTED}"}})
    assert False, "Authorization: Bearer unregistered-{PLANTED}"
"""


def test_planted_secret_is_nowhere(project: Project) -> None:
    project.steps(STEPS)
    project.feature(
        "a",
        """
        Feature: Secrets
          @req:PLAT-01.a @static
          Scenario: A known secret
            Given a secret that is known
            Then it is observed, attached, printed and shown in a failure
          @req:PLAT-01.a @static
          Scenario: A secret that nobody registered
            Then a secret by its shape is shown
        """,
    )

    ran = project.run("features", "--tb=no", "-rN")
    traces = [file for file in ran.files() if PLANTED in file.read_text(errors="replace")]

    assert ran.scenario("A known secret")["status"] == "FAILED"
    assert len(ran.scenario("A known secret")["evidence"]) == 2
    assert traces == []
    assert PLANTED not in ran.output


def test_planted_secret_is_not_on_the_terminal(project: Project) -> None:
    project.steps(STEPS)
    project.feature(
        "a",
        """
        Feature: Secrets
          @req:PLAT-01.a @static
          Scenario: A known secret
            Given a secret that is known
            Then it is observed, attached, printed and shown in a failure
        """,
    )

    assert PLANTED not in project.run("features", "-vv").output
