"""What a node's disk can do, as its file system says."""

from __future__ import annotations

from pathlib import Path

import pytest

from ethinfra.cluster.embedded.disk import make_disk, shares_blocks
from ethinfra.process import run

#: Bytes; mkfs.xfs makes none below 300 MiB.
SIZE = 320 << 20


def test_disk_of_a_node_shares_blocks(tmp_path: Path) -> None:
    make_disk(tmp_path, gib=1)

    assert shares_blocks(tmp_path)


@pytest.mark.parametrize("content", ["xfs without", "zeros", "nothing"])
def test_other_disks_do_not(tmp_path: Path, content: str) -> None:
    image = tmp_path / "disk.xfs"
    if content != "nothing":
        with image.open("wb") as sparse:
            sparse.truncate(SIZE)
    if content == "xfs without":
        run(["mkfs.xfs", "-q", "-f", "-K", "-m", "reflink=0", image])

    assert not shares_blocks(tmp_path)
