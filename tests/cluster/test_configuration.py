"""What the programs of a cluster are told."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
import yaml

from ethinfra.cluster.embedded import addons, control_plane, mirror, node
from ethinfra.cluster.embedded.components import Component, dump_components, load_components
from ethinfra.cluster.embedded.disk import LARGEST_GIB, SMALLEST_GIB, size_of_disks
from ethinfra.cluster.embedded.pki import Pki
from ethinfra.cluster.embedded.plan import ClusterPlan
from ethinfra.cluster.provider import Mirror

MACHINE = node.Machine(memory_mib=8192, millicpu=2000, cgroup_version=2, apparmor=False, adjusts_oom=True)
MIRROR = Mirror("registry.svc", "10.130.40.1", 5000, "PEM\n", "pull", "secret", ("docker.io", "gcr.io"))


def component(space: str, name: str, argv: list[object], **options: object) -> Component:
    del space
    return Component(name, tuple(map(str, argv)), 1, ("/group",), "/log", **options)  # type: ignore[arg-type]


@pytest.fixture
def flags(plan: ClusterPlan) -> dict[str, tuple[str, ...]]:
    """The command of every component of the control plane and of one node."""

    def make(name: str, argv: list[object], **options: object) -> Component:
        return component("", name, argv, **options)

    made = control_plane.control_plane(plan, lambda name: Path("/bin") / name, make)
    made += node.node_components(plan, plan.nodes[0], lambda name: Path("/bin") / name, make)
    return {one.name: one.argv for one in made}


def test_the_api_server_authorizes_as_upstream_recommends(flags: dict[str, tuple[str, ...]]) -> None:
    """Node authorization with NodeRestriction; Pod Security is among the plugins that are on by default."""
    assert "--authorization-mode=Node,RBAC" in flags["kube-apiserver"]
    assert "--enable-admission-plugins=NodeRestriction" in flags["kube-apiserver"]
    assert not any(flag.startswith("--disable-admission-plugins") for flag in flags["kube-apiserver"])


def test_etcd_is_reached_by_its_own_clients_only(flags: dict[str, tuple[str, ...]]) -> None:
    """On loopback of the control space, and with a certificate of its own authority."""
    assert "--listen-client-urls=https://127.0.0.1:2379" in flags["etcd"]
    assert "--client-cert-auth" in flags["etcd"]


def test_nothing_starts_before_what_it_needs(plan: ClusterPlan) -> None:
    """Controllers that start before RBAC is there exit for good."""

    def make(name: str, argv: list[object], **options: object) -> Component:
        return component("", name, argv, **options)

    made = control_plane.control_plane(plan, lambda name: Path(name), make)
    made += node.node_components(plan, plan.nodes[0], lambda name: Path(name), make)
    seen: set[str] = set()
    for one in made:
        assert set(one.after) <= seen, one.name
        seen.add(one.name)
    assert "kube-apiserver" in next(one for one in made if one.name == "kube-controller-manager").after


@pytest.mark.parametrize("version", [1, 2])
def test_the_kubelet_accepts_the_machines_control_groups(plan: ClusterPlan, version: int) -> None:
    """Version 1 is refused by default since 1.35; version 2 keeps the default."""
    machine = node.Machine(8192, 2000, version, apparmor=False, adjusts_oom=True)

    config = yaml.safe_load(node.kubelet_config(plan, plan.nodes[0], machine))

    assert config["failCgroupV1"] is (version == 2)
    assert config["cgroupDriver"] == "cgroupfs"
    assert config["cgroupRoot"] == "/ethinfra-local-0123/nodes/local-1"


def test_kubelets_let_nobody_in_unknown(plan: ClusterPlan) -> None:
    config = yaml.safe_load(node.kubelet_config(plan, plan.nodes[0], MACHINE))

    assert config["authentication"]["anonymous"]["enabled"] is False
    assert config["authorization"]["mode"] == "Webhook"


@pytest.mark.parametrize("nodes", [1, 2, 3, 7])
def test_nodes_together_offer_no_more_than_the_machine_has(nodes: int) -> None:
    reserved = node.reservation(MACHINE, nodes)

    assert nodes * (MACHINE.memory_mib - reserved.memory_mib) <= MACHINE.memory_mib - 1024
    assert nodes * (MACHINE.millicpu - reserved.millicpu) <= MACHINE.millicpu - 200


def test_disks_together_promise_no_more_than_there_is() -> None:
    assert size_of_disks(1000, 3) == LARGEST_GIB
    assert size_of_disks(60, 3) == 20
    assert size_of_disks(5, 3) == SMALLEST_GIB


def test_containerd_follows_what_the_machine_can_do(plan: ClusterPlan) -> None:
    """No AppArmor: not asked for. No CAP_SYS_RESOURCE: scores are not lowered."""
    confined = node.Machine(8192, 2000, 1, apparmor=False, adjusts_oom=False)

    runtime = tomllib.loads(node.containerd_config(Path("/cni"), confined))["plugins"]["io.containerd.cri.v1.runtime"]

    assert runtime["disable_apparmor"] is True
    assert runtime["restrict_oom_score_adj"] is True
    assert runtime["cni"]["bin_dirs"] == ["/cni"]
    assert plan.node_count == 3


def test_pods_of_a_node_get_addresses_of_its_range(plan: ClusterPlan) -> None:
    bridge, portmap = json.loads(node.cni_config(plan.nodes[2]))["plugins"]

    assert bridge["ipam"]["ranges"] == [[{"subnet": "10.130.66.0/24", "gateway": "10.130.66.1"}]]
    assert bridge["ipMasq"] is False
    assert portmap["type"] == "portmap"


def test_kube_proxy_leaves_the_machines_connection_table_alone(plan: ClusterPlan, tmp_path: Path) -> None:
    """Its size is the whole machine's, not the space's."""
    control_plane.write_kube_proxy_config(tmp_path / "config", plan, plan.nodes[0], "/kubeconfig")

    config = yaml.safe_load((tmp_path / "config").read_text())

    assert config["mode"] == "nftables"
    assert config["conntrack"] == {"maxPerCore": 0, "min": 0}
    assert config["clusterCIDR"] == "10.130.64.0/18"


def test_a_mirror_serves_each_registry_below_its_name() -> None:
    """And nothing falls back to the registry itself."""
    config = tomllib.loads(mirror.hosts_toml(MIRROR, "docker.io", Path("/ca.crt")))

    assert config["server"] == "https://registry.svc:5000/v2/docker.io"
    assert config["override_path"] is True
    assert config["ca"] == "/ca.crt"
    assert config["capabilities"] == ["pull", "resolve"]
    assert config["header"]["Authorization"] == ["Basic cHVsbDpzZWNyZXQ="]
    assert "host" not in config


def test_a_mirrors_own_images_stand_at_its_root() -> None:
    config = tomllib.loads(mirror.hosts_toml(MIRROR, "registry.svc:5000", Path("/ca.crt")))

    assert config["server"] == "https://registry.svc:5000/v2"


def test_a_mirrors_name_is_known_to_nodes_and_its_password_is_not_shown(plan: ClusterPlan) -> None:
    plan.extra_hosts_file.write_text(json.dumps({MIRROR.host: MIRROR.address}))

    assert f"{MIRROR.address} {MIRROR.host}\n" in node.hosts_file(plan)
    assert "10.130.0.13 local-3\n" in node.hosts_file(plan)
    assert "secret" not in repr(MIRROR)


def test_components_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    one = Component("a", ("x", "--y"), 7, ("/g",), "/log", "tcp://1.2.3.4:5", ("b",), {"GOGC": "60"})
    (tmp_path / "components.json").write_text(dump_components([one]))

    assert load_components(tmp_path / "components.json") == [one]


@pytest.fixture
def objects(plan: ClusterPlan) -> list[dict[str, object]]:
    Pki(plan.pki_dir).authority("ca")
    return [one for one in yaml.safe_load_all(addons.manifests(plan)) if one]


def workloads(objects: list[dict[str, object]]) -> list[tuple[str, dict]]:  # type: ignore[type-arg]
    return [
        (one["metadata"]["name"], one["spec"]["template"]["spec"])  # type: ignore[index]
        for one in objects
        if one["kind"] == "Deployment"
    ]


def test_addons_are_hardened_and_bounded(objects: list[dict[str, object]]) -> None:
    """What the cluster deploys itself fulfils what it demands of others."""
    assert {name for name, _ in workloads(objects)} == {"coredns", "metrics-server", "local-path-provisioner"}
    for name, spec in workloads(objects):
        assert spec["securityContext"]["runAsNonRoot"] is True, name
        assert spec["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault", name
        for container in spec["containers"]:
            context = container["securityContext"]
            assert context["readOnlyRootFilesystem"] is True, name
            assert context["allowPrivilegeEscalation"] is False, name
            assert context["capabilities"]["drop"] == ["ALL"], name
            assert {"requests", "limits"} <= container["resources"].keys(), name


def test_no_addon_may_do_everything(objects: list[dict[str, object]]) -> None:
    rules = [rule for one in objects if one["kind"] in ("Role", "ClusterRole") for rule in one["rules"]]  # type: ignore[attr-defined]

    assert rules
    assert not any("*" in part for rule in rules for part in (*rule["verbs"], *rule["resources"], *rule["apiGroups"]))
    assert not any("secrets" in rule["resources"] for rule in rules)


def test_dns_is_where_kubelets_say_it_is(objects: list[dict[str, object]], plan: ClusterPlan) -> None:
    service = next(one for one in objects if one["kind"] == "Service" and one["metadata"]["name"] == "kube-dns")  # type: ignore[index]

    assert service["spec"]["clusterIP"] == str(plan.dns_service)  # type: ignore[index]
