"""Which range of addresses a cluster gets, and the locks around that."""

from __future__ import annotations

import multiprocessing
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from ethinfra.cluster.embedded import slots
from ethinfra.cluster.embedded.plan import ClusterPlan
from ethinfra.errors import BadInput, ClusterError


@pytest.fixture
def routes(monkeypatch: pytest.MonkeyPatch) -> dict[str, IPv4Network]:
    """The machine's routes, for a test to fill."""
    known: dict[str, IPv4Network] = {}
    monkeypatch.setattr(slots, "networks_in_use", lambda: known)
    return known


@pytest.mark.usefixtures("state")
def test_the_first_free_range_is_taken(routes: dict[str, IPv4Network]) -> None:
    assert slots.free_slot() == (128, [])
    assert routes == {}


@pytest.mark.usefixtures("state")
def test_a_range_that_a_route_uses_is_said_and_passed_over(routes: dict[str, IPv4Network]) -> None:
    routes["route 10.128.4.0/24 dev vpn0"] = IPv4Network("10.128.4.0/24")

    slot, passed = slots.free_slot()

    assert slot == 129
    assert passed == ["10.128.0.0/16 is in use by route 10.128.4.0/24 dev vpn0"]


@pytest.mark.usefixtures("plan", "routes")
def test_a_range_of_another_cluster_is_passed_over() -> None:
    """Also if that one is down to its record."""
    with pytest.raises(ClusterError) as refused:
        slots.free_slot(IPv4Network("10.130.0.0/16"))

    assert "cluster local-0123" in refused.value.seen


@pytest.mark.usefixtures("state")
def test_a_range_that_was_asked_for_is_given_or_refused(routes: dict[str, IPv4Network]) -> None:
    assert slots.free_slot(IPv4Network("10.140.0.0/16"))[0] == 140
    routes["route 10.140.0.0/16"] = IPv4Network("10.140.0.0/16")

    with pytest.raises(ClusterError) as refused:
        slots.free_slot(IPv4Network("10.140.0.0/16"))

    assert "route 10.140.0.0/16" in refused.value.seen


@pytest.mark.parametrize("text", ["192.168.0.0/16", "10.127.0.0/16", "10.130.0.0/17", "10.130.0.5/16", "many"])
def test_a_range_that_no_cluster_can_have_is_bad_input(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        slots.range_of(text)

    assert "10.128.0.0/16" in refused.value.expected
    assert slots.range_of("10.255.0.0/16") == IPv4Network("10.255.0.0/16")


def test_a_boot_that_was_refused_leaves_no_folder(state: Path) -> None:
    with pytest.raises(BadInput), slots.cluster_lock("local-0123"):
        raise BadInput("refused")

    assert not state.exists()


def test_a_boot_that_began_keeps_its_folder(plan: ClusterPlan) -> None:
    with slots.cluster_lock(plan.id):
        pass

    assert plan.dir.is_dir()


def test_a_route_to_everything_private_is_no_conflict() -> None:
    """A VPN's 10.0.0.0/8 covers every range; ours is more specific and wins."""
    assert slots.conflict(IPv4Network("10.128.0.0/16"), {"route 10.0.0.0/8": IPv4Network("10.0.0.0/8")}) is None


def test_no_range_left_says_who_has_them(monkeypatch: pytest.MonkeyPatch, state: Path) -> None:
    monkeypatch.setattr(slots, "networks_in_use", lambda: {"route 10.128.0.0/9": IPv4Network("10.128.0.0/9")})

    with pytest.raises(ClusterError) as refused:
        slots.free_slot()

    assert "route 10.128.0.0/9" in refused.value.seen
    assert not state.exists()


def test_a_lock_excludes_another_process(tmp_path: Path) -> None:
    folder = tmp_path / "cluster"
    with slots.locked(folder, "the folder"):
        outcome = multiprocessing.Pool(1).apply(_try_lock, (folder,))
    assert "in use" in outcome

    assert multiprocessing.Pool(1).apply(_try_lock, (folder,)) == "locked"


def test_a_lock_survives_that_its_holder_removes_the_folder(tmp_path: Path) -> None:
    """`down` removes the folder that it has locked; who waited makes a new one and locks that."""
    folder = tmp_path / "cluster"
    with slots.locked(folder, "the folder"):
        folder.rmdir()
        with slots.locked(folder, "the folder", within=1):
            assert folder.is_dir()


def _try_lock(folder: Path) -> str:
    try:
        with slots.locked(folder, "the folder", within=0.2):
            return "locked"
    except ClusterError as refused:
        return str(refused)


def test_a_plan_of_this_machine_is_in_nobodys_way(plan: ClusterPlan) -> None:
    assert slots.conflict(plan.network, {"route 10.131.0.0/24": IPv4Network("10.131.0.0/24")}) is None
