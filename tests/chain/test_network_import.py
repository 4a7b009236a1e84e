"""A user's files become a network's file without a changed digit, or nothing at all with every reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from ethinfra.chain.network_import import Files, Told, as_yaml, read_config, read_genesis, values_of
from ethinfra.errors import BadInput


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_beacon_configuration_keeps_every_digit(tmp_path: Path):
    path = write(
        tmp_path / "config.yaml",
        "PRESET_BASE: 'mainnet'  # quoted\nFAR: 18446744073709551615\nVERSION: 0x10000038\nLEADING: 0x00000000\n"
        "TTD: 115792089237316195423570985008687907853269984665640564039457584007913129638912\n"
        "BLOB_SCHEDULE:\n  - EPOCH: 512\n    MAX_BLOBS_PER_BLOCK: 12\n"
        "  - EPOCH: 768\n    MAX_BLOBS_PER_BLOCK: 15\nNONE: []\n",
    )

    assert read_config(path) == {
        "PRESET_BASE": "mainnet",
        "FAR": "18446744073709551615",
        "VERSION": "0x10000038",
        "LEADING": "0x00000000",
        "TTD": "115792089237316195423570985008687907853269984665640564039457584007913129638912",
        "BLOB_SCHEDULE": "[{EPOCH: 512, MAX_BLOBS_PER_BLOCK: 12}, {EPOCH: 768, MAX_BLOBS_PER_BLOCK: 15}]",
        "NONE": "[]",
    }


def test_large_numbers_of_a_genesis_become_text(tmp_path: Path):
    """geth reads both; helm would round the one."""
    account = {"balance": 10**24, "code": None}
    genesis = {"config": {"chainId": 5, "ethash": None}, "alloc": {"0x" + "1" * 40: account}, "difficulty": 2**60}
    found = read_genesis(write(tmp_path / "genesis.json", json.dumps(genesis)))

    assert found["config"] == {"chainId": 5}
    assert found["difficulty"] == hex(2**60)
    assert found["alloc"]["0x" + "1" * 40]["balance"] == hex(10**24)


@pytest.mark.parametrize(
    "text",
    [
        "0x1",
        "1e5",
        "12e3",
        "0b1",
        "0o7",
        "1_000",
        "on",
        "null",
        "~",
        "2026-01-01",
        "",
        "a: b",
        "5",
        "12:30:45",
        ".inf",
        "#",
    ],
)
def test_text_stays_text_for_every_reader(text: str):
    """helm's YAML reader takes `12e3` for a number, Python's does not: so every text stands in quotes."""
    written = as_yaml({"value": text, "list": [text], "map": {"key": text, "0x00": text}}, said="A test.")

    assert yaml.safe_load(written)["network"] == {"value": text, "list": [text], "map": {"key": text, "0x00": text}}
    for line in written.splitlines():
        if "value:" in line or "key:" in line:
            assert line.endswith(f'"{text}"')
    assert '"0x00": ' in written


def test_long_code_stays_in_one_line():
    written = as_yaml({"code": "0x" + "60" * 5000}, said="A test.")

    assert max(map(len, written.splitlines())) > 10_000


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("genesis.json", "{", "is not JSON"),
        ("genesis.json", "[]", "a JSON object"),
        ("genesis.json", '{"engine": {}, "accounts": {}}', "geth's genesis.json"),
        ("genesis.json", '{"config": {}}', "geth's genesis.json"),
        ("config.yaml", "a: [", "is not YAML"),
        ("config.yaml", "just text", "no beacon configuration"),
        ("config.yaml", "SECONDS_PER_SLOT: 12", "no beacon configuration"),
        ("genesis.ssz", "short", "no beacon state"),
    ],
)
def test_file_of_another_kind_is_named(name: str, text: str, said: str, tmp_path: Path):
    files = {
        "genesis.json": write(tmp_path / "genesis.json", '{"config": {}, "alloc": {}}'),
        "config.yaml": write(tmp_path / "config.yaml", "PRESET_BASE: mainnet"),
        "genesis.ssz": write(tmp_path / "genesis.ssz", "0" * 100),
    }
    write(files[name], text)

    with pytest.raises(BadInput, match=name) as refused:
        values_of("mine", Files(*files.values()), Told())

    assert said in str(refused.value)


def test_missing_file_is_named(tmp_path: Path):
    with pytest.raises(BadInput, match=r"nowhere\.json cannot be read"):
        values_of("mine", Files(tmp_path / "nowhere.json", tmp_path / "nowhere.yaml"), Told())
