"""What rules look at: rendered objects, the pods that come of them, and what is known of the clients in those."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, NamedTuple, Protocol

from ethinfra.clients import RecordedFlags, known_clients, recorded_flags
from ethinfra.deploy.render import Rendered, title
from ethinfra.kube import Object

#: Kinds whose pods run until somebody ends them.
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")

_WITH_PODS = (*WORKLOADS, "Job", "CronJob", "Pod")

#: Container of a node's pod → label of the pod that names its client. The validator client is the consensus client's.
PROGRAMS = {
    "execution": "ethinfra.io/client",
    "consensus": "ethinfra.io/consensus-client",
    "validator": "ethinfra.io/consensus-client",
}


FlagLists = dict[str, dict[str, RecordedFlags]]


@cache
def flag_lists() -> FlagLists:
    """The recorded flags of all clients: client → program → list."""
    return {client: recorded_flags(client) for client in known_clients()}


class Rule(Protocol):
    """See the package."""

    __name__: str

    def __call__(self, manifests: Manifests) -> list[str]: ...


class Program(NamedTuple):
    """A container that runs a client's program. known: what the table says of it"""

    container: Object
    client: str
    name: str
    known: Object


@dataclass(frozen=True)
class Pods:
    """The pods that come of one object: `replicas` of them from one template."""

    owner: Object
    template: Object

    @property
    def title(self) -> str:
        return title(self.owner)

    @property
    def namespace(self) -> str:
        namespace: str = self.owner["metadata"]["namespace"]
        return namespace

    @property
    def replicas(self) -> int:
        return int(self.owner.get("spec", {}).get("replicas", 1))

    @property
    def claims(self) -> list[Object]:
        """Templates of the claims that each pod gets for itself, those that go with the pod too."""
        lasting: list[Object] = self.owner.get("spec", {}).get("volumeClaimTemplates") or []
        return [*lasting, *self.passing_claims]

    @property
    def passing_claims(self) -> list[Object]:
        """Templates of the claims that go with the pod, under the names of their volumes."""
        return [
            {"metadata": {"name": one["name"]}, "spec": one["ephemeral"]["volumeClaimTemplate"]["spec"]}
            for one in self.spec.get("volumes", [])
            if "ephemeral" in one
        ]

    @property
    def labels(self) -> dict[str, str]:
        labels: dict[str, str] = self.template.get("metadata", {}).get("labels", {})
        return labels

    @property
    def annotations(self) -> dict[str, str]:
        annotations: dict[str, str] = self.template.get("metadata", {}).get("annotations") or {}
        return annotations

    @property
    def spec(self) -> Object:
        spec: Object = self.template["spec"]
        return spec

    @property
    def containers(self) -> list[Object]:
        """Those that run all the time."""
        containers: list[Object] = self.spec["containers"]
        return containers

    @property
    def before(self) -> list[Object]:
        """Those that run one after the other before them, sidecars among them."""
        containers: list[Object] = self.spec.get("initContainers") or []
        return containers

    @property
    def all_containers(self) -> list[Object]:
        """With those that run before."""
        return [*self.before, *self.containers]

    def container(self, name: str) -> Object | None:
        return next((one for one in self.containers if one["name"] == name), None)

    @property
    def is_node(self) -> bool:
        """Whether it is a node of a chain, by its labels or by what runs in it."""
        return PROGRAMS["execution"] in self.labels or any(one["name"] in PROGRAMS for one in self.containers)

    @property
    def ports(self) -> list[tuple[str, int, str]]:
        """Name, number and protocol of every port that a container declares."""
        return [
            (port.get("name", ""), port["containerPort"], port.get("protocol", "TCP"))
            for container in self.containers
            for port in container.get("ports", [])
        ]

    def port(self, wanted: str | int, protocol: str = "TCP") -> int | None:
        """The number of a declared port, by its name or number; None if there is none."""
        for name, number, spoken in self.ports:
            if wanted in (name, number) and spoken == protocol:
                return number
        return None


class Scaler(NamedTuple):
    """An autoscaler, by the same words for both kinds."""

    owner: Object
    fewest: int
    most: int

    @classmethod
    def of(cls, owner: Object) -> Scaler:
        spec = owner["spec"]
        if owner["kind"] == "ScaledObject":
            return cls(owner, spec.get("minReplicaCount", 0), spec.get("maxReplicaCount", 100))
        return cls(owner, spec.get("minReplicas", 1), spec["maxReplicas"])

    @property
    def target(self) -> tuple[str, str]:
        """Kind and name of what it scales."""
        reference = self.owner["spec"]["scaleTargetRef"]
        return reference.get("kind", "Deployment"), reference["name"]

    def is_of(self, pods: Pods) -> bool:
        one = pods.owner
        same = self.owner["metadata"]["namespace"] == pods.namespace
        return same and self.target == (one["kind"], one["metadata"]["name"])


@dataclass(frozen=True)
class Manifests:
    """All objects of an environment's layers.

    clients: the table of clients, as in values/clients: name → program → what is known of it
    flags: the flags that they have, as in values/clients/flags
    """

    objects: tuple[Object, ...]
    clients: dict[str, Any]
    flags: FlagLists = field(default_factory=flag_lists)

    @classmethod
    def of(cls, layers: Iterable[Rendered]) -> Manifests:
        return cls(tuple(one for layer in layers for one in layer.objects), known_clients())

    def of_kind(self, *kinds: str) -> list[Object]:
        return [one for one in self.objects if one["kind"] in kinds]

    @cached_property
    def pods(self) -> list[Pods]:
        return [Pods(one, _template(one)) for one in self.of_kind(*_WITH_PODS)]

    @property
    def scalers(self) -> list[Scaler]:
        """Autoscalers of both kinds."""
        return [Scaler.of(one) for one in self.of_kind("HorizontalPodAutoscaler", "ScaledObject")]

    def replicas(self, pods: Pods) -> tuple[int, int]:
        """Fewest and most, where an autoscaler decides; else what the workload says, twice."""
        for scaler in self.scalers:
            if scaler.is_of(pods):
                return scaler.fewest, scaler.most
        return pods.replicas, pods.replicas

    @cached_property
    def workloads(self) -> list[Pods]:
        return [pods for pods in self.pods if pods.owner["kind"] in WORKLOADS]

    @cached_property
    def nodes(self) -> list[Pods]:
        return [pods for pods in self.pods if pods.is_node]

    @property
    def namespaces(self) -> list[str]:
        """Those that are rendered, and those that anything rendered lives in."""
        rendered = {one["metadata"]["name"] for one in self.of_kind("Namespace")}
        return sorted(rendered | {one["metadata"].get("namespace", "") for one in self.objects} - {""})

    def selected(self, one: Object, selector: Object) -> list[Pods]:
        """Pods of an object's namespace that a label selector of it matches."""
        namespace = one["metadata"]["namespace"]
        return [pods for pods in self.pods if pods.namespace == namespace and matches(selector, pods.labels)]

    def programs(self, node: Pods) -> Iterator[tuple[Object, Object]]:
        """Each client's container in a node, with what is known of its program."""
        for one in self._running(node):
            yield one.container, one.known

    def all_programs(self, node: Pods) -> Iterator[Program]:
        """Each client's container in a node; also those that run before, which are known by image and command."""
        yield from self._running(node)
        for container in node.before:
            found = self._by_command.get((image_of(container).repository, tuple(container.get("command", []))))
            if found:
                yield Program(container, *found)

    def flags_of(self, program: Program) -> RecordedFlags | None:
        """The recorded flags of what a container runs."""
        return self.flags.get(program.client, {}).get(program.name)

    def _running(self, node: Pods) -> Iterator[Program]:
        for name, label in PROGRAMS.items():
            client = node.labels.get(label, "")
            container, known = node.container(name), self.clients.get(client, {})
            if container is not None and name in known:
                yield Program(container, client, name, known[name])

    @cached_property
    def _by_command(self) -> dict[tuple[str, tuple[str, ...]], tuple[str, str, Object]]:
        return {
            (known["image"]["repository"], tuple(known["command"])): (client, name, known)
            for client, programs in self.clients.items()
            for name, known in programs.items()
        }


def matches(selector: Object, labels: dict[str, str]) -> bool:
    """Whether a label selector (`matchLabels`, `matchExpressions`) matches; an empty one matches everything."""
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    return all(_holds(one, labels) for one in selector.get("matchExpressions") or [])


def _holds(expression: Object, labels: dict[str, str]) -> bool:
    key, values = expression["key"], expression.get("values", [])
    match expression["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case _:
            return key not in labels


def flag_templates(program: Object) -> list[str]:
    """Every flag that the table has for a program, of all purposes and options, as it is written there."""
    options = [one["flags"] for one in (program.get("options") or {}).values()]
    return [*_leaves(program.get("flags", {})), *_leaves(options)]


def _leaves(tree: Any) -> list[str]:
    if isinstance(tree, str):
        return [tree]
    return [leaf for branch in (tree.values() if isinstance(tree, dict) else tree) for leaf in _leaves(branch)]


def arguments(container: Object) -> list[tuple[str, str]]:
    """Flags of a container with their values, from `--name=value` as well as from `--name value`."""
    words = [*container.get("command", []), *container.get("args", [])]
    flags = []
    for word, after in zip(words, [*words[1:], ""], strict=False):
        if word.startswith("-"):
            name, equals, value = word.partition("=")
            flags.append((name, value if equals else "" if after.startswith("-") else after))
    return flags


class Image(NamedTuple):
    """An image reference in its parts; a missing one is empty."""

    repository: str
    tag: str
    digest: str


def image_of(container: Object) -> Image:
    name, _, digest = container["image"].partition("@")
    repository, colon, tag = name.rpartition(":")
    # Without a tag, the last colon may be that of the registry's port.
    return Image(repository, tag, digest) if colon and "/" not in tag else Image(name, "", digest)


def _template(owner: Object) -> Object:
    template: Object
    match owner["kind"]:
        case "Pod":
            template = owner
        case "CronJob":
            template = owner["spec"]["jobTemplate"]["spec"]["template"]
        case _:
            template = owner["spec"]["template"]
    return template
