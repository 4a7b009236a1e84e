"""Images in the nodes' own store: those that must be there before a registry runs, and what callers load."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ethinfra.cluster.embedded.node import CONTAINERD_SOCKET
from ethinfra.cluster.embedded.spaces import Space
from ethinfra.process import run


def import_images(space: Space, ctr: Path, archives: Sequence[Path], *, within: float = 120) -> None:
    """Put OCI archives into a node's store under the names that they carry. Repeating it changes nothing.

    They are pinned: the kubelet, short of disk, removes unused images, and these cannot be pulled again.
    """
    for archive in archives:
        # From outside, because the node's view hides parts of the machine's file system.
        socket = space.path(CONTAINERD_SOCKET)
        label = "--label=io.cri-containerd.pinned=pinned"
        run([ctr, f"--address={socket}", "--namespace=k8s.io", "images", "import", label, archive], within=within)
