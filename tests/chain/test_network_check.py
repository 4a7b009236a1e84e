"""Every rule on a network's definition, seen to hold for the project's own files and to catch what breaks it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ethinfra.chain import network_check
from ethinfra.chain.network_check import problems, remarks
from ethinfra.chain.networks import known_networks, network_values
from tests.chain.network_files import custom, enode, enr

Change = Callable[[dict[str, Any]], object]

EIP_7002 = "0x00000961ef480eb55e80d19ad83579a64c007002"
DEPOSITS = "0x4242424242424242424242424242424242424242"


@pytest.mark.parametrize("name", known_networks())
def test_the_projects_own_networks_are_sound(name: str):
    assert problems(network_values(name)) == []


def config(key: str, value: str | None) -> Change:
    """Set a value of the beacon configuration, or remove it."""

    def change(network: dict[str, Any]) -> None:
        network["genesis"]["beaconConfig"][key] = value
        if value is None:
            del network["genesis"]["beaconConfig"][key]

    return change


def chain(key: str, value: object) -> Change:
    """The same in `config` of the execution genesis."""

    def change(network: dict[str, Any]) -> None:
        network["genesis"]["execution"]["config"][key] = value
        if value is None:
            del network["genesis"]["execution"]["config"][key]

    return change


def fork(name: str, /, **changed: object) -> Change:
    """Change an entry of `forks`, or remove it."""

    def change(network: dict[str, Any]) -> None:
        if changed:
            next(one for one in network["forks"] if one["name"] == name).update(changed)
        else:
            network["forks"] = [one for one in network["forks"] if one["name"] != name]

    return change


def peers(half: str, *addresses: str) -> Change:
    return lambda network: network["bootnodes"].update({half: list(addresses)})


#: What is changed in the example, and a piece of each complaint that must follow.
BREAKS: dict[str, tuple[Change, list[str]]] = {
    "unknown key": (lambda n: n.update(chainid=5), ["'chainid' was unexpected"]),
    "ill-typed value": (lambda n: n.update(slotSeconds="12"), ["slotSeconds: '12' is not of type 'integer'"]),
    "state without digest": (
        lambda n: n["genesis"]["state"].update(sha256=""),
        ["genesis.state.sha256 is empty; say what the file must be"],
    ),
    "digest without state": (lambda n: n["genesis"]["state"].update(url=""), ["given without genesis.state.url"]),
    "preset and genesis": (lambda n: n.update(preset="hoodi"), ["genesis is given, and preset 'hoodi'"]),
    "no execution genesis": (lambda n: n["genesis"].update(execution={}), ["genesis.execution is empty"]),
    "no beacon configuration": (lambda n: n["genesis"].update(beaconConfig={}), ["genesis.beaconConfig is empty"]),
    "no execution bootnode": (peers("execution"), ["bootnodes.execution is empty"]),
    "no consensus bootnode": (peers("consensus"), ["bootnodes.consensus is empty"]),
    "enode cut off": (
        peers("execution", enode()[:100] + "@203.0.113.10:30303"),
        ["bootnodes.execution[0]: the public key has 92 characters"],
    ),
    "record with a wrong character": (
        peers("consensus", enr()[:40] + ("B" if enr()[40] != "B" else "C") + enr()[41:]),
        ["bootnodes.consensus[0]: the signature is wrong"],
    ),
    "peer in a private range": (
        peers("execution", enode("10.1.2.3:30303")),
        ["bootnodes.execution[0] is at 10.1.2.3, a private range, which public: true leaves out"],
    ),
    "peers on the internet, not public": (
        lambda n: n.update(public=False),
        ["bootnodes.execution[0] is at 203.0.113.10, on the internet, and public is not true"],
    ),
    "chain id": (
        lambda n: n.update(chainId=5),
        [
            "chainId is 5, and genesis.execution.config.chainId 8042026",
            "chainId is 5, and genesis.beaconConfig.DEPOSIT_CHAIN_ID 8042026",
            "chainId is 5, and genesis.beaconConfig.DEPOSIT_NETWORK_ID 8042026",
        ],
    ),
    "chain id of the execution genesis": (
        chain("chainId", 5),
        ["chainId is 8042026, and genesis.execution.config.chainId 5"],
    ),
    "chain id of another network": (lambda n: n.update(chainId=1), ["that of mainnet"]),
    "slot seconds": (
        lambda n: n.update(slotSeconds=6),
        ["SECONDS_PER_SLOT 12", "SLOT_DURATION_MS 12000"],
    ),
    "slot milliseconds": (config("SLOT_DURATION_MS", "6000"), ["slotSeconds is 12", "SLOT_DURATION_MS 6000"]),
    "slots per epoch": (config("SLOTS_PER_EPOCH", "8"), ["SLOTS_PER_EPOCH is 8, and PRESET_BASE mainnet has 32"]),
    "preset that needs slots": (config("PRESET_BASE", "minimal"), ["SLOTS_PER_EPOCH is missing", "minimal"]),
    "name of another network": (config("CONFIG_NAME", "hoodi"), ["CONFIG_NAME is 'hoodi', which clients know"]),
    "deposit contract of the values": (
        lambda n: n["depositContract"].update(address="0x" + "43" * 20),
        [f"depositContract.address is 0x{'43' * 20}, and genesis.beaconConfig.DEPOSIT_CONTRACT_ADDRESS {DEPOSITS}"],
    ),
    "deposit contract of the execution genesis": (
        chain("depositContractAddress", "0x" + "43" * 20),
        ["genesis.execution.config.depositContractAddress is 0x43"],
    ),
    "no deposit contract for Prague": (
        chain("depositContractAddress", None),
        ["genesis.execution.config.depositContractAddress is empty; without it deposits are not found"],
    ),
    "no code at the deposit contract": (
        lambda n: n["genesis"]["execution"]["alloc"].pop(DEPOSITS),
        [f"genesis.execution.alloc has no code at the deposit contract {DEPOSITS}"],
    ),
    "version of a public network": (
        config("FULU_FORK_VERSION", "0x06000000"),
        ["FULU_FORK_VERSION is 0x06000000, a version of mainnet"],
    ),
    "version twice": (
        config("FULU_FORK_VERSION", "0x60804202"),
        ["FULU_FORK_VERSION is 0x60804202, the same as ELECTRA_FORK_VERSION"],
    ),
    "no version": (config("FULU_FORK_VERSION", None), ["FULU_FORK_VERSION is missing; clients that know fulu"]),
    "no epoch": (config("CAPELLA_FORK_EPOCH", None), ["CAPELLA_FORK_EPOCH is missing; clients that know capella"]),
    "epoch that is no number": (config("FULU_FORK_EPOCH", "soon"), ["FULU_FORK_EPOCH is 'soon', not a number"]),
    "epochs out of order": (
        config("DENEB_FORK_EPOCH", "9"),
        ["electra is at epoch 0, and deneb, which comes first, at epoch 9"],
    ),
    "fork after one that is not scheduled": (
        config("ELECTRA_FORK_EPOCH", str(2**64 - 1)),
        ["fulu is at epoch 2048, and electra, which comes first, not scheduled", "does not schedule electra"],
    ),
    "kind of the state": (
        lambda n: n["genesis"].update(fork="deneb"),
        ["genesis.fork is deneb, and the newest fork at epoch 0 of genesis.beaconConfig is electra"],
    ),
    "fork without a time": (
        chain("osakaTime", None),
        ["config.osakaTime is missing, and genesis.beaconConfig has fulu at epoch 2048, which begins at 1781101632"],
    ),
    "halves that fork at different times": (
        chain("osakaTime", 1781101633),
        ["config.osakaTime is 1781101633, and fulu is at epoch 2048, which begins at 1781101632"],
    ),
    "fork of one half only": (
        config("FULU_FORK_EPOCH", str(2**64 - 1)),
        ["config.osakaTime is 1781101632, and genesis.beaconConfig does not schedule fulu"],
    ),
    "fork at genesis in one half": (
        chain("pragueTime", 1780315201),
        ["config.pragueTime is 1780315201, and electra is at epoch 0, which begins at 1780315200"],
    ),
    "genesis earlier than it may be": (
        config("MIN_GENESIS_TIME", "1780315212"),
        ["osakaTime is 1781101632, and fulu is at epoch 2048, which begins at 1781101644"],
    ),
    "block forks out of order": (chain("londonBlock", 5), ["arrowGlacierBlock is 0, before londonBlock at 5"]),
    "block fork left out": (chain("berlinBlock", None), ["config.berlinBlock is missing; geth refuses"]),
    "no terminal difficulty": (chain("terminalTotalDifficulty", None), ["terminalTotalDifficulty is missing"]),
    "terminal difficulties": (
        config("TERMINAL_TOTAL_DIFFICULTY", "7"),
        ["terminalTotalDifficulty is 0, and genesis.beaconConfig.TERMINAL_TOTAL_DIFFICULTY 7"],
    ),
    "no blob schedule": (
        lambda n: n["genesis"]["execution"]["config"].pop("blobSchedule"),
        ["blobSchedule.cancun is missing", "blobSchedule.prague is missing", "blobSchedule.bpo1.max is None"],
    ),
    "blobs at Electra": (config("MAX_BLOBS_PER_BLOCK_ELECTRA", "10"), ["blobSchedule.prague.max is 9", "ELECTRA 10"]),
    "no beacon blob schedule": (config("BLOB_SCHEDULE", None), ["BLOB_SCHEDULE is missing; clients take mainnet's"]),
    "beacon blob schedule that is none": (config("BLOB_SCHEDULE", "[15]"), ["BLOB_SCHEDULE is no list of entries"]),
    "blobs of a later change": (
        config("BLOB_SCHEDULE", "[{EPOCH: 4096, MAX_BLOBS_PER_BLOCK: 12}]"),
        ["blobSchedule.bpo1.max is 15, and BLOB_SCHEDULE of genesis.beaconConfig has 12"],
    ),
    "blob change of one half": (config("BLOB_SCHEDULE", "[]"), ["config.bpo1Time is given, and BLOB_SCHEDULE has no"]),
    "blob change at different times": (
        config("BLOB_SCHEDULE", "[{EPOCH: 4095, MAX_BLOBS_PER_BLOCK: 15}]"),
        ["config.bpo1Time is 1781888064, and bpo1 is at epoch 4095", "forks: epoch of bpo1 is 4096"],
    ),
    "value of more than one line": (config("CONFIG_NAME", "a: b"), ["CONFIG_NAME is 'a: b', which is no single value"]),
    "fork not told": (fork("fulu"), ["forks has no fulu, which genesis.beaconConfig has at epoch 2048"]),
    "fork told at another epoch": (fork("fulu", epoch=2047, time=1781101248), ["forks: epoch of fulu is 2047"]),
    "fork told at another time": (fork("fulu", time=1781101633), ["begins at 1781101632, and its time is 1781101633"]),
    "fork by its other name": (fork("fulu", name="osaka"), ["'osaka' is no fork's name on the consensus side"]),
    "forks out of order": (lambda n: n["forks"].reverse(), ["forks: electra comes after fulu"]),
    "fork twice": (lambda n: n["forks"].append(n["forks"][-1]), ["forks: bpo1 is there twice"]),
    "fork that nobody schedules": (
        lambda n: n["forks"].append({"name": "gloas", "epoch": 9999}),
        ["forks: gloas is there, and genesis.beaconConfig does not schedule it"],
    ),
    "contract that a fork needs": (
        lambda n: n["genesis"]["execution"]["alloc"].pop(EIP_7002),
        [f"alloc has no code at {EIP_7002} (EIP-7002), which electra needs"],
    ),
    "contract without code": (
        lambda n: n["genesis"]["execution"]["alloc"][EIP_7002].update(code="0x"),
        [f"alloc has no code at {EIP_7002}"],
    ),
    "number that helm rounds": (
        lambda n: n["genesis"]["execution"].update(gasLimit=2**53 + 1),
        ["genesis.execution.gasLimit is 9007199254740993, more than helm carries exactly"],
    ),
    "funds that change the genesis": (
        lambda n: n.update(fundedAccounts={"balance": "0x1", "addresses": ["0x" + "11" * 20]}),
        ["fundedAccounts.addresses[0] is 0x1111", "the chart would change the genesis"],
    ),
    "address with a wrong checksum": (
        lambda n: n.update(
            fundedAccounts={"balance": "0x1", "addresses": ["0xF39Fd6e51aad88F6F4ce6aB8827279cffFb92266"]}
        ),
        ["whose checksum is wrong; expected 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"],
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_what_is_wrong_is_named(name: str):
    network = custom()
    change, expected = BREAKS[name]

    change(network)

    found = problems(network)
    for piece in expected:
        assert any(piece in complaint for complaint in found), "\n".join(found)


def test_every_rule_has_something_that_it_caught():
    """A rule that never fired proves nothing."""
    fired = set()
    for rule in (*network_check.ALWAYS, *network_check.OF_ONES_OWN):
        for change, _ in BREAKS.values():
            network = custom()
            change(network)
            if list(rule(network_check.Definition(network))):
                fired.add(rule)
    assert fired == {*network_check.ALWAYS, *network_check.OF_ONES_OWN}


def test_everything_is_said_at_once():
    network = custom()
    for name in ("chain id", "no version", "enode cut off", "slots per epoch", "state without digest"):
        BREAKS[name][0](network)

    found = "\n".join(problems(network))

    for name in ("chainId is 5", "FULU_FORK_VERSION", "bootnodes.execution[0]", "SLOTS_PER_EPOCH", "sha256"):
        assert name in found


def test_values_of_wrong_kinds_are_complaints_and_no_crash():
    """The schema says what is wrong with them; the other rules pass them over."""
    for value in (None, 7, "text", [], {}):
        for path in (["genesis"], ["genesis", "beaconConfig"], ["genesis", "execution"], ["bootnodes"], ["forks"]):
            network = custom()
            at = network
            for key in path[:-1]:
                at = at[key]
            at[path[-1]] = value
            assert problems(network), f"{path} = {value!r}"


def test_preset_of_another_chain_id_is_refused():
    network = network_values("hoodi") | {"chainId": 1, "create": {"enabled": True}}

    found = problems(network)

    assert "chainId is 1, and hoodi has 560048" in found
    assert "create.enabled is true, and preset 'hoodi' is a network that exists" in found


def test_public_schedule_is_compared_with_the_clock_of_the_chain():
    network = network_values("hoodi")
    forks = [one | {"epoch": one["epoch"] + 1} if one["name"] == "fulu" else one for one in network["forks"]]

    assert problems(network | {"forks": forks}) == [
        "forks: fulu is at epoch 50689, which begins at 1761677976, and its time is 1761677592"
    ]


def test_made_network_may_leave_times_to_the_tool_and_needs_its_contracts():
    network = custom()
    network["genesis"]["state"] = {"url": "", "sha256": ""}
    for one in network["forks"]:
        one.pop("time", None)
    del network["genesis"]["execution"]["config"]["osakaTime"]
    assert problems(network) == []

    network["genesis"]["execution"]["alloc"].pop(EIP_7002)
    assert any("EIP-7002" in one for one in problems(network))


def test_genesis_that_came_later_than_it_had_to_is_believed():
    """Validators may come together late; all forks then say the same time."""
    network = custom()
    network["genesis"]["beaconConfig"]["MIN_GENESIS_TIME"] = "1780000000"

    assert problems(network) == []


def test_remarks_name_what_may_surprise():
    network = custom()
    assert remarks(network) == []

    network |= {"genesisHash": "", "checkpointSyncUrls": []}
    network["genesis"]["beaconConfig"]["ELECTRA_FORK_EPOCH"] = "5"
    network["genesis"]["execution"]["alloc"].pop(EIP_7002)

    said = "\n".join(remarks(network))
    assert "genesisHash is empty" in said
    assert "checkpointSyncUrls is empty" in said
    assert f"EIP-7002 ({EIP_7002}) is not in the genesis" in said
