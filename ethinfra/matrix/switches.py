"""What a user can turn on and off in the chart, as values laid over an environment's.

Each switch is a function from its setting and from the facts of a case to a patch of values. The first setting
is what the chart does by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml

from ethinfra.clients import Program
from ethinfra.deploy.release import Values
from ethinfra.paths import ROOT

#: A digest of the right form; rules look at whether there is one, not at which.
DIGEST = f"sha256:{'0' * 64}"

#: A node of another network than the release's: a public one, which needs no release to define it.
ELSEWHERE = "hoodi"


@dataclass(frozen=True)
class Facts:
    """What a switch may need to know of its case.

    networks: the files of values/networks, by name. environment: its name, by which the other layers are rendered
    """

    execution: Program
    consensus: Program
    networks: dict[str, Values]
    environment: str


Patch = Callable[[str, Facts], Values]


def _node(**values: Any) -> Values:
    return {"node": values}


def policies(setting: str, _: Facts) -> Values:
    return {"networkPolicy": {"enabled": setting != "off", "devp2p": setting != "no-devp2p"}}


def monitors(setting: str, _: Facts) -> Values:
    return {"serviceMonitor": {"enabled": setting == "on", "labels": {"release": "prometheus"}}}


def jwt(setting: str, _: Facts) -> Values:
    if setting == "generated":
        return {}
    return _node(jwt={"generate": False, "existingSecret": {"name": "engine-jwt", "key": "jwt.hex"}})


def replicas(setting: str, _: Facts) -> Values:
    """And how they avoid each other: alone, there is nobody to avoid."""
    return {
        "several": _node(replicas=3, placement={"antiAffinity": "required", "spread": "DoNotSchedule"}),
        "one": _node(replicas=1, placement={"antiAffinity": "none"}),
        "loose": _node(replicas=2, placement={"antiAffinity": "preferred", "spread": "ScheduleAnyway"}),
    }[setting]


def place(setting: str, _: Facts) -> Values:
    if setting == "anywhere":
        return {}
    zone = {"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["a", "b"]}
    required = {"nodeSelectorTerms": [{"matchExpressions": [zone]}]}
    return _node(
        placement={
            "topologyKeys": ["kubernetes.io/hostname", "topology.kubernetes.io/zone"],
            "nodeSelector": {"example.com/disk": "nvme"},
            "tolerations": [{"key": "chain", "operator": "Exists", "effect": "NoSchedule"}],
            "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}},
        }
    )


def sync_mode(setting: str, facts: Facts) -> Values:
    """The n-th of the modes that the client has; the last of them if it has fewer."""
    modes = sorted(facts.execution.known["flags"]["syncModes"])
    return _node(execution={"syncMode": modes[min(int(setting), len(modes) - 1)]})


def options(setting: str, facts: Facts) -> Values:
    """All that the clients can do and do not do unless asked."""
    if setting == "none":
        return {}
    return _node(
        **{
            program.name: {
                "options": {
                    name: {"from": f"{name.lower()}-files", "settings": option.get("settings", {})}
                    for name, option in program.known.get("options", {}).items()
                }
            }
            for program in (facts.execution, facts.consensus)
        }
    )


def own_flags(setting: str, facts: Facts) -> Values:
    """One that the chart sets already, so that it must be replaced: how many peers there may be."""
    if setting == "none":
        return {}
    return _node(
        **{
            program.name: {
                "extraArgs": [f"{flag.partition('=')[0]}=33" for flag in _flags(program) if ".maxPeers" in flag]
            }
            for program in (facts.execution, facts.consensus)
        }
    )


def _flags(program: Program) -> list[str]:
    return [flag for group in program.known["flags"].values() if isinstance(group, list) for flag in group]


def checkpoint(setting: str, _: Facts) -> Values:
    own = "https://checkpoint.example" if setting == "own" else ""
    return _node(consensus={"checkpointSyncUrl": own})


def bootnodes(setting: str, _: Facts) -> Values:
    """Well-formed records of nobody."""
    if setting == "built-in":
        return {}
    record = f"enode://{'ab' * 64}@192.0.2.1:30303"
    return {"network": {"bootnodes": {"execution": [record, record], "consensus": ["enr:-example"]}}}


def images(setting: str, facts: Facts) -> Values:
    if setting == "tags":
        return {}
    pinned = {"image": {"digest": DIGEST}}
    return {
        "probe": pinned,
        "clients": {facts.execution.client: {"execution": pinned}, facts.consensus.client: {"consensus": pinned}},
    }


def references(setting: str, _: Facts) -> Values:
    return {} if setting == "none" else _node(references=["https://rpc.example", "http://other-rpc.ethereum.svc:8545"])


def retention(setting: str, _: Facts) -> Values:
    return _node(storage={"whenDeleted": setting, "whenScaled": setting})


def another_network(setting: str, facts: Facts) -> Values:
    """A node that follows another network than the release's."""
    return {} if setting == "none" else _node(network=facts.networks[ELSEWHERE])


def snapshots(setting: str, _: Facts) -> Values:
    """How they are taken of the sync node, and whether the serve node wants one: without any, it cannot."""
    wanted = {"serve-node": {"restore": {"required": setting in ("reflink", "volume-snapshot")}}}
    if setting == "off":
        return {**_node(snapshots={"enabled": False}), **wanted}
    cut = {"volumeSnapshot": {"className": "csi-snapshots" if setting == "volume-snapshot" else ""}}
    # A node of the matrix has as long to stop as any client needs, and may be the only one.
    taken = {"enabled": True, "method": setting, "allowDowntime": True, "deadlines": {"stop": 900, "job": 7200}}
    return {**_node(snapshots={**taken, **cut}), **wanted}


def scaling(setting: str, facts: Facts) -> Values:
    """Who decides how many serve nodes there are. Where the client counts no requests, KEDA has nothing to ask for."""
    keda = setting == "keda" and "requests" in facts.execution.known.get("metrics", {}).get("series", {})
    return {"serve-node": {"autoscaling": {"enabled": setting != "off", "keda": keda}}}


def chunk_cache(setting: str, facts: Facts) -> Values:
    """A claim of the infrastructure layer, in environments where that has one."""
    there = setting == "on" and _infrastructure(facts.environment).get("chunkCache", {}).get("enabled", False)
    return {"serve": {"chunkCache": {"claim": "chunk-cache" if there else ""}}}


def mesh(setting: str, _: Facts) -> Values:
    return {"serve": {"mesh": {"enabled": setting == "on"}}}


def _infrastructure(environment: str) -> Values:
    values: Values = yaml.safe_load((ROOT / "values" / "infrastructure" / f"{environment}.yaml").read_text())
    return values


#: Name of a switch → its settings and its patch. The settings that break agreement are named in `case.refusal`.
SWITCHES: dict[str, tuple[tuple[str, ...], Patch]] = {
    "policies": (("on", "off", "no-devp2p"), policies),
    "monitors": (("off", "on"), monitors),
    "jwt": (("generated", "given"), jwt),
    "replicas": (("several", "one", "loose"), replicas),
    "place": (("anywhere", "chosen"), place),
    "sync-mode": (("0", "1", "2"), sync_mode),
    "options": (("none", "all"), options),
    "own-flags": (("none", "one"), own_flags),
    "checkpoint": (("network", "own"), checkpoint),
    "bootnodes": (("built-in", "given"), bootnodes),
    "images": (("tags", "digests"), images),
    "references": (("none", "some"), references),
    "retention": (("Retain", "Delete"), retention),
    "other-network": (("none", ELSEWHERE), another_network),
    "snapshots": (("off", "reflink", "hold", "volume-snapshot"), snapshots),
    "scaling": (("off", "keda", "cpu"), scaling),
    "chunk-cache": (("off", "on"), chunk_cache),
    "mesh": (("off", "on"), mesh),
}
