"""Kubernetes' quantities: `100m`, `1Gi`."""

from __future__ import annotations

from decimal import Decimal


def quantity(text: str | int) -> Decimal:
    """In units: cores, bytes."""
    # Imported when it is needed: it takes longer than most commands that could do without it.
    from kubernetes.utils.quantity import parse_quantity

    parsed: Decimal = parse_quantity(text)
    return parsed
