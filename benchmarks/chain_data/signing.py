"""Transactions as they go over the wire, 60 µs each: eth-account takes 3 ms, and half of one with coincurve."""

from __future__ import annotations

from collections.abc import Iterable

from coincurve import PrivateKey
from eth_utils.crypto import keccak
from rlp import encode

from benchmarks.chain_data.content import Call

#: Wei per gas. The base fee begins at 10^9 and falls, see `content.BLOCK_GAS`.
_FEE, _TIP = 2 * 10**9, 1


class Signer:
    """Signs for all senders, and counts their nonces. keys: by index. nonces: of the next transaction, by index."""

    def __init__(self, chain_id: int, keys: Iterable[bytes], nonces: Iterable[int]) -> None:
        self._chain_id = chain_id
        self._keys = [PrivateKey(key) for key in keys]
        self._nonces = list(nonces)

    def sign(self, call: Call) -> bytes:
        """Type 2 (EIP-1559), with the sender's next nonce. The signature is deterministic (RFC 6979)."""
        nonce = self._nonces[call.sender]
        self._nonces[call.sender] += 1
        fields = [self._chain_id, nonce, _TIP, _FEE, call.gas, call.to, call.value, call.data, []]
        digest = keccak(b"\x02" + encode(fields))
        signature = self._keys[call.sender].sign_recoverable(digest, hasher=None)
        r, s, parity = int.from_bytes(signature[:32]), int.from_bytes(signature[32:64]), signature[64]
        signed: bytes = encode([*fields, parity, r, s])
        return b"\x02" + signed


def address(key: bytes) -> bytes:
    """Of a private key's account."""
    return keccak(PrivateKey(key).public_key.format(compressed=False)[1:])[-20:]
