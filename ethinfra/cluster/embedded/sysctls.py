"""Settings of the whole machine that a cluster changes, and their way back.

Some are raised here, some by the kubelet, which sets its kernel tunables when it starts (setupKernelTunables in
pkg/kubelet/cm/container_manager_linux.go). The first cluster records the values that it found, the last one restores
them. All other settings are those of a space's own network namespace.
"""

from __future__ import annotations

import json
from pathlib import Path

from ethinfra.cluster.embedded.plan import write_atomically
from ethinfra.paths import state_dir

#: At least so much: each kubelet, containerd and client-go program wants inotify instances; the default is 128 for all.
RAISED = {"fs.inotify.max_user_instances": 8192, "fs.inotify.max_user_watches": 524288}
#: Changed by every kubelet.
BY_KUBELET = (
    "vm.overcommit_memory",
    "vm.panic_on_oom",
    "kernel.panic",
    "kernel.panic_on_oops",
    "kernel.keys.root_maxkeys",
    "kernel.keys.root_maxbytes",
)
TOUCHED = (*RAISED, *BY_KUBELET)


def read(name: str) -> str:
    """A setting's value; empty where the kernel does not have it."""
    path = _path(name)
    return path.read_text().strip() if path.exists() else ""


def recorded() -> dict[str, str]:
    """The values that the last cluster will put back; empty where no cluster runs."""
    try:
        values: dict[str, str] = json.loads(_record().read_text())
    except FileNotFoundError:
        return {}
    return values


def raise_for_clusters() -> None:
    """Record the machine's values, unless a cluster did before, and raise what is too low. Under the machine's lock."""
    if not _record().exists():
        write_atomically(_record(), json.dumps({name: read(name) for name in TOUCHED}, indent=1))
    for name, least in RAISED.items():
        if int(read(name) or least) < least:
            _path(name).write_text(str(least))


def restore() -> None:
    """Put back what was recorded; called by the last cluster, under the machine's lock."""
    for name, value in recorded().items():
        if value and read(name) != value:
            _path(name).write_text(value)
    _record().unlink(missing_ok=True)


def _record() -> Path:
    return state_dir() / "sysctls.json"


def _path(name: str) -> Path:
    return Path("/proc/sys") / name.replace(".", "/")
