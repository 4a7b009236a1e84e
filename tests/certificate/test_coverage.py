"""How scenarios decide clauses, clauses rows, and rows the verdict."""

from __future__ import annotations

import pytest

from ethinfra.certificate.coverage import judge
from ethinfra.certificate.statuses import BAD, Status, Verdict, of_clause, of_row, verdict
from tests.certificate.conftest import MadeRun, scenario

P, F, E, T, B = Status.PASSED, Status.FAILED, Status.ERROR, Status.TIMEOUT, Status.BLOCKED
OPEN, AWAY = Status.PENDING, Status.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("scenarios", "clause"),
    [
        ([], OPEN),
        ([P], P),
        ([P, P], P),
        ([P, F], F),
        ([E, F], F),
        ([P, T], T),
        ([B, P], B),
        ([P, OPEN], OPEN),
        ([P, AWAY], AWAY),
        ([AWAY], AWAY),
        ([AWAY, OPEN], OPEN),
    ],
)
def test_clause(scenarios: list[Status], clause: Status) -> None:
    assert of_clause(scenarios) == clause


def test_row_is_passed_only_when_all_clauses_are() -> None:
    assert of_row([P, P]) == P
    assert of_row([P, OPEN]) == OPEN
    assert of_row([P, AWAY]) == AWAY
    assert of_row([OPEN, F]) == F


def test_verdict_of_a_complete_run() -> None:
    assert verdict([P, P], [P]) == Verdict.CERTIFIED
    assert verdict([P, AWAY], [P, AWAY]) == Verdict.CERTIFIED


def test_pending_row_makes_it_incomplete() -> None:
    assert verdict([P], [P, OPEN]) == Verdict.INCOMPLETE


@pytest.mark.parametrize("bad", BAD)
def test_anything_bad_prevents_a_certificate(bad: Status) -> None:
    assert verdict([P, bad], [P]) == Verdict.NOT_CERTIFIED


def test_rows_count_what_is_proved(made: MadeRun) -> None:
    made.collected(scenario("one", ["NODE-01.geth"]))
    made.ran("one", "PASSED")

    judged = judge(made.merged())

    row = judged["requirements"][0]
    assert (row["status"], row["proved"], row["of"]) == ("PENDING", 1, 2)
    assert row["clauses"][0]["scenarios"] == ["one"]
    assert len(row["clauses"][0]["evidence"]) == 1
    assert judged["verdict"] == "INCOMPLETE"
    assert judged["exit_code"] == 0
    assert judged["counts"]["scenarios"] == {"PASSED": 1}


def test_scenario_that_never_ended_is_an_error(made: MadeRun) -> None:
    """A worker was killed, or the run ended first: neither is lost."""
    made.collected(scenario("one", ["NODE-01.geth"]), scenario("two", ["NODE-01.besu"]))
    made.record.add("started", id="one")

    record = made.merged()

    assert [(one["status"], one["reason"]) for one in record["scenarios"]] == [
        ("ERROR", "its worker ended before it did"),
        ("ERROR", "not run: the run ended before its turn"),
    ]
    assert judge(record)["verdict"] == "NOT CERTIFIED"
    assert judge(record)["exit_code"] == 1


def test_interrupted_run_is_never_certified(made: MadeRun) -> None:
    made.collected(scenario("one", ["NODE-01.geth"]))
    made.ran("one", "PASSED")

    assert judge(made.merged(interrupted=True))["verdict"] == "NOT CERTIFIED"


def test_half_written_event_is_left_out(made: MadeRun) -> None:
    made.collected(scenario("one", ["NODE-01.geth"]))
    made.ran("one", "PASSED")
    with (made.folder / "events" / "gw0.ndjson").open("a") as file:
        file.write('{"t": 1, "event": "fini')

    assert made.merged()["scenarios"][0]["status"] == "PASSED"
