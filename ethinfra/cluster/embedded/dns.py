"""A DNS question over UDP, to see whether a cluster's names resolve. No resolver of the machine is involved."""

from __future__ import annotations

import secrets
import socket
import struct
from ipaddress import IPv4Address

PORT = 53


def resolve(server: IPv4Address, name: str, *, within: float = 1) -> IPv4Address | None:
    """The first IPv4 address of a name, None if the server says that it has none. OSError if it does not answer.

    within: seconds
    """
    identity = secrets.randbits(16)
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split("."))
    question = labels + b"\0" + struct.pack(">HH", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(within)
        client.connect((str(server), PORT))
        client.send(struct.pack(">HHHHHH", identity, 0x0100, 1, 0, 0, 0) + question)
        answer = client.recv(512)
    seen_identity, _, _, answers, _, _ = struct.unpack(">HHHHHH", answer[:12])
    if seen_identity != identity or not answers:
        return None
    # After the question comes the first record: a name, its type, class, life, length, and the address.
    record = 12 + len(question)
    while answer[record] and answer[record] < 0xC0:
        record += 1 + answer[record]
    # A name ends with an empty label, or with a pointer of two bytes to where it stands already.
    record += 2 if answer[record] else 1
    kind, _, _, length = struct.unpack(">HHIH", answer[record : record + 10])
    if (kind, length) != (1, 4):
        return None
    return IPv4Address(answer[record + 10 : record + 14])
