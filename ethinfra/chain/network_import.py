"""A network of the user's own, from the files that every client reads, to a file of values/networks.

- genesis.json   the execution genesis, in geth's form
- config.yaml    the beacon configuration
- genesis.ssz    the beacon state at slot 0, too large for a ConfigMap: nodes fetch it from an address

No number is changed on the way: the beacon configuration becomes text, and so does what is hexadecimal in the genesis.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ethinfra.chain import records
from ethinfra.chain.definition import Definition
from ethinfra.chain.forks import FORKS, Fork
from ethinfra.chain.network_check import is_private
from ethinfra.errors import BadInput
from ethinfra.process import run
from ethinfra.toolchain import tool

#: Where fields of a beacon state lie: the first ones have the same length in every fork (consensus-specs, BeaconState).
_GENESIS_TIME, _SLOT, _FORK = slice(0, 8), slice(40, 48), slice(52, 56)
_EXACT = 2**53


@dataclass(frozen=True)
class Files:
    """What the user brings. state: None if only its digest is known. formats: the genesis as other clients read it."""

    genesis: Path
    config: Path
    state: Path | None = None
    formats: Mapping[str, Path] | None = None


@dataclass(frozen=True)
class Told:
    """What no file says. deposit_block: the execution block that the deposit contract is in."""

    state_url: str = ""
    state_sha256: str = ""
    execution_bootnodes: Sequence[str] = ()
    consensus_bootnodes: Sequence[str] = ()
    checkpoints: Sequence[str] = ()
    deposit_block: int = 0


@dataclass(frozen=True)
class State:
    """The head of a beacon state. fork_version: of the fork that it is in, as 0x and 8 digits."""

    genesis_time: int
    slot: int
    fork_version: str
    sha256: str
    content: bytes

    @classmethod
    def read(cls, path: Path) -> State:
        """BadInput if it cannot be read, or is too short for one."""
        content = _read(path)
        if len(content) < _FORK.stop:
            raise BadInput(f"{path} is no beacon state", seen=f"{len(content)} bytes", expected="SSZ, some megabytes")
        return cls(
            genesis_time=int.from_bytes(content[_GENESIS_TIME], "little"),
            slot=int.from_bytes(content[_SLOT], "little"),
            fork_version=f"0x{content[_FORK].hex()}",
            sha256=hashlib.sha256(content).hexdigest(),
            content=content,
        )

    def problems(self, definition: Definition) -> list[str]:
        """What the file says against the rest of the definition."""
        found = []
        newest = [fork for fork in _at_genesis(definition) if fork.version_key in definition.config]
        if self.slot:
            found.append(f"genesis.state is at slot {self.slot}, not at genesis: give the state at slot 0")
        if newest and definition.config[newest[-1].version_key].lower() != self.fork_version:
            key = newest[-1].version_key
            found.append(
                f"genesis.state is of fork version {self.fork_version}, and genesis.beaconConfig.{key}, of the"
                f" newest fork at epoch 0, is {definition.config[key]}"
            )
        start, delay = definition.number("MIN_GENESIS_TIME"), definition.number("GENESIS_DELAY")
        if start is not None and self.genesis_time < start:
            found.append(
                f"genesis.state begins at {self.genesis_time}, before genesis.beaconConfig.MIN_GENESIS_TIME {start}"
                f" (GENESIS_DELAY {delay})"
            )
        told = definition.at("genesis", "state").get("sha256")
        if told != self.sha256:
            found.append(f"genesis.state.sha256 is {told}, and the file's is {self.sha256}")
        block = str(definition.values.get("genesisHash") or "")
        merged = any(fork.name == "bellatrix" for fork in _at_genesis(definition))
        if block and merged and bytes.fromhex(block[2:]) not in self.content:
            found.append(
                f"genesis.state does not hold {block}, the hash of the execution genesis: it is of another one"
            )
        return found


def values_of(name: str, files: Files, told: Told) -> dict[str, Any]:
    """What goes under `network`, without its genesis hash. BadInput if a file cannot be read as what it is."""
    execution, config = read_genesis(files.genesis), read_config(files.config)
    slots = config.get("SECONDS_PER_SLOT", "")
    state = State.read(files.state) if files.state else None
    values: dict[str, Any] = {
        "name": name,
        "chainId": execution["config"].get("chainId"),
        "preset": "",
        "public": _are_outside([*told.execution_bootnodes, *told.consensus_bootnodes]),
        "slotSeconds": int(slots) if slots.isdecimal() else None,
        "genesisHash": "",
        "forks": [],
        "depositContract": {
            "address": config.get("DEPOSIT_CONTRACT_ADDRESS", ""),
            "block": told.deposit_block,
        },
        "checkpointSyncUrls": list(told.checkpoints),
        "bootnodes": {"execution": list(told.execution_bootnodes), "consensus": list(told.consensus_bootnodes)},
        "genesis": {
            "state": {"url": told.state_url, "sha256": told.state_sha256 or (state.sha256 if state else "")},
            "beaconConfig": config,
            "execution": execution,
        },
    }
    if files.formats:
        values["genesis"]["formats"] = {kind: read_json(path) for kind, path in files.formats.items()}
    values["forks"] = Definition(values, state.genesis_time if state else None).schedule
    return values


def read_genesis(path: Path) -> dict[str, Any]:
    """geth's genesis.json, without keys that say nothing. BadInput for anything else."""
    document = read_json(path)
    if not isinstance(document.get("config"), dict) or not isinstance(document.get("alloc"), dict):
        raise BadInput(
            f"{path} is no execution genesis",
            expected="geth's genesis.json, with `config` and `alloc`",
            seen=f"keys {', '.join(sorted(document)[:8]) or '(none)'}",
            todo="other clients' forms go beside it: --format chainspec=FILE",
        )
    genesis: dict[str, Any] = _without_nothing(document)
    genesis["config"] = _without_nothing(document["config"])
    # geth reads these as text too, and text is what helm does not round.
    for key, value in genesis.items():
        if _is_large(value):
            genesis[key] = hex(value)
    for account in genesis["alloc"].values():
        if isinstance(account, dict) and _is_large(account.get("balance")):
            account["balance"] = hex(account["balance"])
    return genesis


def read_config(path: Path) -> dict[str, str]:
    """A beacon configuration as text: every number as it is written, lists in one line. BadInput for anything else."""
    try:
        document = yaml.load(_read(path), Loader=yaml.BaseLoader)  # noqa: S506 - makes text of all scalars, and nothing else
    except yaml.YAMLError as reason:
        raise BadInput(f"{path} is not YAML", seen=str(reason), todo="mend the line that is named") from reason
    if not isinstance(document, dict) or "PRESET_BASE" not in document:
        raise BadInput(f"{path} is no beacon configuration", expected="config.yaml, with PRESET_BASE among its keys")
    return {str(key): _one_line(value) for key, value in document.items()}


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object; BadInput for anything else."""
    try:
        document = json.loads(_read(path))
    except ValueError as reason:
        raise BadInput(f"{path} is not JSON", seen=str(reason)) from reason
    if not isinstance(document, dict):
        raise BadInput(f"{path}", expected="a JSON object", seen=type(document).__name__)
    return document


def genesis_hash(execution: Mapping[str, Any]) -> str:
    """Of execution block 0, as geth computes it; some seconds.

    CommandFailed with geth's own words where it refuses the genesis, ToolchainError where geth is not installed.
    """
    geth = tool("geth")
    with tempfile.TemporaryDirectory(prefix="ethinfra-genesis-") as folder:
        (Path(folder) / "genesis.json").write_text(json.dumps(execution))
        where = [f"--datadir={folder}/data", "--state.scheme=path"]
        run([geth, "init", *where, f"{folder}/genesis.json"], within=120)
        alone = ["--nodiscover", "--maxpeers=0", "--port=0", "--authrpc.port=0", "--ipcdisable", "--cache=16"]
        printed = run([geth, *where, *alone, "--exec=eth.getBlock(0).hash", "console"], within=120).stdout
    found: str = json.loads(printed.splitlines()[-1])
    return found


def as_yaml(values: Mapping[str, Any], *, said: str) -> str:
    """The text of a file. said: how it was made. Text is in quotes, so that no reader takes it for a number."""
    text = yaml.dump({"network": values}, Dumper=_Quoting, sort_keys=False, width=10**9, allow_unicode=True)
    return f"# {said}\n# What the keys mean: values/networks/custom.yaml, which is such a file with comments.\n\n{text}"


class _Quoting(yaml.SafeDumper):
    """Writes text in quotes, and names of keys plain."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the interface's
        """Repeat what occurs twice: anchors are for machines."""
        return True

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> yaml.MappingNode:
        node = super().represent_mapping(tag, mapping, flow_style)
        for key, _ in node.value:
            if key.value[:1].isalpha():
                key.style = None
        return node


def _quoted(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')


_Quoting.add_representer(str, _quoted)


def _at_genesis(definition: Definition) -> list[Fork]:
    return [fork for fork in FORKS if definition.epoch(fork) == 0]


def _are_outside(bootnodes: Sequence[str]) -> bool:
    """Whether all first peers whose address is known are on the internet."""
    addresses = []
    for text in bootnodes:
        try:
            addresses.append(records.decode(text).address)
        except records.Malformed:
            continue
    known = [address for address in addresses if address is not None]
    return bool(known) and not any(is_private(address) for address in known)


def _one_line(value: object) -> str:
    """Text as it is; lists and maps as YAML writes them in brackets."""
    if isinstance(value, list):
        return f"[{', '.join(_inside(one) for one in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_inside(below)}' for key, below in value.items())}}}"
    return str(value)


def _inside(value: object) -> str:
    if isinstance(value, str) and set(value) & set(",[]{}:#\"'"):
        return json.dumps(value)
    return _one_line(value)


def _without_nothing(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if value is not None}


def _is_large(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > _EXACT


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as reason:
        raise BadInput(f"{path} cannot be read", seen=reason.strerror or str(reason)) from reason
