"""A node's disk and its file system: what makes a space look like a machine of its own.

The disk is a sparse file with XFS (reflink, so that a database is copied in no time) on a loop device. It is mounted
in the node's space only, and the loop device is released by the kernel with that mount. It is the node's /var/lib;
in its folder `.node` are the node's /var/log, and what differs from the machine's /etc. /run is an empty tmpfs. All
else is the machine's.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable
from pathlib import Path

from ethinfra.cluster.embedded.spaces import Space
from ethinfra.process import run

#: Size of a node's disk in GiB, which is what the kubelet reports as its capacity: at most, and at least.
LARGEST_GIB, SMALLEST_GIB = 64, 4
#: Volumes of the provisioner, on the node's own disk.
VOLUMES = Path("/var/lib/local-volumes")

#: $1: the folder of the node's state, the rest: directories that must stay visible though what is above them is hidden.
#: The disk is moved, not bound, to its place: cAdvisor measures a device at the first place where it is mounted.
_FURNISH = """
set -eu
state=$1; shift
cover() {  # $1: a mount, $2: what it is moved to and hides; the other arguments stay visible
    stage=$1; hidden=$2; shift 2
    for keep; do
        case $keep/ in "$hidden"/*) at=$stage${keep#"$hidden"}; mkdir -p "$at"; mount --bind "$keep" "$at";; esac
    done
    mount -n --move "$stage" "$hidden"
}
mkdir -p "$state/disk" "$state/run"
mount -o loop,discard "$state/disk.xfs" "$state/disk"
cd "$state/disk"
mkdir -p local-volumes containerd kubelet .node/log/pods .node/log/containers .node/etc .node/etc-work
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$state/disk/.node/etc,workdir=$state/disk/.node/etc-work" /etc
mount --bind .node/log /var/log
cd /
mount -t tmpfs -o mode=755 tmpfs "$state/run"
mkdir "$state/run/lock"
cover "$state/run" "$(readlink -f /run)" "$@"
cover "$state/disk" /var/lib "$@"
# runc and the kubelet want mounts that reach the containers' own namespaces. The space was private until now, so the
# peers are all in it.
mount --make-rshared /
touch /run/furnished
"""


def size_of_disks(free_gib: int, nodes: int) -> int:
    """GiB that each of so many disks may promise, so that together they can be filled: files are sparse until then."""
    return max(SMALLEST_GIB, min(LARGEST_GIB, free_gib // nodes))


def make_disk(directory: Path, *, gib: int) -> None:
    """Make a node's disk, unless it has one. It costs what is written to it."""
    image = directory / "disk.xfs"
    if image.exists():
        return
    directory.mkdir(parents=True, exist_ok=True)
    fresh = directory / "disk.new"
    with fresh.open("wb") as sparse:
        sparse.truncate(gib << 30)
    # No discard of blocks that were never written; a small log, since each node's is written out in full.
    run(["mkfs.xfs", "-q", "-f", "-K", "-m", "reflink=1", "-l", "size=64m", fresh])
    fresh.rename(image)


def shares_blocks(directory: Path) -> bool:
    """Whether the file system of a node's disk can give two files the same blocks; False if there is none yet."""
    try:
        with (directory / "disk.xfs").open("rb") as image:
            block = image.read(512)
    except OSError:
        return False
    # The superblock of version 5 (xfs_format.h): magic number, and sb_features_ro_compat, where bit 2 is reflink.
    (features,) = struct.unpack_from(">I", block, 212)
    return block.startswith(b"XFSB") and bool(features >> 2 & 1)


def furnished(space: Space) -> bool:
    """Whether a node's file system is complete. If it is not, the space must be made anew."""
    return space.path("/run/furnished").exists()


def furnish(space: Space, directory: Path, keep: Iterable[Path]) -> None:
    """Mount a node's disk and what lies on it. In a space that is not furnished yet.

    directory: the folder of the node's state, with `disk.xfs`
    keep:      directories that the node's programs are read from; they stay visible
    """
    space.run(["sh", "-c", _FURNISH, "sh", directory, *sorted({directory, *keep})])


def loop_devices(below: Path) -> list[str]:
    """Loop devices whose files are below a directory, also when those files have been deleted."""
    devices = json.loads(run(["losetup", "--json", "--list", "--output", "NAME,BACK-FILE"]).stdout or "{}")
    return [
        str(one["name"])
        for one in devices.get("loopdevices", [])
        if str(one["back-file"] or "").startswith(f"{below}/")
    ]
