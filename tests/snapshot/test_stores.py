"""One suite for every store: what `SnapshotStore` promises."""

from __future__ import annotations

import json
import re
import secrets
from pathlib import Path

import pytest

from ethinfra.errors import BadInput
from ethinfra.registry.client import RegistryRefused
from ethinfra.snapshot.compatibility import Expected
from ethinfra.snapshot.errors import ChunkMismatch, InvalidSnapshot
from ethinfra.snapshot.layout_store import LayoutStore
from ethinfra.snapshot.listing import listing
from ethinfra.snapshot.manifest import INDEX, MANIFEST, SHARD, SNAPSHOT
from ethinfra.snapshot.promote import promote
from ethinfra.snapshot.push import push
from ethinfra.snapshot.reader import read_snapshot
from ethinfra.snapshot.restore import restore_newest
from ethinfra.snapshot.retention import Policy, plan, prune
from ethinfra.snapshot.store import MissingBlobs, SnapshotStore, digest_of
from ethinfra.snapshot.verify import verify
from tests.registry.loopback import Loopback
from tests.snapshot import tree
from tests.snapshot.memory_store import MemoryStore
from tests.snapshot.registries import Crane, gateway_store


def _manifest(store: SnapshotStore, content: bytes) -> bytes:
    """A manifest whose blobs are stored."""
    store.put_blob(digest_of(content), content)
    part = {"mediaType": "application/octet-stream", "digest": digest_of(content), "size": len(content)}
    document = {"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": SHARD, "config": part, "layers": [part]}
    return json.dumps(document).encode()


class StoreContract:
    """Each implementation's class provides the fixture `any_store`, an empty repository."""

    def test_nothing_is_there_at_first(self, any_store: SnapshotStore) -> None:
        absent = digest_of(b"absent")

        assert any_store.tags() == []
        assert any_store.blob_size(absent) is None
        assert any_store.blob(absent, 10) is None
        assert any_store.manifest("latest") is None
        assert any_store.manifest(absent) is None
        assert any_store.digest("latest") is None

    def test_blob_comes_back_as_it_was_stored(self, any_store: SnapshotStore) -> None:
        data = secrets.token_bytes(3_000_000)

        any_store.put_blob(digest_of(data), data)
        any_store.put_blob(digest_of(data), memoryview(data))

        assert any_store.blob_size(digest_of(data)) == len(data)
        assert any_store.blob(digest_of(data), len(data)) == data

    def test_longer_blob_than_asked_for_is_cut_off(self, any_store: SnapshotStore) -> None:
        """One byte more than the size shows that it is longer; the rest would fill the memory."""
        any_store.put_blob(digest_of(b"0123456789"), b"0123456789")

        assert any_store.blob(digest_of(b"0123456789"), 4) == b"01234"
        assert any_store.blob(digest_of(b"0123456789"), 20) == b"0123456789"

    def test_blob_with_another_digest_is_refused(self, any_store: SnapshotStore) -> None:
        wrong = digest_of(b"one")

        with pytest.raises((ChunkMismatch, RegistryRefused)):
            any_store.put_blob(wrong, b"another")

        assert any_store.blob_size(wrong) is None

    def test_manifest_is_found_by_tag_and_digest(self, any_store: SnapshotStore) -> None:
        raw = _manifest(any_store, b"found")

        any_store.put_manifest("one", raw, MANIFEST)

        assert any_store.manifest("one") == raw
        assert any_store.manifest(digest_of(raw)) == raw
        assert any_store.digest("one") == digest_of(raw)
        assert any_store.tags() == ["one"]

    def test_tag_moves_and_what_it_led_to_stays(self, any_store: SnapshotStore) -> None:
        first, second = _manifest(any_store, b"first"), _manifest(any_store, b"second")
        any_store.put_manifest("kept", first, MANIFEST)
        any_store.put_manifest("latest", first, MANIFEST)

        any_store.put_manifest("latest", second, MANIFEST)

        assert any_store.manifest("latest") == second
        assert any_store.manifest("kept") == first

    def test_index_of_stored_manifests_is_kept(self, any_store: SnapshotStore) -> None:
        shard = _manifest(any_store, b"shard")
        any_store.put_manifest("shard", shard, MANIFEST)
        part = {"mediaType": MANIFEST, "digest": digest_of(shard), "size": len(shard)}
        index = {"schemaVersion": 2, "mediaType": INDEX, "artifactType": SNAPSHOT, "manifests": [part]}
        raw = json.dumps(index).encode()

        any_store.put_manifest("whole", raw, INDEX)

        assert any_store.manifest("whole") == raw

    def test_removed_tag_is_gone_and_removing_it_again_is_no_error(self, any_store: SnapshotStore) -> None:
        raw = _manifest(any_store, b"removed")
        any_store.put_manifest("one", raw, MANIFEST)
        any_store.put_manifest("two", raw, MANIFEST)

        any_store.remove_tags("one")
        any_store.remove_tags("one", "three")

        assert any_store.tags() == ["two"]
        assert any_store.manifest("two") == raw

    def test_snapshot_goes_through_its_whole_life(self, any_store: SnapshotStore, tmp_path: Path) -> None:
        """Pushed twice, in shards, promoted, verified, restored, the older one removed."""
        source, volume = tree.make(tmp_path / "source", seed=3), tmp_path / "volume"
        volume.mkdir()
        first = push(source, any_store, tree.description(100), chunk_size=tree.CHUNK, max_layers=5)
        promote(any_store, first.id)
        tree.mutate(source, seed=4)
        second = push(source, any_store, tree.description(200), max_layers=5)
        promote(any_store, second.id)

        restored = restore_newest(any_store, volume, Expected(network="devnet"))
        decided = plan(
            listing(any_store), Policy(1, tree.NOON - tree.NOON), now=tree.NOON.replace(year=2027), used=set()
        )
        prune(any_store, decided)

        assert second.sent_bytes < first.sent_bytes
        assert restored.marker.digest == second.digest
        assert tree.database_of(volume) == tree.database_of(source)
        assert [one.id for one in listing(any_store)] == [second.id]
        assert verify(any_store, "latest").problems == ()
        assert verify(any_store, "latest", quick=True).problems == ()


class LookingStoreContract(StoreContract):
    """For those that look whether what a manifest names is there, as the specification allows but does not demand."""

    def test_manifest_that_names_a_missing_blob_is_refused(self, any_store: SnapshotStore) -> None:
        raw = _manifest(any_store, b"there").replace(digest_of(b"there").encode(), digest_of(b"not there").encode())

        with pytest.raises(MissingBlobs):
            any_store.put_manifest("broken", raw, MANIFEST)

        assert any_store.tags() == []


class TestMemoryStore(LookingStoreContract):
    @pytest.fixture
    def any_store(self) -> SnapshotStore:
        return MemoryStore()


class TestLayoutStore(LookingStoreContract):
    @pytest.fixture
    def any_store(self, tmp_path: Path) -> SnapshotStore:
        return LayoutStore(tmp_path / "layout")

    def test_other_directories_are_not_written_to(self, tmp_path: Path) -> None:
        (tmp_path / "something").write_text("precious")

        with pytest.raises(BadInput):
            LayoutStore(tmp_path)

    def test_damaged_manifest_is_refused(self, tmp_path: Path) -> None:
        store = LayoutStore(tmp_path / "layout")
        raw = _manifest(store, b"content")
        store.put_manifest("one", raw, MANIFEST)
        (tmp_path / "layout" / "blobs" / "sha256" / digest_of(raw)[7:]).write_bytes(raw.replace(b"2", b"3"))

        with pytest.raises(InvalidSnapshot, match="manifest one"):
            store.manifest("one")

    def test_blobs_that_lost_their_end_are_repaired_by_a_push(self, source: Path, tmp_path: Path) -> None:
        store = LayoutStore(tmp_path / "layout")
        store.remove_tags(push(source, store, tree.description(100), chunk_size=tree.CHUNK).tag)
        for path in (tmp_path / "layout/blobs/sha256").iterdir():
            path.write_bytes(path.read_bytes()[:-1])

        pushed = push(source, store, tree.description(100), chunk_size=tree.CHUNK)

        assert verify(store, pushed.tag).problems == ()

    def test_parents_chunk_that_lost_its_end_is_sent_again(self, source: Path, tmp_path: Path) -> None:
        store = LayoutStore(tmp_path / "layout")
        first = push(source, store, tree.description(100), chunk_size=tree.CHUNK)
        promote(store, first.id)
        _, chunk = next(read_snapshot(store, first.digest).config.chunks())
        path = tmp_path / "layout/blobs/sha256" / chunk.layer.hex()
        path.write_bytes(path.read_bytes()[:-1])

        second = push(source, store, tree.description(200))

        assert second.parent == first.digest
        assert verify(store, second.tag).problems == ()

    def test_entries_of_other_tools_are_kept(self, tmp_path: Path) -> None:
        store = LayoutStore(tmp_path / "layout")
        others = [{"mediaType": MANIFEST, "digest": digest_of(b"other"), "size": 5}]
        (tmp_path / "layout/index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": others}))

        store.put_manifest("one", _manifest(store, b"content"), MANIFEST)
        store.remove_tags("one")

        assert json.loads((tmp_path / "layout/index.json").read_text())["manifests"] == others
        assert store.tags() == []

    def test_layout_whose_making_was_interrupted_is_made(self, tmp_path: Path) -> None:
        (tmp_path / "layout/blobs/sha256").mkdir(parents=True)
        (tmp_path / "layout/oci-layout.new").touch()

        store = LayoutStore(tmp_path / "layout")
        store.put_manifest("one", _manifest(store, b"content"), MANIFEST)

        assert LayoutStore(tmp_path / "layout", make=False).tags() == ["one"]

    def test_layout_that_is_not_there_is_not_made_for_reading(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput):
            LayoutStore(tmp_path / "mistyped", make=False)
        (tmp_path / "file").touch()
        with pytest.raises(BadInput):
            LayoutStore(tmp_path / "file")

        assert not (tmp_path / "mistyped").exists()

    @pytest.mark.parametrize("index", ["", "[]", "{}", '{"manifests": [1]}', '{"manifests": [{}]}'])
    def test_damaged_index_is_named(self, tmp_path: Path, index: str) -> None:
        store = LayoutStore(tmp_path / "layout")
        (tmp_path / "layout/index.json").write_text(index)

        with pytest.raises(BadInput, match=re.escape("index.json is damaged")):
            store.tags()

    def test_manifest_that_is_gone_is_none(self, tmp_path: Path) -> None:
        store = LayoutStore(tmp_path / "layout")
        raw = _manifest(store, b"content")
        store.put_manifest("one", raw, MANIFEST)
        (tmp_path / "layout" / "blobs" / "sha256" / digest_of(raw)[7:]).unlink()

        assert store.manifest("one") is None
        assert store.digest("one") is None


class TestDistribution(LookingStoreContract):
    """The project's own registry: distribution behind its gateway, with TLS and an account."""

    @pytest.fixture
    def any_store(self, gateway: Loopback, tmp_path: Path) -> SnapshotStore:
        return gateway_store(gateway, tmp_path, f"snapshots/test/{secrets.token_hex(6)}")


class TestAnotherImplementation(StoreContract):
    """go-containerregistry's, over plain HTTP, which is allowed on loopback alone."""

    @pytest.fixture
    def any_store(self, second_registry: Crane) -> SnapshotStore:
        return second_registry.store(f"snapshots/test/{secrets.token_hex(6)}")
