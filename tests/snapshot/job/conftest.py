"""A file system that can reflink, and one that cannot and is small (files in loop devices, as root); a node on one of
them, and a job that takes a snapshot of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from ethinfra.process import run
from ethinfra.snapshot.job.place import Place
from ethinfra.snapshot.layout_store import LayoutStore
from tests.snapshot.job.plans import plan_with
from tests.snapshot.job.scripted import NAMESPACE, ScriptedCluster, ScriptedNode

#: Bytes of the files of the node's volume.
DATABASE = {
    "geth/chaindata/000001.sst": 300_000,
    "geth/chaindata/MANIFEST": 100,
    "geth/chaindata/LOCK": 0,
    "geth/triedb/merkle.journal": 5_000,
    "geth/nodekey": 64,
}


@contextmanager
def mounted(image: Path, size: str, *make: str, options: str = "loop") -> Iterator[Path]:
    """A new file system in a sparse file, mounted beside it."""
    place = image.with_suffix(".mount")
    place.mkdir()
    run(["truncate", f"--size={size}", image])
    run([*make, image])
    run(["mount", "-o", options, image, place])
    try:
        yield place
    finally:
        run(["umount", "--lazy", place])


@pytest.fixture(scope="session")
def xfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """As the embedded nodes' disks are."""
    image = tmp_path_factory.mktemp("xfs") / "image"
    with mounted(image, "400M", "mkfs.xfs", "-q", "-m", "reflink=1") as place:
        yield place


@pytest.fixture
def volume(xfs: Path, request: pytest.FixtureRequest) -> Path:
    """An empty folder of it, for one test."""
    folder = xfs / f"{request.node.name[:40]}-{len(list(xfs.iterdir()))}".replace("/", "-")
    folder.mkdir()
    return folder


def fill_up(volume: Path) -> None:
    """Leave no byte free."""
    with (volume / "filler").open("wb", buffering=0) as filler, suppress(OSError):
        while True:
            filler.write(bytes(1024))


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB that knows no reflinks."""
    with mounted(tmp_path / "small", "2M", "mkfs.ext4", "-q") as place:
        yield place


@pytest.fixture
def node() -> Iterator[ScriptedNode]:
    scripted = ScriptedNode().start()
    yield scripted
    scripted.stop()


@pytest.fixture
def cluster(volume: Path, node: ScriptedNode, tmp_path: Path) -> Iterator[ScriptedCluster]:
    """A sync node on a volume that can reflink, with a database that nobody of this size would need a snapshot of."""
    for name, size in DATABASE.items():
        path = volume / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(size))
    (tmp_path / "token").write_text("a-token")
    scripted = ScriptedCluster(volume, node, tmp_path / "token")
    yield scripted
    scripted.close()


@pytest.fixture
def store(tmp_path: Path) -> LayoutStore:
    """Where snapshots go; what a registry adds to it has tests of its own."""
    return LayoutStore(tmp_path / "store")


@pytest.fixture
def place(cluster: ScriptedCluster, tmp_path: Path) -> Place:
    """This job, with waits that a test can sit through."""
    return place_of(cluster, tmp_path)


def place_of(cluster: ScriptedCluster, tmp_path: Path, **changes: object) -> Place:
    """The job of the first replica; `changes` as `plan_with` takes them."""
    quick = {"job__holdPatienceSeconds": 5, "job__stopSeconds": 10, "job__startSeconds": 15, "job__testSeconds": 5}
    ports = {"ports__rpc": cluster.node.rpc_port, "ports__probe": cluster.node.probe_port}
    own = {"owner__uid": os.getuid(), "owner__gid": os.getgid(), "job__level": 1, "references": []}
    (tmp_path / "work").mkdir(exist_ok=True)
    plan = plan_with(**{**quick, **ports, **own, **changes})
    return Place(plan, 0, NAMESPACE, "snapshot-geth-0-1", cluster.volume, tmp_path / "work")
