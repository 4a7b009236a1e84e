"""What a cluster is called, where its files are and which addresses it has. Pure arithmetic; nothing is done here.

Addresses of a cluster with slot S (128 ≤ S ≤ 255), all within 10.S.0.0/16:

    10.S.0.0/24    the link between control plane, nodes and machine: control .1, nodes .11 .12 …, machine .254
    10.S.32.0/20   Services; the API server's is .32.1, DNS is .32.10
    10.S.64.0/18   pods, a /24 per node: .64.0/24, .65.0/24 …
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from ethinfra.errors import BadInput, ClusterError
from ethinfra.paths import ROOT, state_dir

FIRST_SLOT, LAST_SLOT = 128, 255
#: The pods' /18 has 64 ranges, the nodes' /24 room for more; the limit is what one machine can run.
MAX_NODES = 20
CLUSTER_DOMAIN = "cluster.local"
CONTROL = "control"

_NAME = re.compile(r"[a-z]([-a-z0-9]{0,18}[a-z0-9])?")


def cluster_id(name: str, checkout: Path = ROOT) -> str:
    """The name of a cluster on this machine: two checkouts may both have a `local`."""
    if not _NAME.fullmatch(name):
        raise BadInput(f"cluster name {name!r}", expected="at most 20 of a-z, 0-9 and '-', a letter first, no '-' last")
    return f"{name}-{hashlib.sha256(str(checkout).encode()).hexdigest()[:4]}"


@dataclass(frozen=True)
class NodePlan:
    """One node. `index` counts from 1."""

    name: str
    index: int
    address: IPv4Address
    pods: IPv4Network

    @property
    def gateway(self) -> IPv4Address:
        """The node's own address on its bridge of pods."""
        return self.pods[1]

    @property
    def zone(self) -> str:
        return f"zone-{self.index}"


@dataclass(frozen=True)
class ClusterPlan:
    """All that is decided about a cluster; stored as `cluster.json` in its folder."""

    id: str
    name: str
    slot: int
    node_count: int

    # Addresses.

    @property
    def network(self) -> IPv4Network:
        return network_of(self.slot)

    @property
    def link_network(self) -> IPv4Network:
        return IPv4Network((int(self.network[0]), 24))

    @property
    def services(self) -> IPv4Network:
        return IPv4Network((int(self.network[0]) + 32 * 256, 20))

    @property
    def pods(self) -> IPv4Network:
        return IPv4Network((int(self.network[0]) + 64 * 256, 18))

    @property
    def control_address(self) -> IPv4Address:
        return self.link_network[1]

    @property
    def machine_address(self) -> IPv4Address:
        return self.link_network[254]

    @property
    def api_service(self) -> IPv4Address:
        return self.services[1]

    @property
    def dns_service(self) -> IPv4Address:
        return self.services[10]

    @property
    def api_url(self) -> str:
        return f"https://{self.control_address}:6443"

    @property
    def machine_link(self) -> str:
        """Name of the one link that the machine gets; at most 15 characters."""
        return f"ethinfra-{self.slot}"

    # Nodes.

    @property
    def nodes(self) -> tuple[NodePlan, ...]:
        """Nodes are called after the cluster, so that two clusters' nodes are not mistaken for each other."""
        return tuple(
            NodePlan(
                name=f"{self.name}-{index}",
                index=index,
                address=self.link_network[10 + index],
                pods=IPv4Network((int(self.pods[0]) + (index - 1) * 256, 24)),
            )
            for index in range(1, self.node_count + 1)
        )

    def node(self, name: str) -> NodePlan:
        for node in self.nodes:
            if node.name == name:
                return node
        raise ClusterError(f"cluster {self.id} has no node {name}", expected=", ".join(n.name for n in self.nodes))

    # Control groups: paths below the root of each hierarchy.

    @property
    def cgroup(self) -> str:
        return f"ethinfra-{self.id}"

    def cgroup_of_space(self, space: str) -> str:
        return f"{self.cgroup}/spaces/{space}"

    def cgroup_of_component(self, component: str) -> str:
        return f"{self.cgroup}/daemons/{component.replace('/', '.')}"

    @property
    def cgroup_of_supervisor(self) -> str:
        return f"{self.cgroup}/supervisor"

    def cgroup_of_pods(self, node: NodePlan) -> str:
        return f"{self.cgroup}/nodes/{node.name}"

    # Files.

    @property
    def dir(self) -> Path:
        return state_dir() / self.id

    @property
    def pki_dir(self) -> Path:
        return self.dir / "pki"

    @property
    def control_dir(self) -> Path:
        """Configuration and data of the control plane."""
        return self.dir / "control"

    @property
    def log_dir(self) -> Path:
        return self.dir / "log"

    @property
    def components_file(self) -> Path:
        """What the supervisor shall run; it reads the file again when it changes."""
        return self.dir / "components.json"

    @property
    def report_file(self) -> Path:
        """What the supervisor sees."""
        return self.dir / "report.json"

    @property
    def kubeconfig(self) -> Path:
        """The operator's; mode 0600."""
        return self.dir / "kubeconfig"

    @property
    def extra_hosts_file(self) -> Path:
        """Names that nodes know beside each other's; name → address."""
        return self.dir / "hosts.json"

    def node_dir(self, node: NodePlan) -> Path:
        return self.dir / "nodes" / node.name

    # Keeping.

    @property
    def _file(self) -> Path:
        return self.dir / "cluster.json"

    def save(self) -> None:
        self.dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_atomically(self._file, json.dumps(asdict(self), indent=1))


def network_of(slot: int) -> IPv4Network:
    return IPv4Network(f"10.{slot}.0.0/16")


def load_plan(identity: str) -> ClusterPlan | None:
    """The plan of a cluster on this machine; None if there is none, or if its boot ended before it was written."""
    path = state_dir() / identity / "cluster.json"
    try:
        return ClusterPlan(**json.loads(path.read_text()))
    except FileNotFoundError:
        return None
    except PermissionError as reason:
        raise ClusterError(f"{path} cannot be read", expected="root", todo="run it with sudo") from reason
    except (ValueError, TypeError) as reason:
        raise ClusterError(
            f"{path} cannot be read", seen=str(reason), todo="remove the cluster: ethinfra down --name NAME"
        ) from reason


def all_plans() -> list[ClusterPlan]:
    """The clusters of all checkouts on this machine."""
    found = (load_plan(path.parent.name) for path in sorted(state_dir().glob("*/cluster.json")))
    return [plan for plan in found if plan is not None]


def write_atomically(path: Path, text: str, mode: int = 0o600) -> bool:
    """Replace a file so that no reader ever sees half of it; False if it had this content already."""
    try:
        if path.read_text() == text and path.stat().st_mode & 0o777 == mode:
            return False
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    fresh.touch(mode=mode)
    fresh.chmod(mode)
    fresh.write_text(text)
    fresh.replace(path)
    return True
