"""The report: one HTML file that needs nothing else."""

from __future__ import annotations

from typing import Any


def report(record: dict[str, Any], judged: dict[str, Any]) -> str:
    """The page of one run."""
    return f"<!doctype html><title>{record['run']['id']}</title><h1>{judged['verdict']}</h1>"
