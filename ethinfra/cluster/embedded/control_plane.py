"""The control plane: etcd, API server, controller manager, scheduler, and a kube-proxy for the space that they run in.

Flags are upstream's defaults but for what is said here. There is one of each, so nobody elects a leader.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path

from ethinfra.cluster.embedded.components import Component
from ethinfra.cluster.embedded.kubeconfigs import write_kubeconfig
from ethinfra.cluster.embedded.pki import Pki
from ethinfra.cluster.embedded.plan import CLUSTER_DOMAIN, CONTROL, ClusterPlan, NodePlan, write_atomically

#: Makes one component of the cluster, given its name, command and probe.
MakeComponent = Callable[..., Component]
#: Finds a program of the toolchain.
FindTool = Callable[[str], Path]

#: Components that log in with a kubeconfig of their own, and the user that each is. Upstream's bootstrap policy binds
#: these users to their roles; the last one is bound by `addons/network-policy.yaml`.
_CLIENTS = {
    "kube-controller-manager": "system:kube-controller-manager",
    "kube-scheduler": "system:kube-scheduler",
    "kube-proxy": "system:kube-proxy",
    "network-policy": "ethinfra:network-policy",
}


def make_credentials(plan: ClusterPlan) -> None:
    """All certificates and kubeconfig files but the nodes' own. Repeating it changes nothing."""
    pki = Pki(plan.pki_dir)
    for authority in ("ca", "front-proxy-ca", "etcd-ca"):
        pki.authority(authority)
    pki.signing_key("service-accounts")
    service = "kubernetes.default.svc"
    loopback = IPv4Address("127.0.0.1")
    pki.issue(
        "kube-apiserver",
        "ca",
        "kube-apiserver",
        hosts=["kubernetes", "kubernetes.default", service, f"{service}.{CLUSTER_DOMAIN}", "localhost"],
        addresses=[plan.control_address, plan.api_service, loopback],
    )
    # As kubeadm's: not system:masters, so that RBAC applies, with the one role that speaking to kubelets needs.
    kubelet_client = "kube-apiserver-kubelet-client"
    pki.issue(kubelet_client, "ca", kubelet_client, groups=["ethinfra:kubelet-clients"])
    pki.issue("front-proxy-client", "front-proxy-ca", "front-proxy-client")
    pki.issue("etcd", "etcd-ca", "etcd", hosts=["localhost"], addresses=[loopback])
    pki.issue("kube-apiserver-etcd-client", "etcd-ca", "kube-apiserver-etcd-client")
    pki.issue("admin", "ca", "ethinfra-admin", groups=["system:masters"])
    write_kubeconfig(plan.kubeconfig, server=plan.api_url, pki=pki, user="admin", context=plan.id)
    for component, user in _CLIENTS.items():
        pki.issue(component, "ca", user)
        write_kubeconfig(
            plan.control_dir / f"{component}.kubeconfig", server=plan.api_url, pki=pki, user=component, context=plan.id
        )


def control_plane(plan: ClusterPlan, tool: FindTool, make: MakeComponent) -> list[Component]:
    """Its components, in the order in which they start."""
    pki = Pki(plan.pki_dir)
    kubeconfig = {name: str(plan.control_dir / f"{name}.kubeconfig") for name in _CLIENTS}
    proxy_config = plan.control_dir / "kube-proxy.yaml"
    # It stands beside node 1 on the link, and has the same view of every Service but for external addresses of nodes.
    write_kube_proxy_config(proxy_config, plan, plan.nodes[0], kubeconfig["kube-proxy"])

    def logs_in(name: str) -> list[str]:
        flags = ("kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig")
        return [f"--{flag}={kubeconfig[name]}" for flag in flags]

    etcd = make(
        "etcd",
        [
            tool("etcd"),
            "--name=etcd",
            f"--data-dir={plan.control_dir / 'etcd'}",
            "--listen-client-urls=https://127.0.0.1:2379",
            "--advertise-client-urls=https://127.0.0.1:2379",
            "--listen-peer-urls=http://127.0.0.1:2380",
            "--initial-advertise-peer-urls=http://127.0.0.1:2380",
            "--initial-cluster=etcd=http://127.0.0.1:2380",
            "--listen-metrics-urls=http://127.0.0.1:2381",
            f"--cert-file={pki.certificate('etcd')}",
            f"--key-file={pki.key('etcd')}",
            "--client-cert-auth",
            f"--trusted-ca-file={pki.certificate('etcd-ca')}",
            # The data need not survive a crash of the machine: such a cluster is booted anew.
            "--unsafe-no-fsync",
            "--snapshot-count=10000",
            "--log-level=warn",
        ],
        probe="http://127.0.0.1:2381/readyz",
    )
    api_server = make(
        "kube-apiserver",
        [
            tool("kube-apiserver"),
            f"--advertise-address={plan.control_address}",
            "--etcd-servers=https://127.0.0.1:2379",
            f"--etcd-cafile={pki.certificate('etcd-ca')}",
            f"--etcd-certfile={pki.certificate('kube-apiserver-etcd-client')}",
            f"--etcd-keyfile={pki.key('kube-apiserver-etcd-client')}",
            f"--client-ca-file={pki.certificate('ca')}",
            f"--tls-cert-file={pki.certificate('kube-apiserver')}",
            f"--tls-private-key-file={pki.key('kube-apiserver')}",
            f"--kubelet-certificate-authority={pki.certificate('ca')}",
            f"--kubelet-client-certificate={pki.certificate('kube-apiserver-kubelet-client')}",
            f"--kubelet-client-key={pki.key('kube-apiserver-kubelet-client')}",
            # Node names resolve nowhere.
            "--kubelet-preferred-address-types=InternalIP",
            f"--requestheader-client-ca-file={pki.certificate('front-proxy-ca')}",
            "--requestheader-allowed-names=front-proxy-client",
            "--requestheader-username-headers=X-Remote-User",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            f"--proxy-client-cert-file={pki.certificate('front-proxy-client')}",
            f"--proxy-client-key-file={pki.key('front-proxy-client')}",
            f"--service-account-issuer=https://kubernetes.default.svc.{CLUSTER_DOMAIN}",
            f"--service-account-key-file={pki.directory / 'service-accounts.pub'}",
            f"--service-account-signing-key-file={pki.key('service-accounts')}",
            f"--service-cluster-ip-range={plan.services}",
            "--authorization-mode=Node,RBAC",
            # Beside upstream's defaults, Pod Security among them.
            "--enable-admission-plugins=NodeRestriction",
            "--allow-privileged=true",
        ],
        probe=f"https://{plan.control_address}:6443/readyz",
        after=("etcd",),
        env={"GOGC": "60"},
    )
    controller_manager = make(
        "kube-controller-manager",
        [
            tool("kube-controller-manager"),
            *logs_in("kube-controller-manager"),
            "--bind-address=127.0.0.1",
            "--leader-elect=false",
            "--use-service-account-credentials=true",
            f"--service-account-private-key-file={pki.key('service-accounts')}",
            f"--root-ca-file={pki.certificate('ca')}",
            f"--cluster-signing-cert-file={pki.certificate('ca')}",
            f"--cluster-signing-key-file={pki.key('ca')}",
            f"--requestheader-client-ca-file={pki.certificate('front-proxy-ca')}",
            f"--service-cluster-ip-range={plan.services}",
            # It starts with an account and a token for each controller; at 20 requests a second that takes seconds.
            "--kube-api-qps=200",
            "--kube-api-burst=400",
        ],
        probe="https://127.0.0.1:10257/healthz",
        after=("kube-apiserver",),
        env={"GOGC": "60"},
    )
    scheduler = make(
        "kube-scheduler",
        [tool("kube-scheduler"), *logs_in("kube-scheduler"), "--bind-address=127.0.0.1", "--leader-elect=false"],
        probe="https://127.0.0.1:10259/healthz",
        after=("kube-apiserver",),
        env={"GOGC": "60"},
    )
    proxy = make(
        f"{CONTROL}/kube-proxy",
        [tool("kube-proxy"), f"--config={proxy_config}"],
        probe=f"http://{plan.control_address}:10256/livez",
        after=("kube-apiserver",),
        env={"GOGC": "60"},
    )
    return [etcd, api_server, controller_manager, scheduler, proxy]


def write_kube_proxy_config(path: Path, plan: ClusterPlan, node: NodePlan, kubeconfig: str) -> None:
    """Configuration of a kube-proxy that stands where a node stands."""
    write_atomically(
        path,
        f"""apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
hostnameOverride: {node.name}
clusterCIDR: {plan.pods}
detectLocalMode: ClusterCIDR
clientConnection:
  kubeconfig: {kubeconfig}
conntrack:
  # Zero leaves them alone: the table's size is the whole machine's.
  maxPerCore: 0
  min: 0
healthzBindAddress: 0.0.0.0:10256
metricsBindAddress: 127.0.0.1:10249
""",
    )
