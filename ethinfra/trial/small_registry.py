"""A registry with little room, beside the snapshot builder in one pod."""

from __future__ import annotations

import json
from dataclasses import dataclass

from ethinfra.images import find_image
from ethinfra.kube import Object
from ethinfra.process import Completed
from ethinfra.snapshot.reader import Snapshot
from ethinfra.trial.builders import VOLUME, Builder, Builders
from ethinfra.trial.snapshots import Snapshots

#: Bytes that it can store.
ROOM = 128 << 10

_PORT = 5055


@dataclass(frozen=True)
class SmallRegistry:
    """Of upstream's distribution, with its storage in memory; only its own pod reaches it."""

    builder: Builder
    snapshots: Snapshots

    def push_little(self) -> str:
        """A snapshot of the smallest files of a node's data, promoted; its digest."""
        done = self._run("little", check=True)
        return done.stdout.split()[-1]

    def push_much(self) -> Completed:
        """All of a node's data."""
        return self._run("much", check=False)

    def restore(self, digest: str, folder: str) -> Completed:
        """Restore from it, every byte compared."""
        return self.builder.python(_RESTORE, digest, folder, check=False, within=60)

    def _run(self, what: str, *, check: bool) -> Completed:
        original: Snapshot | None = self.snapshots.latest()
        assert original is not None
        plan = json.dumps(self.snapshots.plan)
        return self.builder.python(_PUSH, plan, original.digest, f"{VOLUME}/original", what, check=check, within=180)


def start_small_registry(builders: Builders, snapshots: Snapshots) -> SmallRegistry:
    """Returns when its pod runs; the first push waits until it answers."""

    def beside(spec: Object) -> None:
        builder = spec["containers"][0]
        spec["containers"].append(
            {
                "name": "registry",
                "image": find_image("registry").reference,
                "imagePullPolicy": "IfNotPresent",
                "env": [
                    {"name": "REGISTRY_HTTP_ADDR", "value": f"127.0.0.1:{_PORT}"},
                    {"name": "REGISTRY_HTTP_SECRET", "value": "its storage goes with this pod"},
                    {"name": "REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY", "value": "/storage"},
                    {"name": "OTEL_TRACES_EXPORTER", "value": "none"},
                ],
                "securityContext": builder["securityContext"],
                "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
                "volumeMounts": [{"name": "storage", "mountPath": "/storage"}],
            }
        )
        spec["volumes"].append({"name": "storage", "emptyDir": {"medium": "Memory", "sizeLimit": str(ROOM)}})

    return SmallRegistry(builders.start(snapshots, beside), snapshots)


_STORE = f"""
from ethinfra.snapshot.access import open_store
from ethinfra.snapshot.compatibility import Expected
from ethinfra.snapshot.restore import restore
from pathlib import Path
import sys
store = open_store("http://127.0.0.1:{_PORT}", "snapshots/small", patience=10)
"""

_PUSH = (
    _STORE
    + """
import dataclasses, json
from datetime import timedelta
from ethinfra.snapshot.errors import exit_code
from ethinfra.snapshot.promote import promote
from ethinfra.snapshot.push import push
from ethinfra.snapshot.reader import read_snapshot

plan, digest, folder, what = sys.argv[1:]
registry, network, client = (json.loads(plan)[key] for key in ("registry", "network", "client"))
authority = registry["authority"] and Path(registry["authority"])
source = open_store(
    registry["url"], f"{registry['prefix']}/{network['name']}/{client['name']}",
    config=Path(registry["config"]), authority=authority,
)
Path(folder).mkdir(exist_ok=True)
restore(source, digest, Path(folder), Expected())
original = read_snapshot(source, digest).config
about = original.description
if what == "little":
    # Three: each blob takes two pages of memory at least, one for its bytes and one for the registry's link.
    small = sorted((file for file in original.files if file.size), key=lambda file: file.size)[:3]
    paths = tuple(file.path for file in small)
    # Another time, so another id: the one with much is another snapshot.
    earlier = about.created - timedelta(minutes=1)
    about = dataclasses.replace(about, created=earlier, database=dataclasses.replace(about.database, include=paths))
try:
    pushed = push(Path(folder), store, about, chunk_size=64 << 10)
except Exception as reason:
    print(reason)
    sys.exit(exit_code(reason))
promote(store, pushed.id)
print(pushed.digest)
"""
)

_RESTORE = (
    _STORE
    + """
Path(sys.argv[2]).mkdir(parents=True)
restore(store, sys.argv[1], Path(sys.argv[2]), Expected())
"""
)
