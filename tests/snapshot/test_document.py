"""The config is written and read strictly: nothing that it says may lead out of the directory or contradict itself."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from ethinfra.snapshot.document import parse, serialize
from ethinfra.snapshot.errors import InvalidSnapshot
from ethinfra.snapshot.model import Config, Directory, File, Identity, pack
from tests.snapshot.tree import CHUNK, description

RAW, LAYER, OTHER = b"\x01" * 32, b"\x02" * 32, b"\x03" * 32


def _config() -> Config:
    files = (
        File(
            "geth/chaindata/000001.sst",
            CHUNK + 5,
            0o644,
            pack([(RAW, LAYER, 77), (OTHER, OTHER, 5)]),
            Identity(7, 1, 2),
        ),
        File("geth/chaindata/none", 0, 0o600, b""),
    )
    return Config(
        description(),
        CHUNK,
        (Directory("geth", 0o700), Directory("geth/chaindata", 0o755)),
        files,
        "sha256:" + "ab" * 32,
        "volume-1",
    )


def _changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    document = json.loads(serialize(_config()))
    change(document)
    return json.dumps(document).encode()


def test_config_comes_back_as_it_was_written() -> None:
    config = _config()

    assert parse(serialize(config)) == config
    assert serialize(parse(serialize(config))) == serialize(config)


def test_random_configs_come_back_as_they_were_written() -> None:
    rng = random.Random(5)  # noqa: S311
    for _ in range(50):
        sizes = [rng.choice((0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 9 * CHUNK)) for _ in range(rng.randrange(1, 9))]
        files = []
        for number, size in enumerate(sizes):
            rows = []
            for offset in range(0, size, CHUNK):
                raw, plain, here = rng.randbytes(32), rng.random() < 0.5, min(CHUNK, size - offset)
                rows.append(
                    (raw, raw, here) if plain or here == 1 else (raw, rng.randbytes(32), rng.randrange(1, here))
                )
            files.append(File(f"geth/triedb/{number}é", size, rng.randrange(0o1000), pack(rows)))
        folders = (Directory("geth", 0o700), Directory("geth/triedb", 0o700))
        config = Config(description(rng.randrange(1 << 33)), CHUNK, folders, tuple(files))

        assert parse(serialize(config)) == config


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.update(schemaVersion=2), "schemaVersion is 2"),
        (lambda d: d.update(schemaVersion=True), "schemaVersion is True"),
        (lambda d: d.pop("schemaVersion"), "schemaVersion is None"),
        (lambda d: d["files"][0].update(path="../outside"), "straight into"),
        (lambda d: d["files"][0].update(path="geth/chaindata/../../outside"), "straight into"),
        (lambda d: d["files"][0].update(path="/etc/passwd"), "not relative"),
        (lambda d: d["files"][0].update(path=""), "not relative"),
        (lambda d: d["files"][0].update(path="geth/chaindata//x"), "straight into"),
        (lambda d: d["files"][0].update(path="geth/chaindata/\0"), "no text"),
        (lambda d: d["files"][0].update(path="geth/chaindata/\ud800"), "no text"),
        (lambda d: d["files"][0].update(path="geth/chaindata/" + "x" * 256), "too long"),
        (lambda d: d["files"][0].update(path=".ethinfra-snapshot.json"), "keeps for itself"),
        (lambda d: d["files"][0].update(path="geth/chaindata"), "twice"),
        (lambda d: d["files"][1].update(path="geth/chaindata/000001.sst"), "twice"),
        (lambda d: d["files"][1].update(path="geth/chaindata/000001.sst/x"), "no listed directory"),
        (lambda d: d["files"][1].update(path="geth/chaindata/elsewhere/x"), "no listed directory"),
        (lambda d: d["files"][0].update(size=CHUNK), "has 2 chunks, not 1"),
        (lambda d: d["files"][0].update(size=3 * CHUNK), "has 2 chunks, not 3"),
        (lambda d: d["files"][0].update(size=-1), "size is -1"),
        (lambda d: d["files"][0].update(size=1.5), "size is 1.5"),
        (lambda d: d["files"][0].update(mode=0o4755), "mode is"),
        (lambda d: d["files"][0].update(source=[1, 2]), "source"),
        (lambda d: d["files"][0]["chunks"][0].__setitem__(2, CHUNK), "bytes stored"),
        (lambda d: d["files"][0]["chunks"][1].__setitem__(2, 4), "bytes stored"),
        (lambda d: d["files"][0]["chunks"][0].__setitem__(0, "zz"), "chunk is not"),
        (lambda d: d["files"][0]["chunks"][0].__setitem__(0, "AB" * 32), "lower case"),
        (lambda d: d["files"][0]["chunks"][0].pop(), "chunk is not"),
        (lambda d: d["files"][0].pop("chunks"), "chunks is None"),
        (lambda d: d.update(chunkSize=5000), "multiple of 4096"),
        (lambda d: d.update(chunkSize=0), "multiple of 4096"),
        (lambda d: d.update(chunkSize=1 << 40), "chunkSize"),
        (lambda d: d.update(parent="sha1:0"), "parent"),
        (lambda d: d["network"].update(genesisHash="0x1"), "genesisHash"),
        (lambda d: d["owner"].update(uid="root"), "uid"),
        (lambda d: d.pop("block"), "block is no object"),
        (lambda d: d.update(created="yesterday"), "created"),
        (lambda d: d.update(created="2026-13-45T00:00:00Z"), "created"),
        (lambda d: d["database"].update(include=[1]), "include"),
        (lambda d: d["files"][1].update(path="UTC--key"), "file 'UTC--key' is not of what"),
        (lambda d: d["database"].update(include=["geth/triedb"]), "is not of what"),
        (lambda d: d["database"].update(include=[], exclude=["*/none"]), "none' is not of what"),
        (lambda d: d["directories"].append({"path": "keystore", "mode": 0o777}), "directory 'keystore' is not"),
        (lambda d: d["directories"].append({"path": "geth/nodes", "mode": 0o777}), "directory 'geth/nodes' is not"),
    ],
)
def test_config_that_contradicts_itself_is_refused(change: Callable[[dict[str, Any]], object], said: str) -> None:
    with pytest.raises(InvalidSnapshot) as refused:
        parse(_changed(change))

    assert said in refused.value.seen


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b"\xff", b'{"a":1,"a":2}', b"[" * 2000])
def test_what_is_no_config_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidSnapshot):
        parse(raw)


def test_key_that_this_version_does_not_know_is_ignored() -> None:
    """Additions do not need a new version; what must not be ignored does."""
    assert parse(_changed(lambda d: d.update(weather="fine"))) == _config()
