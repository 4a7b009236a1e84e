"""What the charts refuse. helm checks values against the schemas; each problem is told with the path of its key."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from ethinfra.paths import ROOT
from ethinfra.process import CommandFailed, run
from ethinfra.toolchain import tool

CHARTS = ("ethereum-infrastructure", "infrastructure", "registry")

#: Keys of Kubernetes' own objects inside the values, and of helm; no manual of ours explains them.
NOT_OURS = {"matchLabels", "matchExpressions", "ephemeral-storage", "global"}

Path_ = tuple[str, ...]

#: None takes a key out that the defaults have.
WRONG: dict[str, list[tuple[str, Any]]] = {
    "ethereum-infrastructure": [
        ("network.name", "Dev_Net"),
        ("network.chainId", 0),
        ("network.preset", "goerli"),
        ("network.genesis.fork", "shanghai"),
        ("network.genesis.beaconConfig.SECONDS_PER_SLOT", 2),
        ("network.fundedAccounts.addresses", ["0x12"]),
        ("sync.replicas", -1),
        ("sync.replica", 2),
        ("sync.execution.syncMode", "archive"),
        ("sync.execution.cacheMiB", "128"),
        ("sync.execution.resources.limits.memory", None),
        ("sync.execution.resources.requests", {"cpu": "many", "memory": "1Gi"}),
        ("sync.consensus.checkpointSyncUrl", "beacon.example"),
        ("sync.consensus.feeRecipient", "vitalik.eth"),
        ("sync.rpc.namespaces", ["eth", "admin"]),
        ("sync.rpc.namespaces", ["eth", "engine"]),
        ("sync.rpc.namespaces", []),
        ("sync.jwt.generate", "yes"),
        ("sync.jwt.secret", "5e" * 32),
        ("sync.storage.execution", {"className": "", "size": "1Gi"}),
        ("sync.storage.consensus.size", None),
        ("sync.storage.whenDeleted", "Recycle"),
        ("sync.placement.antiAffinity", "zone"),
        ("sync.gracePeriodSeconds", 10),
        ("sync.bootnode", True),
        ("validators.replicas", 2),
        ("validators.validator.keys", ["0x1"]),
        ("probe.image.tag", "latest"),
        ("probe.image.digest", "sha256:12"),
        ("probe.port", 70000),
        ("probe.readiness.periodSeconds", None),
        ("security.user", 0),
        ("networkPolicy.apiServer.cidr", "the API server"),
        ("networkPolicy.apiServer.ports", []),
        ("networkPolicy.rpcClients.podSelector.matchExpressions", [{"key": "a", "operator": "Is"}]),
        ("clients.geth.execution.image.tag", "latest"),
        ("clients.geth.execution.stopSignal", "SIGKILL"),
        ("clients.geth.execution.ports.rpc", 0),
        ("clients.geth.execution.flags.rcp", ["--http"]),
        ("clients.geth.executoin", {}),
        ("nodes", []),
        ("global.network", "devnet"),
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
        ("operatorGroup", []),
    ],
    "registry": [
        ("images.registry.repository", "registry"),
        ("images.gateway.tag", "latest"),
        ("images.pullPolicy", "Sometimes"),
        ("persistence.storageClassName", ""),
        ("persistence.size", "big"),
        ("secrets.tls", ""),
        ("secrets.password", "hunter2"),
        ("networkPolicy.clientLabels", {"ethinfra.io/registry-client": None}),
        ("networkPolicy.nodeRanges", ["0.0.0.0/0"]),
        ("networkPolicy.nodeRanges", ["10.0.0.1"]),
        ("resources.registry.limits.memory", None),
        ("uploads.purgeAfter", "a day"),
        ("terminationGracePeriodSeconds", 0),
        ("tolerations", [{"effect": "Never"}]),
        ("replicas", 2),
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


def nested(path: Path_, value: Any) -> dict[str, Any]:
    for key in reversed(path):
        value = {key: value}
    return value


def put(values: dict[str, Any], path: Path_, value: Any) -> None:
    for key in path[:-1]:
        values = values.setdefault(key, {})
    values[path[-1]] = value


@pytest.mark.parametrize(
    ("chart", "key", "value"),
    [pytest.param(chart, *case, id=f"{chart}: {case[0]}={case[1]}") for chart in CHARTS for case in WRONG[chart]],
)
def test_wrong_value_is_refused_with_the_path_of_its_key(chart: str, key: str, value: Any, tmp_path: Path) -> None:
    path = tuple(key.split("."))

    said = refusal(chart, nested(path, value), tmp_path)

    # An unknown or missing key is told as the path of its map and its name.
    told = "/".join(("", *path)) in said or (f"at '{'/'.join(('', *path[:-1]))}'" in said and f"'{path[-1]}'" in said)
    assert told, said


@pytest.mark.parametrize("chart", CHARTS)
def test_unknown_key_is_refused_at_every_level(chart: str, tmp_path: Path) -> None:
    levels = [path for path, schema in schema_of(chart) if schema.get("type") == "object" and "properties" in schema]
    values: dict[str, Any] = {}
    for path in levels:
        put(values, (*path, "misspelt"), 1)

    said = refusal(chart, values, tmp_path)

    untold = [path for path in levels if f"at '{'/'.join(('', *path)) if path else ''}': additional" not in said]
    assert untold == []


@pytest.mark.parametrize("chart", CHARTS)
def test_ill_typed_value_is_refused_at_every_key(chart: str, tmp_path: Path) -> None:
    keys = [path for path, schema in schema_of(chart) if "properties" not in schema and path]
    values: dict[str, Any] = {}
    for path in keys:
        put(values, path, 1.5 if schema_at(chart, path).get("type") != "number" else "1.5")

    said = refusal(chart, values, tmp_path)

    assert [path for path in keys if f"at '{'/'.join(('', *path))}'" not in said] == []


@pytest.mark.parametrize("chart", CHARTS)
def test_every_level_of_the_schema_is_closed(chart: str) -> None:
    """A map is either of known keys, or of free ones whose values are described."""

    def open_levels(schema: Any, where: str) -> Iterator[str]:
        if isinstance(schema, dict):
            if schema.get("type") == "object" and "additionalProperties" not in schema:
                yield where
            for key, below in schema.items():
                yield from open_levels(below, f"{where}/{key}")

    # go-ethereum's own format.
    free = {"/properties/network/properties/genesis/properties/execution"}
    assert set(open_levels(document(chart), "")) - free == set()


@pytest.mark.parametrize("chart", CHARTS)
def test_every_key_of_the_schema_is_in_the_manual(chart: str) -> None:
    """`values.yaml` has it, or shows it commented out."""
    manual = (ROOT / "charts" / chart / "values.yaml").read_text()
    unknown = [
        ".".join(path)
        for path, _ in schema_of(chart)
        if path and path[-1] not in NOT_OURS and not re.search(rf"(^|[ {{`]){re.escape(path[-1])}\b[`:]", manual, re.M)
    ]

    assert unknown == []


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"sync.jwt.existingSecret.name": "jwt"}, "sync.jwt: generate and existingSecret exclude each other"),
        ({"sync.jwt.generate": False}, "sync.jwt: generate is false, so existingSecret.name"),
        ({"sync.execution.client": "besu"}, 'sync.execution.client: no client "besu"; known: geth, prysm'),
        ({"sync.consensus.client": "geth"}, 'client "geth" has no program for "consensus"'),
        ({"network.genesis.tool": "geth"}, 'client "geth" has no program for "genesis"'),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_contradiction_is_refused_with_its_remedy(
    values: dict[str, Any], said: str, ethereum: Callable[..., list[dict[str, Any]]]
) -> None:
    with pytest.raises(CommandFailed) as refused:
        ethereum(values)

    assert said in refused.value.output


def test_weaker_pod_security_needs_a_reason() -> None:
    values = {"namespaces": {"mesh": {"podSecurity": "baseline", "defaultDeny": True}}}
    chart = ROOT / "charts" / "infrastructure"

    with pytest.raises(CommandFailed) as refused:
        run([tool("helm"), "template", "tried", chart, "--values", "-"], stdin=yaml.safe_dump(values))

    assert "namespaces.mesh.reason must say why not restricted" in refused.value.output


@cache
def document(chart: str) -> dict[str, Any]:
    return json.loads((ROOT / "charts" / chart / "values.schema.json").read_text())


def schema_of(chart: str) -> Iterator[tuple[Path_, dict[str, Any]]]:
    """Every key that a schema knows by name, with what it says of the value."""

    def walk(schema: dict[str, Any], path: Path_) -> Iterator[tuple[Path_, dict[str, Any]]]:
        if "$ref" in schema:
            schema = document(chart)["$defs"][schema["$ref"].rpartition("/")[2]]
        yield path, schema
        for key, below in schema.get("properties", {}).items():
            yield from walk(below, (*path, key))

    return walk(document(chart), ())


def schema_at(chart: str, path: Path_) -> dict[str, Any]:
    return next(schema for known, schema in schema_of(chart) if known == path)
