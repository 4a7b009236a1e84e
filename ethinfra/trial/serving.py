"""Fleets of serve nodes that scenarios add: releases of the layer's own chart, which start from a snapshot."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from pathlib import Path
from typing import Any

import yaml

from ethinfra.chain.discovery import DeployedNode, find_nodes, samples
from ethinfra.chain.jsonrpc import JsonRpc
from ethinfra.chain.node import Node
from ethinfra.cluster.provider import Cluster
from ethinfra.deploy import install_release, release_values, uninstall_release
from ethinfra.deploy.release import Values
from ethinfra.environment import Environment, merge
from ethinfra.errors import BadInput, ChainError, ClusterError
from ethinfra.kube import Kube, Object
from ethinfra.trial.scripted import CHART
from ethinfra.waiting import eventually

#: Execution client of the snapshots that scenarios take, and so of the fleets that start from them.
CLIENT = "geth"

#: The node probe's figure by which a scaler counts.
REQUEST_RATE = "ethinfra_rpc_requests_per_second"

#: What a guest of the deployment asks to be reserved; it may use what the values say.
LITTLE: Values = {"resources": {"requests": {"cpu": "20m"}}}
RESTORE: Values = {"requests": {"cpu": "20m", "memory": "128Mi"}, "limits": {"cpu": "2", "memory": "512Mi"}}

#: Seconds between two looks at a pod that starts.
_EVERY = 0.25


@dataclass(frozen=True)
class Restore:
    """What an init container said about its restore. Chunks by where they came from."""

    snapshot: str
    kept: int
    shared: int
    copied: int
    fetched: int

    @property
    def cached(self) -> int:
        """Chunks from the Kubernetes node's own cache."""
        return self.shared + self.copied


#: The last line of `pod restore` (ethinfra/snapshot/job/pod_restore.py), with its counts (`assembly.Counts`).
_RESTORED = re.compile(
    r"restored (\S+), block \d+: .* chunks: (\d+) were there, (\d+) shared with the cache, (\d+) copied from it, "
    r"(\d+) fetched"
)


def restore_of(log: str) -> Restore:
    """What the log of a restore says at its end. ClusterError if it restored nothing."""
    found = _RESTORED.search(log)
    if not found:
        raise ClusterError("the log of a restore", expected="what was restored", seen=log[-500:] or "nothing")
    return Restore(found[1], *(int(number) for number in found.groups()[1:]))


@dataclass(frozen=True)
class Seen:
    """A pod at one moment of its start. head: of its client, None while it gives no answer; leader: of a sync node.

    The leader was asked first and the pod's client last, so a pod that is at the head is never seen behind it.
    """

    ready: bool
    head: int | None
    leader: int

    def behind(self) -> float:
        """Blocks; infinitely many while there is no answer."""
        return float("inf") if self.head is None else self.leader - self.head


@dataclass(frozen=True)
class Start:
    """A replica from its creation until Kubernetes sent it traffic. seconds: between the two, as Kubernetes says."""

    node: DeployedNode
    uid: str
    kubernetes_node: str
    seconds: float
    seen: tuple[Seen, ...]
    restore: Restore


def must_have_caught_up_first(seen: Sequence[Seen], *, spread: int) -> None:
    """The pod was ready at no moment at which it was further behind; before that, it was seen behind and not ready."""
    early = [one for one in seen if one.ready and one.behind() > spread]
    if early:
        raise ChainError(
            "a serve node that starts", expected=f"not ready while more than {spread} blocks behind", seen=str(early[0])
        )
    if not any(one.ready for one in seen):
        raise ChainError("a serve node that starts", expected="ready at the head", seen=f"never: {seen[-1:]}")
    if not any(not one.ready and one.behind() > spread for one in seen):
        raise ChainError(
            "a serve node that starts", expected="to be seen before it had caught up", seen=f"{len(seen)} looks"
        )


class Fleet:
    """Serve nodes of one release, behind Services of their own. Not installed yet."""

    def __init__(self, cluster: Cluster, kube: Kube, env: Environment, name: str) -> None:
        self._cluster = cluster
        self._env = env
        self._nodes: dict[str, DeployedNode] = {}
        self.kube = kube
        self.name = name
        self.namespace = env.layer("ethereum").namespace

    @property
    def url(self) -> str:
        """Of its Service for RPC, inside the cluster."""
        return f"http://{self.name}-rpc.{self.namespace}.svc:{self.port('rpc')}"

    @property
    def _labels(self) -> str:
        return f"app.kubernetes.io/instance={self.name}"

    def install(self, *, together: bool = False, prefix: str = "", **differing: Any) -> None:
        """Deploy one node as the layer's own of geth, but it must find a snapshot to start from, and nobody scales it.

        together:  all of its pods are on the Kubernetes node of the first
        prefix:    of the repositories with the snapshots, instead of the deployment's
        differing: keys of `serve.nodes[]` that differ
        """
        with tempfile.TemporaryDirectory(prefix="ethinfra-serve-") as folder:
            base = release_values(self._env, "ethereum", "serve", into=Path(folder) / "serve.yaml")
            guest: Values = {
                "name": self.name,
                "replicas": 1,
                "restore": {"required": True, "resources": RESTORE},
                "autoscaling": {"enabled": False},
                "execution": LITTLE,
                "consensus": LITTLE,
                **({"placement": {"affinity": self._beside_each_other()}} if together else {}),
            }
            node = reduce(merge, [serve_node(yaml.safe_load(base.read_text()), CLIENT), guest, differing])
            own: Values = {"serve": {"nodes": [node]}}
            if prefix:
                own["snapshots"] = {"registry": {"prefix": prefix}}
            install_release(self._cluster, self.name, CHART, [base, own], self.namespace)

    def port(self, name: str) -> int:
        """Of a Service whose purpose has that name: `rpc` or `ws`."""
        service = self.kube.get("Service", f"{self.name}-{name}", self.namespace)
        if service is None:
            raise ClusterError(f"there is no Service {self.namespace}/{self.name}-{name}")
        return int(service["spec"]["ports"][0]["port"])

    def pods(self) -> list[Object]:
        """Its pods that are not on their way out, the oldest first."""
        found = [pod for pod in self._all_pods() if not pod["metadata"].get("deletionTimestamp")]
        return sorted(found, key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]))

    def ready(self) -> list[DeployedNode]:
        """Those of its nodes that get traffic, the oldest first."""
        return [self._node(pod) for pod in self.pods() if is_ready(pod)]

    def scale(self, replicas: int) -> None:
        """Ask for so many replicas. Returns at once."""
        self.kube.patch("Deployment", self.name, self.namespace, {"spec": {"replicas": replicas}})

    def must_have(self, replicas: int, *, within: float) -> list[DeployedNode]:
        """So many replicas are ready, and no other pod is there; them."""

        def look() -> dict[str, str]:
            return {pod["metadata"]["name"]: _state(pod) for pod in self._all_pods()}

        eventually(
            f"fleet {self.name} has {replicas} ready replicas and no other pod",
            look,
            until=lambda seen: list(seen.values()) == ["ready"] * replicas,
            within=within,
            hint=f"kubectl -n {self.namespace} describe pod -l {self._labels}",
        )
        return self.ready()

    def follow_start(self, leader: Node, *, besides: Sequence[str] = (), within: float) -> Start:
        """Watch a new pod, from now on until it is ready. besides: uids of pods that were there before"""
        seen: list[Seen] = []

        def look() -> str:
            ahead = leader.head().number
            new = [pod for pod in self.pods() if pod["metadata"]["uid"] not in besides]
            if not new:
                return "no new pod yet"
            seen.append(Seen(is_ready(new[0]), self._head(new[0]), ahead))
            return "ready" if seen[-1].ready else f"{_state(new[0])}; {seen[-1]}"

        eventually(
            f"a new pod of fleet {self.name} is ready",
            look,
            until=lambda state: state == "ready",
            within=within,
            every=_EVERY,
            hint=f"kubectl -n {self.namespace} describe pod -l {self._labels}",
        )
        pod = next(pod for pod in self.pods() if pod["metadata"]["uid"] not in besides)
        log = self.kube.logs(self.namespace, pod["metadata"]["name"], "restore")
        return Start(
            self._node(pod),
            pod["metadata"]["uid"],
            pod["spec"]["nodeName"],
            seconds_to_ready(pod),
            tuple(seen),
            restore_of(log),
        )

    def failed_restore(self, *, within: float) -> str:
        """What the first restore of its pod that failed has said. ChainError if a client was started all the same."""

        pod = eventually(
            f"the restore of a pod of fleet {self.name} has ended",
            lambda: next((pod for pod in self.pods() if failures(pod, "restore") or started_clients(pod)), None),
            within=within,
            hint=f"kubectl -n {self.namespace} describe pod -l {self._labels}",
        )
        name = pod["metadata"]["name"]
        logs = [self.kube.logs(self.namespace, name, "restore", previous=before) for before in (True, False)]
        for one in [pod, *self.pods()]:
            must_have_started_nothing(one)
        return "\n".join(logs)

    def request_rates(self) -> dict[str, float | None]:
        """What the probe of each ready replica says of requests per second; None where it does not know."""
        return {node.pod: probe_samples(node).get(REQUEST_RATE) for node in self.ready()}

    def remove(self) -> None:
        """With its volumes, which go with its pods."""
        for node in self._nodes.values():
            node.close()
        self._nodes.clear()
        uninstall_release(self._cluster, self.name, self.namespace)
        eventually(
            f"the pods of fleet {self.name} are gone", lambda: not self._all_pods(), within=180, hint="finalizers?"
        )

    def _beside_each_other(self) -> Object:
        term = {
            "topologyKey": "kubernetes.io/hostname",
            "labelSelector": {"matchLabels": {"app.kubernetes.io/instance": self.name}},
        }
        return {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}

    def _all_pods(self) -> list[Object]:
        return self.kube.list("Pod", self.namespace, labels=self._labels)

    def _node(self, pod: Object) -> DeployedNode:
        name = pod["metadata"]["name"]
        if name not in self._nodes:
            found = {node.pod: node for node in find_nodes(self.kube, self.namespace, labels=self._labels)}
            if name not in found:
                raise ChainError(f"pod {name} does not run")
            self._nodes[name] = found[name]
        return self._nodes[name]

    def _head(self, pod: Object) -> int | None:
        """None while its client does not answer."""
        if not _runs(pod, "execution"):
            return None
        node = self._node(pod)
        try:
            return JsonRpc(node.link(node.ports["rpc"], within=3)).head().number
        except ChainError:
            return None


def serve_node(values: Values, client: str) -> Values:
    """The entry of `serve.nodes` whose execution client that is, in the values of a release. BadInput if none is."""
    serve = values["serve"]
    usual = serve.get("defaults", {}).get("execution", {}).get("client", CLIENT)
    for node in serve["nodes"]:
        if node.get("execution", {}).get("client", usual) == client:
            found: Values = node
            return found
    raise BadInput(f"serve.nodes has no node of {client}", todo="deploy one, or snapshots of another client")


def must_answer_alike(nodes: Sequence[Node], number: int, account: str) -> dict[str, Any]:
    """The same block, receipts, balance and logs at a height; question → answer. ChainError if any two differ."""
    height = hex(number)
    asked: dict[str, list[Any]] = {
        "eth_getBlockByNumber": [height, True],
        "eth_getBlockReceipts": [height],
        "eth_getBalance": [account, height],
        "eth_getLogs": [{"fromBlock": "0x0", "toBlock": height}],
    }
    agreed = {}
    for method, params in asked.items():
        said = {node.name: node.rpc.call(method, *params) for node in nodes}
        answers = list(said.values())
        if answers[0] is None or any(answer != answers[0] for answer in answers):
            raise ChainError(f"{method} at block {number}", expected="one answer, of all nodes", seen=str(said)[:1500])
        agreed[method] = answers[0]
    return agreed


def probe_status(node: DeployedNode) -> dict[str, Any]:
    """All that its probe says of a node."""
    answer = node.link(node.ports["probe"]).send("GET", "/status")
    try:
        said: dict[str, Any] = json.loads(answer.body)
    except ValueError as reason:
        raise ChainError(f"{node.name}: node probe", expected="JSON", seen=f"{answer.body[:120]!r}") from reason
    return said


def probe_samples(node: DeployedNode) -> dict[str, float]:
    """The samples of a node's probe, by name with labels."""
    return samples(node.link(node.ports["probe"]).send("GET", "/metrics").body.decode())


def is_ready(pod: Object) -> bool:
    return any(one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions") or [])


def seconds_to_ready(pod: Object) -> float:
    """From its creation until it was ready. Kubernetes counts in whole seconds."""
    ready = next(one for one in pod["status"]["conditions"] if one["type"] == "Ready")
    created, turned = pod["metadata"]["creationTimestamp"], ready["lastTransitionTime"]
    return (datetime.fromisoformat(turned) - datetime.fromisoformat(created)).total_seconds()


def started_clients(pod: Object) -> list[str]:
    """Its containers that run, or ran."""
    return [
        one["name"]
        for one in pod["status"].get("containerStatuses") or []
        if one.get("restartCount") or set(one.get("state") or {}) - {"waiting"}
    ]


def must_have_started_nothing(pod: Object) -> None:
    """ChainError if one of its containers runs, or ran."""
    started = started_clients(pod)
    if started:
        raise ChainError(
            f"pod {pod['metadata']['name']}", expected="no container is started without data", seen=", ".join(started)
        )


def failures(pod: Object, init: str) -> int:
    """How often an init container of that name has failed."""
    for one in pod["status"].get("initContainerStatuses") or []:
        if one["name"] == init:
            ended = (one.get("state") or {}).get("terminated")
            return int(one.get("restartCount") or 0) + bool(ended and ended["exitCode"])
    return 0


def _runs(pod: Object, container: str) -> bool:
    return any(
        one["name"] == container and "running" in (one.get("state") or {})
        for one in pod["status"].get("containerStatuses") or []
    )


def _state(pod: Object) -> str:
    """`ready`, `leaving`, or what its containers wait for."""
    if pod["metadata"].get("deletionTimestamp"):
        return "leaving"
    if is_ready(pod):
        return "ready"
    status = pod["status"]
    containers = [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
    waits = {
        one["name"]: (one.get("state") or {}).get("waiting", {}).get("reason") or "not ready"
        for one in containers
        if not one.get("ready")
    }
    return f"{status.get('phase')}: {waits}"
