"""Addresses of peers: what is written right is read, and one wrong character shows."""

from __future__ import annotations

import pytest

from ethinfra.chain.records import Malformed, decode
from ethinfra.probe.keys import PrivateKey, enode_id, peer_id
from tests.chain.network_files import enode, enr

#: The first consensus bootnode of Hoodi (Prysm v7.1.2, config/params/testnet_hoodi_config.go).
HOODI = (
    "enr:-Mq4QLkmuSwbGBUph1r7iHopzRpdqE-gcm5LNZfcE-6T37OCZbRHi22bXZkaqnZ6XdIyEDTelnkmMEQB8w6NbnJUt9GGAZWaowaYh2F0dG5ldHOI"
    "ABgAAAAAAACEZXRoMpDS8Zl_YAAJEAAIAAAAAAAAgmlkgnY0gmlwhNEmfKCEcXVpY4IyyIlzZWNwMjU2azGhA0hGa4jZJZYQAS-z6ZFK-m4GCFnWS8wf"
    "jO0bpSQn6hyEiHN5bmNuZXRzAIN0Y3CCIyiDdWRwgiMo"
)
PEER = peer_id(PrivateKey(7).public())


@pytest.mark.parametrize(
    ("text", "host", "tcp"),
    [
        (enode(), "203.0.113.10", 30303),
        (enode("[2001:db8::1]:30303"), "2001:db8::1", 30303),
        (enode("node.example:30303?discport=30301"), "node.example", 30303),
        (f"enode://{enode_id(PrivateKey(7).public())}@10.0.0.1:1", "10.0.0.1", 1),
        (enr(), "203.0.113.11", 9000),
        (enr(client=[b"Lighthouse", b"8.0.0"]), "203.0.113.11", 9000),
        (HOODI, "209.38.124.160", 9000),
        (f"/ip4/203.0.113.9/tcp/13000/p2p/{PEER}", "203.0.113.9", 13000),
        (f"/dns4/node.example/tcp/13000/p2p/{PEER}", "node.example", 13000),
        (f"/ip4/203.0.113.9/udp/13000/quic-v1/p2p/{PEER}", "203.0.113.9", 0),
    ],
)
def test_address_is_read(text: str, host: str, tcp: int):
    found = decode(text)

    assert (found.host, found.tcp) == (host, tcp)
    assert (found.address is None) == host.endswith(".example")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("https://node.example", "neither enode://"),
        (enode()[:60], "has no address:port|128 hexadecimal digits"),
        (enode().replace("enode://", "enode://0")[:-30] + "@203.0.113.10:30303", "not 128"),
        (enode("203.0.113.10:30303").split(":30303")[0], "no address:port"),
        (enode("203.0.113.10:99999"), "[Pp]ort"),
        (enode("203.0.113.10:30303?discport=x"), "discport"),
        (HOODI[:-4], "cut off"),
        (HOODI.replace("qnZ6XdIy", "qnZ6XdIz"), "the signature is wrong"),
        ("enr:" + "A" * 40, "RLP|list"),
        ("enr:wA", "not a list"),
        (enr(ip=""), "names no IP address"),
        (enr(padding=b"x" * 250), "more than the 300"),
        ("/ip4/203.0.113.9/tcp/13000", "not of the form"),
        (f"/ip4/203.0.113.999/tcp/13000/p2p/{PEER}", "999"),
        (f"/ip4/203.0.113.9/tcp/70000/p2p/{PEER}", "not of the form"),
    ],
)
def test_broken_address_is_refused_with_the_reason(text: str, said: str):
    with pytest.raises(Malformed, match=said):
        decode(text)


@pytest.mark.parametrize("at", [8, 40, 100, 135])
def test_changed_digit_of_an_enode_is_noticed(at: int):
    """Half of all points are none, so that a digit that is wrong shows by itself only mostly; these do."""
    text = enode(seed=f"seed of {at}")
    noticed = 0
    for digit in "0123456789abcdef".replace(text[at], ""):
        try:
            decode(text[:at] + digit + text[at + 1 :])
        except Malformed:
            noticed += 1
    assert noticed == 15 if at >= 72 else noticed > 0
