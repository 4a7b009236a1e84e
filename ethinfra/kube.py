"""The Kubernetes API, as steps and checks use it.

Objects travel as plain dicts in the shape of their manifests, so that a rendered manifest, a live object and an
expectation can be compared. Reading and writing go through the official client's dynamic interface; `exec`, `logs`
and port-forwards go through the pinned `kubectl`, because the Python client's streams swap the transport of a shared
ApiClient and cut frames (kubernetes-client/python #928).
"""

from __future__ import annotations

import json
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from ethinfra.cluster.provider import Cluster
from ethinfra.errors import ClusterError
from ethinfra.process import Completed, run
from ethinfra.toolchain import tool
from ethinfra.waiting import eventually

if TYPE_CHECKING:
    from kubernetes.dynamic import DynamicClient

Object = dict[str, Any]

#: Owner of the fields that the harness applies, beside helm's.
FIELD_MANAGER = "ethinfra"

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


def _asks(request: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """Of a method that asks the API server: its silence is a ClusterError, which a wait survives."""

    @wraps(request)
    def ask(*args: Given.args, **kwargs: Given.kwargs) -> Answer:
        from urllib3.exceptions import HTTPError

        try:
            return request(*args, **kwargs)
        except HTTPError as reason:
            kube: Any = args[0]
            raise ClusterError(
                f"the API server of {kube.context} does not answer", seen=str(reason), todo="ethinfra status"
            ) from reason

    return ask


class Kube:
    """One cluster's API. Safe to share between threads: each gets its own ApiClient."""

    def __init__(self, kubeconfig: Path, context: str, *, request_timeout: float = 30) -> None:
        self.kubeconfig = kubeconfig
        self.context = context
        self._request_timeout = request_timeout
        self._local = threading.local()
        self._scratch = tempfile.TemporaryDirectory(prefix="ethinfra-kube-")

    @classmethod
    def of(cls, cluster: Cluster) -> Kube:
        """The API of a cluster that a provider found."""
        return cls(cluster.kubeconfig, cluster.context)

    @cached_property
    def _kubectl(self) -> list[str]:
        return [str(tool("kubectl")), f"--kubeconfig={self.kubeconfig}", f"--context={self.context}"]

    @property
    def _client(self) -> DynamicClient:
        # Imported when it is needed: it takes longer than most commands that could do without it.
        import kubernetes
        from kubernetes.dynamic import DynamicClient

        if not hasattr(self._local, "client"):
            api = kubernetes.config.new_client_from_config(str(self.kubeconfig), self.context)
            # By default what an API serves is cached in a file per host and port, which another cluster had before.
            cache = Path(self._scratch.name) / f"{threading.get_ident()}.json"
            self._local.client = DynamicClient(api, cache_file=str(cache))
        return self._local.client

    def _resource(self, kind: str, api_version: str | None) -> Any:
        best = self._served(kind, api_version)
        if not best:
            # What an API serves is looked up once; a definition or an aggregated API may have come since.
            self._client.resources.invalidate_cache()
            best = self._served(kind, api_version)
        if not best:
            raise ClusterError(f"{self.context} does not serve {kind}", expected=api_version or "any version")
        # metrics.k8s.io has Pods and Nodes as well; the core group is what a user means.
        return min(best, key=lambda one: (one.group != "", one.group))

    def _served(self, kind: str, api_version: str | None) -> list[Any]:
        found = self._client.resources.search(kind=kind, **({"api_version": api_version} if api_version else {}))
        # The discovery lists `<Kind>List` helpers and deprecated groups too; the preferred one is what a user means.
        return [one for one in found if one.kind == kind and (one.preferred or api_version)]

    @_asks
    def get(
        self, kind: str, name: str, namespace: str | None = None, *, api_version: str | None = None
    ) -> Object | None:
        """One object, or None if it does not exist."""
        from kubernetes.dynamic.exceptions import NotFoundError

        try:
            found = self._resource(kind, api_version).get(
                name=name, namespace=namespace, _request_timeout=self._request_timeout
            )
        except NotFoundError:
            return None
        one: Object = found.to_dict()
        return one

    @_asks
    def list(
        self, kind: str, namespace: str | None = None, *, labels: str | None = None, api_version: str | None = None
    ) -> list[Object]:
        """All objects of a kind, in a namespace or everywhere; `labels` is a selector such as `a=b,c!=d`."""
        found = self._resource(kind, api_version).get(
            namespace=namespace, label_selector=labels, _request_timeout=self._request_timeout
        )
        return [item.to_dict() for item in found.items]

    @_asks
    def apply(self, manifest: Object, *, dry_run: bool = False) -> Object:
        """Server-side apply; returns the object as the server has it (or, with dry_run, would have it)."""
        resource = self._resource(manifest["kind"], manifest["apiVersion"])
        applied = resource.server_side_apply(
            body=manifest,
            name=manifest["metadata"]["name"],
            namespace=manifest["metadata"].get("namespace"),
            field_manager=FIELD_MANAGER,
            force_conflicts=True,
            **({"dry_run": "All"} if dry_run else {}),
            _request_timeout=self._request_timeout,
        )
        stored: Object = applied.to_dict()
        return stored

    @_asks
    def serves(self, kind: str, api_version: str) -> bool:
        """Whether the cluster has that kind in that version."""
        return bool(self._served(kind, api_version))

    def server_version(self) -> str:
        """The API server's version, such as `v1.36.3`."""
        version: str = json.loads(self.kubectl("version", "-o", "json").stdout)["serverVersion"]["gitVersion"]
        return version

    def create_as(self, user: str, manifest: Object) -> Object:
        """Create an object in another user's name (impersonation), such as a review of that user's rights."""
        # The server validates; kubectl would need the user's right to read its schemas.
        done = self.kubectl(
            "create", f"--as={user}", "--validate=false", "-f", "-", "-o", "json", stdin=json.dumps(manifest)
        )
        created: Object = json.loads(done.stdout)
        return created

    @_asks
    def patch(self, kind: str, name: str, namespace: str | None, change: Object) -> Object:
        """A merge patch."""
        changed: Object = (
            self._resource(kind, None)
            .patch(
                name=name,
                namespace=namespace,
                body=change,
                content_type="application/merge-patch+json",
                _request_timeout=self._request_timeout,
            )
            .to_dict()
        )
        return changed

    @_asks
    def delete(
        self, kind: str, name: str, namespace: str | None = None, *, within: float = 60, grace: int | None = None
    ) -> None:
        """Delete and wait until it is gone. Nothing to delete is not an error."""
        from kubernetes.dynamic.exceptions import NotFoundError

        resource = self._resource(kind, None)
        body = {"propagationPolicy": "Background", **({"gracePeriodSeconds": grace} if grace is not None else {})}
        try:
            resource.delete(name=name, namespace=namespace, body=body, _request_timeout=self._request_timeout)
        except NotFoundError:
            return
        eventually(
            f"{kind} {namespace or ''}/{name} is gone",
            lambda: self.get(kind, name, namespace) is None,
            within=within,
            hint=f"kubectl get {kind.lower()} {name} -o yaml  (finalizers?)",
        )

    def kubectl(
        self, *args: str, within: float = 60, stdin: str | bytes | None = None, check: bool = True
    ) -> Completed:
        """Run the pinned kubectl against this cluster."""
        return run([*self._kubectl, *args], within=within, stdin=stdin, check=check)

    def start(self, *args: str) -> subprocess.Popen[bytes]:
        """Run the pinned kubectl and do not wait for it. The caller ends it."""
        return subprocess.Popen(
            [*self._kubectl, *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def exec(
        self, namespace: str, pod: str, container: str, *command: str, within: float = 60, check: bool = True
    ) -> Completed:
        """Run a command in a container."""
        return self.kubectl("exec", "-n", namespace, pod, "-c", container, "--", *command, within=within, check=check)

    def logs(
        self,
        namespace: str,
        pod: str,
        container: str,
        *,
        since: str | None = None,
        previous: bool = False,
        lines: int = 20000,
    ) -> str:
        """A container's log; `since` is an RFC 3339 time. Empty if there is none."""
        args = ["logs", "-n", namespace, pod, "-c", container, f"--tail={lines}"]
        if since:
            args.append(f"--since-time={since}")
        if previous:
            args.append("--previous")
        return self.kubectl(*args, check=False).stdout

    @contextmanager
    def forward(self, namespace: str, target: str, port: int, *, within: float = 20) -> Iterator[int]:
        """Forward a port of this machine's loopback to a pod (`name`) or `svc/name`; yields the local port.

        Ends with the pod that it leads to; who needs a longer life opens it again.
        """
        with _listening_port() as local:
            pass
        child = subprocess.Popen(
            [*self._kubectl, "port-forward", "-n", namespace, "--address=127.0.0.1", target, f"{local}:{port}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            eventually(
                f"port-forward to {namespace}/{target}:{port}",
                lambda: child.poll() is not None or _answers(local),
                within=within,
                every=0.05,
            )
            if child.poll() is not None:
                message = child.stderr.read().decode(errors="replace").strip() if child.stderr else ""
                raise ForwardEnded(f"port-forward to {namespace}/{target}:{port} ended", seen=message)
            yield local
        finally:
            child.terminate()
            child.wait()


def readiness(pod: Object | None) -> str:
    """`ready`, or what the pod lacks."""
    if pod is None:
        return "no pod"
    conditions = {one["type"]: one for one in pod["status"].get("conditions") or []}
    ready = conditions.get("Ready", {"status": "False"})
    return "ready" if ready["status"] == "True" else ready.get("message", "not ready yet")


class ForwardEnded(ClusterError):
    """A port-forward could not be made, or its pod has gone."""


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def _listening_port() -> Iterator[int]:
    """A free port of the loopback interface."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        yield listener.getsockname()[1]
