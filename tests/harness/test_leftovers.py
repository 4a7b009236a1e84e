"""Whose traces on the machine are somebody else's."""

from __future__ import annotations

from ipaddress import IPv4Network
from types import SimpleNamespace

import pytest

from ethinfra.cluster.embedded.plan import cluster_id
from fixtures import leftovers


def plan(identity: str, link: str, network: str) -> SimpleNamespace:
    return SimpleNamespace(id=identity, name="local", machine_link=link, network=IPv4Network(network))


def test_a_cluster_of_the_same_name_of_another_checkout_is_somebody_elses(monkeypatch: pytest.MonkeyPatch) -> None:
    own, other = plan(cluster_id("local"), "eil1", "10.128.0.0/16"), plan("local-0000", "eil2", "10.129.0.0/16")
    monkeypatch.setattr(leftovers, "all_plans", lambda: [own, other])

    assert leftovers._others("local") == ["local-0000", "eil2", "10.129."]
    assert leftovers._others(None) == [own.id, "eil1", "10.128.", "local-0000", "eil2", "10.129."]
