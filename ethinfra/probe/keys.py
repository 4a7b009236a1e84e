"""Identities on the two peer-to-peer networks: a secp256k1 key, its devp2p enode id and its libp2p peer id.

The public key is computed here because the image has only the standard library. The multiplication is not constant in
time: it runs once, in a job, on a key that nobody can send messages to.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

# secp256k1 (SEC 2, section 2.4.1): y² = x³ + 7 over P, generator G of order N.
P = 2**256 - 2**32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (
    0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
)

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_KEY = re.compile(r"[0-9a-f]{64}\Z")

Point = tuple[int, int]


@dataclass(frozen=True)
class PrivateKey:
    """A key between 1 and N-1. Its text form is 64 hex digits without anything around them.

    Both clients want exactly that: geth for --nodekey (crypto.LoadECDSA), Prysm for --p2p-priv-key, which decodes the
    whole file as hex and stumbles over a final newline (beacon-chain/p2p/utils.go, privKeyFromFile).
    """

    number: int

    def __repr__(self) -> str:
        return "PrivateKey(…)"

    @classmethod
    def new(cls) -> PrivateKey:
        return cls(secrets.randbelow(N - 1) + 1)

    @classmethod
    def parse(cls, text: str) -> PrivateKey:
        """ValueError if it is no key; the text is not repeated in it."""
        number = int(text, 16) if _KEY.match(text) else 0
        if not 0 < number < N:
            raise ValueError("not a secp256k1 key of 64 hex digits")
        return cls(number)

    def hex(self) -> str:
        return f"{self.number:064x}"

    def public(self) -> Point:
        return multiply(G, self.number)


def enode_id(public: Point) -> str:
    """The 128 hex digits of `enode://<id>@…` (devp2p: the key, uncompressed, without its prefix)."""
    return f"{public[0]:064x}{public[1]:064x}"


def peer_id(public: Point) -> str:
    """The libp2p peer id, `16Uiu2…` (peer-ids specification).

    The key's protobuf message, `{Type: Secp256k1, Data: the compressed key}`, has at most 42 bytes, so it stands in an
    identity multihash as it is.
    """
    compressed = bytes([2 + (public[1] & 1)]) + public[0].to_bytes(32, "big")
    message = bytes([0x08, 0x02, 0x12, len(compressed)]) + compressed
    return base58(bytes([0x00, len(message)]) + message)


def multiply(point: Point, times: int) -> Point:
    """The point added to itself so many times, by doubling and adding."""
    result: Point | None = None
    addend = point
    while times:
        if times & 1:
            result = addend if result is None else _add(result, addend)
        times >>= 1
        if times:
            addend = _add(addend, addend)
    if result is None:
        raise ValueError("zero times a point is no point")
    return result


def _add(one: Point, other: Point) -> Point:
    (x1, y1), (x2, y2) = one, other
    if x1 == x2 and (y1 + y2) % P == 0:
        raise ValueError("the sum is the point at infinity, which no key below N reaches")
    slope = 3 * x1 * x1 * pow(2 * y1, -1, P) if one == other else (y2 - y1) * pow(x2 - x1, -1, P)
    x = (slope * slope - x1 - x2) % P
    return x, (slope * (x1 - x) - y1) % P


def base58(data: bytes) -> str:
    """Base58 with Bitcoin's alphabet; each leading zero byte becomes a `1`."""
    number, digits = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        digits = _BASE58[digit] + digits
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + digits
