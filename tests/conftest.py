"""Tests that are marked `live` start real programs and take their time, so they run only when asked for: `-m live`."""

from __future__ import annotations

import signal

import pytest


def pytest_configure() -> None:
    """A shell starts background jobs deaf to SIGINT, and children inherit that; some tests send it to theirs."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "live" in config.getoption("markexpr"):
        return
    live = [item for item in items if item.get_closest_marker("live")]
    if live:
        config.hook.pytest_deselected(items=live)
        items[:] = [item for item in items if item not in live]
