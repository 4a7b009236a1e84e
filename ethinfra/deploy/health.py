"""Whether objects are as they should be, and why not: conditions, containers, the end of their logs, events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

from ethinfra.deploy.render import address, title
from ethinfra.errors import LayerUnhealthy
from ethinfra.kube import Kube, Object
from ethinfra.waiting import NotInTime, eventually

#: Events of a pod that are shown.
EVENTS = 3

#: Lines that are shown of the log of a container that ended with an error.
LOG_LINES = 5

#: How the problem of a job begins that will not get better.
FAILED = "has failed: "


def wait_until_healthy(kube: Kube, layer: str, objects: Iterable[Object], *, within: float, ready: bool) -> None:
    """Return once all objects are as they should be; LayerUnhealthy with the reasons where they do not get there.

    ready: whether the pods of nodes must be ready, or only run: on a public network that takes days
    within: seconds
    """
    wanted = list(objects)
    found: list[str] = []
    with suppress(NotInTime):
        found = eventually(
            f"the objects of layer {layer} are as they should be",
            lambda: problems(kube, wanted, ready=ready),
            # A job that has failed does not recover by waiting.
            until=lambda seen: not seen or any(FAILED in one for one in seen),
            within=within,
            every=1,
        )
        if not found:
            return
    reasons = problems(kube, wanted, ready=ready, explain=True)
    if reasons:
        raise LayerUnhealthy(
            f"layer {layer} failed" if found else f"layer {layer} is not healthy after {within:.0f}s",
            expected="all its objects as they should be",
            seen="\n".join(reasons),
            todo="kubectl describe what is named above",
        )


def problems(kube: Kube, objects: Iterable[Object], *, ready: bool = True, explain: bool = False) -> list[str]:
    """What is not as it should be, one sentence each; empty if all is well.

    explain: also say why, from the pods' containers, logs and events; costs more requests
    """
    found = []
    for wanted in objects:
        kind, namespace, name = address(wanted)
        live = kube.get(kind, name, namespace or None, api_version=wanted["apiVersion"])
        problem = _problem(wanted, live, ready)
        if problem:
            found.append(f"{title(wanted)}: {problem}")
            if explain and live is not None:
                found += [f"  {line}" for line in reasons(kube, live)]
    return found


def _problem(wanted: Object, live: Object | None, ready: bool) -> str:
    if live is None:
        return "does not exist"
    if live["metadata"].get("deletionTimestamp"):
        return "is being deleted"
    status = live.get("status") or {}
    match wanted["kind"]:
        case "Namespace":
            return "" if status.get("phase") == "Active" else f"is {status.get('phase')}"
        case "Deployment":
            return _replicas(live, status, "availableReplicas", live["spec"].get("replicas", 1))
        case "DaemonSet":
            return _replicas(live, status, "numberAvailable", status.get("desiredNumberScheduled", 0))
        case "StatefulSet":
            is_node = "ethinfra.io/role" in live["metadata"].get("labels", {})
            counter = "readyReplicas" if ready or not is_node else "replicas"
            return _replicas(live, status, counter, live["spec"].get("replicas", 1))
        case "Job":
            return _job(status)
        case "APIService":
            return _api_service(status)
        case _:
            return ""


def _replicas(live: Object, status: Object, counter: str, wanted: int) -> str:
    if status.get("observedGeneration", 0) < live["metadata"]["generation"]:
        return "its controller has not seen the newest version yet"
    scheduled: int = status.get("updatedNumberScheduled", 0)
    updated: int = status.get("updatedReplicas", scheduled)
    if live["kind"] == "StatefulSet" and status.get("currentRevision") == status.get("updateRevision"):
        updated = status.get("replicas", 0)
    if updated < wanted:
        return f"{updated} of {wanted} pods are of the newest version"
    # A Deployment keeps an old pod, which counts as available, until the new one is.
    older = status.get("replicas", 0) - updated if live["kind"] == "Deployment" else 0
    if older > 0:
        return f"{older} pods are of an older version"
    counted = status.get(counter, 0)
    return "" if counted >= wanted else f"{counted} of {wanted} pods are ready"


def _job(status: Object) -> str:
    conditions = {one["type"]: one for one in status.get("conditions", []) if one["status"] == "True"}
    if "Failed" in conditions:
        return f"{FAILED}{conditions['Failed'].get('message', '')}"
    return "" if "Complete" in conditions else "has not finished"


def _api_service(status: Object) -> str:
    """The API server says by itself why it cannot use one that others serve."""
    conditions = {one["type"]: one for one in status.get("conditions") or []}
    available = conditions.get("Available", {"status": "Unknown", "message": "nobody asked yet"})
    return "" if available["status"] == "True" else f"is not available: {available.get('message', '')}"


def reasons(kube: Kube, workload: Object) -> list[str]:
    """Why pods of a workload are not ready: what they wait for, how they ended, their last words and events."""
    selector = workload.get("spec", {}).get("selector", {})
    labels = selector.get("matchLabels") if isinstance(selector, dict) else None
    if not labels:
        return []
    namespace = workload["metadata"]["namespace"]
    pods = kube.list("Pod", namespace, labels=",".join(f"{key}={value}" for key, value in labels.items()))
    if not pods:
        return ["has no pods", *_events(kube, workload)]
    lines = []
    for pod in pods:
        said = pod_reasons(pod)
        if said:
            said += [f"{name} logged: {line}" for name, line in _last_words(kube, pod)]
            said += [f"event: {line}" for line in _events(kube, pod)]
            lines += [f"pod {pod['metadata']['name']}: {line}" for line in said]
    return lines


def pod_reasons(pod: Object) -> list[str]:
    """What keeps one pod from being ready, from its status; empty if it is ready."""
    status = pod.get("status", {})
    conditions = {one["type"]: one for one in status.get("conditions", [])}
    if conditions.get("Ready", {}).get("status") == "True":
        return []
    lines = []
    unscheduled = conditions.get("PodScheduled", {})
    if unscheduled.get("status") == "False":
        lines.append(f"not scheduled: {unscheduled.get('message', unscheduled.get('reason', ''))}")
    for container in _containers(pod):
        lines += _container_reasons(container)
    return lines or [f"phase {status.get('phase', 'unknown')}"]


def _containers(pod: Object) -> list[Object]:
    status = pod.get("status", {})
    return [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]


def _last_words(kube: Kube, pod: Object) -> Iterator[tuple[str, str]]:
    """The last log lines of each container that ended with an error, also of one that has been started again since."""
    metadata = pod["metadata"]
    for container in _containers(pod):
        state, before = container.get("state", {}), container.get("lastState", {})
        ended = state.get("terminated") or before.get("terminated") or {}
        if ended.get("exitCode"):
            name, again = container["name"], "running" in state
            log = kube.logs(metadata["namespace"], metadata["name"], name, previous=again, lines=LOG_LINES)
            yield from ((name, line) for line in log.splitlines())


def _container_reasons(container: Object) -> list[str]:
    name, state = container["name"], container.get("state", {})
    last = container.get("lastState", {}).get("terminated")
    lines = []
    if "waiting" in state:
        waiting = state["waiting"]
        lines.append(f"{name} waits: {waiting.get('reason', '')} {waiting.get('message', '')}".rstrip())
    elif "terminated" in state and state["terminated"].get("exitCode"):
        lines.append(f"{name} ended with code {state['terminated']['exitCode']}")
    elif "running" in state and not container.get("ready"):
        lines.append(f"{name} runs and is not ready")
    if last and lines:
        lines.append(f"{name} ended before with code {last.get('exitCode')} ({last.get('reason', '')})")
    return lines


def _events(kube: Kube, one: Object) -> list[str]:
    metadata = one["metadata"]
    events = [
        event
        for event in kube.list("Event", metadata["namespace"], api_version="v1")
        if event["involvedObject"].get("uid") == metadata["uid"] and event.get("type") == "Warning"
    ]
    events.sort(key=lambda event: event.get("lastTimestamp") or event.get("eventTime") or "")
    return [f"{event.get('reason')}: {event.get('message')}" for event in events[-EVENTS:]]
