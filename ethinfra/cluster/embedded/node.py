"""A node: container runtime, kubelet, kube-proxy and the enforcer of network policies, and what each is told."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from ethinfra.cluster.embedded.components import Component
from ethinfra.cluster.embedded.control_plane import FindTool, MakeComponent, write_kube_proxy_config
from ethinfra.cluster.embedded.kubeconfigs import write_kubeconfig
from ethinfra.cluster.embedded.network import POD_BRIDGE
from ethinfra.cluster.embedded.pki import Pki
from ethinfra.cluster.embedded.plan import CLUSTER_DOMAIN, ClusterPlan, NodePlan, write_atomically
from ethinfra.cluster.embedded.spaces import Space

#: The image of the container that holds a pod's namespaces.
SANDBOX_IMAGE = "registry.k8s.io/pause:3.10.1"
CONTAINERD_SOCKET = "/run/containerd/containerd.sock"
#: hosts.toml files, one folder per registry host; containerd reads them with every pull.
MIRRORS = Path("/etc/containerd/certs.d")
_CNI_CONF = Path("/etc/cni/net.d")

#: What the daemons of the cluster take, in MiB and thousandths of a CPU; not for pods.
_DAEMONS_MIB, _DAEMONS_MILLICPU = 1024, 200


@dataclass(frozen=True)
class Machine:
    """What there is to share out between the nodes."""

    memory_mib: int
    millicpu: int
    #: Version of the control groups.
    cgroup_version: int
    apparmor: bool
    #: May lower oom_score_adj (CAP_SYS_RESOURCE).
    adjusts_oom: bool


def make_node_credentials(plan: ClusterPlan, node: NodePlan) -> None:
    """The kubelet's identity, and copies of what the other daemons of a node log in with."""
    own, shared = Pki(plan.node_dir(node) / "pki"), Pki(plan.pki_dir)
    shared.issue(f"kubelet-{node.name}", "ca", f"system:node:{node.name}", groups=["system:nodes"])
    shared.issue(
        f"kubelet-{node.name}-server",
        "ca",
        f"system:node:{node.name}",
        groups=["system:nodes"],
        hosts=[node.name],
        addresses=[node.address],
    )
    for source, target in ((f"kubelet-{node.name}-server", "kubelet-server"), ("ca", "ca")):
        write_atomically(own.certificate(target), shared.certificate(source).read_text(), mode=0o644)
    write_atomically(own.key("kubelet-server"), shared.key(f"kubelet-{node.name}-server").read_text())
    users = {"kubelet": f"kubelet-{node.name}", "kube-proxy": "kube-proxy", "network-policy": "network-policy"}
    for client, user in users.items():
        path = plan.node_dir(node) / f"{client}.kubeconfig"
        write_kubeconfig(path, server=plan.api_url, pki=shared, user=user, context=plan.id)


def configure_node(plan: ClusterPlan, node: NodePlan, space: Space, tool: FindTool, machine: Machine) -> None:
    """Every file that the node's daemons read. Repeating it changes nothing."""
    directory = plan.node_dir(node)
    write_atomically(directory / "containerd.toml", containerd_config(tool("bridge").parent, machine))
    write_atomically(directory / "kubelet.yaml", kubelet_config(plan, node, machine))
    write_kube_proxy_config(directory / "kube-proxy.yaml", plan, node, str(directory / "kube-proxy.kubeconfig"))
    etc = space.path("/etc")
    write_atomically(etc / "cni/net.d/10-pods.conflist", cni_config(node), mode=0o644)
    write_atomically(etc / "hosts", hosts_file(plan), mode=0o644)
    # Pods with dnsPolicy Default get this; the node itself finds what it must find in /etc/hosts.
    write_atomically(etc / "resolv.conf", f"nameserver {plan.dns_service}\n", mode=0o644)
    space.path(MIRRORS).mkdir(parents=True, exist_ok=True)


def hosts_file(plan: ClusterPlan) -> str:
    """A node's /etc/hosts: all nodes, and the names that were given to the cluster's nodes later."""
    extra: dict[str, str] = json.loads(plan.extra_hosts_file.read_text()) if plan.extra_hosts_file.exists() else {}
    known = {"localhost": "127.0.0.1", **{one.name: str(one.address) for one in plan.nodes}, **extra}
    return "".join(f"{address} {name}\n" for name, address in known.items())


def node_components(plan: ClusterPlan, node: NodePlan, tool: FindTool, make: MakeComponent) -> list[Component]:
    """A node's components, in the order in which they start. `make` puts them into the node's space."""
    directory = plan.node_dir(node)

    def name(component: str) -> str:
        return f"{node.name}/{component}"

    return [
        make(
            name("containerd"),
            [tool("containerd"), "--config", directory / "containerd.toml"],
            probe=f"unix://{CONTAINERD_SOCKET}",
            env={"GOGC": "60"},
        ),
        make(
            name("kubelet"),
            [
                tool("kubelet"),
                f"--config={directory / 'kubelet.yaml'}",
                f"--kubeconfig={directory / 'kubelet.kubeconfig'}",
                f"--hostname-override={node.name}",
                f"--node-ip={node.address}",
                f"--node-labels=topology.kubernetes.io/zone={node.zone}",
            ],
            probe=f"tcp://{node.address}:10250",
            after=("kube-apiserver", name("containerd")),
            env={"GOGC": "60"},
        ),
        make(
            name("kube-proxy"),
            [tool("kube-proxy"), f"--config={directory / 'kube-proxy.yaml'}"],
            probe=f"http://{node.address}:10256/livez",
            after=("kube-apiserver",),
            env={"GOGC": "60"},
        ),
        make(
            name("network-policy"),
            [
                tool("kube-router"),
                f"--kubeconfig={directory / 'network-policy.kubeconfig'}",
                f"--hostname-override={node.name}",
                "--run-firewall=true",
                "--run-router=false",
                "--run-service-proxy=false",
                "--run-loadbalancer=false",
                "--enable-cni=false",
                f"--service-cluster-ip-range={plan.services}",
            ],
            probe=f"http://{node.address}:20244/healthz",
            after=("kube-apiserver", name("kubelet")),
            env={"GOGC": "60"},
        ),
    ]


def containerd_config(cni_bin: Path, machine: Machine) -> str:
    """containerd 2's configuration (version 3)."""
    return f"""version = 3
root = "/var/lib/containerd"
state = "/run/containerd"

[grpc]
  address = "{CONTAINERD_SOCKET}"

[plugins."io.containerd.nri.v1.nri"]
  disable = true

[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "{SANDBOX_IMAGE}"

[plugins."io.containerd.cri.v1.images".registry]
  config_path = "{MIRRORS}"

[plugins."io.containerd.cri.v1.runtime"]
  disable_apparmor = {_toml(not machine.apparmor)}
  restrict_oom_score_adj = {_toml(not machine.adjusts_oom)}
  # Otherwise pods' network namespaces are pinned in /run/netns, with a mount that outlives this process.
  netns_mounts_under_state_dir = true

[plugins."io.containerd.cri.v1.runtime".cni]
  bin_dirs = ["{cni_bin}"]
  conf_dir = "{_CNI_CONF}"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
  SystemdCgroup = false
"""


def kubelet_config(plan: ClusterPlan, node: NodePlan, machine: Machine) -> str:
    """The kubelet's configuration; what is not said is upstream's default."""
    pki = plan.node_dir(node) / "pki"
    reserved = reservation(machine, plan.node_count)
    return f"""apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
containerRuntimeEndpoint: unix://{CONTAINERD_SOCKET}
address: 0.0.0.0
authentication:
  anonymous: {{enabled: false}}
  webhook: {{enabled: true}}
  x509: {{clientCAFile: {pki / "ca.crt"}}}
authorization: {{mode: Webhook}}
tlsCertFile: {pki / "kubelet-server.crt"}
tlsPrivateKeyFile: {pki / "kubelet-server.key"}
clusterDNS: ["{plan.dns_service}"]
clusterDomain: {CLUSTER_DOMAIN}
resolvConf: /etc/resolv.conf
cgroupDriver: cgroupfs
cgroupRoot: /{plan.cgroup_of_pods(node)}
# Version 1 is refused otherwise since 1.35.
failCgroupV1: {str(machine.cgroup_version == 2).lower()}
failSwapOn: false
# Nodes see the whole machine as their capacity; what is reserved makes their sum what the machine really has.
systemReserved: {{cpu: {reserved.millicpu}m, memory: {reserved.memory_mib}Mi}}
# Images that were imported cannot be pulled again, so they are not collected for being unused.
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
"""


@dataclass(frozen=True)
class Reservation:
    millicpu: int
    memory_mib: int


def reservation(machine: Machine, nodes: int) -> Reservation:
    """What each of so many nodes withholds, so that together they offer what the machine has beside the daemons."""
    return Reservation(
        millicpu=machine.millicpu - (machine.millicpu - _DAEMONS_MILLICPU) // nodes,
        memory_mib=machine.memory_mib - (machine.memory_mib - _DAEMONS_MIB) // nodes,
    )


def cni_config(node: NodePlan) -> str:
    """Pods on a bridge of their node, addresses from its range; other pods by routes."""
    return json.dumps(
        {
            "cniVersion": "1.0.0",
            "name": "pods",
            "plugins": [
                {
                    "type": "bridge",
                    "bridge": POD_BRIDGE,
                    "isGateway": True,
                    "hairpinMode": True,
                    "ipMasq": False,
                    "ipam": {
                        "type": "host-local",
                        "dataDir": "/run/cni-addresses",
                        "ranges": [[{"subnet": str(node.pods), "gateway": str(node.gateway)}]],
                        "routes": [{"dst": "0.0.0.0/0"}],
                    },
                },
                {"type": "portmap", "capabilities": {"portMappings": True}, "snat": True},
            ],
        },
        indent=1,
    )


def _toml(value: bool) -> str:
    return str(value).lower()
