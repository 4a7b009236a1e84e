"""Removing tags at registries that do not do it, or not for everybody."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from ethinfra.snapshot.access import open_store
from ethinfra.snapshot.listing import listing
from ethinfra.snapshot.promote import fail, pin, promote, unpin
from ethinfra.snapshot.push import push
from ethinfra.snapshot.registry_store import RegistryStore
from ethinfra.snapshot.retention import Policy, plan, prune
from ethinfra.snapshot.store import CannotRemove, digest_of
from tests.registry.test_client import Answered, Asked, serving
from tests.snapshot import tree


@dataclass
class Registry:
    """A small one that keeps everything in memory. by_tag, by_digest: what it answers to a DELETE."""

    by_tag: int = 202
    by_digest: int = 202
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, bytes] = field(default_factory=dict)
    leading: dict[str, str] = field(default_factory=dict)

    def answer(self, asked: Asked) -> Answered:
        path, _, query = asked.path.partition("?")
        last = path.rpartition("/")[2]
        if path.endswith("/tags/list"):
            return 200, {}, json.dumps({"tags": sorted(self.leading)}).encode()
        if asked.method == "POST":
            return 202, {"Location": f"{path}1"}, b""
        if asked.method == "PUT" and "/uploads/" in path:
            self.blobs[query.partition("=")[2].replace("%3A", ":")] = asked.body
            return 201, {}, b""
        if "/blobs/" in path:
            return (200, {}, self.blobs[last]) if last in self.blobs else (404, {}, b"")
        return self._manifest(asked, last)

    def _manifest(self, asked: Asked, reference: str) -> Answered:
        digest = self.leading.get(reference, reference)
        if asked.method == "PUT":
            digest = digest_of(asked.body)
            self.manifests[digest] = asked.body
            if ":" not in reference:
                self.leading[reference] = digest
            return 201, {}, b""
        if digest not in self.manifests:
            return 404, {}, b"MANIFEST_UNKNOWN"
        if asked.method == "DELETE":
            return self._delete(reference)
        return 200, {"Docker-Content-Digest": digest}, self.manifests[digest]

    def _delete(self, reference: str) -> Answered:
        status = self.by_digest if ":" in reference else self.by_tag
        if status == 202 and ":" in reference:
            del self.manifests[reference]
            self.leading = {tag: digest for tag, digest in self.leading.items() if digest != reference}
        elif status == 202:
            del self.leading[reference]
        return status, {}, b""


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def remote(registry: Registry) -> Iterator[RegistryStore]:
    with serving(registry.answer) as server, open_store(server.url, "a/b", patience=0) as store:
        yield store


def _prune(store: RegistryStore) -> list[str]:
    later = tree.NOON.replace(year=2027)
    return [one.id for one in prune(store, plan(listing(store), Policy(1, timedelta()), now=later, used=set()))]


def _promoted(source: Path, store: RegistryStore, *blocks: int) -> list[str]:
    made = []
    for block in blocks:
        made.append(push(source, store, tree.description(block), chunk_size=tree.CHUNK, max_layers=5).id)
        promote(store, made[-1])
    return made


@pytest.mark.parametrize("status", [400, 401, 403, 405])
def test_candidate_is_promoted_where_its_tag_cannot_be_removed(
    registry: Registry, remote: RegistryStore, source: Path, status: int
) -> None:
    registry.by_tag = registry.by_digest = status
    pushed = push(source, remote, tree.description(), chunk_size=tree.CHUNK)
    notes: list[str] = []

    promote(remote, pushed.id, notes.append)

    assert remote.digest("latest") == pushed.digest
    assert [one.state for one in listing(remote)] == ["promoted"]
    (note,) = notes
    assert re.search(rf"candidate-{pushed.id} stays", note)


def test_failed_one_is_marked_where_tags_cannot_be_removed(
    registry: Registry, remote: RegistryStore, source: Path
) -> None:
    registry.by_tag = 403
    pushed = push(source, remote, tree.description(), chunk_size=tree.CHUNK)

    fail(remote, pushed.id)

    assert [one.state for one in listing(remote)] == ["failed"]


@pytest.mark.parametrize("status", [400, 405])
def test_old_snapshot_is_removed_by_its_digest_where_tags_cannot_be(
    registry: Registry, remote: RegistryStore, source: Path, status: int
) -> None:
    """With the tag of its candidate, which stayed, and its shards."""
    registry.by_tag = status
    older, newer = _promoted(source, remote, 100, 200)

    assert _prune(remote) == [older]

    assert [one.id for one in listing(remote)] == [newer]
    assert not [tag for tag in registry.leading if older in tag]


def test_manifest_that_another_tag_leads_to_is_not_removed(
    registry: Registry, remote: RegistryStore, source: Path
) -> None:
    """A name that is none of ours, and a pin that is taken away."""
    registry.by_tag = 405
    older, _ = _promoted(source, remote, 100, 200)
    pin(remote, f"snapshot-{older}", "mine")
    registry.leading["release-1"] = registry.leading[f"snapshot-{older}"]
    before = dict(registry.leading)

    with pytest.raises(CannotRemove, match=f"pin-mine .*[\\s\\S]*snapshot-{older}"):
        unpin(remote, "mine")
    del registry.leading["pin-mine"], before["pin-mine"]
    with pytest.raises(CannotRemove, match="release-1"):
        _prune(remote)

    assert registry.leading == before


@pytest.mark.parametrize("status", [400, 401, 403, 405])
def test_registry_that_removes_nothing_says_so(
    registry: Registry, remote: RegistryStore, source: Path, status: int
) -> None:
    registry.by_tag = registry.by_digest = status
    _promoted(source, remote, 100, 200)
    before = dict(registry.leading)

    with pytest.raises(CannotRemove, match=f"status {status}"):
        _prune(remote)

    assert registry.leading == before
