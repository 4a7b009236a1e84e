"""One choice of everything, the values that make it so, and whether the clients can do it at all."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property

from ethinfra.chain.forks import FORKS
from ethinfra.clients import find_program
from ethinfra.deploy.release import Values
from ethinfra.environment import merge
from ethinfra.matrix.networks import known_values
from ethinfra.matrix.switches import SWITCHES, Facts

#: Name of the node that a case adds to nothing: it is the only one.
NODE = "node"

#: Name of the node that starts from it.
SERVE = "serve"

#: What a serve node is told in the same words.
_SHARED = ("execution", "consensus", "jwt", "references", "gracePeriodSeconds")


@dataclass(frozen=True)
class Case:
    """environment, network: names of files. execution, consensus: names of clients. settings: switch → setting."""

    environment: str
    network: str
    execution: str
    consensus: str
    settings: tuple[tuple[str, str], ...]

    @property
    def title(self) -> str:
        """`staging hoodi besu+teku options=all`: what differs from what the chart does by itself."""
        changed = [f"{name}={value}" for name, value in self.settings if value != SWITCHES[name][0][0]]
        return " ".join([self.environment, self.network, f"{self.execution}+{self.consensus}", *changed])

    @property
    def facts(self) -> Facts:
        return Facts(
            find_program(self.execution, "execution"),
            find_program(self.consensus, "consensus"),
            known_values(),
            self.environment,
        )

    @cached_property
    def values(self) -> Values:
        """What is laid over the environment's values: one sync node of these clients, and one serve node that starts
        from it, with these settings."""
        values: Values = {
            "node": {
                "name": NODE,
                "execution": {"client": self.execution},
                "consensus": {"client": self.consensus},
                # As long as any client needs.
                "gracePeriodSeconds": 600,
            }
        }
        for name, setting in self.settings:
            values = merge(values, SWITCHES[name][1](setting, self.facts))
        node, own = values.pop("node"), values.pop("serve-node", {})
        same = {key: node[key] for key in _SHARED if key in node}
        served = merge(same, {"name": SERVE, "from": NODE, **own})
        return merge(values, {"sync": {"nodes": [node]}, "serve": {"nodes": [served]}})

    @property
    def key(self) -> str:
        """The same for the same case, for a cache."""
        return json.dumps([self.environment, self.network, self.values], sort_keys=True)


def refusal(case: Case) -> str:
    """Why these clients cannot follow this network, by what is known of both; empty where they can.

    Told from the files of clients and networks alone: the chart must come to the same, in its own words.
    """
    settings = dict(case.settings)
    network = case.facts.networks[case.network if settings.get("other-network", "none") == "none" else "hoodi"]
    execution, consensus = case.facts.execution, case.facts.consensus
    for program in (execution, consensus):
        if network["preset"] and network["preset"] not in program.known["flags"].get("networks", {}):
            return f"{program.client} has no flags for {network['preset']}"
        late = [fork for fork in network.get("forks", []) if _after(fork["name"], program.known["newestFork"])]
        if late:
            return f"{program.client} does not know {late[0]['name']}"
    if network["preset"]:
        return ""
    slots = int(network["genesis"]["beaconConfig"].get("SLOTS_PER_EPOCH", 32))
    if not consensus.known.get("anyPreset") and slots not in consensus.known.get("presets", {}).values():
        return f"{consensus.client} cannot have {slots} slots per epoch"
    if execution.known["genesisFormat"] not in ("geth", *network["genesis"].get("formats", {})):
        return f"{execution.client} reads another genesis format"
    made = not network["genesis"].get("state", {}).get("url")
    for program in (execution, consensus):
        for group in ("customNetwork", "join" if made else "bootnodes"):
            if group not in program.known["flags"]:
                return f"{program.client} has no flags for {group}"
    return ""


def _after(fork: str, newest: str) -> bool:
    """Whether a fork comes after another; changes of blob parameters alone have no place in the order."""
    order = [one.name for one in FORKS]
    return fork in order and order.index(fork) > order.index(newest)
