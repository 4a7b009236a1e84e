"""A file system that can reflink, and one that cannot and is small: files in loop devices, as root."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from ethinfra.process import run


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
