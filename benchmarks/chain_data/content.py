"""What stands in the blocks. Pure: the same seed and number give the same calls, whoever asks and whenever.

A block is like a busy one of mainnet, a megabyte and 40 million gas: transfers, half of them to new accounts; token
payments, which write storage slots and logs, one in two over slots of earlier blocks; a few batches with much calldata,
as rollups send them; and a new contract. Its bytes are partly random (hashes, signatures, compressed
batches) and partly the padded words and the repeated addresses of ABI-encoded calls.

A *quiet* block holds a few transfers and payments. See `data` for why chains end with such blocks.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.chain_data.contract import SLOT_GAS, creation

#: Accounts that send, with ether from the genesis on.
SENDERS = 64
#: Copies of the contract in the genesis, each with a storage trie of its own.
CONTRACTS = 48
#: Addresses that many pay to, beside those that are paid once.
KNOWN = 5_000

#: The base fee stays at its minimum as long as blocks are less than half full, so the limit is more than twice what
#: `calls` asks for; mainnet's was 60 million in 2026.
BLOCK_GAS = 200_000_000
#: Of one transaction (EIP-7825, in force after Prague).
TRANSACTION_GAS = 2**24
#: Bytes of one transaction that pools and peers still take (geth: txMaxSize, 128 KiB), signature and fields included.
TRANSACTION_BYTES = 128 * 1024
#: Bytes of a block (EIP-7934, in force after Prague: 10 MiB, of which 2 are left to the consensus layer).
BLOCK_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True)
class Call:
    """A transaction before it has a nonce and a signature. sender: an index. to: empty for a new contract."""

    sender: int
    to: bytes
    value: int
    data: bytes
    gas: int


def calls(seed: int, number: int, *, quiet: bool = False) -> list[Call]:
    """The content of a block, in its order."""
    luck = random.Random(f"{seed}/{number}")  # noqa: S311 - repeatable on purpose
    made = list(_quiet(luck, seed, number) if quiet else _busy(luck, seed, number))
    luck.shuffle(made)
    return made


def sender_key(seed: int, index: int) -> bytes:
    """A private key that everybody can work out."""
    return _derived(seed, "sender", index)


def contract_address(seed: int, index: int) -> bytes:
    return _derived(seed, "contract", index)[:20]


def _busy(luck: random.Random, seed: int, number: int) -> Iterator[Call]:
    for _ in range(luck.randint(70, 130)):
        yield _transfer(luck, seed)
    for at in range(luck.randint(50, 80)):
        yield _payment(luck, seed, number, at, slots=luck.randint(4, 16), payload=_abi(luck, seed, luck.randint(2, 40)))
    for at in range(luck.randint(15, 21)):
        yield _payment(luck, seed, number, 1000 + at, slots=2, payload=_batch(luck, seed))
    # As compilers begin their code; it is never run.
    data = creation(b"\x60\x80\x60\x40\x52" + _batch(luck, seed)[: luck.randint(2_000, 20_000)])
    yield Call(luck.randrange(SENDERS), b"", 0, data, _gas(data, 32_000 + 202 * len(data)))


def _quiet(luck: random.Random, seed: int, number: int) -> Iterator[Call]:
    for _ in range(3):
        yield _transfer(luck, seed)
    yield _payment(luck, seed, number, 0, slots=2, payload=_abi(luck, seed, 4))


def _transfer(luck: random.Random, seed: int) -> Call:
    to = luck.randbytes(20) if luck.random() < 0.5 else _known(luck, seed)
    return Call(luck.randrange(SENDERS), to, luck.randint(1, 10**15), b"", 21_000)


def _payment(luck: random.Random, seed: int, number: int, at: int, *, slots: int, payload: bytes) -> Call:
    """Every second one writes over slots that an earlier block may have filled."""
    block = number if luck.random() < 0.5 else luck.randint(1, number)
    first = int.from_bytes(_derived(seed, f"slots/{at}", block)) >> 8
    data = slots.to_bytes(32) + first.to_bytes(32) + payload
    to = contract_address(seed, _popular(luck, CONTRACTS))
    return Call(luck.randrange(SENDERS), to, 0, data, _gas(data, slots * SLOT_GAS + 5_000))


def _abi(luck: random.Random, seed: int, words: int) -> bytes:
    """Padded words: addresses, amounts, offsets, a hash now and then."""
    kinds = luck.choices(("address", "amount", "offset", "hash"), (3, 3, 2, 2), k=words)
    return b"".join(
        _known(luck, seed).rjust(32, b"\0")
        if kind == "address"
        else luck.getrandbits(72).to_bytes(32)
        if kind == "amount"
        else (32 * luck.randint(1, 40)).to_bytes(32)
        if kind == "offset"
        else luck.randbytes(32)
        for kind in kinds
    )


def _batch(luck: random.Random, seed: int) -> bytes:
    """20 to 90 KB: two thirds are compressed already, the rest is a few calls over and over."""
    random_bytes = luck.randbytes(luck.randint(14_000, 60_000))
    pattern = _abi(luck, seed, 20)
    return random_bytes + pattern * (len(random_bytes) // 2 // len(pattern))


def _known(luck: random.Random, seed: int) -> bytes:
    return _derived(seed, "known", _popular(luck, KNOWN))[:20]


def _popular(luck: random.Random, count: int) -> int:
    """An index; the lower, the oftener."""
    return int(count * luck.random() ** 3)


def _gas(data: bytes, execution: int) -> int:
    """Enough: the most that calldata can cost, 16 a byte beside execution or 40 without (EIP-7623)."""
    return max(21_000 + 16 * len(data) + execution, 21_000 + 40 * len(data))


def _derived(seed: int, kind: str, index: int) -> bytes:
    return hashlib.sha256(f"{seed}/{kind}/{index}".encode()).digest()
