"""The networks that nodes can follow: one file each in values/networks, the same that the chart gets."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ethinfra.chain.quantities import Address, Wei
from ethinfra.errors import BadInput, unknown_name
from ethinfra.paths import ROOT

#: Of every public network; a network of our own says it in its beacon configuration.
SLOTS_PER_EPOCH = 32


@dataclass(frozen=True)
class Network:
    """slot_seconds: from block to block. funds: balance of each funded account at genesis."""

    name: str
    chain_id: int
    slot_seconds: float
    slots_per_epoch: int
    public: bool
    mnemonic: str
    funded: tuple[Address, ...]
    funds: Wei

    @property
    def epoch_seconds(self) -> float:
        return self.slot_seconds * self.slots_per_epoch


def known_networks(folder: Path | None = None) -> list[str]:
    """Names, in alphabetical order."""
    return sorted(path.stem for path in (folder or ROOT / "values" / "networks").glob("*.yaml"))


def network_file(name: str, folder: Path | None = None) -> Path:
    """Where a network's definition is, or would be."""
    return (folder or ROOT / "values" / "networks") / f"{name}.yaml"


def network_values(name: str, folder: Path | None = None) -> dict[str, Any]:
    """What stands under `network` in its file. BadInput where the name is unknown or the file is no such thing."""
    known = known_networks(folder)
    if name not in known:
        raise unknown_name("network", name, known)
    path = network_file(name, folder)
    try:
        document = yaml.safe_load(path.read_text())
    except yaml.YAMLError as reason:
        raise BadInput(f"{path} is not YAML", seen=str(reason), todo="mend the line that is named") from reason
    values = document.get("network") if isinstance(document, dict) else None
    if not isinstance(values, dict):
        raise BadInput(f"{path}", expected="a map under `network`")
    return values


@cache
def load_network(name: str, folder: Path | None = None) -> Network:
    """Read a network. BadInput names the file and the key where something is wrong."""
    values = network_values(name, folder)
    path = network_file(name, folder)
    for key, kind in (("name", str), ("chainId", int), ("slotSeconds", (int, float))):
        if not isinstance(values.get(key), kind):
            raise BadInput(f"{path}: network.{key}", seen=repr(values.get(key)))
    beacon = (values.get("genesis") or {}).get("beaconConfig") or {}
    accounts = values.get("fundedAccounts") or {}
    return Network(
        name=values["name"],
        chain_id=values["chainId"],
        slot_seconds=values["slotSeconds"],
        slots_per_epoch=int(beacon.get("SLOTS_PER_EPOCH", SLOTS_PER_EPOCH)),
        public=bool(values.get("public", False)),
        mnemonic=accounts.get("mnemonic", ""),
        funded=tuple(Address(one) for one in accounts.get("addresses", [])),
        funds=Wei(int(accounts.get("balance", "0x0"), 16)),
    )
