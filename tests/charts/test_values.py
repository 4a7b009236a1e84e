"""Values of the right type that make no sense: helm refuses them by the schemas, and tells the path of the key.

Unknown keys, wrong types and contradictions are in features/static/values.feature.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ethinfra.deploy.values import CHARTS
from ethinfra.paths import ROOT
from ethinfra.process import CommandFailed, run
from ethinfra.toolchain import tool

Path_ = tuple[str | int, ...]

#: None takes a key out that the defaults have.
WRONG: dict[str, list[tuple[str, Any]]] = {
    "ethereum-infrastructure": [
        ("network.name", "Dev_Net"),
        ("network.chainId", 0),
        ("network.preset", "goerli"),
        ("network.genesis.fork", "shanghai"),
        ("network.fundedAccounts.addresses", ["0x12"]),
        ("sync.defaults.replicas", -1),
        ("sync.defaults.execution.syncMode", ""),
        ("sync.defaults.execution.extraArgs", ["cache=128"]),
        ("sync.defaults.execution.extraArgs", ["--cache 128"]),
        ("sync.defaults.execution.resources.limits.memory", "-1Gi"),
        ("sync.defaults.execution.resources.requests", {"cpu": "many", "memory": "1Gi"}),
        ("sync.defaults.consensus.checkpointSyncUrl", "beacon.example"),
        ("sync.defaults.consensus.feeRecipient", "vitalik.eth"),
        ("sync.defaults.rpc.namespaces", ["eth", "admin"]),
        ("sync.defaults.rpc.namespaces", ["eth", "engine"]),
        ("sync.defaults.rpc.namespaces", []),
        ("sync.defaults.storage.execution", {"className": "", "size": "1Gi"}),
        ("sync.defaults.storage.consensus.size", None),
        ("sync.defaults.storage.whenDeleted", "Recycle"),
        ("sync.defaults.placement.antiAffinity", "zone"),
        ("sync.defaults.placement.topologyKeys", []),
        ("sync.defaults.gracePeriodSeconds", 10),
        ("sync.defaults.probes.readiness.periodSeconds", None),
        ("sync.nodes.0.name", "Geth"),
        ("sync.nodes.0.network.preset", "goerli"),
        ("sync.nodes.0.execution.resources.limits.memory", "much"),
        ("validators.replicas", 2),
        ("probe.image.tag", "latest"),
        ("probe.image.digest", "sha256:12"),
        ("probe.port", 70000),
        ("imageLock", {"ghcr.io/ethinfra/node-probe:0.1.0": "sha256:12"}),
        ("security.user", 0),
        ("networkPolicy.apiServer.cidr", "the API server"),
        ("networkPolicy.apiServer.ports", []),
        ("networkPolicy.rpcClients.podSelector.matchExpressions", [{"key": "a", "operator": "Is"}]),
        ("clients.geth.execution.image.tag", "latest"),
        ("clients.geth.execution.stopSignal", "SIGKILL"),
        # Volumes are named after options.
        ("clients.geth.execution.options.host-names", {"about": "names", "flags": []}),
        ("clients.geth.execution.ports.rpc", 0),
        ("clients.geth.execution.health.path", "health"),
        ("clients.geth.execution.peerPorts.0.protocol", "QUIC"),
    ],
    "infrastructure": [
        ("namespaces.Ethereum", {"podSecurity": "restricted", "defaultDeny": True}),
        ("namespaces.ethereum", {"podSecurity": "restricted"}),
        ("namespaces.ethereum.podSecurity", "none"),
        ("namespaces.ethereum.quota", {"pods": "many"}),
        ("namespaces.ethereum.defaults", {"limits": {}}),
        ("storage.classes.chain-data", {"provisioner": "", "reclaimPolicy": "Delete", "allowVolumeExpansion": True}),
        ("storage.classes.chain-data.reclaimPolicy", "Recycle"),
        ("storage.localVolumes", [{"name": "a", "className": "b", "node": "c", "path": "mnt", "capacity": "1Ti"}]),
        ("dns.podLabels", {"k8s-app": None}),
        ("priorities.chain-critical", {"value": 2000000000, "description": "above the cluster's own"}),
        ("operatorGroups", [""]),
    ],
    "keda": [
        ("images.operator.repository", "keda"),
        ("images.adapter.tag", "latest"),
        ("images.pullPolicy", "Sometimes"),
        ("imageLock", {"ghcr.io/kedacore/keda:2.21.0": ""}),
        ("watchNamespaces", []),
        ("watchNamespaces", ["Ethereum"]),
        ("adapterReplicas", 0),
        ("logLevel", "warn"),
        ("metricTimeoutMilliseconds", 1),
        ("networkPolicy.metricPorts", [0]),
        ("networkPolicy.apiServer.cidr", "the API server"),
        ("networkPolicy.callers", ["0.0.0.0/0"]),
        ("networkPolicy.callers", []),
        ("resources.adapter.limits.memory", None),
        ("tolerations", [{"effect": "Never"}]),
    ],
    "registry": [
        ("images.registry.repository", "registry"),
        ("images.gateway.tag", "latest"),
        ("images.pullPolicy", "Sometimes"),
        ("imageLock", {"docker.io/library/nginx:1.22.1": ""}),
        ("persistence.storageClassName", ""),
        ("persistence.size", "big"),
        ("secrets.tls", ""),
        ("networkPolicy.clientLabels", {"ethinfra.io/registry-client": None}),
        ("networkPolicy.nodeRanges", ["0.0.0.0/0"]),
        ("networkPolicy.nodeRanges", ["10.0.0.1"]),
        ("resources.registry.limits.memory", None),
        ("uploads.purgeAfter", "a day"),
        ("terminationGracePeriodSeconds", 0),
        ("tolerations", [{"effect": "Never"}]),
    ],
}


def refusal(chart: str, values: dict[str, Any], folder: Path) -> str:
    """What helm says of values that the schema refuses."""
    file = folder / "values.yaml"
    file.write_text(yaml.safe_dump(values))
    with pytest.raises(CommandFailed) as refused:
        run([tool("helm"), "template", "tried", ROOT / "charts" / chart, "--values", file])
    assert "don't meet the specifications of the schema" in refused.value.output
    return refused.value.output


def nested(path: Path_, value: Any) -> Any:
    for key in reversed(path):
        value = {key: value} if isinstance(key, str) else [value]
    return value


def pointer(path: Path_) -> str:
    """As helm names a place in the values."""
    return "".join(f"/{key}" for key in path)


@pytest.mark.parametrize(
    ("chart", "key", "value"),
    [pytest.param(chart, *case, id=f"{chart}: {case[0]}={case[1]}") for chart in CHARTS for case in WRONG[chart]],
)
def test_wrong_value_is_refused_with_the_path_of_its_key(chart: str, key: str, value: Any, tmp_path: Path) -> None:
    path = tuple(int(one) if one.isdigit() else one for one in key.split("."))

    said = refusal(chart, nested(path, value), tmp_path)

    # A missing key, or a name that does not fit, is told as the path of its map and its name.
    told = pointer(path) in said or (f"at '{pointer(path[:-1])}'" in said and f"'{path[-1]}'" in said)
    assert told, said


def test_weaker_pod_security_needs_a_reason() -> None:
    values = {"namespaces": {"mesh": {"podSecurity": "baseline", "defaultDeny": True}}}
    chart = ROOT / "charts" / "infrastructure"

    with pytest.raises(CommandFailed) as refused:
        run([tool("helm"), "template", "tried", chart, "--values", "-"], stdin=yaml.safe_dump(values))

    assert "namespaces.mesh.reason must say why not restricted" in refused.value.output
