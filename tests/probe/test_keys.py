"""Identities, against other implementations and against what the clients called themselves."""

from __future__ import annotations

import pytest
from eth_keys import keys as eth_keys

from ethinfra.probe.keys import G, N, P, PrivateKey, base58, enode_id, multiply, peer_id

# A key of Prysm v7.1.2 and the id under `/eth/v1/node/identity`; one of geth v1.17.5 and the id in its enode address.
PRYSM_KEY = "ef3fc062a7fcc3e5eae23ae30a5531ec7b4131e804577b416dc8fdd4c25540aa"
PRYSM_ID = "16Uiu2HAmGb6fxYgQdqwuxTEnQCyzKA1wNFspMiB9RNGxQ33CMrPs"
GETH_KEY = "d869943808cb70802e7d974ae4a8dd262aa6ef569e29c9545f7c61a0c015da54"
GETH_ID = (
    "5fa10b974b687629175b165dbbdba4ce0b1bbf88d8dbd81a1b5548eda0c9b406"
    "f90f43ad732d0e2e041b8e95c234be52aa4b91dfc85f8662186b695e0aff1b81"
)


def test_clients_call_themselves_by_these_ids():
    assert peer_id(PrivateKey.parse(PRYSM_KEY).public()) == PRYSM_ID
    assert enode_id(PrivateKey.parse(GETH_KEY).public()) == GETH_ID


@pytest.mark.parametrize("number", [1, 2, 3, N - 1, N - 2, 2**255, *(7919**power % N for power in range(40, 60))])
def test_public_key_agrees_with_eth_keys(number: int):
    key = PrivateKey(number)

    assert enode_id(key.public()) == eth_keys.PrivateKey(bytes.fromhex(key.hex())).public_key.to_hex()[2:]


def test_public_keys_lie_on_the_curve():
    x, y = PrivateKey.new().public()

    assert (y * y - x**3 - 7) % P == 0
    assert multiply(G, 1) == G


@pytest.mark.parametrize(
    "text", ["", "0" * 64, f"{N:064x}", "f" * 64, PRYSM_KEY + "\n", "0x" + PRYSM_KEY, PRYSM_KEY[1:]]
)
def test_text_that_is_no_key_is_refused_and_not_repeated(text: str):
    with pytest.raises(ValueError, match="not a secp256k1 key") as refused:
        PrivateKey.parse(text)

    assert not text or text not in str(refused.value)


def test_key_is_64_digits_without_a_newline():
    """Prysm decodes the whole file as hex."""
    assert len(PrivateKey(1).hex()) == 64
    assert PrivateKey.parse(PrivateKey(1).hex()) == PrivateKey(1)
    assert "1" not in repr(PrivateKey(1))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"Hello World!", "2NEpo7TZRRrLZSi2U"),
        (
            b"The quick brown fox jumps over the lazy dog.",
            "USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z",
        ),
        (bytes.fromhex("0000287fb4cd"), "11233QC4"),
    ],
)
def test_base58_agrees_with_the_published_vectors(data: bytes, text: str):
    """draft-msporny-base58, section 5."""
    assert base58(data) == text
