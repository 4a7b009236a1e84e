"""When a machine counts as quiet."""

from __future__ import annotations

from benchmarks.machine import disturbances


def test_quiet_machine_has_no_disturbances():
    """Half of its cores may be busy."""
    assert disturbances({"cores": 2, "load": [1.0, 5.0, 5.0], "clusters": []}) == []


def test_load_and_other_clusters_disturb():
    """Each is a sentence of its own."""
    found = disturbances({"cores": 2, "load": [1.1, 0, 0], "clusters": ["local-f2af"]})

    assert found == ["load average 1.1 before the first measurement, on 2 cores", "cluster local-f2af was running"]
