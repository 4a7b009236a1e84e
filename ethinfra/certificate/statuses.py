"""The outcomes, and the rules by which scenarios decide a clause, clauses a row, and rows the verdict."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Status(StrEnum):
    """What became of a scenario, a clause or a row."""

    PASSED = "PASSED"
    #: A claim did not hold.
    FAILED = "FAILED"
    #: The scenario could not make its claim: its own code or its preparation broke.
    ERROR = "ERROR"
    #: The scenario ran longer than its limit.
    TIMEOUT = "TIMEOUT"
    #: A layer below, or the cluster, is not there to try it on.
    BLOCKED = "BLOCKED"
    #: Not built yet, or not tried in this run.
    PENDING = "PENDING"
    #: This environment cannot show it, for the reason given.
    NOT_APPLICABLE = "NOT_APPLICABLE"


class Verdict(StrEnum):
    CERTIFIED = "CERTIFIED"
    INCOMPLETE = "INCOMPLETE"
    NOT_CERTIFIED = "NOT CERTIFIED"


#: Outcomes that make a run fail, the gravest first.
BAD = (Status.FAILED, Status.ERROR, Status.TIMEOUT, Status.BLOCKED)


def of_clause(scenarios: Iterable[Status]) -> Status:
    """A clause is proved when every scenario that claims it has passed; without a scenario it is PENDING."""
    seen = set(scenarios)
    for status in (*BAD, Status.PENDING, Status.NOT_APPLICABLE):
        if status in seen:
            return status
    return Status.PASSED if seen else Status.PENDING


def of_row(clauses: Iterable[Status]) -> Status:
    """A row is PASSED only when all of its clauses are."""
    return of_clause(clauses)


def verdict(scenarios: Iterable[Status], rows: Iterable[Status]) -> Verdict:
    """NOT CERTIFIED when anything went wrong, INCOMPLETE while a row is PENDING."""
    if any(status in BAD for status in scenarios):
        return Verdict.NOT_CERTIFIED
    return Verdict.INCOMPLETE if Status.PENDING in set(rows) else Verdict.CERTIFIED
