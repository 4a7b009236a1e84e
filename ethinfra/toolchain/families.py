"""Which programs are built, from which packages, with which flags. Their versions are in `toolchain/<family>/go.mod`.

All binaries are static, so that the same file runs on the machine and in an image `FROM scratch`.
Times were measured on two cores in the order below with empty caches; alone, a family takes up to twice as long,
because modules that several families use are compiled once.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tool:
    """One program.

    name:    of the binary, and how the rest of the project asks for it
    package: the Go package with its `main`
    tags:    build tags
    stamp:   variables that the linker sets; {version}, {major} and {minor} are those of the package's module
    """

    name: str
    package: str
    tags: tuple[str, ...] = ()
    stamp: tuple[str, ...] = ()


@dataclass(frozen=True)
class Family:
    """Programs that share a Go module.

    seconds:   what building takes, about
    gigabytes: what building adds to the Go caches and the store, about
    cgo:       needs a C and a C++ compiler
    cflags:    for them
    """

    name: str
    tools: tuple[Tool, ...]
    seconds: int
    gigabytes: float
    cgo: bool = False
    cflags: str = "-O2"


# Helm charts compare kubeVersion with what the server says, and kubelet and API server each other's.
_KUBERNETES = (
    "k8s.io/component-base/version.gitVersion={version}",
    "k8s.io/component-base/version.gitMajor={major}",
    "k8s.io/component-base/version.gitMinor={minor}",
    "k8s.io/client-go/pkg/version.gitVersion={version}",
)
_CONTAINERD = ("github.com/containerd/containerd/v2/version.Version={version}",)
_CNI = ("github.com/containernetworking/plugins/pkg/utils/buildversion.BuildVersion={version}",)
_PRYSM = ("github.com/OffchainLabs/prysm/v7/runtime/version.gitTag={version}",)
# Name look-ups in Go instead of glibc, which cannot be linked statically for that.
_PURE = ("osusergo", "netgo")

_ALL = (
    Family(
        "cni",
        (
            Tool("bridge", "github.com/containernetworking/plugins/plugins/main/bridge", stamp=_CNI),
            Tool("host-local", "github.com/containernetworking/plugins/plugins/ipam/host-local", stamp=_CNI),
            Tool("loopback", "github.com/containernetworking/plugins/plugins/main/loopback", stamp=_CNI),
            Tool("portmap", "github.com/containernetworking/plugins/plugins/meta/portmap", stamp=_CNI),
        ),
        seconds=15,
        gigabytes=0.4,
    ),
    Family(
        "containerd",
        (
            Tool(
                "containerd",
                "github.com/containerd/containerd/v2/cmd/containerd",
                tags=(*_PURE, "urfave_cli_no_docs", "no_btrfs"),
                stamp=_CONTAINERD,
            ),
            Tool(
                "containerd-shim-runc-v2",
                "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
                # A shim serves ttrpc; one runs per pod, so what it does not need costs memory many times.
                tags=(*_PURE, "no_grpc"),
                stamp=_CONTAINERD,
            ),
            Tool(
                "ctr",
                "github.com/containerd/containerd/v2/cmd/ctr",
                tags=(*_PURE, "urfave_cli_no_docs", "no_btrfs"),
                stamp=_CONTAINERD,
            ),
        ),
        seconds=65,
        gigabytes=1.2,
    ),
    Family(
        "etcd",
        (
            Tool("etcd", "go.etcd.io/etcd/server/v3"),
            Tool("etcdctl", "go.etcd.io/etcd/etcdctl/v3"),
        ),
        seconds=35,
        gigabytes=0.8,
    ),
    Family(
        "kubernetes",
        tuple(
            Tool(name, f"k8s.io/kubernetes/cmd/{name}", stamp=_KUBERNETES)
            for name in (
                "kube-apiserver",
                "kube-controller-manager",
                "kube-scheduler",
                "kubelet",
                "kube-proxy",
                "kubectl",
            )
        ),
        seconds=270,
        gigabytes=4.0,
    ),
    Family("coredns", (Tool("coredns", "github.com/coredns/coredns"),), seconds=85, gigabytes=2.2),
    Family(
        "helm",
        (Tool("helm", "helm.sh/helm/v4/cmd/helm", stamp=("helm.sh/helm/v4/internal/version.version={version}",)),),
        seconds=100,
        gigabytes=1.6,
    ),
    Family(
        "geth",
        (Tool("geth", "github.com/ethereum/go-ethereum/cmd/geth", tags=_PURE),),
        seconds=85,
        gigabytes=1.2,
        cgo=True,
    ),
    Family(
        "registry",
        (
            Tool(
                "registry",
                "github.com/distribution/distribution/v3/cmd/registry",
                stamp=("github.com/distribution/distribution/v3/version.version={version}",),
            ),
            Tool(
                "crane",
                "github.com/google/go-containerregistry/cmd/crane",
                stamp=("github.com/google/go-containerregistry/cmd/crane/cmd.Version={version}",),
            ),
        ),
        seconds=55,
        gigabytes=1.2,
    ),
    Family(
        "prysm",
        tuple(
            Tool(name, f"github.com/OffchainLabs/prysm/v7/cmd/{name}", tags=_PURE, stamp=_PRYSM)
            for name in ("beacon-chain", "validator", "prysmctl")
        ),
        seconds=145,
        gigabytes=3.0,
        cgo=True,
        # Without it blst uses instructions of the building machine, and the binary dies on an older one.
        cflags="-O2 -D__BLST_PORTABLE__",
    ),
    Family(
        "network-policy",
        (
            Tool(
                "kube-router",
                "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router",
                stamp=("github.com/cloudnativelabs/kube-router/v2/pkg/version.Version={version}",),
            ),
        ),
        seconds=75,
        gigabytes=1.4,
    ),
    Family(
        "metrics-server",
        (
            Tool(
                "metrics-server",
                "sigs.k8s.io/metrics-server/cmd/metrics-server",
                stamp=("k8s.io/client-go/pkg/version.gitVersion={version}",),
            ),
        ),
        seconds=100,
        gigabytes=1.8,
    ),
    Family(
        "storage",
        (
            Tool(
                "local-path-provisioner",
                "github.com/rancher/local-path-provisioner",
                stamp=("main.VERSION={version}",),
            ),
        ),
        seconds=60,
        gigabytes=1.0,
    ),
    Family(
        "helmfile",
        (Tool("helmfile", "github.com/helmfile/helmfile", stamp=("go.szostok.io/version.version={version}",)),),
        seconds=215,
        gigabytes=4.0,
    ),
)

#: Every family by its name, in the order in which they are built: what a cluster boots with comes first.
FAMILIES: dict[str, Family] = {family.name: family for family in _ALL}
