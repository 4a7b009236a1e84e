"""Which programs are made, of which packages, with which flags. Their versions are in `toolchain/<family>/`.

A family is of one of three kinds. Go modules are compiled to static binaries, so that the same file runs on the machine
and in an image `FROM scratch`. npm packages are installed as a tree of files with the Node.js that runs them. Documents
are files of Go modules that are kept as they are.

Times were measured on two cores in the order below with empty caches; alone, a family takes up to twice as long,
because modules that several families use are compiled once.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tool:
    """One program.

    name:    of the executable, and how the rest of the project asks for it
    package: the Go package with its `main`, or the npm package whose `bin` has the name
    """

    name: str
    package: str


@dataclass(frozen=True)
class GoTool(Tool):
    """A program that is compiled.

    tags:  build tags
    stamp: variables that the linker sets; {version}, {major} and {minor} are those of the package's module, {release}
           is its version without the v
    """

    tags: tuple[str, ...] = ()
    stamp: tuple[str, ...] = ()


@dataclass(frozen=True)
class Family:
    """Programs that share a folder of `toolchain/`, and are made together.

    seconds:   what making them takes, about
    gigabytes: what it adds to the caches and the store, about
    """

    name: str
    tools: tuple[Tool, ...]
    seconds: int
    gigabytes: float


@dataclass(frozen=True)
class GoFamily(Family):
    """Programs that share a Go module.

    cgo:    needs a C and a C++ compiler
    cflags: for them
    """

    tools: tuple[GoTool, ...]
    cgo: bool = False
    cflags: str = "-O2"


@dataclass(frozen=True)
class NpmFamily(Family):
    """Programs that share a `package-lock.json`."""


@dataclass(frozen=True)
class Document:
    """Files of a Go module that the project reads, long after the Go caches are cleaned.

    module: as the family's go.mod requires it
    path:   in the module; `*` stands for any part of a name
    """

    module: str
    path: str


@dataclass(frozen=True)
class DocumentFamily(Family):
    """Documents of the modules that a go.mod requires; no tools."""

    documents: tuple[Document, ...]

    @property
    def modules(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(document.module for document in self.documents))


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
# What an API server of one version knows: every kind and field, and since and until when it serves them.
_APIS = (
    Document("k8s.io/kubernetes", "api/openapi-spec/swagger.json"),
    Document("k8s.io/api", "*/*/zz_generated.prerelease-lifecycle.go"),
    # They hold the name of a group, which is not always that of its folder.
    Document("k8s.io/api", "*/*/register.go"),
)
_PROMETHEUS_OPERATOR = "github.com/prometheus-operator/prometheus-operator"
_KEDA = "github.com/kedacore/keda/v2"
_KEDA_VERSION = (f"{_KEDA}/version.Version={{release}}",)
_SNAPSHOTTER = "github.com/kubernetes-csi/external-snapshotter/client/v8"

_ALL: tuple[Family, ...] = (
    GoFamily(
        "cni",
        (
            GoTool("bridge", "github.com/containernetworking/plugins/plugins/main/bridge", stamp=_CNI),
            GoTool("host-local", "github.com/containernetworking/plugins/plugins/ipam/host-local", stamp=_CNI),
            GoTool("loopback", "github.com/containernetworking/plugins/plugins/main/loopback", stamp=_CNI),
            GoTool("portmap", "github.com/containernetworking/plugins/plugins/meta/portmap", stamp=_CNI),
        ),
        seconds=15,
        gigabytes=0.4,
    ),
    GoFamily(
        "containerd",
        (
            GoTool(
                "containerd",
                "github.com/containerd/containerd/v2/cmd/containerd",
                tags=(*_PURE, "urfave_cli_no_docs", "no_btrfs"),
                stamp=_CONTAINERD,
            ),
            GoTool(
                "containerd-shim-runc-v2",
                "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
                # A shim serves ttrpc; one runs per pod, so what it does not need costs memory many times.
                tags=(*_PURE, "no_grpc"),
                stamp=_CONTAINERD,
            ),
            GoTool(
                "ctr",
                "github.com/containerd/containerd/v2/cmd/ctr",
                tags=(*_PURE, "urfave_cli_no_docs", "no_btrfs"),
                stamp=_CONTAINERD,
            ),
        ),
        seconds=65,
        gigabytes=1.2,
    ),
    GoFamily(
        "etcd",
        (
            GoTool("etcd", "go.etcd.io/etcd/server/v3"),
            GoTool("etcdctl", "go.etcd.io/etcd/etcdctl/v3"),
        ),
        seconds=35,
        gigabytes=0.8,
    ),
    GoFamily(
        "kubernetes",
        tuple(
            GoTool(name, f"k8s.io/kubernetes/cmd/{name}", stamp=_KUBERNETES)
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
    GoFamily("coredns", (GoTool("coredns", "github.com/coredns/coredns"),), seconds=85, gigabytes=2.2),
    GoFamily(
        "helm",
        (GoTool("helm", "helm.sh/helm/v4/cmd/helm", stamp=("helm.sh/helm/v4/internal/version.version={version}",)),),
        seconds=100,
        gigabytes=1.6,
    ),
    GoFamily(
        "geth",
        (GoTool("geth", "github.com/ethereum/go-ethereum/cmd/geth", tags=_PURE),),
        seconds=85,
        gigabytes=1.2,
        cgo=True,
    ),
    GoFamily(
        "registry",
        (
            GoTool(
                "registry",
                "github.com/distribution/distribution/v3/cmd/registry",
                stamp=("github.com/distribution/distribution/v3/version.version={version}",),
            ),
            GoTool(
                "crane",
                "github.com/google/go-containerregistry/cmd/crane",
                stamp=("github.com/google/go-containerregistry/cmd/crane/cmd.Version={version}",),
            ),
        ),
        seconds=55,
        gigabytes=1.2,
    ),
    GoFamily(
        "prysm",
        tuple(
            GoTool(name, f"github.com/OffchainLabs/prysm/v7/cmd/{name}", tags=_PURE, stamp=_PRYSM)
            for name in ("beacon-chain", "validator", "prysmctl")
        ),
        seconds=145,
        gigabytes=3.0,
        cgo=True,
        # Without it blst uses instructions of the building machine, and the binary dies on an older one.
        cflags="-O2 -D__BLST_PORTABLE__",
    ),
    GoFamily(
        "network-policy",
        (
            GoTool(
                "kube-router",
                "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router",
                stamp=("github.com/cloudnativelabs/kube-router/v2/pkg/version.Version={version}",),
            ),
        ),
        seconds=75,
        gigabytes=1.4,
    ),
    GoFamily(
        "metrics-server",
        (
            GoTool(
                "metrics-server",
                "sigs.k8s.io/metrics-server/cmd/metrics-server",
                stamp=("k8s.io/client-go/pkg/version.gitVersion={version}",),
            ),
        ),
        seconds=100,
        gigabytes=1.8,
    ),
    GoFamily(
        "storage",
        (
            GoTool(
                "local-path-provisioner",
                "github.com/rancher/local-path-provisioner",
                stamp=("main.VERSION={version}",),
            ),
        ),
        seconds=60,
        gigabytes=1.0,
    ),
    GoFamily(
        "helmfile",
        (GoTool("helmfile", "github.com/helmfile/helmfile", stamp=("go.szostok.io/version.version={version}",)),),
        seconds=215,
        gigabytes=4.0,
    ),
    GoFamily(
        "kubeconform",
        (GoTool("kubeconform", "github.com/yannh/kubeconform/cmd/kubeconform", stamp=("main.version={version}",)),),
        seconds=25,
        gigabytes=0.4,
    ),
    # Without the admission webhooks: only our chart makes ScaledObjects, and the static tier and the API server's own
    # validation check those. A third program costs memory, and one that is down keeps charts from being applied.
    GoFamily(
        "keda",
        (
            GoTool("keda", f"{_KEDA}/cmd/operator", stamp=_KEDA_VERSION),
            GoTool("keda-adapter", f"{_KEDA}/cmd/adapter", stamp=_KEDA_VERSION),
        ),
        seconds=335,
        gigabytes=5.8,
    ),
    # Apart from the family `kubernetes`, so that another document does not build Kubernetes again.
    DocumentFamily(
        "schemas",
        (),
        seconds=5,
        gigabytes=0.5,
        documents=(
            *_APIS,
            # The custom kinds that charts and jobs make, one line for each.
            Document(_SNAPSHOTTER, "config/crd/snapshot.storage.k8s.io_volumesnapshotclasses.yaml"),
            Document(_SNAPSHOTTER, "config/crd/snapshot.storage.k8s.io_volumesnapshotcontents.yaml"),
            Document(_SNAPSHOTTER, "config/crd/snapshot.storage.k8s.io_volumesnapshots.yaml"),
            # All of KEDA's: its operator watches each of them (`ethinfra kinds apply`).
            Document(_KEDA, "config/crd/bases/*.yaml"),
            Document(_PROMETHEUS_OPERATOR, "example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml"),
            Document(
                _PROMETHEUS_OPERATOR, "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml"
            ),
            Document(
                _PROMETHEUS_OPERATOR, "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml"
            ),
        ),
    ),
    # Of the oldest Kubernetes that the charts support.
    DocumentFamily("schemas-oldest", (), seconds=5, gigabytes=0.5, documents=_APIS),
    GoFamily(
        "erigon",
        (GoTool("erigon", "github.com/erigontech/erigon/cmd/erigon", tags=(*_PURE, "noboltdb", "nosilkworm")),),
        seconds=280,
        gigabytes=3.5,
        cgo=True,
        # blst as for Prysm. Without the other one, mdbx asks for its process id at every transaction, to find forks.
        cflags="-O2 -D__BLST_PORTABLE__ -DMDBX_ENV_CHECKPID=0",
    ),
    NpmFamily("ethereumjs", (Tool("ethereumjs", "@ethereumjs/client"),), seconds=20, gigabytes=0.5),
)

#: Every family by its name, in the order in which they are built: what a cluster boots with comes first.
FAMILIES: dict[str, Family] = {family.name: family for family in _ALL}
