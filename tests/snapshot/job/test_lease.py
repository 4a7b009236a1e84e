"""One run per node at a time, without trusting anybody's clock."""

from __future__ import annotations

import time

import pytest

from ethinfra.snapshot.job.errors import ApiRefused, LeaseLost
from ethinfra.snapshot.job.lease import HeldElsewhere, Lease
from ethinfra.waiting import eventually
from tests.snapshot.job.scripted import NAMESPACE, ScriptedCluster

LEASES = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases"
WHERE = f"{LEASES}/snapshot-geth"


def lease(cluster: ScriptedCluster, holder: str, **options: object) -> Lease:
    return Lease(cluster.api(), "snapshot-geth", holder, **{"duration": 1.0, "every": 0.2, **options})


def holder(cluster: ScriptedCluster) -> str:
    return cluster.objects[WHERE]["spec"]["holderIdentity"]


def test_lease_is_made_renewed_and_given_back(cluster: ScriptedCluster):
    with lease(cluster, "a") as held:
        first = cluster.objects[WHERE]["spec"]["renewTime"]
        eventually("it is renewed", lambda: cluster.objects[WHERE]["spec"]["renewTime"] != first, within=5)
        held.must_be_ours()
        assert holder(cluster) == "a"

    assert holder(cluster) == ""


def test_empty_lease_of_the_chart_is_taken(cluster: ScriptedCluster):
    """It has no spec, and nobody needs the right to create one."""
    cluster.handle("POST", LEASES, {"metadata": {"name": "snapshot-geth"}})
    cluster.forbidden = {f"POST {LEASES}"}

    with lease(cluster, "a"):
        assert holder(cluster) == "a"


def test_lease_of_a_run_that_is_alive_is_left_alone(cluster: ScriptedCluster):
    with lease(cluster, "a") as held:
        with pytest.raises(HeldElsewhere, match="a has it"), lease(cluster, "b"):
            pytest.fail("two have it")

        held.must_be_ours()


def test_lease_of_a_run_that_died_is_taken_over(cluster: ScriptedCluster):
    dead = lease(cluster, "a", every=100)
    dead.__enter__()
    begun = time.monotonic()

    with lease(cluster, "b") as held:
        assert time.monotonic() - begun >= 1
        held.must_be_ours()
        assert cluster.objects[WHERE]["spec"]["leaseTransitions"] == 2
        with pytest.raises(LeaseLost):
            dead.must_be_ours()


def test_containers_of_one_pod_hand_it_on(cluster: ScriptedCluster):
    with lease(cluster, "a", keep=True):
        pass
    assert holder(cluster) == "a"
    begun = time.monotonic()

    with lease(cluster, "a"):
        assert time.monotonic() - begun < 0.5

    assert holder(cluster) == ""


def test_failed_container_gives_it_back(cluster: ScriptedCluster):
    with pytest.raises(ZeroDivisionError), lease(cluster, "a", keep=True):
        _ = 1 / 0

    assert holder(cluster) == ""


def test_lease_that_somebody_took_is_lost(cluster: ScriptedCluster):
    with lease(cluster, "a") as held:
        taken = {**cluster.objects[WHERE], "spec": {"holderIdentity": "b", "leaseDurationSeconds": 60}}
        cluster.handle("PUT", WHERE, taken)

        eventually("it is lost", lambda: _lost(held), within=5)

    assert holder(cluster) == "b"


def test_lease_that_cannot_be_renewed_is_lost_when_it_has_run_out(cluster: ScriptedCluster):
    """Not before: an API server may be away for a moment."""
    with lease(cluster, "a") as held:
        renewals = f"PUT {LEASES}"
        cluster.forbidden = {renewals}
        known = len(cluster.asked(renewals))
        # When it tries a second time, it has seen the first refusal.
        eventually("two are refused", lambda: len(cluster.asked(renewals)) >= known + 2, within=5, every=0.02)
        held.must_be_ours()

        eventually("it is lost", lambda: _lost(held), within=5)


def test_two_that_take_over_at_once_do_not_both_have_it(cluster: ScriptedCluster):
    """The second writes with the version that it read before the first one wrote."""
    cluster.handle("POST", LEASES, {"metadata": {"name": "snapshot-geth"}})
    late = lease(cluster, "b")
    real, cluster_lease = late._cluster.lease, []

    def reading(name: str) -> object:
        found = real(name)
        if not cluster_lease:
            cluster_lease.append(lease(cluster, "a"))
            cluster_lease[0].__enter__()
        return found

    late._cluster.lease = reading  # type: ignore[method-assign]
    with pytest.raises(HeldElsewhere), late:
        pytest.fail("two have it")

    assert holder(cluster) == "a"
    cluster_lease[0].__exit__(None, None, None)


def test_forbidden_lease_is_said(cluster: ScriptedCluster):
    cluster.forbidden = {f"GET {LEASES}"}

    with pytest.raises(ApiRefused, match="forbidden") as refused, lease(cluster, "a"):
        pytest.fail("held")

    assert refused.value.status == 403


def _lost(held: Lease) -> bool:
    try:
        held.must_be_ours()
    except LeaseLost:
        return True
    return False
