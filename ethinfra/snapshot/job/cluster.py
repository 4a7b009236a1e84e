"""The Kubernetes API as the jobs use it, with the few rights that their service account has."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from ethinfra.probe.kubernetes import Api, ApiError, Object
from ethinfra.snapshot.job.errors import ApiRefused

#: Seconds for which an API server that does not answer is tried again.
PATIENCE = 30.0

_SNAPSHOTS = "/apis/snapshot.storage.k8s.io/v1"
_LEASES = "/apis/coordination.k8s.io/v1"


@dataclass(frozen=True)
class Pod:
    """A pod as the API has it now. address: empty until it has one; going: it is being deleted; host: the Kubernetes
    node that it is on, empty until it is scheduled; backing_off: none of its containers runs, and one of them is not
    started again yet, because it fails."""

    name: str
    uid: str
    address: str
    ready: bool
    going: bool
    phase: str
    host: str = ""
    backing_off: bool = False

    @classmethod
    def of(cls, found: Object) -> Pod:
        status, metadata = found.get("status") or {}, found["metadata"]
        conditions = {one["type"]: one["status"] for one in status.get("conditions") or ()}
        return cls(
            metadata["name"],
            metadata["uid"],
            status.get("podIP") or "",
            conditions.get("Ready") == "True",
            bool(metadata.get("deletionTimestamp")),
            status.get("phase") or "",
            (found.get("spec") or {}).get("nodeName") or "",
            _backs_off(status),
        )


def _backs_off(status: Object) -> bool:
    kinds = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
    states = [one.get("state") or {} for kind in kinds for one in status.get(kind) or ()]
    waiting = {(state.get("waiting") or {}).get("reason") for state in states}
    return "CrashLoopBackOff" in waiting and not any("running" in state for state in states)


class Cluster:
    """One namespace. Every refusal is an ApiRefused with its status."""

    def __init__(self, api: Api, namespace: str) -> None:
        self._api = api
        self.namespace = namespace

    @classmethod
    def here(cls, namespace: str) -> Cluster:
        """The cluster that this pod is in."""
        try:
            return cls(Api.in_cluster(patience=PATIENCE), namespace)
        except ApiError as reason:
            raise ApiRefused("this pod's account", 0, str(reason)) from reason

    def pod(self, name: str) -> Pod | None:
        found = self._read(self._core("pods", name))
        return None if found is None else Pod.of(found)

    def pods(self, labels: Mapping[str, str]) -> list[Pod]:
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        path = f"{self._core('pods')}?labelSelector={quote(selector)}"
        found = self._good("GET", path, *self._ask("GET", path))
        return [Pod.of(one) for one in found.get("items") or ()]

    def delete_pod(self, name: str, uid: str) -> None:
        """Ask for this very pod to be stopped, in its own time. One that is gone already, or another of the same name,
        is not an error."""
        options: Object = {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": uid}}
        path = self._core("pods", name)
        self._good("DELETE", path, *self._ask("DELETE", path, options), also=(202, 404, 409))

    def lease(self, name: str) -> Object | None:
        return self._read(self._path(_LEASES, "leases", name))

    def create_lease(self, name: str, spec: Object) -> Object | None:
        """None if there is one already."""
        body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": name}, "spec": spec}
        return self._write("POST", self._path(_LEASES, "leases"), body)

    def replace_lease(self, lease: Object) -> Object | None:
        """The lease as stored; None if somebody else wrote it since it was read (by its resourceVersion)."""
        return self._write("PUT", self._path(_LEASES, "leases", lease["metadata"]["name"]), lease)

    def event(self, about: Object, reason: str, message: str, *, warning: bool = False) -> None:
        """Tell people who look at an object. `about`: an object reference. That nobody could be told is no failure of
        the work itself, so a refusal is printed and not raised."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        body = {
            "apiVersion": "v1",
            "kind": "Event",
            # As client-go names them: unique, and of the object that they are about.
            "metadata": {"name": f"{about['name']}.{time.time_ns():x}", "namespace": self.namespace},
            "involvedObject": {"namespace": self.namespace, **about},
            "reason": reason,
            "message": message[:1000],
            "type": "Warning" if warning else "Normal",
            "source": {"component": "ethinfra-snapshot"},
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }
        try:
            path = self._core("events")
            self._good("POST", path, *self._ask("POST", path, body))
        except ApiRefused as refused:
            print(f"event {reason} could not be recorded: {refused.seen}", flush=True)

    def volume_snapshot(self, name: str) -> Object | None:
        return self._read(self._path(_SNAPSHOTS, "volumesnapshots", name))

    def create_volume_snapshot(
        self, name: str, claim: str, snapshot_class: str | None, *, dry_run: bool = False
    ) -> Object | None:
        """None if there is one of that name already. dry_run: only ask whether it would be made."""
        spec: Object = {"source": {"persistentVolumeClaimName": claim}}
        if snapshot_class:
            spec["volumeSnapshotClassName"] = snapshot_class
        body = {
            "apiVersion": "snapshot.storage.k8s.io/v1",
            "kind": "VolumeSnapshot",
            "metadata": {"name": name},
            "spec": spec,
        }
        path = self._path(_SNAPSHOTS, "volumesnapshots")
        return self._write("POST", f"{path}?dryRun=All" if dry_run else path, body)

    def annotate_volume_snapshot(self, name: str, annotations: dict[str, str]) -> None:
        path = self._path(_SNAPSHOTS, "volumesnapshots", name)
        body = {"metadata": {"annotations": annotations}}
        self._good("PATCH", path, *self._ask("PATCH", path, body, content="application/merge-patch+json"))

    def delete_volume_snapshot(self, name: str) -> None:
        """None of that name is not an error."""
        path = self._path(_SNAPSHOTS, "volumesnapshots", name)
        self._good("DELETE", path, *self._ask("DELETE", path), also=(202, 404))

    def _core(self, resource: str, name: str = "") -> str:
        return self._path("/api/v1", resource, name)

    def _path(self, group: str, resource: str, name: str = "") -> str:
        return f"{group}/namespaces/{self.namespace}/{resource}{f'/{name}' if name else ''}"

    def _read(self, path: str) -> Object | None:
        status, found = self._ask("GET", path)
        return None if status == 404 else self._good("GET", path, status, found)

    def _write(self, method: str, path: str, body: Object) -> Object | None:
        status, found = self._ask(method, path, body)
        return None if status == 409 else self._good(method, path, status, found)

    def _ask(self, method: str, path: str, body: Object | None = None, **options: Any) -> tuple[int, Object]:
        try:
            return self._api.request(method, path, body, **options)
        except ApiError as reason:
            raise ApiRefused(f"{method} {path}", 0, str(reason)) from reason

    def _good(self, method: str, path: str, status: int, found: Object, *, also: tuple[int, ...] = ()) -> Object:
        if status not in (200, 201, *also):
            raise ApiRefused(f"{method} {path}", status, str(found.get("message", "no message")))
        return found
