"""Names and addresses of embedded clusters."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from ethinfra.cluster.embedded.plan import (
    FIRST_SLOT,
    LAST_SLOT,
    MAX_NODES,
    ClusterPlan,
    all_plans,
    cluster_id,
    load_plan,
    write_atomically,
)
from ethinfra.errors import BadInput, ClusterError


def test_two_checkouts_may_use_one_name() -> None:
    """The id holds a digest of the checkout, so `local` of one is not `local` of the other."""
    here, there = cluster_id("local", Path("/a")), cluster_id("local", Path("/b"))

    assert here != there
    assert here.startswith("local-")
    assert cluster_id("local", Path("/a")) == here


@pytest.mark.parametrize("name", ["", "Local", "a_b", "-a", "a-", "1a", "a" * 21, "a/b"])
def test_a_name_that_cannot_be_a_host_name_is_refused(name: str) -> None:
    with pytest.raises(BadInput):
        cluster_id(name)


@pytest.mark.parametrize("slot", [FIRST_SLOT, LAST_SLOT])
def test_ranges_of_a_cluster_lie_apart_and_within_its_own(slot: int) -> None:
    plan = ClusterPlan("x-0000", "x", slot, MAX_NODES)
    parts = [plan.link_network, plan.services, plan.pods]

    assert all(part.subnet_of(plan.network) for part in parts)
    assert not any(one.overlaps(other) for one in parts for other in parts if one is not other)
    assert plan.network == IPv4Network(f"10.{slot}.0.0/16")


def test_every_node_has_an_address_and_a_range_of_pods_of_its_own() -> None:
    plan = ClusterPlan("x-0000", "x", 130, MAX_NODES)

    assert len({node.address for node in plan.nodes}) == MAX_NODES
    assert len({node.pods for node in plan.nodes}) == MAX_NODES
    assert all(node.pods.subnet_of(plan.pods) and node.gateway in node.pods for node in plan.nodes)
    assert {plan.control_address, plan.machine_address}.isdisjoint(node.address for node in plan.nodes)


def test_the_well_known_addresses_are_where_the_design_puts_them() -> None:
    plan = ClusterPlan("x-0000", "x", 130, 1)

    assert plan.control_address == IPv4Address("10.130.0.1")
    assert plan.nodes[0].address == IPv4Address("10.130.0.11")
    assert plan.dns_service == IPv4Address("10.130.32.10")
    assert plan.nodes[0].pods == IPv4Network("10.130.64.0/24")


def test_names_fit_what_the_kernel_allows() -> None:
    """Link names have at most 15 characters, paths of sockets 107."""
    plan = ClusterPlan(cluster_id("a" * 20), "a" * 20, LAST_SLOT, MAX_NODES)

    assert len(plan.machine_link) <= 15
    assert all(len(f"/proc/4194304/root{node.name}/run/containerd/containerd.sock.ttrpc") <= 107 for node in plan.nodes)


def test_a_saved_plan_is_read_back(plan: ClusterPlan) -> None:
    assert load_plan(plan.id) == plan
    assert all_plans() == [plan]
    assert load_plan("other-0000") is None


def test_a_damaged_plan_is_named(plan: ClusterPlan) -> None:
    (plan.dir / "cluster.json").write_text("{")

    with pytest.raises(ClusterError) as refused:
        load_plan(plan.id)

    assert "cluster.json" in refused.value.subject


def test_writing_the_same_again_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "below" / "file"

    assert write_atomically(file, "text")
    before = file.stat().st_mtime_ns
    assert not write_atomically(file, "text")

    assert file.stat().st_mtime_ns == before
    assert file.stat().st_mode & 0o777 == 0o600
