"""What is collected when a scenario fails: events, objects, logs of the time window, the state of every node.

Nothing here raises, and the budget holds: what could not be had in time is named in `missing.txt`. Secrets are never
read into evidence; their values are learnt first, so that they are masked wherever else they show up.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ethinfra.certificate.record import clean
from ethinfra.chain.discovery import DeployedNode, find_nodes
from ethinfra.cluster.provider import Cluster, ClusterProvider
from ethinfra.kube import Kube, Object
from ethinfra.redact import redact

#: Seconds before the scenario's start that the window opens: causes come before effects.
MARGIN = 60
#: State that explains a failure. Secrets are not among them, and never will be.
KINDS = (
    "Pod",
    "PersistentVolumeClaim",
    "Service",
    "EndpointSlice",
    "StatefulSet",
    "Deployment",
    "DaemonSet",
    "Job",
    "NetworkPolicy",
    "PodDisruptionBudget",
)
#: Lines of one container's log.
_LINES = 3000
_AT_ONCE = 4

Task = tuple[str, Callable[[], object]]


@dataclass(frozen=True)
class Window:
    """Seconds since the epoch."""

    begin: float

    @property
    def text(self) -> str:
        """As Kubernetes takes it."""
        return datetime.datetime.fromtimestamp(self.begin, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def collect(
    kube: Kube,
    provider: ClusterProvider | None,
    cluster: Cluster,
    namespaces: Iterable[str],
    into: Path,
    *,
    since: float,
    within: float,
) -> None:
    """Write what can be had within so many seconds into a folder.

    namespaces: of the layers involved, the most telling first
    since:      the scenario's start; the window opens MARGIN before it
    """
    names = list(dict.fromkeys(namespaces))
    window = Window(since - MARGIN)
    folder = _Folder(into)
    pool = _Pool(time.monotonic() + within, folder)
    # In this order: a value that is not learnt yet is not masked.
    pool.run([(f"secrets of {name}", partial(learn_secrets, kube, name)) for name in names])
    tasks: list[Task] = []
    for name in names:
        tasks.append((f"events of {name}", partial(_events, kube, name, window, folder)))
        tasks.append((f"nodes in {name}", partial(_nodes, kube, name, folder)))
        tasks.append((f"objects of {name}", partial(_objects, kube, name, folder)))
    if provider is not None:
        tasks.append(("components", lambda: _components(provider, cluster, window, folder)))
    tasks += [(f"logs of {name}", partial(_logs, kube, name, window, folder)) for name in names]
    pool.run(tasks)
    pool.close()


class _Folder:
    """Where evidence goes. Closed at the deadline, so that nothing is added to what is sealed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._closed = False
        self._missing: list[str] = []
        path.mkdir(parents=True, exist_ok=True)

    def write(self, name: str, text: str) -> None:
        with self._lock:
            if not self._closed:
                file = self.path / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(redact(text))

    def write_data(self, name: str, content: object) -> None:
        self.write(name, json.dumps(clean(content), indent=1) + "\n")

    def lacks(self, what: str, why: object) -> None:
        with self._lock:
            if not self._closed:
                self._missing.append(f"{what}: {why}")

    @property
    def closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        with self._lock:
            self._closed = True
            if self._missing:
                (self.path / "missing.txt").write_text(redact("\n".join(self._missing)) + "\n")


class _Pool:
    """Runs tasks side by side until the deadline; notes those that failed or were late."""

    def __init__(self, deadline: float, folder: _Folder) -> None:
        self._deadline = deadline
        self._folder = folder
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="evidence")

    def run(self, tasks: list[Task]) -> None:
        running: dict[Future[object], str] = {self._pool.submit(call): name for name, call in tasks}
        done, late = wait(running, timeout=max(self._deadline - time.monotonic(), 0))
        for one in late:
            self._folder.lacks(running[one], "not in time")
        for one in done:
            trouble = one.exception()
            if trouble is not None:
                self._folder.lacks(running[one], f"{type(trouble).__name__}: {trouble}")

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._folder.close()


def learn_secrets(kube: Kube, namespace: str) -> None:
    """Register every value of every Secret of a namespace with the redactor; nothing of it is kept elsewhere."""
    for secret in kube.list("Secret", namespace):
        # helm's own are whole manifests; what is secret in them is in the other Secrets too.
        if str(secret.get("type", "")).startswith("helm.sh/"):
            continue
        for key, value in (secret.get("data") or {}).items():
            # Certificates and user names are no secrets, and masking them would make logs unreadable.
            if key.endswith((".crt", "username")) or key == "namespace":
                continue
            try:
                redact.register(base64.b64decode(value))
            except (binascii.Error, ValueError):
                continue


def _events(kube: Kube, namespace: str, window: Window, folder: _Folder) -> None:
    events: list[dict[str, Any]] = []
    for event in kube.list("Event", namespace, api_version="v1"):
        last = str(event.get("lastTimestamp") or event.get("eventTime") or event.get("firstTimestamp") or "")
        if last >= window.text:
            about = event.get("involvedObject", {})
            events.append(
                {
                    "time": last,
                    "type": event.get("type"),
                    "reason": event.get("reason"),
                    "object": f"{about.get('kind')}/{about.get('name')}",
                    "message": event.get("message"),
                    "count": event.get("count"),
                }
            )
    folder.write_data(f"{namespace}/events.json", sorted(events, key=lambda one: one["time"]))


def _objects(kube: Kube, namespace: str, folder: _Folder) -> None:
    for kind in KINDS:
        try:
            found = kube.list(kind, namespace)
        except Exception as trouble:
            folder.lacks(f"{kind} of {namespace}", trouble)
            continue
        if found:
            folder.write_data(f"{namespace}/objects/{kind}.json", [_trimmed(one) for one in found])


def _trimmed(found: Object) -> Object:
    return {**found, "metadata": {key: value for key, value in found["metadata"].items() if key != "managedFields"}}


def _logs(kube: Kube, namespace: str, window: Window, folder: _Folder) -> None:
    for pod in kube.list("Pod", namespace):
        name = pod["metadata"]["name"]
        statuses = [*pod["status"].get("containerStatuses", []), *pod["status"].get("initContainerStatuses", [])]
        for status in statuses:
            container = status["name"]
            if folder.closed:
                return
            log = kube.logs(namespace, name, container, since=window.text, lines=_LINES)
            if log:
                folder.write(f"{namespace}/logs/{name}.{container}.log", log + "\n")
            if status.get("restartCount"):
                log = kube.logs(namespace, name, container, previous=True, lines=_LINES)
                folder.write(f"{namespace}/logs/{name}.{container}.previous.log", log + "\n")


def _components(provider: ClusterProvider, cluster: Cluster, window: Window, folder: _Folder) -> None:
    """A provider writes files itself; they are taken over when all of them are there."""
    with tempfile.TemporaryDirectory(prefix="ethinfra-evidence-") as made:
        provider.collect(cluster, Path(made), window.begin)
        for file in sorted(Path(made).rglob("*")):
            if file.is_file():
                folder.write(f"components/{file.relative_to(made).as_posix()}", file.read_text(errors="replace"))


def _nodes(kube: Kube, namespace: str, folder: _Folder) -> None:
    for node in find_nodes(kube, namespace):
        folder.write_data(f"{namespace}/nodes/{node.name}.json", _state(node, folder))
        node.close()


def _state(node: DeployedNode, folder: _Folder) -> dict[str, Any]:
    """What execution client, consensus client and probe say of themselves."""
    questions: dict[str, Callable[[], object]] = {
        "head": node.head,
        "finalized": node.finalized,
        "syncing": node.rpc.syncing,
        "peers": node.rpc.peers,
        "version": node.rpc.client_version,
        "consensus syncing": node.beacon.syncing,
        "consensus finality": node.beacon.finality,
        "consensus peers": lambda: len(node.beacon.peers()),
        "verdict": node.verdict,
    }
    if "probe" in node.ports:
        questions["probe"] = lambda: json.loads(node.link(node.ports["probe"]).send("GET", "/status").body)
    state: dict[str, Any] = {}
    for name, ask in questions.items():
        if folder.closed:
            break
        try:
            state[name] = ask()
        except Exception as trouble:
            # A node that does not answer may be what the evidence is about.
            state[name] = f"no answer: {trouble}"
            folder.lacks(f"{node.name}, {name}", trouble)
    return state
