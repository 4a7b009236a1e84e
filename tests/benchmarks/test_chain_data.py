"""The pure parts of the made chain, and what its folder may be."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import namedtuple
from pathlib import Path

import pytest
from eth_account import Account
from eth_account.typed_transactions import TypedTransaction
from eth_utils.address import to_checksum_address
from hexbytes import HexBytes

from benchmarks.chain_data import content, contract, data, measure, signing
from benchmarks.chain_data.__main__ import main, parse_size
from ethinfra.errors import BadInput, MissingCapability
from ethinfra.progress import silent

CHAIN = 32382


def signer(seed: int = 1) -> signing.Signer:
    keys = [content.sender_key(seed, index) for index in range(content.SENDERS)]
    return signing.Signer(CHAIN, keys, [0] * content.SENDERS)


def blocks(seed: int, count: int) -> list[list[bytes]]:
    one = signer(seed)
    return [[one.sign(call) for call in content.calls(seed, number)] for number in range(1, count + 1)]


def test_recipe_is_the_one_that_kept_databases_are_named_by():
    """Who changes what stands in the blocks raises `data.RECIPE`, and writes the new digest here."""
    made = hashlib.sha256(b"".join(raw for block in blocks(1, 3) for raw in block))
    made.update(contract.STORE + repr((data.QUIET, data.SETTLE, data.BYTES_PER_BLOCK)).encode())

    assert (data.RECIPE, made.hexdigest()[:16]) == (1, "24efb7a007fbb034")


def test_same_seed_gives_the_same_blocks_and_another_does_not():
    assert blocks(1, 2) == blocks(1, 2)
    assert blocks(1, 2) != blocks(2, 2)


def test_blocks_keep_to_the_limits_of_forks_and_pools():
    """Half full at most, or the base fee would rise until nobody could pay it."""
    for number, block in enumerate(blocks(1, 10), 1):
        calls = content.calls(1, number)
        assert sum(call.gas for call in calls) < content.BLOCK_GAS / 2
        assert max(call.gas for call in calls) <= content.TRANSACTION_GAS
        assert max(len(raw) for raw in block) <= content.TRANSACTION_BYTES
        assert sum(len(raw) for raw in block) < content.BLOCK_BYTES


def test_quiet_block_is_small():
    assert sum(len(call.data) for call in content.calls(1, 7, quiet=True)) < 1000


def test_transaction_is_what_eth_account_signs():
    """Byte for byte, nonce by nonce."""
    key = content.sender_key(1, 0)
    one = signer()
    for nonce, to in enumerate((b"\x11" * 20, b"")):
        call = content.Call(0, to, 5, b"\x01\x02", 60_000)
        theirs = Account.sign_transaction(
            {
                "type": 2, "chainId": CHAIN, "nonce": nonce, "maxPriorityFeePerGas": 1, "maxFeePerGas": 2 * 10**9,
                "gas": call.gas, "value": call.value, "data": call.data,
                **({"to": to_checksum_address(to)} if to else {}),
            },
            key,
        )  # fmt: skip
        ours = one.sign(call)

        assert ours == bytes(theirs.raw_transaction)
        assert TypedTransaction.from_bytes(HexBytes(ours)).as_dict()["nonce"] == nonce


def test_address_is_that_of_the_key():
    key = content.sender_key(1, 3)
    assert to_checksum_address(signing.address(key)) == Account.from_key(key).address


def test_assembler_knows_places_and_comments():
    code = contract.assemble("PUSH1 :end JUMP ; over\n STOP end: JUMPDEST PUSH2 01ff")
    assert code.hex() == "6004" + "56" + "00" + "5b" + "6101ff"


def test_assembler_refuses_what_is_no_word():
    with pytest.raises(ValueError, match="hexadecimal"):
        contract.assemble("JUMPPP")


@pytest.mark.parametrize(
    ("text", "size"), [("2GiB", 2 << 30), ("300 MiB", 300 << 20), ("65536", 65536), ("1KiB", 1024)]
)
def test_size_as_people_write_it(text: str, size: int):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["2GB", "much", "-1", "1.5GiB", ""])
def test_size_that_is_none_is_refused(text: str):
    with pytest.raises(BadInput, match="size"):
        parse_size(text)


def database(folder: Path, **files: bytes) -> Path:
    for name, body in {"geth/chaindata/LOCK": b"", "geth/nodekey": b"secret", **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(body)
    return folder


def test_only_what_a_snapshot_includes_is_counted(tmp_path):
    folder = database(tmp_path, **{"geth/chaindata/1.sst": b"12345", "geth/triedb/merkle.journal": b"123"})

    assert measure.files(folder) == {Path("geth/chaindata/1.sst"): 5, Path("geth/triedb/merkle.journal"): 3}
    assert measure.total(folder) == 8


def test_fresh_bytes_are_new_files_and_longer_ends():
    before = {Path("a"): 5, Path("b"): 5, Path("c"): 5}
    assert measure.fresh(before, {Path("a"): 5, Path("b"): 9, Path("d"): 2}) == 6
    assert measure.fresh(before, before) == 0


def test_zeros_compress_and_noise_does_not(tmp_path):
    (tmp_path / "zeros").write_bytes(bytes(1 << 20))
    noise = b"".join(hashlib.sha256(str(one).encode()).digest() for one in range(1 << 13))
    (tmp_path / "noise").write_bytes(noise)

    assert measure.compressed([tmp_path / "zeros"]) < 1000
    assert measure.compressed([tmp_path / "noise"]) > 0.99 * len(noise)


def test_folder_of_somebody_else_is_left_alone(tmp_path):
    (tmp_path / "thesis").write_text("years")

    with pytest.raises(BadInput, match="not empty"):
        data.make(tmp_path, 1 << 20, silent())

    assert [path.name for path in tmp_path.iterdir()] == ["thesis"]


def test_complete_database_of_another_seed_is_left_alone(tmp_path):
    told = {"seed": 1, "size": 1 << 20, "geth": "1.17.5", "blocks": 3, "head": "0x1"}
    (tmp_path / "made.json").write_text(json.dumps(told))

    with pytest.raises(BadInput, match="another database"):
        data.make(tmp_path, 1 << 20, silent(), seed=2)

    assert json.loads((tmp_path / "made.json").read_text()) == told


def test_too_little_disk_is_said_before_anything_is_made(tmp_path, monkeypatch):
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1 << 30))

    with pytest.raises(MissingCapability, match="too little disk"):
        data.make(tmp_path / "new", 1 << 20, silent())

    assert not (tmp_path / "new" / "geth").exists()


def test_size_below_the_smallest_is_refused(tmp_path):
    with pytest.raises(BadInput, match="at least"):
        data.make(tmp_path / "new", 1000, silent())


@pytest.mark.parametrize("arguments", [["--size", "much"], ["--grow", "0.1"], ["--into", "x"]])
def test_command_says_bad_input_by_code_2(arguments: list[str], capsys):
    assert main(arguments) == 2
    assert capsys.readouterr().err
