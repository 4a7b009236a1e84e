"""The boot, as a list of named steps. Each makes only what is missing, so a boot that was interrupted is resumed."""

# ruff: noqa: ARG001 -- every step has the same arguments, needed or not

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from ethinfra.cluster.embedded import addons, control_plane, disk, network, node, report, sysctls
from ethinfra.cluster.embedded.api import Api, condition
from ethinfra.cluster.embedded.cgroups import Cgroups
from ethinfra.cluster.embedded.components import Component, dump_components
from ethinfra.cluster.embedded.dns import resolve
from ethinfra.cluster.embedded.images import import_images
from ethinfra.cluster.embedded.launch import start_detached
from ethinfra.cluster.embedded.plan import CLUSTER_DOMAIN, CONTROL, ClusterPlan, NodePlan, write_atomically
from ethinfra.cluster.embedded.slots import machine_lock
from ethinfra.cluster.embedded.spaces import Space, find_space, open_space
from ethinfra.waiting import eventually

#: All programs of the toolchain that a cluster runs.
TOOLS = (
    "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "kubectl",
    "containerd", "containerd-shim-runc-v2", "ctr", "bridge", "host-local", "loopback", "portmap", "kube-router",
)  # fmt: skip


@dataclass
class Boot:
    """One run of the steps: what they share."""

    plan: ClusterPlan
    cgroups: Cgroups
    machine: node.Machine
    find_tool: Callable[[str], Path]
    find_archives: Callable[[], list[Path]]
    tools: dict[str, Path] = field(default_factory=dict)
    archives: list[Path] = field(default_factory=list)
    spaces: dict[str, Space] = field(default_factory=dict)
    imports: list[Future[None]] = field(default_factory=list)
    workers: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(8))

    def tool(self, name: str) -> Path:
        return self.tools[name]

    @property
    def control(self) -> Space:
        return self.spaces[CONTROL]

    @cached_property
    def api(self) -> Api:
        return Api(self.plan)

    def for_each_node(self, work: Callable[[NodePlan], object]) -> None:
        """Do something for all nodes at once; the first failure is raised when all have ended."""
        for done in [self.workers.submit(work, one) for one in self.plan.nodes]:
            done.result()

    def component(
        self,
        space: str,
        name: str,
        argv: Iterable[object],
        *,
        probe: str,
        after: tuple[str, ...] = (),
        env: dict[str, str] | None = None,
    ) -> Component:
        """A component in a space, in a control group of its own, which is made."""
        group = self.plan.cgroup_of_component(name)
        self.cgroups.create(group)
        return Component(
            name=name,
            argv=tuple(str(part) for part in argv),
            space=self.spaces[space].holder,
            groups=tuple(str(path) for path in self.cgroups.paths(group)),
            log=str(self.plan.log_dir / f"{name.replace('/', '.')}.log"),
            probe=probe,
            after=after,
            env=env or {},
        )


@dataclass(frozen=True)
class Step:
    """title: what is being done; within: seconds that it may take; run: does it."""

    title: str
    within: float
    run: Callable[[Boot, float], None]


def find_programs(boot: Boot, within: float) -> None:
    """Binaries and images, built if they are missing (images) or named if they are (binaries)."""
    boot.tools = {name: boot.find_tool(name) for name in TOOLS}
    boot.archives = boot.find_archives()


def make_certificates(boot: Boot, within: float) -> None:
    control_plane.make_credentials(boot.plan)
    for one in boot.plan.nodes:
        node.make_node_credentials(boot.plan, one)


def open_spaces(boot: Boot, within: float) -> None:
    """The control space, and a furnished space for each node."""
    with machine_lock():
        sysctls.raise_for_clusters()
    boot.spaces[CONTROL] = open_space(boot.cgroups, boot.plan.cgroup_of_space(CONTROL), CONTROL)
    boot.for_each_node(lambda one: _open_node(boot, one, within))


def _open_node(boot: Boot, one: NodePlan, within: float) -> None:
    plan, cgroups = boot.plan, boot.cgroups
    group, directory = plan.cgroup_of_space(one.name), plan.node_dir(one)
    free_gib = shutil.disk_usage(plan.dir).free >> 30
    disk.make_disk(directory, gib=disk.size_of_disks(free_gib, plan.node_count))
    space = find_space(cgroups, group, one.name)
    if space is None or not disk.furnished(space):
        # Whatever else is still in the old space keeps its mounts, so it ends first.
        cgroups.kill(group)
        for component in ("containerd", "kubelet", "kube-proxy", "network-policy"):
            cgroups.kill(plan.cgroup_of_component(f"{one.name}/{component}"))
        cgroups.kill(plan.cgroup_of_pods(one))
        eventually(f"the disk of {one.name} is free", lambda: not disk.loop_devices(directory), within=within)
        space = open_space(cgroups, group, one.name)
        disk.furnish(space, directory, {path.parent for path in boot.tools.values()})
    boot.spaces[one.name] = space


def connect(boot: Boot, within: float) -> None:
    network.connect_control(boot.plan, boot.control)
    for one in boot.plan.nodes:
        network.connect_node(boot.plan, one, boot.control, boot.spaces[one.name])
    network.route_pods(boot.plan, boot.spaces, boot.control)


def start_components(boot: Boot, within: float) -> None:
    """Configure everything, tell the supervisor, start it unless it runs, and begin to import images meanwhile."""
    plan = boot.plan
    plan.log_dir.mkdir(exist_ok=True)

    def within_space(space: str) -> control_plane.MakeComponent:
        return lambda name, argv, **options: boot.component(space, name, argv, **options)

    components = control_plane.control_plane(plan, boot.tool, within_space(CONTROL))
    for one in plan.nodes:
        boot.cgroups.create(plan.cgroup_of_pods(one), delegate=True)
        node.configure_node(plan, one, boot.spaces[one.name], boot.tool, boot.machine)
        components += node.node_components(plan, one, boot.tool, within_space(one.name))
    write_atomically(plan.components_file, dump_components(components))
    if not report.supervisor_alive(plan, boot.cgroups):
        boot.cgroups.create(plan.cgroup_of_supervisor)
        program = "ethinfra.cluster.embedded.supervisor"
        command: list[str | Path] = [sys.executable, "-m", program, plan.components_file, plan.report_file]
        log = plan.log_dir / "supervisor.log"
        start_detached(boot.cgroups, plan.cgroup_of_supervisor, boot.control.entering(command), log)
    boot.imports = [boot.workers.submit(_import, boot, one) for one in plan.nodes]


def _import(boot: Boot, one: NodePlan) -> None:
    """Images that a node lacks. The record is on the node's disk, as the images are."""
    record = boot.spaces[one.name].path("/var/lib/containerd/imported")
    wanted = "\n".join(str(path) for path in boot.archives)
    if record.exists() and record.read_text() == wanted:
        return
    report.must_work(boot.plan, lambda name: name == f"{one.name}/containerd", f"{one.name} runs containers", within=60)
    import_images(boot.spaces[one.name], boot.tool("ctr"), boot.archives)
    record.write_text(wanted)


def await_api_server(boot: Boot, within: float) -> None:
    report.must_work(boot.plan, lambda name: name == "kube-apiserver", "the API server is ready", within=within)


def deploy_addons(boot: Boot, within: float) -> None:
    addons.apply_addons(boot.plan, boot.tool("kubectl"))


def await_components(boot: Boot, within: float) -> None:
    report.must_work(boot.plan, lambda _: True, "all components work", within=within)


def await_images(boot: Boot, within: float) -> None:
    for done in boot.imports:
        done.result(within)


def await_nodes(boot: Boot, within: float) -> None:
    """Every node is Ready and knows its range of pods."""

    def unready() -> list[str]:
        known = {one["metadata"]["name"]: one for one in boot.api.get("/api/v1/nodes")["items"]}
        for one in boot.plan.nodes:
            if one.name in known and "podCIDR" not in known[one.name]["spec"]:
                ranges = {"podCIDR": str(one.pods), "podCIDRs": [str(one.pods)]}
                boot.api.request("PATCH", f"/api/v1/nodes/{one.name}", {"spec": ranges})
        return [one.name for one in boot.plan.nodes if one.name not in known or not condition(known[one.name], "Ready")]

    hint = f"kubectl --kubeconfig={boot.plan.kubeconfig} describe nodes"
    report.must_come(
        boot.plan, "all nodes are Ready", unready, until=lambda names: not names, within=within, every=0.2, hint=hint
    )


def await_dns(boot: Boot, within: float) -> None:
    report.must_come(
        boot.plan,
        "the cluster's DNS answers",
        lambda: resolve(boot.plan.dns_service, f"kubernetes.default.svc.{CLUSTER_DOMAIN}", within=0.5),
        until=lambda address: address == boot.plan.api_service,
        within=within,
        every=0.1,
        hint=f"kubectl --kubeconfig={boot.plan.kubeconfig} -n kube-system describe pods -l k8s-app=kube-dns",
    )


STEPS = (
    Step("binaries and images", 1800, find_programs),
    Step("certificates", 10, make_certificates),
    Step("namespaces and disks", 30, open_spaces),
    Step("links and routes", 20, connect),
    Step("components", 20, start_components),
    Step("API server", 60, await_api_server),
    Step("addons", 60, deploy_addons),
    Step("nodes", 60, await_nodes),
    Step("images on the nodes", 120, await_images),
    Step("cluster DNS", 60, await_dns),
    Step("all components", 60, await_components),
)


def this_machine(cgroup_version: int) -> node.Machine:
    """What the machine offers, asked of its kernel."""
    memory = int(_fact("/proc/meminfo", "MemTotal"))
    capabilities = int(_fact("/proc/self/status", "CapEff"), 16)
    switch = Path("/sys/module/apparmor/parameters/enabled")
    apparmor = switch.exists() and switch.read_text().strip() == "Y" and Path("/usr/sbin/apparmor_parser").exists()
    return node.Machine(
        memory_mib=memory // 1024,
        millicpu=(os.cpu_count() or 1) * 1000,
        cgroup_version=cgroup_version,
        apparmor=apparmor,
        # Bit 24 of the capabilities is CAP_SYS_RESOURCE.
        adjusts_oom=bool(capabilities >> 24 & 1),
    )


def _fact(file: str, name: str) -> str:
    lines = Path(file).read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith(f"{name}:"))
