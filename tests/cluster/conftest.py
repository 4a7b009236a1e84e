"""Fast tests run by default; those marked `live` boot clusters: `pytest tests/cluster -m live`."""

from __future__ import annotations

from pathlib import Path

import pytest

from ethinfra.cluster.embedded.plan import ClusterPlan


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Live tests take minutes and root, so they run only when asked for."""
    if "live" in config.getoption("markexpr"):
        return
    live = [item for item in items if item.get_closest_marker("live")]
    if live:
        config.hook.pytest_deselected(items=live)
        items[:] = [item for item in items if item not in live]


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of clusters of its own."""
    monkeypatch.setenv("ETHINFRA_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def plan(state: Path) -> ClusterPlan:  # noqa: ARG001 -- saved there
    """A cluster of three nodes that nobody booted."""
    made = ClusterPlan(id="local-0123", name="local", slot=130, node_count=3)
    made.save()
    return made
