"""What a container may do, and what it may use (SEC-01, SEC-02)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from ethinfra.deploy.render import title
from ethinfra.deploy.rules.manifests import Manifests, Pods, arguments, flag_templates, image_of
from ethinfra.deploy.rules.quantities import quantity
from ethinfra.kube import Object

#: Tags that mean another image tomorrow.
MOVING_TAGS = ("latest", "stable", "main", "master", "edge", "nightly")


#: Kinds of volumes that Pod Security `restricted` admits. Anything else is the host's, or a network file system.
_VOLUMES = frozenset(
    {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    }
)

#: Why a pod's first containers are root, and why a volume is a path of the host: annotations.
_ROOT_REASON = "ethinfra.io/root-reason"
_HOST_PATH_REASON = "ethinfra.io/host-path-reason"

#: What it takes to give a directory to somebody else.
_GIVING_AWAY = {"CHOWN", "FOWNER"}

_SHELLS = ("sh", "bash", "ash", "dash")

#: Bytes that a client needs beside its caches, the file system's not counted.
HEADROOM = 512 << 20

#: The part of a template that is the size of a client's caches.
_CACHE = re.compile(r"\{\{[^}]*\.cacheMiB[^}]*\}\}")

_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def containers_run_as_non_root(manifests: Manifests) -> list[str]:
    """No container runs as root, and the kubelet makes sure of it, whatever the image says.

    A pod may say why a container must that runs before the others (annotation `ethinfra.io/root-reason`).
    """

    def problem(pods: Pods, container: Object) -> str:
        if _prepares(pods, container):
            return ""
        user = _effective(pods, container, "runAsUser")
        if _effective(pods, container, "runAsNonRoot") is not True or user == 0:
            return "may run as root"
        return "" if user else "names no user"

    return _each(manifests, problem)


def root_file_systems_are_read_only(manifests: Manifests) -> list[str]:
    """What a container writes, it writes to a volume that the pod names."""

    def problem(_: Pods, container: Object) -> str:
        return "" if _security(container).get("readOnlyRootFilesystem") is True else "may write to its image"

    return _each(manifests, problem)


def privileges_do_not_grow(manifests: Manifests) -> list[str]:
    """No set-user-id program, no privileged container, and none that sees the kernel's own files."""

    def problem(_: Pods, container: Object) -> str:
        if _security(container).get("privileged"):
            return "is privileged"
        if _security(container).get("procMount", "Default") != "Default":
            return f"has procMount {_security(container)['procMount']}"
        return "" if _security(container).get("allowPrivilegeEscalation") is False else "may gain privileges"

    return _each(manifests, problem)


def capabilities_are_dropped(manifests: Manifests) -> list[str]:
    """All of them; none of the clients needs one. Who prepares a directory as root, with a reason, may give it away."""

    def problem(pods: Pods, container: Object) -> str:
        capabilities = _security(container).get("capabilities", {})
        if set(capabilities.get("add") or []) - (_GIVING_AWAY if _prepares(pods, container) else set()):
            return f"adds capabilities {capabilities['add']}"
        return "" if "ALL" in capabilities.get("drop", []) else "does not drop all capabilities"

    return _each(manifests, problem)


def system_calls_are_filtered(manifests: Manifests) -> list[str]:
    """By the container runtime's own profile."""

    def problem(pods: Pods, container: Object) -> str:
        profile = _effective(pods, container, "seccompProfile") or {}
        return "" if profile.get("type") == "RuntimeDefault" else f"has seccomp profile {profile.get('type')}"

    return _each(manifests, problem)


def host_paths_have_reasons(manifests: Manifests) -> list[str]:
    """A volume that is a path of the Kubernetes nodes says why, and is for one claim."""
    said = []
    for one in manifests.of_kind("PersistentVolume"):
        if "hostPath" in one["spec"]:
            if not (one["metadata"].get("annotations") or {}).get(_HOST_PATH_REASON):
                said.append(f"{title(one)}: is a path of the host, and does not say why")
            if "claimRef" not in one["spec"]:
                said.append(f"{title(one)}: is a path of the host, for whoever claims it")
    return said


def pods_stay_off_the_host(manifests: Manifests) -> list[str]:
    """No network, processes, paths or ports of the Kubernetes node."""
    said = []
    for pods in manifests.pods:
        said += [f"{pods.title}: uses {key}" for key in ("hostNetwork", "hostPID", "hostIPC") if pods.spec.get(key)]
        said += [
            f"{pods.title}: volume {volume['name']} is a {kind}, not one of {', '.join(sorted(_VOLUMES))}"
            for volume in pods.spec.get("volumes", [])
            for kind in sorted(volume.keys() - _VOLUMES - {"name"})
        ]
        said += [
            f"{pods.title}: container {container['name']} takes port {port['hostPort']} of the host"
            for container in pods.all_containers
            for port in container.get("ports", [])
            if "hostPort" in port
        ]
    return said


def resources_are_stated(manifests: Manifests) -> list[str]:
    """CPU and memory that a container needs, and the memory at which it ends. CPU may be unlimited: it only slows."""

    def problem(_: Pods, container: Object) -> str:
        resources = container.get("resources", {})
        requests, limits = resources.get("requests", {}), resources.get("limits", {})
        stated = {("requests", name) for name in requests} | {("limits", name) for name in limits}
        for kind, name in sorted({("requests", "cpu"), ("requests", "memory"), ("limits", "memory")} - stated):
            return f"states no {name} in its {kind}"
        for name in sorted(requests.keys() & limits.keys()):
            if quantity(requests[name]) > quantity(limits[name]):
                return f"requests {requests[name]} of {name}, above its limit {limits[name]}"
        return ""

    return _each(manifests, problem)


def images_are_named_exactly(manifests: Manifests) -> list[str]:
    """By registry and by a tag that stays, or by digest."""

    def problem(_: Pods, container: Object) -> str:
        image = image_of(container)
        if not image.digest and (not image.tag or image.tag in MOVING_TAGS):
            return f"runs {container['image']}, which may be another image tomorrow"
        host = image.repository.partition("/")[0]
        return "" if "." in host or ":" in host else f"runs {container['image']}, of no registry"

    return _each(manifests, problem)


def services_stay_out_of_the_environment(manifests: Manifests) -> list[str]:
    """A Service called geth would set GETH_PORT, which geth and others read as their own setting."""
    return [
        f"{pods.title}: enableServiceLinks is not false"
        for pods in manifests.pods
        if pods.spec.get("enableServiceLinks") is not False
    ]


def writable_places_are_bounded(manifests: Manifests) -> list[str]:
    """What a container may write is a claim, or a volume with a size limit; else it could fill its Kubernetes node."""
    said = []
    for pods in manifests.pods:
        written = {
            one["name"] for container in pods.all_containers for one in _mounts(container) if not _read_only(one)
        }
        said += [
            f"{pods.title}: volume {volume['name']} has no size limit"
            for volume in pods.spec.get("volumes", [])
            if volume["name"] in written and "emptyDir" in volume and not (volume["emptyDir"] or {}).get("sizeLimit")
        ]
    return said


def paths_are_mounted(manifests: Manifests) -> list[str]:
    """Every path in a client's flags is in a volume of its container: its image is read-only, with nothing of ours."""
    said = []
    for node in manifests.pods:
        for container, *_ in manifests.all_programs(node):
            places = [one["mountPath"].rstrip("/") for one in _mounts(container)]
            for name, path in _paths(container):
                if not any(path == place or path.startswith(f"{place}/") for place in places):
                    where = f"{node.title}: container {container['name']}"
                    said.append(f"{where} has {name}={path}, where no volume is mounted")
    return said


def caches_fit_in_memory(manifests: Manifests) -> list[str]:
    """A client's caches, or its heap, leave at least 512 MiB of its memory limit for the rest of it."""
    said = []
    for node in manifests.nodes:
        for container, program in manifests.programs(node):
            limit = container.get("resources", {}).get("limits", {}).get("memory")
            for name, size in _caches(container, program):
                if limit is not None and size + HEADROOM > quantity(limit):
                    where = f"{node.title}: container {container['name']}"
                    said.append(f"{where} has caches of {size >> 20} MiB ({name}) and a memory limit of {limit}")
    return said


def shells_hand_over(manifests: Manifests) -> list[str]:
    """A shell that starts a program becomes it, by `exec`; else the signal to stop ends at the shell."""

    def problem(_: Pods, container: Object) -> str:
        words = [*container.get("command", []), *container.get("args", [])]
        if len(words) < 3 or words[0].rpartition("/")[2] not in _SHELLS or not words[1].endswith("c"):
            return ""
        last = re.split(r"[;\n]|&&", words[2].strip().rstrip(";"))[-1].strip()
        return "" if last.startswith("exec ") else f"starts {last.split()[0]!r} in a shell, without exec"

    return _each(manifests, problem)


RULES = (
    containers_run_as_non_root,
    root_file_systems_are_read_only,
    privileges_do_not_grow,
    capabilities_are_dropped,
    system_calls_are_filtered,
    pods_stay_off_the_host,
    host_paths_have_reasons,
    resources_are_stated,
    images_are_named_exactly,
    services_stay_out_of_the_environment,
    writable_places_are_bounded,
    paths_are_mounted,
    caches_fit_in_memory,
    shells_hand_over,
)


def _each(manifests: Manifests, problem: Callable[[Pods, Object], str]) -> list[str]:
    return [
        f"{pods.title}: container {container['name']} {found}"
        for pods in manifests.pods
        for container in pods.all_containers
        if (found := problem(pods, container))
    ]


def _prepares(pods: Pods, container: Object) -> bool:
    """Whether a container is root, says why, and ends before the others begin."""
    sidecar = container.get("restartPolicy") == "Always"
    return bool(pods.annotations.get(_ROOT_REASON)) and container in pods.before and not sidecar


def _security(container: Object) -> Object:
    return container.get("securityContext") or {}


def _effective(pods: Pods, container: Object, field: str) -> Any:
    """A field of the container's security context; the pod's where the container says nothing."""
    own = _security(container)
    return own[field] if field in own else (pods.spec.get("securityContext") or {}).get(field)


def _mounts(container: Object) -> list[Object]:
    mounts: list[Object] = container.get("volumeMounts") or []
    return mounts


def _read_only(mount: Object) -> bool:
    return bool(mount.get("readOnly"))


def _paths(container: Object) -> Iterator[tuple[str, str]]:
    """Flags whose value is a path, and not a multiaddress or a URL's."""
    for name, value in arguments(container):
        address = re.match(r"/(dns[46]?|ip[46])/", value) or re.search(r"(?i)(slug|prefix|url)$", name)
        if value.startswith("/") and not address:
            yield name, value


def _caches(container: Object, program: Object) -> Iterator[tuple[str, int]]:
    """What the table's templates make of `cacheMiB`, in bytes: by the flag, or the variable, that says it."""
    given = dict(arguments(container))
    given |= {one["name"]: str(one.get("value", "")) for one in container.get("env", [])}
    templates = dict(template.partition("=")[::2] for template in flag_templates(program))
    for name, template in {**templates, **(program.get("environment") or {})}.items():
        before, found, after = _CACHE.split(template, 1)[0], _CACHE.search(template), _CACHE.split(template, 1)[-1]
        value = given.get(name, "") if found else ""
        # What comes before may be a template, too, so its end is what counts.
        number = re.search(rf"{re.escape(before[-4:])}(\d+)({re.escape(after[:1])})", value)
        if number:
            yield name, _bytes(int(number[1]), number[2])


def _bytes(number: int, unit: str) -> int:
    """Without a unit, a number is of MiB, as in the values; one that cannot be is of bytes."""
    if unit.lower() in ("k", "m", "g"):
        return number * _UNITS[unit.lower()]
    return number << 20 if number < 1 << 24 else number
