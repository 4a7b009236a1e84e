"""Damaged snapshots: each is refused with its reason, nothing is marked as restored, and the one before is used."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from ethinfra.snapshot.compatibility import Expected
from ethinfra.snapshot.errors import ChunkMismatch, InvalidSnapshot, MissingContent, SnapshotError
from ethinfra.snapshot.listing import State, tag_of
from ethinfra.snapshot.manifest import CHUNK_ZSTD, MANIFEST
from ethinfra.snapshot.marker import read_marker
from ethinfra.snapshot.model import Chunk
from ethinfra.snapshot.promote import promote
from ethinfra.snapshot.push import Pushed, push
from ethinfra.snapshot.reader import read_snapshot
from ethinfra.snapshot.restore import restore, restore_newest
from ethinfra.snapshot.store import digest_of, named
from ethinfra.snapshot.verify import verify
from tests.snapshot import tree
from tests.snapshot.memory_store import MemoryStore


class Damaged:
    """Two promoted snapshots, of which the newer is to be damaged in what the older does not share."""

    def __init__(self, store: MemoryStore, source: Path, tmp_path: Path) -> None:
        self.store = store
        self.older = self._promote(source, 100)
        self.newer_source = tree.make(tmp_path / "newer", seed=77)
        self.newer = self._promote(self.newer_source, 200)
        shared = {chunk.layer for _, chunk in read_snapshot(store, self.older.digest).config.chunks()}
        own = [chunk for _, chunk in read_snapshot(store, self.newer.digest).config.chunks()]
        self.chunks: list[Chunk] = [chunk for chunk in own if chunk.layer not in shared and chunk.size == tree.CHUNK]

    def _promote(self, source: Path, block: int) -> Pushed:
        pushed = push(source, self.store, tree.description(block), chunk_size=tree.CHUNK)
        promote(self.store, pushed.id)
        return pushed

    def compressed(self) -> str:
        return named(next(chunk for chunk in self.chunks if not chunk.plain).layer)

    def plain(self) -> str:
        return named(next(chunk for chunk in self.chunks if chunk.plain).layer)

    def rewrite(self, change: Callable[[dict[str, Any]], object], *, config: bool) -> None:
        """Store the newer one's manifest, or config, changed, with digests that are right: somebody made it so."""
        manifest = json.loads(self.store.manifests[self.newer.digest])
        if config:
            document = json.loads(self.store.blobs[manifest["config"]["digest"]])
            change(document)
            raw = json.dumps(document).encode()
            self.store.blobs[digest_of(raw)] = raw
            manifest["config"].update(digest=digest_of(raw), size=len(raw))
        else:
            change(manifest)
        self.store.put_manifest(tag_of(self.newer.id, State.PROMOTED), json.dumps(manifest).encode(), MANIFEST)


@pytest.fixture
def damaged(store: MemoryStore, source: Path, tmp_path: Path) -> Damaged:
    return Damaged(store, source, tmp_path)


def _truncate(one: Damaged) -> None:
    digest = one.compressed()
    one.store.blobs[digest] = one.store.blobs[digest][:-3]


def _lengthen(one: Damaged) -> None:
    one.store.blobs[one.plain()] += b"more"


def _flip(one: Damaged) -> None:
    raw = bytearray(one.store.blobs[one.plain()])
    raw[len(raw) // 2] ^= 1
    one.store.blobs[one.plain()] = bytes(raw)


def _flip_compressed(one: Damaged) -> None:
    raw = bytearray(one.store.blobs[one.compressed()])
    raw[-1] ^= 1
    one.store.blobs[one.compressed()] = bytes(raw)


def _swap(one: Damaged) -> None:
    plain = [named(chunk.layer) for chunk in one.chunks if chunk.plain]
    first, second = plain[0], next(digest for digest in plain if digest != plain[0])
    one.store.blobs[first], one.store.blobs[second] = one.store.blobs[second], one.store.blobs[first]


def _bomb(one: Damaged) -> None:
    """A frame that grows to a thousand times what is recorded; the config names its digest and size rightly."""
    bomb = zstandard.ZstdCompressor().compress(bytes(tree.CHUNK * 1000))
    one.store.blobs[digest_of(bomb)] = bomb
    victim = next(chunk for chunk in one.chunks if not chunk.plain)
    _replace_layer(one, victim, digest_of(bomb), len(bomb))


def _wrong_digest(one: Damaged) -> None:
    """The config gives a sound chunk the digest of another."""

    def change(config: dict[str, Any]) -> None:
        rows = [row for file in config["files"] for row in file["chunks"]]
        victim = next(row for row in rows if row[0] != row[1])
        victim[0] = "ab" * 32

    one.rewrite(change, config=True)


def _replace_layer(one: Damaged, victim: Chunk, digest: str, size: int) -> None:
    manifest = json.loads(one.store.manifests[one.newer.digest])
    for layer in manifest["layers"]:
        if layer["digest"] == named(victim.layer):
            layer.update(digest=digest, size=size)
    document = json.loads(one.store.blobs[manifest["config"]["digest"]])
    for file in document["files"]:
        file["chunks"] = [[row[0], digest[7:], size] if row[1] == victim.layer.hex() else row for row in file["chunks"]]
    raw = json.dumps(document).encode()
    one.store.blobs[digest_of(raw)] = raw
    manifest["config"].update(digest=digest_of(raw), size=len(raw))
    one.store.put_manifest(tag_of(one.newer.id, State.PROMOTED), json.dumps(manifest).encode(), MANIFEST)


def _missing_chunk(one: Damaged) -> None:
    del one.store.blobs[one.plain()]


def _missing_config(one: Damaged) -> None:
    del one.store.blobs[json.loads(one.store.manifests[one.newer.digest])["config"]["digest"]]


def _flip_config(one: Damaged) -> None:
    digest = json.loads(one.store.manifests[one.newer.digest])["config"]["digest"]
    one.store.blobs[digest] = one.store.blobs[digest].replace(b"devnet", b"divnet")


def _older_schema(one: Damaged) -> None:
    one.rewrite(lambda config: config.update(schemaVersion=0), config=True)


def _traversal(one: Damaged) -> None:
    one.rewrite(lambda config: config["files"][0].update(path="../../outside"), config=True)


def _other_artifact(one: Damaged) -> None:
    one.rewrite(lambda manifest: manifest.update(artifactType="application/vnd.example"), config=False)


def _layer_not_listed(one: Damaged) -> None:
    """A registry would collect it as garbage one day."""
    one.rewrite(lambda manifest: manifest["layers"].pop(), config=False)


def _other_size(one: Damaged) -> None:
    one.rewrite(lambda manifest: manifest["layers"][0].update(size=1), config=False)


def _not_json(one: Damaged) -> None:
    one.store.put_manifest = None  # type: ignore[assignment,method-assign]
    tag = tag_of(one.newer.id, State.PROMOTED)
    one.store.manifests[digest_of(b"<html>")] = b"<html>"
    one.store.leading[tag] = digest_of(b"<html>")


DAMAGES = {
    _truncate: (ChunkMismatch, "bytes where"),
    _lengthen: (ChunkMismatch, "more where"),
    _flip: (ChunkMismatch, "are damaged"),
    _flip_compressed: (ChunkMismatch, "are damaged"),
    _swap: (ChunkMismatch, "are damaged"),
    _bomb: (ChunkMismatch, "a frame of 8192000 bytes"),
    _wrong_digest: (ChunkMismatch, "the config is wrong about it"),
    _missing_chunk: (MissingContent, "none of that digest"),
    _missing_config: (MissingContent, "none of that digest"),
    _flip_config: (InvalidSnapshot, "config of"),
    _older_schema: (InvalidSnapshot, "schemaVersion is 0"),
    _traversal: (InvalidSnapshot, "straight into"),
    _other_artifact: (InvalidSnapshot, "artifactType"),
    _layer_not_listed: (InvalidSnapshot, "disagree"),
    _other_size: (InvalidSnapshot, "disagree"),
    _not_json: (InvalidSnapshot, "manifest is not valid"),
}


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__.strip("_"))
def test_damaged_snapshot_is_refused(damaged: Damaged, volume: Path, damage: Callable[[Damaged], None]) -> None:
    """Its reason is said, and there is no marker that a client could be started by."""
    damage(damaged)
    kind, said = DAMAGES[damage]

    with pytest.raises(SnapshotError) as refused:
        restore(damaged.store, tag_of(damaged.newer.id, State.PROMOTED), volume, Expected())

    assert type(refused.value) is kind
    assert said in str(refused.value)
    assert read_marker(volume) is None


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__.strip("_"))
def test_good_one_before_a_damaged_one_is_used(
    damaged: Damaged, source: Path, volume: Path, damage: Callable[[Damaged], None]
) -> None:
    """Also where the damaged one was half written already: nothing of it is left."""
    damage(damaged)

    restored = restore_newest(damaged.store, volume, Expected())

    assert restored.marker.digest == damaged.older.digest
    assert DAMAGES[damage][1] in str(restored.refusals[damaged.newer.id])
    assert tree.database_of(volume) == tree.database_of(source)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__.strip("_"))
def test_verify_finds_the_damage(damaged: Damaged, damage: Callable[[Damaged], None]) -> None:
    damage(damaged)

    try:
        problems = verify(damaged.store, tag_of(damaged.newer.id, State.PROMOTED)).problems
    except SnapshotError as refused:
        problems = (str(refused),)

    assert DAMAGES[damage][1] in problems[0]


@pytest.mark.parametrize("damage", [_truncate, _lengthen, _missing_chunk], ids=["truncated", "longer", "missing"])
def test_quick_verify_finds_what_sizes_tell(damaged: Damaged, damage: Callable[[Damaged], None]) -> None:
    damage(damaged)

    assert len(verify(damaged.store, damaged.newer.digest, quick=True).problems) == 1


def test_quick_verify_reads_no_chunk(damaged: Damaged) -> None:
    damaged.store.asked.clear()

    verify(damaged.store, damaged.newer.digest, quick=True)

    assert damaged.store.asked["blob"] == 1  # the config


def test_every_damaged_chunk_is_named(damaged: Damaged) -> None:
    victims = {named(chunk.layer) for chunk in damaged.chunks[:3]}
    for digest in victims:
        damaged.store.blobs[digest] = os.urandom(len(damaged.store.blobs[digest]))

    assert len(verify(damaged.store, damaged.newer.digest).problems) == len(victims)


def test_undamaged_snapshot_is_restored(damaged: Damaged, volume: Path) -> None:
    """Without damage the newer one is taken: the refusals above are because of it."""
    restored = restore_newest(damaged.store, volume, Expected())

    assert restored.marker.digest == damaged.newer.digest
    assert tree.database_of(volume) == tree.database_of(damaged.newer_source)


def test_verify_reads_every_layer_of_the_same_bytes(damaged: Damaged) -> None:
    """They may be stored in two ways: compressed by another release, or level, for another file."""
    store, chunk = damaged.store, next(one for one in damaged.chunks if not one.plain)
    lost = digest_of(b"stored in another way")

    def add(document: dict[str, Any]) -> None:
        row = [chunk.raw.hex(), lost.removeprefix("sha256:"), 21]
        document["files"].append({"path": "geth/chaindata/copy", "size": chunk.size, "mode": 420, "chunks": [row]})

    damaged.rewrite(add, config=True)
    reference = tag_of(damaged.newer.id, State.PROMOTED)
    manifest = json.loads(store.manifests[store.leading[reference]])
    manifest["layers"].append({"mediaType": CHUNK_ZSTD, "digest": lost, "size": 21})
    store.blobs[lost] = b"stored in another way"
    store.put_manifest(reference, json.dumps(manifest).encode(), MANIFEST)

    assert len(verify(store, reference).problems) == 1
    del store.blobs[lost]
    assert len(verify(store, reference, quick=True).problems) == 1
