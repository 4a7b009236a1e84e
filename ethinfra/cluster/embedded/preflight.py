"""What stands in the way of a boot. The kernel is asked by doing, in namespaces that end with the question."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ethinfra.cluster.embedded import cgroups as control_groups
from ethinfra.errors import MissingCapability
from ethinfra.paths import state_dir
from ethinfra.process import run

#: Debian's package for each program that the cluster runs or is built with.
PROGRAMS = {
    "nsenter": "util-linux", "unshare": "util-linux", "losetup": "util-linux", "mount": "mount",
    "setsid": "util-linux", "ip": "iproute2", "sysctl": "procps", "hostname": "hostname", "mkfs.xfs": "xfsprogs",
    "iptables": "iptables", "ip6tables": "iptables", "ipset": "ipset", "nft": "nftables", "runc": "runc",
}  # fmt: skip
#: GiB that must be free where disks of nodes are kept, and MiB of memory, for the first node and for each further one.
DISK_GIB, DISK_GIB_MORE = 6, 4
MEMORY_MIB, MEMORY_MIB_MORE = 2048, 512
#: Modules that a modular kernel loads only when told.
_MODULES = ("overlay", "br_netfilter", "xfs", "loop", "veth", "nf_tables", "ip_set")

#: How each feature is tried: commands in new network, mount and host name namespaces, with a tmpfs on /mnt.
_TRIALS = {
    "overlayfs": (
        "mkdir -p /mnt/lower /mnt/upper /mnt/work /mnt/merged",
        "mount -t overlay o -o lowerdir=/mnt/lower,upperdir=/mnt/upper,workdir=/mnt/work /mnt/merged",
    ),
    "XFS with reflink on a loop device": (
        "truncate -s 320M /mnt/disk",
        "mkfs.xfs -q -m reflink=1 /mnt/disk",
        "mkdir /mnt/d",
        "mount -o loop /mnt/disk /mnt/d",
        "echo x > /mnt/d/a",
        "cp --reflink=always /mnt/d/a /mnt/d/b",
    ),
    "veth pairs": ("ip link add probe type veth peer name probe-peer",),
    "bridges": ("ip link add probe-bridge type bridge",),
    "bridge netfilter": ("sysctl -q -w net.bridge.bridge-nf-call-iptables=1",),
    # As kube-router's rules are written.
    "iptables with set, physdev, addrtype, conntrack, limit and NFLOG": (
        "ipset create probe hash:ip",
        "iptables -N PROBE",
        "iptables -A PROBE -m set --match-set probe src -m physdev --physdev-is-bridged -m comment --comment x",
        "iptables -A PROBE -m addrtype --src-type LOCAL -j ACCEPT",
        "iptables -A PROBE -m conntrack --ctstate ESTABLISHED -j MARK --set-xmark 0x10000/0x10000",
        "iptables -A PROBE -m limit --limit 10/minute --limit-burst 10 -j NFLOG --nflog-group 100",
    ),
    # As kube-proxy's are.
    "nftables with maps, masquerading and number generators": (
        "nft add table ip probe",
        "nft add chain ip probe out '{ type nat hook postrouting priority 100; }'",
        "nft add rule ip probe out masquerade fully-random",
        "nft add rule ip probe out numgen random mod 2 vmap '{ 0 : accept, 1 : accept }'",
    ),
}


def obstacles(nodes: int, *, room: bool = True) -> list[str]:
    """What stands in the way of a cluster, a sentence each with what to do.

    room: also whether disk and memory suffice, which is no question for a cluster that exists
    """
    found = not_root() or missing_programs()
    if found:
        return found
    found += _control_groups()
    found += missing_features()
    found += [
        f"{device} is absent; a container needs it passed in"
        for device in ("/dev/kmsg", "/dev/loop-control")
        if not Path(device).exists()
    ]
    return found + (missing_room(nodes) if room else [])


def not_root() -> list[str]:
    return [] if os.geteuid() == 0 else ["not root: namespaces, mounts and links need it; run with sudo"]


def missing_programs() -> list[str]:
    packages = sorted({package for program, package in PROGRAMS.items() if shutil.which(program) is None})
    if not packages:
        return []
    absent = ", ".join(program for program in PROGRAMS if shutil.which(program) is None)
    return [f"missing programs: {absent}; apt-get install {' '.join(packages)}"]


def missing_features() -> list[str]:
    """Features that the kernel does not have, as it says itself."""
    if shutil.which("modprobe"):
        # Built-in or unknown modules make it fail, which says nothing; the trials decide.
        run(["modprobe", "-q", "-a", *_MODULES], check=False)
    # iptables keeps a lock in /run; the machine's is not to be touched.
    script = ["mount -t tmpfs tmpfs /mnt && mount -t tmpfs tmpfs /run || exit 1", "ip link set lo up"]
    for number, trial in enumerate(_TRIALS.values()):
        script.append(f'why=$( {{ {" && ".join(trial)}; }} 2>&1 ) || echo "{number} $(echo "$why" | tail -n 1)"')
    command = ["unshare", "--net", "--mount", "--uts", "--propagation", "private", "sh", "-c", "\n".join(script)]
    done = run(command, within=30, check=False)
    if not done.ok:
        return [f"namespaces cannot be made: {done.stderr}; run on a machine, or in a privileged container"]
    names = list(_TRIALS)
    return [
        f"the kernel lacks {names[int(line.split()[0])]} ({line.partition(' ')[2]}); load its module, or another kernel"
        for line in done.stdout.splitlines()
    ]


def missing_room(nodes: int, *, where: Path | None = None) -> list[str]:
    """Too little disk or memory for so many nodes."""
    found: list[str] = []
    folder = where or state_dir()
    while not folder.exists():
        folder = folder.parent
    disk_needed = DISK_GIB + DISK_GIB_MORE * (nodes - 1)
    disk_free = shutil.disk_usage(folder).free >> 30
    if disk_free < disk_needed:
        found.append(
            f"too little disk: {folder} has {disk_free} GiB free, a cluster of {_nodes(nodes)} needs {disk_needed}; "
            "free some, or set ETHINFRA_STATE"
        )
    memory_needed = MEMORY_MIB + MEMORY_MIB_MORE * (nodes - 1)
    memory_free = available_memory_mib()
    if memory_free < memory_needed:
        found.append(
            f"too little memory: {memory_free} MiB available, a cluster of {_nodes(nodes)} needs {memory_needed}; "
            "end something, or use fewer nodes"
        )
    return found


def _nodes(count: int) -> str:
    return "1 node" if count == 1 else f"{count} nodes"


def available_memory_mib() -> int:
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")) // 1024


def _control_groups() -> list[str]:
    try:
        missing = control_groups.detect().missing()
    except MissingCapability as reason:
        return [str(reason)]
    return (
        [f"missing controllers of control groups: {', '.join(missing)}; enable them on the kernel's command line"]
        if missing
        else []
    )
