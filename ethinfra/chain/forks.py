"""Forks and public networks, as far as a network of one's own must agree with them, or differ from them.

A fork has a name on the consensus side (Electra) and one on the execution side (Prague), and each side schedules it in
its own way: by the epoch in the beacon configuration, by the time in the execution genesis.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

#: The epoch of what is not scheduled, 2^64 - 1.
FAR_FUTURE = 2**64 - 1


@dataclass(frozen=True)
class Fork:
    """name: consensus. time_key: in `config` of the execution genesis, empty where that side goes by blocks.

    contracts: those that the execution side needs from then on, address → EIP
    """

    name: str
    time_key: str = ""
    contracts: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def version_key(self) -> str:
        return "GENESIS_FORK_VERSION" if self.name == "phase0" else f"{self.name.upper()}_FORK_VERSION"

    @property
    def epoch_key(self) -> str:
        return f"{self.name.upper()}_FORK_EPOCH"


#: In their order. Addresses: geth v1.17.5, params/protocol_params.go.
FORKS = (
    Fork("phase0"),
    Fork("altair"),
    Fork("bellatrix"),
    Fork("capella", "shanghaiTime"),
    Fork("deneb", "cancunTime", {"0x000f3df6d732807ef1319fb7b8bb8522d0beac02": "EIP-4788"}),
    Fork(
        "electra",
        "pragueTime",
        {
            "0x0000f90827f1c53a10cb7a02335b175320002935": "EIP-2935",
            "0x00000961ef480eb55e80d19ad83579a64c007002": "EIP-7002",
            "0x0000bbddc7ce488642fb579f8b00f3a590007251": "EIP-7251",
        },
    ),
    Fork("fulu", "osakaTime"),
    Fork("gloas", "amsterdamTime"),
)

#: What every beacon configuration must schedule or rule out: the forks that the pinned clients know. Of one that is not
#: named, Prysm v7.1.2 takes mainnet's epoch and version (config/params/loader.go).
NAMED = tuple(fork for fork in FORKS if fork.name not in ("phase0", "gloas"))

#: Keys of the execution genesis that geth v1.17.5 wants in this order, each if a later one is there
#: (params/config.go, CheckConfigForkOrder); those in OPTIONAL_BLOCKS may be missing.
BLOCKS = (
    "homesteadBlock",
    "eip150Block",
    "eip155Block",
    "eip158Block",
    "byzantiumBlock",
    "constantinopleBlock",
    "petersburgBlock",
    "istanbulBlock",
    "muirGlacierBlock",
    "berlinBlock",
    "londonBlock",
    "arrowGlacierBlock",
    "grayGlacierBlock",
    "mergeNetsplitBlock",
)
OPTIONAL_BLOCKS = frozenset({"muirGlacierBlock", "arrowGlacierBlock", "grayGlacierBlock", "mergeNetsplitBlock"})


@dataclass(frozen=True)
class PublicNetwork:
    """genesis_time: of slot 0, Unix seconds."""

    chain_id: int
    genesis_time: int


#: Prysm v7.1.2, config/params; MIN_GENESIS_TIME + GENESIS_DELAY, but for mainnet, whose genesis came 23 seconds later.
PUBLIC = {
    "mainnet": PublicNetwork(1, 1606824023),
    "sepolia": PublicNetwork(11155111, 1655733600),
    "hoodi": PublicNetwork(560048, 1742213400),
}

#: Slots per epoch that a preset has compiled in (consensus-specs, presets/).
PRESETS = {"mainnet": 32, "minimal": 8}


#: Fork versions of the configurations that clients ship (Prysm v7.1.2, config/params), up to the fork after Fulu.
_SHIPPED_VERSIONS = {
    "mainnet": re.compile(r"0x0[0-7]000000"),
    "minimal": re.compile(r"0x0[0-7]000001"),
    "interop": re.compile(r"0x0[0-7]0000eb"),
    "end-to-end": re.compile(r"0x0[0-7]0000f[de]"),
    "holesky": re.compile(r"0x0[1-8]017000"),
    "hoodi": re.compile(r"0x[1-8]0000910"),
    "sepolia": re.compile(r"0x900000(69|7[0-6])"),
}


def owner_of_version(version: str) -> str:
    """The configuration that clients ship with this fork version, or an empty text."""
    return next((name for name, own in _SHIPPED_VERSIONS.items() if own.fullmatch(version.lower())), "")
