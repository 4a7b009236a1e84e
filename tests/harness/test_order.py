"""The order of scenarios, and that several workers come to the same result."""

from __future__ import annotations

from tests.harness.conftest import Project, Ran

STEPS = """
@then("it holds")
def holds(): pass

@then("a moment passes")
def moment(): time.sleep(0.2)
"""


def scenario(title: str, tags: str, step: str = "it holds") -> str:
    return f"  @req:PLAT-01.a {tags}\n  Scenario: {title}\n    Then {step}\n"


def fill(project: Project) -> None:
    project.steps(STEPS)
    project.feature(
        "a",
        "Feature: A\n"
        + scenario("late", "@layer:ethereum @long-chain")
        + scenario("top breaks", "@layer:ethereum @disruptive")
        + scenario("top reads", "@layer:ethereum"),
    )
    project.feature(
        "b",
        "Feature: B\n"
        + scenario("bottom breaks", "@layer:infrastructure @disruptive")
        + scenario("bottom reads", "@layer:infrastructure")
        + scenario("no cluster", "@static"),
    )


def titles(ran: Ran) -> list[str]:
    return [one["title"] for one in ran.record["scenarios"]]


def test_layer_by_layer_then_disruptive_then_long(project: Project) -> None:
    fill(project)

    ran = project.run()

    assert titles(ran) == ["no cluster", "bottom reads", "top reads", "bottom breaks", "top breaks", "late"]


def test_workers_agree_with_a_single_process(project: Project) -> None:
    fill(project)

    ran = project.run("features", "-n", "2")

    assert "different tests were collected" not in ran.output.lower()
    assert titles(ran) == ["no cluster", "bottom reads", "top reads", "bottom breaks", "top breaks", "late"]
    assert {one["status"] for one in ran.record["scenarios"]} == {"PASSED"}, ran.output
    assert len({one["worker"] for one in ran.record["scenarios"]}) > 1


def test_disruptive_scenarios_overlap_nothing(project: Project) -> None:
    """By the times of the record: while one of them runs, no other does."""
    project.steps(STEPS)
    reads = [scenario(f"reads {index}", "@layer:infrastructure", "a moment passes") for index in range(6)]
    breaks = [scenario(f"breaks {index}", "@layer:infrastructure @disruptive", "a moment passes") for index in range(3)]
    project.feature("a", "Feature: A\n" + "".join(reads + breaks))

    ran = project.run("features", "-n", "3")

    spans = [
        (one["started"], one["started"] + one["seconds"], "disruptive" in one["tags"])
        for one in ran.record["scenarios"]
    ]
    for begin, end, alone in spans:
        if alone:
            others = [one for one in spans if one != (begin, end, alone)]
            # Times are rounded to milliseconds.
            assert all(other[1] <= begin + 0.003 or other[0] >= end - 0.003 for other in others), spans
    assert any(one["waited"] > 0.05 for one in ran.record["scenarios"])
    assert all(one["seconds"] < 1 for one in ran.record["scenarios"]), "waiting counts as scenario time"


def test_static_scenarios_need_no_cluster(project: Project) -> None:
    project.steps(STEPS)
    project.feature("a", "Feature: A\n" + scenario("no cluster", "@static"))

    ran = project.run()

    assert ran.code == 0
    assert not project.calls.exists()
