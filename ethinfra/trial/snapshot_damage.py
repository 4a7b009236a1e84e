"""Snapshots of a repository of one's own, and what can be wrong with one.

A registry stores a blob once for all repositories. So what is damaged here are chunks that nothing else refers to: the
data of a real snapshot, cut into chunks of another size.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ethinfra.errors import ClusterError, unknown_name
from ethinfra.registry import NAMESPACE, POD
from ethinfra.registry.secrets import Account
from ethinfra.snapshot import manifest
from ethinfra.snapshot.listing import LATEST, State, listing, tag_of
from ethinfra.snapshot.model import Chunk
from ethinfra.snapshot.reader import Snapshot, read_snapshot
from ethinfra.snapshot.store import digest_of
from ethinfra.trial.builders import VOLUME, Builder
from ethinfra.trial.pods import TrialPods
from ethinfra.trial.snapshots import Snapshots, repository_of

#: The claim of the registry's volume (charts/registry).
REGISTRY_CLAIM = f"data-{POD}"
#: Where a blob is on it (distribution v3, registry/storage/paths.go).
_BLOB = "/claim/docker/registry/v2/blobs/sha256/{prefix}/{digest}/data"


@dataclass
class TrialRepository:
    """Snapshots of one scenario, beside those of the deployment; removed when it ends."""

    snapshots: Snapshots
    builder: Builder
    pods: TrialPods
    prefix: str = field(default_factory=lambda: f"trial/{secrets.token_hex(4)}")
    _damaged: list[str] = field(default_factory=list)

    @property
    def plan(self) -> dict[str, Any]:
        """What a node is told that shall restore from here: as the deployment's, and which genesis it has is known."""
        plan = self.snapshots.plan
        genuine = self.snapshots.latest()
        assert genuine is not None
        plan["registry"]["prefix"] = self.prefix
        plan["network"]["genesisHash"] = genuine.config.description.network.genesis_hash
        return {**plan, "job": None, "cache": None, "references": []}

    @property
    def repository(self) -> str:
        return repository_of(self.plan)

    def publish(self, original: Snapshot, *, chunk_size: int, later: int = 0, grown: bool = False) -> Snapshot:
        """Put the data of a snapshot of the deployment here, in chunks of another size, and promote it.

        later: seconds by which it is younger than the original
        grown: its largest file has got longer, and there is a table more
        """
        done = self.builder.python(
            _PUBLISH,
            json.dumps(self.snapshots.plan["registry"]),
            original.digest,
            f"{VOLUME}/original-{original.id}",
            self.snapshots.repository,
            self.repository,
            str(chunk_size),
            str(later),
            "grown" if grown else "",
            within=180,
        )
        return self.read(done.stdout.split()[-1])

    def read(self, name: str) -> Snapshot:
        """A promoted one of this repository."""
        with self.snapshots.store(repository=self.repository) as store:
            return read_snapshot(store, tag_of(name, State.PROMOTED))

    def names(self) -> dict[str, State]:
        with self.snapshots.store(repository=self.repository) as store:
            return {one.id: one.state for one in listing(store)}

    def damage(self, fault: str, victim: Snapshot, sound: Snapshot) -> None:
        """Do to a snapshot what the features call `fault`; nothing that the sound one needs is touched."""
        if fault in BLOBS:
            shared = {chunk.layer for _, chunk in sound.config.chunks()}
            own = sorted(
                (chunk for _, chunk in victim.config.chunks() if chunk.layer not in shared),
                key=lambda chunk: -chunk.stored,
            )
            if len({chunk.layer for chunk in own}) < 2:
                raise ClusterError(f"snapshot {victim.id} has no chunks of its own to damage")
            self._on_the_volume(BLOBS[fault], own)
        elif fault in DESCRIPTIONS:
            self._rewrite(victim, DESCRIPTIONS[fault])
        else:
            raise unknown_name("fault", fault, [*BLOBS, *DESCRIPTIONS])

    def remove(self) -> None:
        """Mend what was damaged, because a later push may bring the same bytes, and a registry keeps what it has under
        their digest. Delete the tags; what only they needed goes with the next garbage collection."""
        if self._damaged:
            self._run_on_the_volume(_MEND, self._damaged)
        with self.snapshots.store(Account.PUSH, repository=self.repository) as store:
            store.remove_tags(*store.tags())

    def _on_the_volume(self, program: str, chunks: list[Chunk]) -> None:
        """Change stored bytes behind the registry's back, as a failing disk does."""
        layers = list(dict.fromkeys(chunk.layer.hex() for chunk in chunks))[:2]
        files = [_BLOB.format(prefix=one[:2], digest=one) for one in layers]
        self._damaged += files
        self._run_on_the_volume(f"{_KEEP}\n{program}", files)

    def _run_on_the_volume(self, program: str, files: list[str]) -> None:
        registry = self.snapshots.kube.get("Pod", POD, NAMESPACE) or {}
        pod = self.pods.start(
            "registry-volume", namespace=NAMESPACE, claim=REGISTRY_CLAIM, node=registry["spec"]["nodeName"]
        )
        pod.python(program, *files)
        pod.delete()

    def _rewrite(self, victim: Snapshot, change: Callable[[dict[str, Any]], None]) -> None:
        """Store it once more with another config, consistent in itself, under the same names."""
        with self.snapshots.store(Account.PUSH, repository=self.repository) as store:
            raw = store.manifest(victim.digest)
            assert raw is not None
            document = json.loads(raw)
            config = store.blob(document["config"]["digest"], document["config"]["size"])
            assert config is not None
            content = json.loads(config)
            change(content)
            changed = json.dumps(content, separators=(",", ":")).encode()
            store.put_blob(digest_of(changed), changed)
            document["config"] |= {"digest": digest_of(changed), "size": len(changed)}
            replaced = json.dumps(document).encode()
            for tag in (tag_of(victim.id, State.PROMOTED), LATEST):
                store.put_manifest(tag, replaced, manifest.MANIFEST)


_KEEP = "import shutil, sys; [shutil.copy2(one, one + '.sound') for one in sys.argv[1:]]"
_MEND = "import os, sys; [os.replace(one + '.sound', one) for one in sys.argv[1:]]"

#: Faults of stored bytes: programs whose arguments are the files of two blobs.
BLOBS = {
    "a truncated chunk": "import os, sys; os.truncate(sys.argv[1], os.path.getsize(sys.argv[1]) // 2)",
    "a flipped bit": (
        "import sys; f = open(sys.argv[1], 'r+b'); f.seek(0, 2); place = f.tell() // 2; f.seek(place); "
        "old = f.read(1)[0]; f.seek(place); f.write(bytes([old ^ 1]))"
    ),
    "two chunks swapped": (
        "import os, sys; one, two = sys.argv[1:]; os.rename(one, one + '.x'); os.rename(two, one); "
        "os.rename(one + '.x', two)"
    ),
    "a missing chunk": "import os, sys; os.remove(sys.argv[1])",
}


def _another_digest(content: dict[str, Any]) -> None:
    """A chunk shall have other bytes than those that are stored for it."""
    rows = max((file["chunks"] for file in content["files"]), key=len)
    compressed = next(row for row in rows if row[0] != row[1])
    compressed[0] = secrets.token_hex(32)


def _set(section: str, key: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        content[section][key] = value

    return change


#: Faults of what a snapshot says about itself.
DESCRIPTIONS: dict[str, Callable[[dict[str, Any]], None]] = {
    "a wrong digest": _another_digest,
    "another network": _set("network", "name", "hoodi"),
    "another genesis": _set("network", "genesisHash", "0x" + "ab" * 32),
    "another chain id": _set("network", "chainId", 560048),
    "another client": _set("client", "name", "reth"),
    "an older schema": _set("client", "version", "1.14.13"),
    "an unknown format": lambda content: content.update(schemaVersion=2),
    "another owner": _set("owner", "uid", 1000),
    "another database scheme": _set("database", "scheme", "hash"),
    "a path out of the volume": lambda content: content["files"][0].update(path="../outside"),
}

_PUBLISH = """
import dataclasses, datetime, json, os, sys
from pathlib import Path
from ethinfra.snapshot.access import open_store
from ethinfra.snapshot.compatibility import Expected
from ethinfra.snapshot.promote import promote
from ethinfra.snapshot.push import push
from ethinfra.snapshot.reader import read_snapshot
from ethinfra.snapshot.restore import restore

registry, digest, folder, original, repository, chunk_size, later, grown = sys.argv[1:]
registry = json.loads(registry)

def store(name):
    authority = registry["authority"] and Path(registry["authority"])
    return open_store(registry["url"], name, config=Path(registry["config"]), authority=authority)

source, target = store(original), store(repository)
Path(folder).mkdir(parents=True, exist_ok=True)
restore(source, digest, Path(folder), Expected(), over=True)
if grown:
    tables = [one for one in Path(folder, "geth").rglob("*") if one.is_file()]
    largest = max(tables, key=lambda one: one.stat().st_size)
    with largest.open("ab") as file:
        file.write(os.urandom(300_000))
    largest.with_name("999999.sst").write_bytes(os.urandom(200_000))
about = read_snapshot(source, digest).config.description
about = dataclasses.replace(about, created=about.created + datetime.timedelta(seconds=int(later)))
pushed = push(Path(folder), target, about, chunk_size=int(chunk_size))
promote(target, pushed.id)
print(pushed.id)
"""
