"""Is a network's definition whole, and do its parts agree? Without asking anybody.

A network of one's own is two halves that must tell the same: the execution genesis (geth's genesis.json) and the beacon
configuration (config.yaml). What differs between them shows late: nodes without peers, a chain that stands still at a
fork, blocks that nobody accepts. Each rule here is a function from a definition to complaints; a complaint names the
value, what was expected and what is there.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import pairwise
from typing import Any

import jsonschema
import yaml
from eth_utils.address import is_checksum_address, to_checksum_address

from ethinfra.chain import records
from ethinfra.chain.definition import Definition
from ethinfra.chain.forks import (
    BLOCKS,
    FORKS,
    NAMED,
    OPTIONAL_BLOCKS,
    PRESETS,
    PUBLIC,
    owner_of_version,
)
from ethinfra.paths import ROOT

#: What helm carries without rounding: values pass through it as floating-point numbers.
_EXACT = 2**53
#: As the chart's network policies exclude them from the internet (charts/ethereum-infrastructure, ethereum.peers).
_PRIVATE = [
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8")
]
_ORDER = [fork.name for fork in FORKS]

Rule = Callable[[Definition], Iterator[str]]


def problems(values: Mapping[str, Any], *, state_time: int | None = None) -> list[str]:
    """All complaints about a definition (what stands under `network`), each once; empty for a sound one."""
    definition = Definition(values, state_time)
    rules = [*ALWAYS, *(OF_ONES_OWN if definition.kind != "known" else KNOWN)]
    return list(dict.fromkeys(complaint for rule in rules for complaint in rule(definition)))


def remarks(values: Mapping[str, Any]) -> list[str]:
    """What is allowed, and worth knowing before it surprises."""
    definition = Definition(values)
    if definition.kind != "given":
        return []
    said = []
    if not values.get("genesisHash"):
        said.append("genesisHash is empty: a node on another chain of the same id would be called ready")
    if not values.get("checkpointSyncUrls"):
        said.append("checkpointSyncUrls is empty: nodes follow the chain from its genesis")
    return said + [
        f"{eip} ({address}) is not in the genesis: by {fork.name} somebody must have deployed it"
        for fork in FORKS
        if (definition.epoch(fork) or 0) > 0
        for address, eip in fork.contracts.items()
        if not _has_code(definition.alloc, address)
    ]


def follows_schema(definition: Definition) -> Iterator[str]:
    """The chart's own schema, so that rendering refuses nothing that was found sound here."""
    for error in sorted(_validator().iter_errors(dict(definition.values)), key=lambda one: list(map(str, one.path))):
        yield f"{'.'.join(map(str, error.absolute_path)) or 'network'}: {error.message[:300]}"


def is_not_two_things(definition: Definition) -> Iterator[str]:
    """A preset excludes a genesis of one's own; a state has an address and a digest, or neither."""
    values, state = definition.values, definition.at("genesis", "state")
    if definition.kind == "known":
        if definition.at("create").get("enabled"):
            yield f"create.enabled is true, and preset {values['preset']!r} is a network that exists"
        if definition.config or definition.execution or state.get("url"):
            yield f"genesis is given, and preset {values['preset']!r} has one of its own: remove one of the two"
    if definition.kind == "given" and not state.get("sha256"):
        yield "genesis.state.sha256 is empty; say what the file must be, so that no other chain is started from it"
    if state.get("sha256") and not state.get("url"):
        yield "genesis.state.sha256 is given without genesis.state.url: the network would be made anew, not joined"


def numbers_are_carried_exactly(definition: Definition) -> Iterator[str]:
    """Helm rounds numbers beyond 2^53; geth takes those outside of `config` as text too."""
    for path, number in _numbers(definition.execution, "genesis.execution"):
        if abs(number) > _EXACT:
            yield f"{path} is {number}, more than helm carries exactly (2^53): quote it as hexadecimal text"


def bootnodes_can_be_read(definition: Definition) -> Iterator[str]:
    """Each address is whole, and the chart's network policies let nodes go there."""
    for half in ("execution", "consensus"):
        given = definition.at("bootnodes").get(half) or []
        if definition.kind == "given" and not given:
            yield f"bootnodes.{half} is empty; a network that exists is joined through at least one of its nodes"
        for index, text in enumerate(given):
            try:
                peer = records.decode(str(text))
            except records.Malformed as reason:
                yield f"bootnodes.{half}[{index}]: {reason}"
                continue
            private = peer.address is not None and is_private(peer.address)
            if peer.address is not None and private == bool(definition.values.get("public")):
                yield (
                    f"bootnodes.{half}[{index}] is at {peer.host}, "
                    + ("a private range, which public: true leaves out" if private else "on the internet")
                    + ("" if private else ", and public is not true: network policies admit nodes of the cluster only")
                )


def forks_are_in_order(definition: Definition) -> Iterator[str]:
    """`forks` by themselves: known names in their order, neither epochs nor times going back."""
    forks = definition.forks
    names = [one["name"] for one in forks]
    for name in names:
        if name not in _ORDER and not (str(name).startswith("bpo") and str(name)[3:].isdecimal()):
            yield f"forks: {name!r} is no fork's name on the consensus side; those are {', '.join(_ORDER)}, bpo1, …"
    for name in {name for name in names if names.count(name) > 1}:
        yield f"forks: {name} is there twice"
    for earlier, later in pairwise(forks):
        ordered = [_ORDER.index(one["name"]) for one in (earlier, later) if one["name"] in _ORDER]
        if ordered != sorted(ordered):
            yield f"forks: {later['name']} comes after {earlier['name']}"
        for key in ("epoch", "time"):
            if isinstance(earlier.get(key), int) and isinstance(later.get(key), int) and earlier[key] > later[key]:
                yield f"forks: {key} of {later['name']} is {later[key]}, before {earlier['name']} at {earlier[key]}"
    for one in forks:
        name, epoch, time = one["name"], one.get("epoch"), one.get("time")
        if isinstance(epoch, int) and isinstance(time, int):
            begins = definition.time_of(epoch)
            if begins not in (None, time):
                yield f"forks: {name} is at epoch {epoch}, which begins at {begins}, and its time is {time}"


def preset_is_what_it_says(definition: Definition) -> Iterator[str]:
    public = PUBLIC.get(str(definition.values["preset"]))
    if public and definition.values.get("chainId") != public.chain_id:
        yield f"chainId is {definition.values.get('chainId')}, and {definition.values['preset']} has {public.chain_id}"


def halves_are_there(definition: Definition) -> Iterator[str]:
    """What the chart's templates demand, and what clients take from mainnet when it is not said."""
    if not definition.execution:
        yield "genesis.execution is empty; give the execution genesis (geth's genesis.json), or a preset"
    if not definition.config:
        yield "genesis.beaconConfig is empty; give the constants of the beacon chain (config.yaml), or a preset"
        return
    needed = ["CONFIG_NAME", "PRESET_BASE", "GENESIS_FORK_VERSION", "MIN_GENESIS_TIME", "GENESIS_DELAY"]
    needed += ["SECONDS_PER_SLOT", "DEPOSIT_CHAIN_ID", "DEPOSIT_NETWORK_ID", "DEPOSIT_CONTRACT_ADDRESS"]
    needed += ["TERMINAL_TOTAL_DIFFICULTY"]
    for key in needed:
        if key not in definition.config:
            yield f"genesis.beaconConfig.{key} is missing"
    for fork in NAMED:
        for key in (fork.version_key, fork.epoch_key):
            if key not in definition.config:
                yield f"genesis.beaconConfig.{key} is missing; clients that know {fork.name} take mainnet's"
    for fork in FORKS[1:]:
        if fork.epoch_key in definition.config and definition.number(fork.epoch_key) is None:
            yield f"genesis.beaconConfig.{fork.epoch_key} is {definition.config[fork.epoch_key]!r}, not a number"
    name = definition.config.get("CONFIG_NAME")
    if name in (*PUBLIC, "holesky"):
        yield f"genesis.beaconConfig.CONFIG_NAME is {name!r}, which clients know as another network"


def config_can_be_written(definition: Definition) -> Iterator[str]:
    """The chart writes `KEY: value` lines; what is read back must be one value."""
    for key, value in definition.config.items():
        try:
            read = yaml.safe_load(f"{key}: {value}\n")
        except yaml.YAMLError:
            read = None
        if not isinstance(read, dict) or list(read) != [key] or "\n" in value or read[key] is None:
            yield f"genesis.beaconConfig.{key} is {value!r}, which is no single value in one line of YAML"


def ids_agree(definition: Definition) -> Iterator[str]:
    """One number four times: the clients are started with it as chain id and as network id."""
    chain_id = definition.values.get("chainId")
    if definition.execution and definition.chain.get("chainId") != chain_id:
        yield f"chainId is {chain_id}, and genesis.execution.config.chainId {definition.chain.get('chainId')}"
    for key in ("DEPOSIT_CHAIN_ID", "DEPOSIT_NETWORK_ID"):
        if key in definition.config and definition.number(key) != chain_id:
            yield f"chainId is {chain_id}, and genesis.beaconConfig.{key} {definition.config[key]}"
    for name, public in PUBLIC.items():
        if chain_id == public.chain_id:
            yield f"chainId is {chain_id}, that of {name}: transactions of the one would be valid on the other"


def slots_agree(definition: Definition) -> Iterator[str]:
    config, seconds = definition.config, definition.values.get("slotSeconds")
    if "SECONDS_PER_SLOT" in config and definition.number("SECONDS_PER_SLOT") != seconds:
        yield f"slotSeconds is {seconds}, and genesis.beaconConfig.SECONDS_PER_SLOT {config['SECONDS_PER_SLOT']}"
    if isinstance(seconds, int) and config:
        # Prysm v7.1.2 goes by SLOT_DURATION_MS, and takes mainnet's where it is missing.
        milliseconds = definition.number("SLOT_DURATION_MS") or 12_000
        if milliseconds != seconds * 1000:
            said = config.get("SLOT_DURATION_MS", "missing, which means 12000")
            yield f"slotSeconds is {seconds}, and genesis.beaconConfig.SLOT_DURATION_MS {said}"
    preset = config.get("PRESET_BASE", "")
    slots = definition.number("SLOTS_PER_EPOCH")
    if preset in PRESETS and slots not in (None, PRESETS[preset]):
        yield f"genesis.beaconConfig.SLOTS_PER_EPOCH is {slots}, and PRESET_BASE {preset} has {PRESETS[preset]}"
    if preset not in ("", "mainnet") and slots is None:
        yield f"genesis.beaconConfig.SLOTS_PER_EPOCH is missing; it must be said for PRESET_BASE {preset}"


def deposit_contract_agrees(definition: Definition) -> Iterator[str]:
    """One address in three places, with code there if it is in the genesis at all."""
    given = definition.at("depositContract")
    beacon = definition.config.get("DEPOSIT_CONTRACT_ADDRESS", "")
    places = {
        "genesis.beaconConfig.DEPOSIT_CONTRACT_ADDRESS": beacon,
        "depositContract.address": given.get("address") or "",
        "genesis.execution.config.depositContractAddress": definition.chain.get("depositContractAddress") or "",
    }
    for place, address in places.items():
        if address and beacon and str(address).lower() != beacon.lower():
            yield f"{place} is {address}, and genesis.beaconConfig.DEPOSIT_CONTRACT_ADDRESS {beacon}"
        if not address and (
            place != "genesis.execution.config.depositContractAddress" or _scheduled(definition, "electra")
        ):
            yield f"{place} is empty; without it deposits are not found"
    if beacon and definition.execution and not given.get("block") and not _has_code(definition.alloc, beacon):
        yield (
            f"genesis.execution.alloc has no code at the deposit contract {beacon}; if it was deployed later, say in"
            " which block: depositContract.block"
        )


def beacon_forks_are_sound(definition: Definition) -> Iterator[str]:
    """Versions of one's own, all different; epochs that do not go back."""
    seen: dict[str, str] = {}
    for fork in FORKS:
        version = definition.config.get(fork.version_key, "").lower()
        if not version:
            continue
        if version in seen:
            yield f"genesis.beaconConfig.{fork.version_key} is {version}, the same as {seen[version]}"
        seen[version] = fork.version_key
        owner = owner_of_version(version)
        if owner:
            yield (
                f"genesis.beaconConfig.{fork.version_key} is {version}, a version of {owner}: Prysm stops with"
                ' "conflicting fork version schedule"'
            )
    far = [
        (fork, definition.epoch(fork)) for fork in FORKS if fork.name == "phase0" or fork.epoch_key in definition.config
    ]
    for (earlier, before), (later, after) in pairwise(far):
        if after is not None and (before is None or before > after):
            at = "not scheduled" if before is None else f"at epoch {before}"
            yield f"genesis.beaconConfig: {later.name} is at epoch {after}, and {earlier.name}, which comes first, {at}"


def genesis_fork_is_the_newest(definition: Definition) -> Iterator[str]:
    """The state at genesis is of one kind, and the tool that makes it, or reads it, is told which."""
    told = definition.at("genesis").get("fork")
    active = [fork.name for fork in FORKS if definition.epoch(fork) == 0]
    if definition.config and told and told != active[-1]:
        yield f"genesis.fork is {told}, and the newest fork at epoch 0 of genesis.beaconConfig is {active[-1]}"


def execution_forks_are_sound(definition: Definition) -> Iterator[str]:
    """What geth demands of a genesis: by blocks in order, then by times, blobs described from Cancun on."""
    chain = definition.chain
    if not chain:
        return
    missing, last = "", ("", 0)
    for key in BLOCKS:
        block = chain.get(key)
        if block is None:
            missing = missing or ("" if key in OPTIONAL_BLOCKS else key)
        elif isinstance(block, int):
            if block < last[1]:
                yield f"genesis.execution.config.{key} is {block}, before {last[0]} at {last[1]}"
            last = (key, block)
    if missing:
        yield f"genesis.execution.config.{missing} is missing; geth refuses a genesis that leaves out a fork"
    if "terminalTotalDifficulty" not in chain:
        yield "genesis.execution.config.terminalTotalDifficulty is missing; geth follows proof of stake only"
    elif str(chain["terminalTotalDifficulty"]) != definition.config.get("TERMINAL_TOTAL_DIFFICULTY", "0"):
        yield (
            f"genesis.execution.config.terminalTotalDifficulty is {chain['terminalTotalDifficulty']}, and"
            f" genesis.beaconConfig.TERMINAL_TOTAL_DIFFICULTY {definition.config.get('TERMINAL_TOTAL_DIFFICULTY')}"
        )


def blobs_agree(definition: Definition) -> Iterator[str]:
    chain, blobs = definition.chain, definition.at("genesis", "execution", "config", "blobSchedule")
    if not chain or not definition.config:
        return
    for key, fork, limit in (
        ("cancun", "deneb", "MAX_BLOBS_PER_BLOCK"),
        ("prague", "electra", "MAX_BLOBS_PER_BLOCK_ELECTRA"),
    ):
        if not _scheduled(definition, fork):
            continue
        if key not in blobs:
            yield f"genesis.execution.config.blobSchedule.{key} is missing; with {fork} geth wants it"
        elif limit in definition.config and definition.number(limit) != _blobs(blobs, key):
            yield (
                f"genesis.execution.config.blobSchedule.{key}.max is {_blobs(blobs, key)}, and"
                f" genesis.beaconConfig.{limit} {definition.config[limit]}"
            )
    if _scheduled(definition, "fulu"):
        if definition.blob_entries is None:
            said = (
                "missing; clients take mainnet's" if "BLOB_SCHEDULE" not in definition.config else "no list of entries"
            )
            yield f"genesis.beaconConfig.BLOB_SCHEDULE is {said}; with fulu scheduled, say it, if only as []"
        for name, _, limit_of in definition.blob_forks:
            if _blobs(blobs, name) != limit_of:
                yield (
                    f"genesis.execution.config.blobSchedule.{name}.max is {_blobs(blobs, name)}, and BLOB_SCHEDULE of"
                    f" genesis.beaconConfig has {limit_of}"
                )
    if definition.blob_entries is not None:
        known = {f"{name}Time" for name, _, _ in definition.blob_forks}
        for key in sorted(chain):
            if key.startswith("bpo") and key.endswith("Time") and key not in known:
                yield f"genesis.execution.config.{key} is given, and BLOB_SCHEDULE has no such entry"


def halves_fork_at_one_time(definition: Definition) -> Iterator[str]:
    """The execution side's times are the beginnings of the consensus side's epochs. A made network gets them later."""
    if definition.kind != "given" or not definition.chain or not definition.config:
        return
    pairs = [(fork.name, definition.epoch(fork), fork.time_key) for fork in FORKS if fork.time_key]
    pairs += [(name, epoch, f"{name}Time") for name, epoch, _ in definition.blob_forks]
    for name, epoch, key in pairs:
        time = definition.chain.get(key)
        where = f"genesis.execution.config.{key}"
        if epoch is None:
            if time is not None:
                yield f"{where} is {time}, and genesis.beaconConfig does not schedule {name}"
            continue
        expected = definition.time_of(epoch)
        if time is None:
            yield f"{where} is missing, and genesis.beaconConfig has {name} at epoch {epoch}" + (
                f", which begins at {expected}" if expected is not None else ""
            )
        elif expected is not None and isinstance(time, int) and (time > expected if epoch == 0 else time != expected):
            yield f"{where} is {time}, and {name} is at epoch {epoch}, which begins at {expected}"


def forks_are_those_of_the_genesis(definition: Definition) -> Iterator[str]:
    """`forks`, by which clients that are too old are refused, leaves none out."""
    told = {one["name"]: one for one in definition.forks}
    scheduled = {one["name"]: one for one in definition.schedule}
    for name, one in scheduled.items():
        if name not in told:
            yield f"forks has no {name}, which genesis.beaconConfig has at epoch {one['epoch']}"
        elif told[name].get("epoch", one["epoch"]) != one["epoch"]:
            yield f"forks: epoch of {name} is {told[name]['epoch']}, and genesis.beaconConfig has {one['epoch']}"
    for name in told:
        if definition.config and name not in scheduled and name != "phase0":
            yield f"forks: {name} is there, and genesis.beaconConfig does not schedule it"


def contracts_are_there(definition: Definition) -> Iterator[str]:
    """Without them geth drops the requests of blocks, and Prague's blocks are invalid."""
    if not definition.execution:
        return
    for fork in FORKS:
        # Of a network that is made here, nobody can deploy them before its forks, whenever those are.
        needed = definition.epoch(fork) is not None if definition.kind == "made" else definition.epoch(fork) == 0
        for address, eip in fork.contracts.items():
            if needed and not _has_code(definition.alloc, address):
                yield f"genesis.execution.alloc has no code at {address} ({eip}), which {fork.name} needs"


def funds_are_sound(definition: Definition) -> Iterator[str]:
    """Addresses are typed right, and do not change a genesis that exists."""
    funded = definition.at("fundedAccounts")
    for index, address in enumerate(funded.get("addresses") or []):
        where, text = f"fundedAccounts.addresses[{index}]", str(address)
        if text not in (text.lower(), text.upper().replace("0X", "0x")) and not is_checksum_address(text):
            yield f"{where} is {text}, whose checksum is wrong; expected {to_checksum_address(text.lower())}"
        exact = definition.at("genesis", "execution", "alloc").get(text)
        if definition.kind == "given" and exact != {"balance": funded.get("balance")}:
            yield (
                f"{where} is {text}, which genesis.execution.alloc does not hold, written so and with the same balance:"
                " the chart would change the genesis of a network that exists"
            )


ALWAYS: tuple[Rule, ...] = (follows_schema, is_not_two_things, bootnodes_can_be_read, forks_are_in_order)
KNOWN: tuple[Rule, ...] = (preset_is_what_it_says,)
OF_ONES_OWN: tuple[Rule, ...] = (
    halves_are_there,
    config_can_be_written,
    numbers_are_carried_exactly,
    ids_agree,
    slots_agree,
    deposit_contract_agrees,
    beacon_forks_are_sound,
    genesis_fork_is_the_newest,
    execution_forks_are_sound,
    blobs_agree,
    halves_fork_at_one_time,
    forks_are_those_of_the_genesis,
    contracts_are_there,
    funds_are_sound,
)


def is_private(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """In a range that the chart's policies do not count as the internet."""
    return any(address in network for network in _PRIVATE)


def _scheduled(definition: Definition, name: str) -> bool:
    return any(fork.name == name and definition.epoch(fork) is not None for fork in FORKS)


def _has_code(alloc: Mapping[str, Mapping[str, Any]], address: str) -> bool:
    return len(str(alloc.get(address.lower(), {}).get("code") or "0x")) > 2


def _blobs(blobs: Mapping[str, Any], key: str) -> object:
    entry = blobs.get(key)
    return entry.get("max") if isinstance(entry, Mapping) else None


def _numbers(value: object, path: str) -> Iterator[tuple[str, int]]:
    if isinstance(value, Mapping):
        for key, below in value.items():
            yield from _numbers(below, f"{path}.{key}")
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from _numbers(below, f"{path}[{index}]")
    elif isinstance(value, int):
        yield path, value


@cache
def _validator() -> jsonschema.Draft202012Validator:
    schema = json.loads((ROOT / "charts" / "ethereum-infrastructure" / "values.schema.json").read_text())
    return jsonschema.Draft202012Validator({"$ref": "#/$defs/network", "$defs": schema["$defs"]})
