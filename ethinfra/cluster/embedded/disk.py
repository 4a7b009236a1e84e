"""A node's disk and its file system: what makes a space look like a machine of its own.

The disk is a sparse file with XFS (reflink, so that a database is copied in no time) on a loop device. It is mounted
in the node's space only, and the loop device is released by the kernel with that mount. On it are

    lib/   the node's /var/lib: container runtime, kubelet, volumes
    log/   its /var/log
    etc/   what differs from the machine's /etc, as the upper layer of an overlay

and /run is an empty tmpfs. Everything else is the machine's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from ethinfra.cluster.embedded.spaces import Space
from ethinfra.process import run

#: Size of a node's disk in GiB: what the kubelet reports as its capacity. Sparse, so it costs what is written.
DISK_GIB = 64
#: Volumes of the provisioner, on the node's own disk.
VOLUMES = Path("/var/lib/local-volumes")

#: $1: the folder of the node's state, the rest: directories that must stay visible though what is above them is hidden.
_FURNISH = """
set -eu
state=$1; shift
cover() {  # $1: a prepared directory, $2: what it hides; the other arguments stay visible
    stage=$1; hidden=$2; shift 2
    for keep; do
        case $keep/ in "$hidden"/*) at=$stage${keep#"$hidden"}; mkdir -p "$at"; mount --bind "$keep" "$at";; esac
    done
    mount --rbind "$stage" "$hidden"
}
mkdir -p "$state/disk" "$state/run"
mount -o loop,discard "$state/disk.xfs" "$state/disk"
cd "$state/disk"
mkdir -p lib/local-volumes lib/containerd lib/kubelet log/pods log/containers etc .etc-work
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$state/disk/etc,workdir=$state/disk/.etc-work" /etc
mount -t tmpfs -o mode=755 tmpfs "$state/run"
mkdir "$state/run/lock"
cover "$state/disk/log" /var/log "$@"
cover "$state/run" "$(readlink -f /run)" "$@"
cover "$state/disk/lib" /var/lib "$@"
touch /run/furnished
"""


def make_disk(directory: Path, *, gib: int = DISK_GIB) -> None:
    """Make a node's disk, unless it has one."""
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
