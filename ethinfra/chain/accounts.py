"""Accounts that hold ether from a network's genesis on, derived from its published mnemonic."""

from __future__ import annotations

from eth_account import Account
from eth_account.signers.local import LocalAccount

from ethinfra.chain.networks import Network
from ethinfra.chain.quantities import Address
from ethinfra.errors import BadInput

#: The path that every wallet and test tool uses (BIP-44, coin type 60).
PATH = "m/44'/60'/0'/0/{index}"


def funded_account(network: Network, index: int = 0) -> LocalAccount:
    """The account at an index. Two users at one time need two indices, or their nonces collide.

    BadInput if the network has no funded accounts, or if the mnemonic does not lead to the address in its file.
    """
    if not network.mnemonic or not 0 <= index < len(network.funded):
        raise BadInput(
            f"network {network.name} has no funded account {index}",
            expected=f"one of {len(network.funded)} in values/networks/{network.name}.yaml",
        )
    # The interface is called unaudited because of its word lists, not of its derivation.
    Account.enable_unaudited_hdwallet_features()
    account: LocalAccount = Account.from_mnemonic(network.mnemonic, account_path=PATH.format(index=index))
    expected = network.funded[index]
    if account.address.lower() != expected.lower():
        raise BadInput(
            f"values/networks/{network.name}.yaml: fundedAccounts.addresses[{index}]",
            expected=account.address,
            seen=expected,
        )
    return account


def address_of(account: LocalAccount) -> Address:
    """Its address, with its checksum in the case of the letters."""
    return Address(account.address)
