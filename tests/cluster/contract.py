"""What `ClusterProvider` promises, tried on a real cluster. A provider's tests subclass it and supply `make`."""

from __future__ import annotations

import json
import signal
import time
from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path

import pytest

from ethinfra.cluster.provider import Capability, Cluster, ClusterProvider, ClusterSpec
from ethinfra.kube import Kube
from ethinfra.progress import Progress
from ethinfra.waiting import eventually

from . import workloads

#: Clusters of this suite, apart from those that people keep.
NAME = "contract"


class ProviderContract:
    """Promises of every provider. One cluster of one node serves all tests of a class."""

    @classmethod
    @abstractmethod
    def make(cls) -> ClusterProvider:
        """The provider under test."""

    @pytest.fixture(scope="class")
    @classmethod
    def provider(cls) -> ClusterProvider:
        provider = cls.make()
        obstacles = provider.check(ClusterSpec(NAME))
        if obstacles:
            pytest.skip(f"{provider.name} does not run on this machine: {obstacles[0]}")
        return provider

    @pytest.fixture(scope="class")
    @classmethod
    def cluster(cls, provider: ClusterProvider) -> Iterator[Cluster]:
        try:
            yield provider.up(ClusterSpec(NAME), Progress())
        finally:
            provider.down(NAME, Progress())

    @pytest.fixture(scope="class")
    @classmethod
    def kube(cls, cluster: Cluster) -> Kube:
        kube = Kube.of(cluster)
        workloads.prepare(kube)
        return kube

    def test_up_returns_a_healthy_cluster(self, provider: ClusterProvider, cluster: Cluster) -> None:
        """`up` returns once the nodes are Ready and DNS answers, and health agrees."""
        health = provider.health(cluster)

        assert health.problems == ()
        assert health.components

    def test_up_again_changes_nothing(self, provider: ClusterProvider, cluster: Cluster, kube: Kube) -> None:
        """Run again, `up` starts only what is missing: nothing."""
        before = {node["metadata"]["uid"] for node in kube.list("Node")}
        pods = {pod["metadata"]["uid"] for pod in kube.list("Pod", "kube-system")}

        again = provider.up(ClusterSpec(NAME), Progress())

        assert again == cluster
        assert {node["metadata"]["uid"] for node in kube.list("Node")} == before
        assert {pod["metadata"]["uid"] for pod in kube.list("Pod", "kube-system")} == pods

    def test_find_reads_back_what_up_made(self, cluster: Cluster) -> None:
        """A provider keeps nothing in memory: another instance finds the same cluster."""
        assert self.make().find(NAME) == cluster

    def test_a_cluster_that_does_not_exist_is_not_found(self, provider: ClusterProvider) -> None:
        """`find` answers None, and `down` of nothing is no error."""
        assert provider.find("nobody") is None
        provider.down("nobody", Progress())

    def test_kubeconfig_is_the_operators_own(self, cluster: Cluster) -> None:
        """It holds an administrator's key, so nobody else may read it."""
        assert cluster.kubeconfig.stat().st_mode & 0o777 == 0o600

    def test_a_restricted_pod_runs_and_resolves_services(self, kube: Kube) -> None:
        """A hardened pod is admitted, and finds the API server by its name."""
        pod = workloads.start(kube, "resolver")

        answer = workloads.shell(kube, pod, "nslookup kubernetes.default.svc.cluster.local")

        assert "Name:" in answer.stdout

    def test_pod_security_is_enforced(self, kube: Kube) -> None:
        """A privileged pod is refused where a namespace says `restricted`."""
        refused = kube.kubectl("apply", "-f", "-", stdin=json.dumps(workloads.privileged()), check=False)

        assert not refused.ok
        assert "PodSecurity" in refused.stderr

    def test_a_claim_gets_a_volume_that_outlives_its_pod(self, cluster: Cluster, kube: Kube) -> None:
        """DYNAMIC_VOLUMES: what one pod writes, the next one reads."""
        needs(cluster, Capability.DYNAMIC_VOLUMES)
        workloads.claim(kube, "data")
        writer = workloads.start(kube, "writer", claim="data")
        workloads.shell(kube, writer, "echo kept > /data/file")
        kube.delete("Pod", writer, workloads.NAMESPACE, grace=0)

        reader = workloads.start(kube, "reader", claim="data")

        assert workloads.shell(kube, reader, "cat /data/file").stdout == "kept"

    def test_files_of_a_volume_share_blocks(self, cluster: Cluster, kube: Kube) -> None:
        """REFLINK: a copy that must share its blocks with the original is made; to memory, which cannot, it is not."""
        needs(cluster, Capability.REFLINK)
        workloads.claim(kube, "shared")
        pod = workloads.start(kube, "sharer", claim="shared")

        copied = workloads.shell(
            kube, pod, "echo kept > /data/file && cp --reflink=always /data/file /data/copy && cat /data/copy"
        )
        refused = workloads.shell(kube, pod, "cp --reflink=always /data/file /dev/shm/copy", check=False)

        assert copied.stdout.strip() == "kept"
        assert not refused.ok

    def test_network_policies_are_enforced(self, cluster: Cluster, kube: Kube) -> None:
        """NETWORK_POLICY: a denied pair of pods loses its way, and has it again when the policy goes."""
        needs(cluster, Capability.NETWORK_POLICY)
        server, client = workloads.start(kube, "server"), workloads.start(kube, "client")
        address = workloads.address(kube, server)

        def reaches() -> bool:
            return workloads.fetch(kube, client, address) == "server"

        eventually("an open port is reached", reaches, within=20)
        kube.apply(workloads.deny_all("server"))
        eventually("a denied pair has lost its way", lambda: not reaches(), within=30)
        kube.delete("NetworkPolicy", "deny-server", workloads.NAMESPACE)
        eventually("the way is open again", reaches, within=30)

    def test_a_container_is_frozen_and_goes_on(self, provider: ClusterProvider, cluster: Cluster, kube: Kube) -> None:
        """FREEZE_PROCESS: nothing of a container runs while it is stopped, and nothing is restarted."""
        needs(cluster, Capability.FREEZE_PROCESS)
        pod = workloads.start(kube, "frozen")
        address = workloads.address(kube, pod)
        peer = workloads.start(kube, "peer")

        def answers() -> bool:
            return workloads.fetch(kube, peer, address) == "frozen"

        eventually("it answers", answers, within=20)
        provider.signal_container(cluster, workloads.NAMESPACE, pod, "shell", signal.SIGSTOP)
        assert not answers()
        provider.signal_container(cluster, workloads.NAMESPACE, pod, "shell", signal.SIGCONT)
        eventually("it answers again", answers, within=20)
        assert workloads.restarts(kube, pod) == 0

    def test_collected_logs_tell_what_happened(
        self, provider: ClusterProvider, cluster: Cluster, tmp_path: Path
    ) -> None:
        """`collect` writes something for the time asked for, or says what it could not read."""
        provider.collect(cluster, tmp_path / "logs", time.time() - 600)

        assert list((tmp_path / "logs").iterdir())


def needs(cluster: Cluster, capability: Capability) -> None:
    """Not applicable where the provider does not promise it."""
    if capability not in cluster.capabilities:
        pytest.skip(f"{cluster.provider} does not promise {capability}")
