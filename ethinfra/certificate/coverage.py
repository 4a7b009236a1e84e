"""From the record of a run to rows and verdict: a pure function, so that anybody gets the same from the same record."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ethinfra.certificate.requirements import Requirements
from ethinfra.certificate.statuses import BAD, Status, Verdict, of_clause, of_row, verdict


def as_data(requirements: Requirements) -> list[dict[str, Any]]:
    """The rows as they go into a record, so that it can be judged without the checkout."""
    return [
        {
            "id": row.id,
            "area": row.area,
            "text": row.text,
            "static": row.static,
            "clauses": [{"id": clause.id, "text": clause.text} for clause in row.clauses],
        }
        for row in requirements.rows
    ]


def rows_of(record: dict[str, Any]) -> list[dict[str, Any]]:
    """Every row with the status of each clause, the scenarios behind it, and how many clauses are proved."""
    claims: dict[str, list[dict[str, Any]]] = {}
    for scenario in record["scenarios"]:
        for clause in scenario["requirements"]:
            claims.setdefault(clause, []).append(scenario)
    rows = []
    for row in record["requirements"]:
        clauses = []
        for clause in row["clauses"]:
            behind = claims.get(clause["id"], [])
            clauses.append(
                {
                    "id": clause["id"],
                    "text": clause["text"],
                    "status": of_clause(Status(one["status"]) for one in behind),
                    "scenarios": [one["id"] for one in behind],
                    "evidence": [piece["sha256"] for one in behind for piece in one["evidence"]],
                }
            )
        statuses = [Status(clause["status"]) for clause in clauses]
        rows.append(
            {
                "id": row["id"],
                "area": row["area"],
                "text": row["text"],
                "static": row["static"],
                "status": of_row(statuses),
                "proved": statuses.count(Status.PASSED),
                "of": len(statuses),
                "clauses": clauses,
            }
        )
    return rows


def judge(record: dict[str, Any]) -> dict[str, Any]:
    """What a certificate says: rows, counts, verdict, exit code."""
    rows = rows_of(record)
    scenarios = [Status(one["status"]) for one in record["scenarios"]]
    outcome = verdict(scenarios, (Status(row["status"]) for row in rows))
    if record["run"].get("interrupted"):
        outcome = Verdict.NOT_CERTIFIED
    return {
        "verdict": outcome,
        "exit_code": 1 if outcome == Verdict.NOT_CERTIFIED else 0,
        "counts": {
            "rows": _count(Status(row["status"]) for row in rows),
            "clauses": _count(Status(clause["status"]) for row in rows for clause in row["clauses"]),
            "scenarios": _count(scenarios),
        },
        "requirements": rows,
    }


def worst_scenarios(record: dict[str, Any]) -> list[dict[str, Any]]:
    """Scenarios that went wrong, in the order in which they ran."""
    return [one for one in record["scenarios"] if Status(one["status"]) in BAD]


def _count(statuses: Any) -> dict[str, int]:
    found = Counter(statuses)
    return {str(status): found[status] for status in Status if found[status]}
