"""What clusters could leave on a machine, before and after: the proof that `down` leaves nothing.

    before = take()
    … up, work, down …
    assert differences(before, take()) == []

Compared are mounts, links, addresses, routes, named network namespaces, packet filter rules, loop devices, top-level
control groups, shared settings, the folders that clusters and container programs write to, and every process that is
in a cluster's control group or in namespaces of its own (which finds those that escaped their control group).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ethinfra.cluster.embedded import cgroups as control_groups
from ethinfra.cluster.embedded import sysctls
from ethinfra.cluster.embedded.supervisor import start_time
from ethinfra.paths import state_dir
from ethinfra.process import run

#: Where a cluster, container runtimes, kubelets and CNI plugins write when they are not kept from it.
_FOLDERS = ("/run", "/var/lib", "/var/log", "/etc", "/opt", "/etc/cni", "/opt/cni", "/var/lib/cni", "/run/netns")
_SETTINGS = (
    *sysctls.TOUCHED,
    "net.ipv4.ip_forward",
    "net.bridge.bridge-nf-call-iptables",
    "net.netfilter.nf_conntrack_max",
)
_NAMESPACES = ("net", "mnt", "uts")


@dataclass(frozen=True)
class Footprint:
    """What there was, by kind; each thing by a key that is its own, with a description that a person can look up."""

    things: dict[str, dict[str, str]]


def take() -> Footprint:
    """Look at the machine, now. Needs root."""
    return Footprint(
        {
            "mount": dict(_mounts()),
            "link": {one["ifname"]: one["ifname"] for one in _ip("link")},
            "address": {
                text: text
                for one in _ip("address")
                for address in one["addr_info"]
                if (text := f"{address['local']}/{address['prefixlen']} dev {one['ifname']}")
            },
            "route": _lines(["ip", "route", "show", "table", "all"]),
            "routing rule": _lines(["ip", "rule"]),
            "iptables rule": _rules("iptables-save") | _rules("ip6tables-save"),
            "nftables rule": _lines(["nft", "--stateless", "list", "ruleset"]),
            "ipset": _lines(["ipset", "list", "-name"]),
            "loop device": {
                one["name"]: f"{one['name']} of {one['back-file']}"
                for one in json.loads(run(["losetup", "--json", "--list"]).stdout or "{}").get("loopdevices", [])
            },
            "control group": {
                str(path.parent): str(path.parent)
                for tree in control_groups.detect().hierarchies
                for path in tree.root.glob("*/cgroup.procs")
            },
            "setting": dict(_settings()),
            "file": {str(path): str(path) for path in _files()},
            "process": dict(_processes()),
        }
    )


def differences(before: Footprint, after: Footprint, *, ignoring: Collection[str] = ()) -> list[str]:
    """What is there that was not, and what is missing, a sentence each; empty if nothing.

    ignoring: things whose description contains one of these belong to somebody else, such as another cluster's id or
              link. What all clusters share is looked at as it is once the last of them is gone.
    """
    found: list[str] = []
    for kind, now in after.things.items():
        then = before.things[kind]
        left = {f"{kind} left behind: {now[key]}" for key in now.keys() - then.keys()}
        gone = {f"{kind} gone: {then[key]}" for key in then.keys() - now.keys()} if kind != "process" else set()
        found += sorted(one for one in left | gone if not any(part in one for part in ignoring))
    return found


def _mounts() -> Iterator[tuple[str, str]]:
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        own, _, rest = line.partition(" - ")
        target, (kind, source, *_) = own.split()[4], rest.split()
        text = f"{source} ({kind}) on {target}"
        yield text, text


def _ip(what: str) -> list[dict[str, Any]]:
    return [one for one in json.loads(run(["ip", "-json", what]).stdout or "[]") if one]


def _lines(command: list[str]) -> dict[str, str]:
    if shutil.which(command[0]) is None:
        return {}
    return {line.strip(): line.strip() for line in run(command, check=False).stdout.splitlines() if line.strip()}


def _rules(command: str) -> dict[str, str]:
    # Comments hold the time, and brackets the counters.
    return {line: line for line in _lines([command]) if not line.startswith("#") and "[" not in line}


def _settings() -> Iterator[tuple[str, str]]:
    """With the values that the last cluster will put back, as long as there are clusters that share others."""
    waiting = sysctls.recorded()
    for name in _SETTINGS:
        text = f"{name}={waiting.get(name) or sysctls.read(name)}"
        yield text, text


def _files() -> Iterator[Path]:
    for folder in map(Path, _FOLDERS):
        if folder.is_dir():
            yield folder
            yield from (path for path in folder.iterdir() if path != state_dir())
    if state_dir().is_dir():
        clusters = [path for path in state_dir().iterdir() if path.is_dir()]
        # Beside clusters, the folder is theirs; without any, it and all that is in it was left behind.
        yield from clusters or (state_dir(), *state_dir().iterdir())


def _processes() -> Iterator[tuple[str, str]]:
    ours = {kind: Path(f"/proc/self/ns/{kind}").readlink() for kind in _NAMESPACES}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            pid, name = int(path.name), (path / "comm").read_text().strip()
            group = next((line for line in (path / "cgroup").read_text().splitlines() if "/ethinfra-" in line), "")
            apart = [kind for kind, own in ours.items() if (path / "ns" / kind).readlink() != own]
        except (FileNotFoundError, ProcessLookupError):
            continue
        except PermissionError:
            # A process with rights that we lack, such as the init of a confined machine, is none of ours.
            continue
        if group or apart:
            where = group.rpartition(":")[2] or f"namespaces {', '.join(apart)} of its own"
            yield f"{pid} {start_time(pid)}", f"{pid} {name} in {where}"
