"""The network files of the project, and the accounts in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ethinfra.chain.accounts import funded_account
from ethinfra.chain.networks import known_networks, load_network
from ethinfra.errors import BadInput


def test_every_network_file_can_be_read():
    assert {"devnet", "mainnet", "sepolia", "hoodi"} <= set(known_networks())
    assert {name: load_network(name).chain_id for name in ("mainnet", "sepolia", "hoodi")} == {
        "mainnet": 1,
        "sepolia": 11155111,
        "hoodi": 560048,
    }


def test_devnet_has_its_own_epochs_and_public_networks_have_theirs():
    assert load_network("devnet").epoch_seconds == 12
    assert load_network("mainnet").epoch_seconds == 384


def test_every_funded_account_of_the_devnet_is_derived_from_its_mnemonic():
    network = load_network("devnet")

    assert network.funded
    for index, address in enumerate(network.funded):
        assert funded_account(network, index).address == address


@pytest.mark.parametrize(("name", "index"), [("devnet", 99), ("devnet", -1), ("mainnet", 0)])
def test_account_that_is_not_funded_is_refused(name: str, index: int):
    with pytest.raises(BadInput, match="has no funded account"):
        funded_account(load_network(name), index)


def test_address_of_another_mnemonic_is_refused(tmp_path: Path):
    """A transaction from it would fail for lack of funds, much later."""
    (tmp_path / "mine.yaml").write_text(
        "network: {name: mine, chainId: 5, slotSeconds: 2, fundedAccounts: "
        "{mnemonic: test test test test test test test test test test test junk, balance: '0x1', "
        "addresses: ['0x0000000000000000000000000000000000000001']}}"
    )

    with pytest.raises(BadInput, match=r"addresses\[0\]"):
        funded_account(load_network("mine", tmp_path))


def test_unknown_network_lists_the_known_ones():
    with pytest.raises(BadInput, match=r"one of: .*devnet"):
        load_network("goerli")


@pytest.mark.parametrize("text", ["network: {}", "[]", "network: {name: x, chainId: one, slotSeconds: 2}"])
def test_broken_file_is_named_with_its_key(text: str, tmp_path: Path):
    (tmp_path / "bad.yaml").write_text(text)

    with pytest.raises(BadInput, match=r"bad\.yaml"):
        load_network("bad", tmp_path)
