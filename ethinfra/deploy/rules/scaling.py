"""Who decides how many pods there are."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from ethinfra.deploy.render import title
from ethinfra.deploy.rules.manifests import Manifests, Pods, Scaler, image_of, matches
from ethinfra.kube import Object

#: The trigger by which KEDA asks pods themselves.
_ASKS = "metrics-api"


def autoscaled_workloads_state_no_replicas(manifests: Manifests) -> list[str]:
    """Where an autoscaler decides, the workload has no `replicas` of its own: each apply would set them back."""
    said = []
    for scaler in manifests.scalers:
        found = _scaled(manifests, scaler)
        if not found:
            said.append(f"{title(scaler.owner)}: scales {' '.join(scaler.target)}, which is not rendered")
        said += [
            f"{one.title}: states replicas, and {title(scaler.owner)} decides them"
            for one in found
            if "replicas" in one.owner["spec"]
        ]
    return said


def autoscalers_have_one_way_to_go(manifests: Manifests) -> list[str]:
    """From one replica at least to more, and each workload has one autoscaler: two would undo each other's work."""
    said = []
    for scaler in manifests.scalers:
        if not 1 <= scaler.fewest <= scaler.most:
            said.append(f"{title(scaler.owner)}: scales from {scaler.fewest} to {scaler.most}")
    for pods in manifests.workloads:
        names = [title(scaler.owner) for scaler in manifests.scalers if scaler.is_of(pods)]
        said += [f"{pods.title}: is scaled by {' and '.join(names)}"] * (len(names) > 1)
    return said


def autoscalers_know_what_is_used(manifests: Manifests) -> list[str]:
    """A share of a resource is a share of what is requested: every container of the target requests it."""
    said = []
    for scaler in manifests.scalers:
        shares = list(_shares(scaler))
        if not shares and not any(one["type"] == _ASKS for one in _triggers(scaler)):
            said.append(f"{title(scaler.owner)}: has no metrics to scale by")
        for pods in _scaled(manifests, scaler):
            for resource, name in shares:
                chosen = [one for one in pods.containers if name in ("", one["name"])]
                if not chosen:
                    said.append(f"{pods.title}: has no container {name}, which {title(scaler.owner)} scales by")
                said += [
                    f"{pods.title}: container {one['name']} requests no {resource}, "
                    f"which {title(scaler.owner)} scales by"
                    for one in chosen
                    if resource not in one.get("resources", {}).get("requests", {})
                ]
    return said


def autoscalers_hear_of_the_load(manifests: Manifests) -> list[str]:
    """Where KEDA asks the pods for their load, the address is a Service of theirs, every endpoint counts, and a policy
    lets KEDA in."""
    said = []
    for scaler in manifests.scalers:
        where = title(scaler.owner)
        for trigger in _triggers(scaler):
            if trigger["type"] != _ASKS:
                continue
            metadata = trigger["metadata"]
            url = urlsplit(metadata["url"])
            asked = _service(manifests, scaler, url.hostname or "")
            if metadata.get("aggregateFromKubeServiceEndpoints") != "true" or metadata.get("aggregationType") != "sum":
                said.append(f"{where}: asks one endpoint of many; their sum is the load")
            for pods in _scaled(manifests, scaler):
                port = pods.port(url.port or 80)
                if asked is None or not _leads(manifests, asked, pods):
                    said.append(f"{where}: asks {url.hostname}, which is no Service of {pods.title}")
                elif port is None:
                    said.append(f"{where}: asks port {url.port}, which no container of {pods.title} has")
                elif not _is_admitted(manifests, pods, port):
                    said.append(f"{where}: no policy lets a namespace in to port {port} of {pods.title}")
    return said


def autoscalers_need_no_secrets(manifests: Manifests) -> list[str]:
    """KEDA resolves the environment of one container of its target, its first unless it is told another. It has no
    right to read ConfigMaps and Secrets, and does nothing at all if that container's environment comes from one."""
    said = []
    for scaler in manifests.scalers:
        if scaler.owner["kind"] != "ScaledObject":
            continue
        told = scaler.owner["spec"]["scaleTargetRef"].get("envSourceContainerName")
        for pods in _scaled(manifests, scaler):
            chosen = [one for one in pods.containers if one["name"] == told] if told else pods.containers[:1]
            if not chosen:
                said.append(f"{title(scaler.owner)}: {pods.title} has no container {told} for its environment")
            said += [
                f"{title(scaler.owner)}: the environment of container {one['name']} comes from a ConfigMap or Secret"
                for one in chosen
                if one.get("envFrom")
                or any(
                    {"configMapKeyRef", "secretKeyRef"} & set(entry.get("valueFrom") or {})
                    for entry in one.get("env") or []
                )
            ]
    return said


def autoscalers_take_their_time(manifests: Manifests) -> list[str]:
    """Replicas come at the rate at which they get ready, and go one by one, each after a time without load: `behavior`
    says so in both directions."""
    said = []
    for scaler in manifests.scalers:
        spec = scaler.owner["spec"]
        advanced = spec.get("advanced", {}).get("horizontalPodAutoscalerConfig", {})
        behavior = spec.get("behavior") or advanced.get("behavior") or {}
        for direction in ("scaleUp", "scaleDown"):
            if not behavior.get(direction, {}).get("policies"):
                said.append(f"{title(scaler.owner)}: does not say how fast it may go ({direction})")
        if not behavior.get("scaleDown", {}).get("stabilizationWindowSeconds"):
            said.append(f"{title(scaler.owner)}: takes replicas away at once")
    return said


RULES = (
    autoscaled_workloads_state_no_replicas,
    autoscalers_have_one_way_to_go,
    autoscalers_know_what_is_used,
    autoscalers_hear_of_the_load,
    autoscalers_need_no_secrets,
    autoscalers_take_their_time,
)


def _scaled(manifests: Manifests, scaler: Scaler) -> list[Pods]:
    return [pods for pods in manifests.workloads if scaler.is_of(pods)]


def _triggers(scaler: Scaler) -> list[Object]:
    triggers: list[Object] = scaler.owner["spec"].get("triggers") or []
    return triggers


def _shares(scaler: Scaler) -> Iterator[tuple[str, str]]:
    """Resource and container of each share that it goes by; all containers where it names none."""
    for metric in scaler.owner["spec"].get("metrics") or []:
        if metric["type"] == "Resource":
            yield metric["resource"]["name"], ""
        if metric["type"] == "ContainerResource":
            yield metric["containerResource"]["name"], metric["containerResource"]["container"]
    for trigger in _triggers(scaler):
        if trigger["type"] in ("cpu", "memory"):
            yield trigger["type"], trigger["metadata"].get("containerName", "")


def _service(manifests: Manifests, scaler: Scaler, host: str) -> Object | None:
    """KEDA takes a Service's name and its namespace from the first two labels of the host."""
    name, _, rest = host.partition(".")
    wanted = name, rest.partition(".")[0] or scaler.owner["metadata"]["namespace"]
    services = ((one["metadata"]["name"], one["metadata"]["namespace"], one) for one in manifests.of_kind("Service"))
    return next((one for *address, one in services if tuple(address) == wanted), None)


def _leads(manifests: Manifests, service: Object, pods: Pods) -> bool:
    return pods in manifests.selected(service, {"matchLabels": service["spec"].get("selector") or {}})


def _is_admitted(manifests: Manifests, pods: Pods, port: int) -> bool:
    """Whether a policy lets KEDA's namespace in; any namespace where KEDA is not rendered. True where policies are
    somebody else's."""
    if pods.annotations.get("ethinfra.io/network-policies") == "elsewhere":
        return True
    keda = {one.namespace for one in manifests.workloads if any(_is_keda(container) for container in one.containers)}
    admitted = {
        peer["namespaceSelector"].get("matchLabels", {}).get("kubernetes.io/metadata.name")
        for policy in manifests.of_kind("NetworkPolicy")
        if policy["metadata"]["namespace"] == pods.namespace and matches(policy["spec"]["podSelector"], pods.labels)
        for rule in policy["spec"].get("ingress") or []
        for peer in rule.get("from") or []
        if "namespaceSelector" in peer
        and "podSelector" not in peer
        and any(pods.port(one.get("port", 0)) == port for one in rule.get("ports") or [])
    }
    return bool(admitted & keda if keda else admitted)


def _is_keda(container: Object) -> bool:
    return image_of(container).repository.rpartition("/")[2] == "keda"
