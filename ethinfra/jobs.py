"""Jobs that are started by hand from the template of a CronJob, and followed to their end."""

from __future__ import annotations

import copy
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ethinfra.errors import BadInput, ClusterError
from ethinfra.kube import Kube, Object
from ethinfra.progress import Progress
from ethinfra.waiting import eventually

#: Annotation of jobs that somebody started by hand (kubectl v1.36, `create job --from`).
MANUAL = "cronjob.kubernetes.io/instantiate"

#: Lines of each container's log that a failure shows.
_TAIL = 12


@dataclass(frozen=True)
class Ended:
    """How a Job ended.

    containers: of its last pod, name → exit code, in the order in which they ran; -1 for one that never ran
    logs:       of the same containers; empty for one that never ran
    """

    job: str
    namespace: str
    succeeded: bool
    reason: str
    containers: dict[str, int] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def said(self) -> str:
        """What the container that failed said last, or the last one that ran."""
        ran = [name for name, code in self.containers.items() if code >= 0]
        failed = [name for name in ran if self.containers[name] > 0]
        name = (failed or ran or [""])[-1]
        tail = "\n".join(self.logs.get(name, "").splitlines()[-_TAIL:])
        return f"{name}: {tail}" if name else self.reason

    def must_have_succeeded(self) -> Ended:
        """ClusterError with the failed container's last lines, if it did not."""
        if not self.succeeded:
            raise ClusterError(
                f"job {self.namespace}/{self.job} failed: {self.reason}",
                seen=self.said,
                todo=f"kubectl -n {self.namespace} describe job {self.job}",
            )
        return self


def start(
    kube: Kube,
    namespace: str,
    cronjob: str,
    *,
    env: Mapping[str, str] | None = None,
    args: list[str] | None = None,
    change: Callable[[Object], None] = lambda _: None,
) -> str:
    """Start a Job as the CronJob would now, with more variables for its containers; its name.

    args:   for the arguments of its only container, at their end
    change: edits the Job before it is started
    BadInput if there is no such CronJob.
    """
    template = kube.get("CronJob", cronjob, namespace)
    if template is None:
        known = [one["metadata"]["name"] for one in kube.list("CronJob", namespace)]
        raise BadInput(
            f"there is no CronJob {namespace}/{cronjob}",
            expected=f"one of: {', '.join(known)}" if known else "one; this release has none",
        )
    manifest = job_of(template, f"{cronjob[:45]}-{secrets.token_hex(4)}", env or {}, args or [])
    change(manifest)
    kube.apply(manifest)
    name: str = manifest["metadata"]["name"]
    return name


def job_of(cronjob: Object, name: str, env: Mapping[str, str], args: list[str]) -> Object:
    """The Job that `kubectl create job --from` would make of a CronJob, with more variables and arguments."""
    template = copy.deepcopy(cronjob["spec"]["jobTemplate"])
    meta = template.get("metadata") or {}
    spec: Any = template["spec"]
    pod = spec["template"]["spec"]
    for container in [*pod.get("initContainers", []), *pod["containers"]]:
        own = [one for one in container.get("env") or [] if one["name"] not in env]
        container["env"] = [*own, *({"name": key, "value": value} for key, value in env.items())]
    if args:
        (only,) = pod["containers"]
        only["args"] = [*only.get("args", []), *args]
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name,
            "namespace": cronjob["metadata"]["namespace"],
            "labels": meta.get("labels") or {},
            "annotations": {**(meta.get("annotations") or {}), MANUAL: "manual"},
            # It goes with the CronJob, and the CronJob's history limits do not count it.
            "ownerReferences": [
                {
                    "apiVersion": "batch/v1",
                    "kind": "CronJob",
                    "name": cronjob["metadata"]["name"],
                    "uid": cronjob["metadata"]["uid"],
                }
            ],
        },
        "spec": spec,
    }


def scheduled(kube: Kube, namespace: str, cronjob: str) -> list[str]:
    """Jobs that the controller of a CronJob has started, the newest first; none that somebody started by hand."""
    found = [
        one
        for one in kube.list("Job", namespace)
        if any(owner["name"] == cronjob for owner in one["metadata"].get("ownerReferences") or [])
        and MANUAL not in (one["metadata"].get("annotations") or {})
    ]
    found.sort(key=lambda one: one["metadata"]["creationTimestamp"], reverse=True)
    return [one["metadata"]["name"] for one in found]


def follow(kube: Kube, namespace: str, job: str, progress: Progress, *, within: float) -> Ended:
    """Wait for a Job's end, failed or not. NotInTime if it goes on for longer.

    Shows each container's newest line when it changes.
    """
    shown = ""

    def look() -> tuple[str, str]:
        nonlocal shown
        where, line = _newest_line(kube, namespace, job)
        if line and (text := f"{where}: {line}") != shown:
            progress.note(text)
            shown = text
        return _condition(kube.get("Job", job, namespace), namespace, job), shown

    with progress.step(f"job {namespace}/{job}", within=within):
        condition, _ = eventually(
            f"job {namespace}/{job} has ended",
            look,
            until=lambda seen: seen[0] in ("Complete", "Failed"),
            within=within,
            every=0.5,
            hint=f"kubectl -n {namespace} logs job/{job} --all-containers --prefix",
        )
    return ended(kube, namespace, job, succeeded=condition == "Complete")


def ended(kube: Kube, namespace: str, job: str, *, succeeded: bool) -> Ended:
    """What is left to see of a Job that has ended."""
    found = kube.get("Job", job, namespace) or {}
    reasons = [
        f"{one.get('reason', '')} {one.get('message', '')}".strip()
        for one in found.get("status", {}).get("conditions") or []
        if one["type"] == "Failed"
    ]
    pods = pods_of(kube, namespace, job)
    if not pods:
        return Ended(job, namespace, succeeded, "; ".join(reasons) or "its pods are gone")
    codes = exit_codes(pods[-1])
    name = pods[-1]["metadata"]["name"]
    logs = {one: kube.logs(namespace, name, one) if code >= 0 else "" for one, code in codes.items()}
    return Ended(job, namespace, succeeded, "; ".join(reasons), codes, logs)


def pods_of(kube: Kube, namespace: str, job: str) -> list[Object]:
    """A Job's pods, the oldest first."""
    found = kube.list("Pod", namespace, labels=f"batch.kubernetes.io/job-name={job}")
    return sorted(found, key=lambda pod: str(pod["metadata"]["creationTimestamp"]))


def exit_codes(pod: Object) -> dict[str, int]:
    """Container → exit code, in their order; -1 for one that has not ended."""
    status = pod.get("status", {})
    codes = {
        one["name"]: (one.get("state") or {}).get("terminated", {}).get("exitCode", -1)
        for one in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
    }
    order = [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]
    return {one["name"]: codes.get(one["name"], -1) for one in order}


def container_states(pod: Object) -> dict[str, str]:
    """Container → waits, runs or ended."""
    words = {"running": "runs", "terminated": "ended"}
    return {
        name: next((words[key] for key in state if key in words and state[key]), "waits")
        for name, state in _states(pod).items()
    }


def _condition(job: Object | None, namespace: str, name: str) -> str:
    if job is None:
        raise BadInput(f"job {namespace}/{name} is gone", todo="somebody deleted it, or its CronJob")
    true = {one["type"] for one in job.get("status", {}).get("conditions") or [] if one["status"] == "True"}
    return "Complete" if "Complete" in true else "Failed" if "Failed" in true else "it runs"


def _newest_line(kube: Kube, namespace: str, job: str) -> tuple[str, str]:
    """The container that works now, and the last line that it wrote."""
    pods = pods_of(kube, namespace, job)
    if not pods:
        return job, ""
    working = [name for name, state in _states(pods[-1]).items() if "running" in state]
    if not working:
        return job, ""
    # A sidecar is there beside the container that the Job waits for.
    log = kube.logs(namespace, pods[-1]["metadata"]["name"], working[-1], lines=1).strip()
    return working[-1], log


def _states(pod: Object) -> dict[str, dict[str, Any]]:
    status = pod.get("status", {})
    both = [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
    return {one["name"]: one.get("state") or {} for one in both}
