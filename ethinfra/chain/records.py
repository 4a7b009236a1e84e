"""Addresses of first peers, as users paste them: `enode://…` of devp2p and `enr:…` of both networks, and multiaddrs.

They are decoded whole, since a client that cannot read one stops, or goes on without peers.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import rlp
from eth_keys.datatypes import PublicKey, Signature
from eth_keys.exceptions import BadSignature
from eth_utils.crypto import keccak
from eth_utils.exceptions import ValidationError

from ethinfra.probe.keys import P

#: Bytes of a record (EIP-778).
_LARGEST = 300

_MULTIADDR = re.compile(r"/(ip4|ip6|dns|dns4|dns6)/([^/]+)/(?:tcp|udp)/(\d+)(?:/quic-v1)?/p2p/[1-9A-HJ-NP-Za-km-z]+")


class Malformed(ValueError):
    """The text is no address of a node; says what is wrong with it."""


@dataclass(frozen=True)
class Peer:
    """Where a node listens. tcp: 0 where it does not say."""

    host: str
    tcp: int

    @property
    def address(self) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
        """None for a name."""
        try:
            return ipaddress.ip_address(self.host)
        except ValueError:
            return None


def decode(text: str) -> Peer:
    """Of any of the three forms; Malformed otherwise."""
    if text.startswith("enode://"):
        return decode_enode(text)
    if text.startswith("enr:"):
        return decode_enr(text)
    if text.startswith("/"):
        return decode_multiaddr(text)
    raise Malformed("neither enode://, enr: nor a multiaddr")


def decode_enode(text: str) -> Peer:
    """`enode://<128 hex digits>@<host>:<port>[?discport=<port>]`; the digits are a point of secp256k1."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as reason:
        raise Malformed(str(reason)) from None
    key = parts.username or ""
    if not re.fullmatch(r"[0-9a-fA-F]{128}", key):
        raise Malformed(f"the public key has {len(key)} characters, not 128 hexadecimal digits")
    x, y = int(key[:64], 16), int(key[64:], 16)
    if not (0 < x < P and 0 < y < P and (y * y - x * x * x - 7) % P == 0):
        raise Malformed("the public key is no point of secp256k1: a digit is wrong")
    if not parts.hostname or not port:
        raise Malformed("has no address:port after the @")
    discovery = parse_qs(parts.query).get("discport", ["0"])[0]
    if not discovery.isdecimal() or int(discovery) > 65535:
        raise Malformed(f"discport is {discovery!r}, not a port")
    return Peer(parts.hostname, port)


def decode_enr(text: str) -> Peer:
    """A record of EIP-778, whose signature is checked: a digit that is wrong anywhere shows."""
    try:
        body = text.removeprefix("enr:")
        raw = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
        items = rlp.decode(raw)
    except (binascii.Error, ValueError, rlp.exceptions.DecodingError):
        raise Malformed("not base64 of an RLP list: cut off, or a character is wrong") from None
    if len(raw) > _LARGEST:
        raise Malformed(f"has {len(raw)} bytes, more than the {_LARGEST} of a record")
    # A signature, a number, and keys with values, of which some are lists.
    if (
        not isinstance(items, list)
        or len(items) < 4
        or len(items) % 2
        or not all(isinstance(one, bytes) for one in items[:2] + items[2::2])
    ):
        raise Malformed("not a list of a signature, a number, and keys with values")
    signature, content = items[0], items[1:]
    pairs = dict(zip(content[1::2], content[2::2], strict=True))
    if pairs.get(b"id") != b"v4" or b"secp256k1" not in pairs:
        raise Malformed("not of the identity scheme v4 with a secp256k1 key")
    if not _signed(signature, rlp.encode(content), pairs[b"secp256k1"]):
        raise Malformed("the signature is wrong: a character was changed")
    host = pairs.get(b"ip") or pairs.get(b"ip6")
    if not host or len(host) not in (4, 16):
        raise Malformed("names no IP address, so nobody can find the node by it")
    tcp = pairs.get(b"tcp" if b"ip" in pairs else b"tcp6") or pairs.get(b"tcp") or b""
    return Peer(str(ipaddress.ip_address(host)), int.from_bytes(tcp, "big"))


def decode_multiaddr(text: str) -> Peer:
    """`/ip4/<address>/tcp/<port>/p2p/<peer id>`, or by name."""
    found = _MULTIADDR.fullmatch(text)
    if not found or not 0 < int(found.group(3)) < 65536:
        raise Malformed("not of the form /ip4/<address>/tcp/<port>/p2p/<peer id>")
    kind, host, port = found.groups()
    if kind in ("ip4", "ip6"):
        try:
            ipaddress.IPv4Address(host) if kind == "ip4" else ipaddress.IPv6Address(host)
        except ValueError as reason:
            raise Malformed(str(reason)) from None
    return Peer(host, int(port) if "/tcp/" in text else 0)


def _signed(signature: bytes, content: bytes, key: bytes) -> bool:
    try:
        public = PublicKey.from_compressed_bytes(key)
        # Without the bit that recovers the key, which the record names: either value may be the one.
        return any(
            Signature(signature + bytes([odd])).recover_public_key_from_msg_hash(keccak(content)) == public
            for odd in (0, 1)
            if len(signature) == 64
        )
    except (BadSignature, ValidationError, ValueError):
        return False
