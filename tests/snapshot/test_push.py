"""Push: what is sent, what is shared with the snapshot before, what is refused."""

from __future__ import annotations

import os
import threading
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from ethinfra.errors import BadInput
from ethinfra.snapshot.compatibility import Expected
from ethinfra.snapshot.errors import InvalidSnapshot, SourceChanged
from ethinfra.snapshot.listing import State, listing, tag_of
from ethinfra.snapshot.model import Database, Identity, Network
from ethinfra.snapshot.promote import fail, promote
from ethinfra.snapshot.push import Pushed, push
from ethinfra.snapshot.reader import read_snapshot
from ethinfra.snapshot.restore import restore
from ethinfra.snapshot.selection import Selection, scan
from ethinfra.snapshot.store import MissingBlobs
from tests.snapshot import tree
from tests.snapshot.memory_store import MemoryStore

CHUNK = tree.CHUNK


def _promoted(source: Path, store: MemoryStore, block: int = 100, **options: object) -> Pushed:
    pushed = push(source, store, tree.description(block), chunk_size=CHUNK, **options)  # type: ignore[arg-type]
    promote(store, pushed.id)
    return pushed


def test_snapshot_holds_what_is_included_and_nothing_of_this_node(store: MemoryStore, source: Path) -> None:
    pushed = push(source, store, tree.description(), chunk_size=CHUNK)

    config = read_snapshot(store, pushed.tag).config
    paths = {file.path for file in config.files}
    assert "geth/chaindata/CURRENT" in paths
    assert "geth/chaindata/none" in paths
    assert "geth/chaindata/empty" in {one.path for one in config.directories}
    assert not any("nodekey" in path or "LOCK" in path or "keystore" in path for path in paths)


def test_candidate_is_not_latest(store: MemoryStore, source: Path) -> None:
    pushed = push(source, store, tree.description(), chunk_size=CHUNK)

    assert store.tags() == [pushed.tag]
    assert listing(store)[0].state is State.CANDIDATE


def test_chunks_of_the_snapshot_before_are_not_sent_again(store: MemoryStore, source: Path) -> None:
    first = _promoted(source, store)
    with (source / "geth/chaindata/ancient/chain/bodies.0000.cdat").open("ab") as freezer:
        freezer.write(b"new" * 100)

    second = _promoted(source, store, 200)

    assert first.sent_chunks > 10
    assert second.sent_chunks <= 2
    assert second.parent == first.digest


def test_unchanged_files_of_the_same_volume_are_not_read(store: MemoryStore, source: Path, volume: Path) -> None:
    """The copy has other inodes; the identities are those of the volume."""
    _, found = scan(source, Selection())
    identities = {file.path: Identity(*file.identity) for file in found}
    _promoted(source, store, volume="claim", identities=identities)
    changed = source / "geth/chaindata/CURRENT"
    tree.write(changed, b"MANIFEST-000002\n")
    identities["geth/chaindata/CURRENT"] = Identity(1, 2, 3)

    second = _promoted(source, store, 200, volume="claim", identities=identities)
    restore(store, second.digest, volume, Expected())

    assert second.read_bytes == changed.stat().st_size
    assert tree.database_of(volume) == tree.database_of(source)


@pytest.mark.parametrize("other", ["", "another claim"])
def test_files_of_another_volume_are_read(store: MemoryStore, source: Path, other: str) -> None:
    """Inodes and times of two volumes may agree by chance."""
    first = _promoted(source, store, volume="claim")

    second = _promoted(source, store, 200, volume=other)

    assert second.read_bytes == first.bytes


def test_incompressible_chunks_are_stored_as_they_are(store: MemoryStore, tmp_path: Path) -> None:
    top = tmp_path / "noise"
    (top / "geth/chaindata").mkdir(parents=True)
    tree.write(top / "geth/chaindata/1.sst", os.urandom(CHUNK))
    tree.write(top / "geth/chaindata/2.sst", b"block" * 1000)

    pushed = push(top, store, tree.description(), chunk_size=CHUNK)

    noise, text = (next(file.chunks(CHUNK)) for file in read_snapshot(store, pushed.tag).config.files)
    assert noise.plain
    assert noise.stored == CHUNK
    assert not text.plain
    assert text.stored < 200


def test_same_directory_gives_the_same_layers(source: Path) -> None:
    """Whatever the order in which threads came to them."""
    one, other = MemoryStore(), MemoryStore()

    push(source, one, tree.description(), chunk_size=CHUNK, workers=1)
    push(source, other, tree.description(), chunk_size=CHUNK, workers=7)

    assert one.blobs == other.blobs


def test_push_that_is_complete_can_be_repeated(store: MemoryStore, source: Path) -> None:
    """A job whose container died after the push runs it again with the same id."""
    first = push(source, store, tree.description(), chunk_size=CHUNK)

    again = push(source, store, tree.description(), chunk_size=CHUNK)

    assert again.tag == first.tag
    assert again.sent_chunks == 0
    assert store.tags() == [first.tag]


@pytest.mark.parametrize("state", [State.PROMOTED, State.FAILED, State.CANDIDATE])
def test_snapshot_that_is_there_is_not_pushed_over(store: MemoryStore, source: Path, state: State) -> None:
    """Its shards have their tags by its id: another one's would take them, and a collection then their chunks."""
    first = push(source, store, tree.description(), chunk_size=CHUNK, max_layers=5)
    if state is not State.CANDIDATE:
        (promote if state is State.PROMOTED else fail)(store, first.id)
    before = dict(store.leading)
    tree.mutate(source, seed=3)

    again = push(source, store, tree.description(), name=first.id, chunk_size=CHUNK, max_layers=5)

    assert store.leading == before
    assert (again.id, again.digest, again.tag) == (first.id, first.digest, tag_of(first.id, state))
    assert (again.files, again.bytes, again.chunks) == (first.files, first.bytes, first.chunks)
    assert (again.read_bytes, again.sent_chunks) == (0, 0)


def test_snapshot_that_is_there_and_damaged_is_made_anew(store: MemoryStore, source: Path, volume: Path) -> None:
    first = push(source, store, tree.description(), chunk_size=CHUNK)
    store.manifests[first.digest] = b"{}"

    again = push(source, store, tree.description(), chunk_size=CHUNK)
    restore(store, again.tag, volume, Expected())

    assert tree.database_of(volume) == tree.database_of(source)


def test_chunks_that_garbage_collection_took_are_sent_again(store: MemoryStore, source: Path, volume: Path) -> None:
    """It ran between the chunks and the manifest: nothing referred to them yet."""
    collected = []

    def collect(operation: str, what: str) -> None:
        if operation == "put_manifest" and what.startswith("candidate-") and not collected:
            collected.append(what)
            store.collect_garbage()

    store.before = collect

    pushed = push(source, store, tree.description(), chunk_size=CHUNK)
    restore(store, pushed.tag, volume, Expected())

    assert collected
    assert tree.database_of(volume) == tree.database_of(source)


def test_parents_chunks_that_were_removed_are_sent_again(store: MemoryStore, source: Path, volume: Path) -> None:
    """Cleanup removed the parent and garbage collection its chunks, while the push relied on them. Compressed otherwise
    now, they get other layers."""
    _promoted(source, store, volume="claim", level=1)
    collected = []

    def collect(operation: str, what: str) -> None:
        if operation == "put_manifest" and what.startswith("candidate-") and not collected:
            collected.append(what)
            store.leading.clear()
            store.collect_garbage()

    store.before = collect

    pushed = push(source, store, tree.description(200), volume="claim", level=19)
    store.before = lambda *_: None
    restore(store, pushed.tag, volume, Expected())

    assert tree.database_of(volume) == tree.database_of(source)


def test_file_that_changes_before_its_chunks_are_sent_again_ends_the_push(store: MemoryStore, source: Path) -> None:
    """Its first chunks would be of one moment, those that were lost of another."""
    freezer = source / "geth/chaindata/ancient/chain/bodies.0000.cdat"

    def collect(operation: str, what: str) -> None:
        if operation == "put_manifest" and what.startswith("candidate-"):
            store.collect_garbage()
            with freezer.open("r+b") as file:
                file.write(b"other")

    store.before = collect

    with pytest.raises(SourceChanged):
        push(source, store, tree.description(), chunk_size=CHUNK)

    assert store.tags() == []


def test_chunks_that_were_lost_are_sent_again_by_many_threads(store: MemoryStore, source: Path) -> None:
    """A first push of a terabyte would take days with one."""
    collected, sent, together = threading.Event(), count(), threading.Barrier(3, timeout=10)

    def collect(operation: str, _what: str) -> None:
        if operation == "put_manifest" and not collected.is_set():
            store.collect_garbage()
            collected.set()
        elif operation == "put_blob" and collected.is_set() and next(sent) < 3:
            together.wait()

    store.before = collect

    pushed = push(source, store, tree.description(), chunk_size=CHUNK, workers=3)

    assert store.tags() == [pushed.tag]


def test_registry_that_keeps_losing_chunks_ends_the_push(store: MemoryStore, source: Path) -> None:
    def collect(operation: str, _what: str) -> None:
        if operation == "put_manifest":
            store.collect_garbage()

    store.before = collect

    with pytest.raises(MissingBlobs):
        push(source, store, tree.description(), chunk_size=CHUNK)

    assert store.tags() == []


def test_damaged_parent_is_no_reason_to_make_no_snapshot(store: MemoryStore, source: Path, volume: Path) -> None:
    first = _promoted(source, store)
    config = next(digest for digest, data in store.blobs.items() if data.startswith(b'{"schemaVersion"'))
    store.blobs[config] = b"{}"

    second = _promoted(source, store, 200)
    restore(store, second.digest, volume, Expected())

    assert first.digest != second.digest
    assert second.parent is None
    assert tree.database_of(volume) == tree.database_of(source)


def test_file_that_changes_while_it_is_read_ends_the_push(store: MemoryStore, source: Path) -> None:
    """A live database was copied: the failure that others shipped."""
    path = source / "geth/chaindata/ancient/chain/bodies.0000.cdat"

    def write(operation: str, _what: str) -> None:
        if operation == "put_blob":
            with path.open("r+b") as file:
                file.seek(0)
                file.write(b"other")

    store.before = write

    with pytest.raises(SourceChanged):
        push(source, store, tree.description(), chunk_size=CHUNK)

    assert store.tags() == []


def test_file_that_disappears_ends_the_push(store: MemoryStore, source: Path) -> None:
    def remove(operation: str, _what: str) -> None:
        if operation == "put_blob":
            (source / "geth/triedb/merkle.journal").unlink(missing_ok=True)

    store.before = remove

    with pytest.raises(SourceChanged):
        push(source, store, tree.description(), chunk_size=CHUNK, workers=1)


def test_links_and_sockets_are_refused(store: MemoryStore, source: Path) -> None:
    (source / "geth/chaindata/link").symlink_to("/etc/passwd")

    with pytest.raises(BadInput) as refused:
        push(source, store, tree.description(), chunk_size=CHUNK)

    assert "geth/chaindata/link" in str(refused.value)


@pytest.mark.parametrize(
    ("options", "about", "said"),
    [
        ({"chunk_size": 5000}, {}, "multiple of 4096"),
        ({"chunk_size": 128 << 20}, {}, "chunkSize"),
        ({"chunk_size": -4096}, {}, "chunkSize"),
        ({"name": "mine"}, {}, "'mine'"),
        ({}, {"block": 10**10}, "ten digits"),
        ({}, {"database": Database("", ("geth/chaindata", ""))}, "include"),
        ({}, {"network": Network("devnet", 1, "0xABC")}, "genesisHash"),
    ],
)
def test_what_no_reader_accepts_is_refused_before_anything_is_read(
    store: MemoryStore, source: Path, options: dict[str, Any], about: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadInput) as refused:
        push(source, store, tree.description(**about), **options)

    assert said in str(refused.value)
    assert not store.asked


def test_directory_whose_name_no_reader_accepts_is_refused(store: MemoryStore, source: Path) -> None:
    (source / "geth/chaindata/em\npty").mkdir()

    with pytest.raises(BadInput) as refused:
        push(source, store, tree.description(), chunk_size=CHUNK)

    assert "em\\npty" in str(refused.value)
    assert not store.blobs


def test_config_that_cannot_be_read_is_not_sent(
    store: MemoryStore, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ethinfra.snapshot.push.pack", lambda rows: b"".join(raw * 2 + bytes(4) for raw, *_ in rows))

    with pytest.raises(InvalidSnapshot):
        push(source, store, tree.description(), chunk_size=CHUNK)

    assert not [data for data in store.blobs.values() if data.startswith(b'{"schemaVersion"')]


def test_directory_without_data_is_refused(store: MemoryStore, tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        push(tmp_path, store, tree.description(), chunk_size=CHUNK)


def test_chunk_size_of_the_parent_is_kept(store: MemoryStore, source: Path) -> None:
    """Others would share nothing with it."""
    _promoted(source, store)

    second = push(source, store, tree.description(200))

    assert read_snapshot(store, second.tag).config.chunk_size == CHUNK
    assert second.sent_chunks == 0
