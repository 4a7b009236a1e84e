"""What Prometheus scrapes (NODE-07); for the kinds of its operator, where they are rendered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ethinfra.deploy.render import title
from ethinfra.deploy.rules.manifests import Manifests, Pods, matches
from ethinfra.kube import Object

#: Where everything answers that is not in the table of clients.
_USUAL = "/metrics"


def monitors_lead_to_metrics(manifests: Manifests) -> list[str]:
    """Each endpoint is a port of the one Service that is selected, at the path where that program has its metrics."""
    said = []
    for monitor in manifests.of_kind("ServiceMonitor"):
        services = _services(manifests, monitor)
        if len(services) != 1:
            said.append(f"{title(monitor)}: selects {len(services)} Services, not one")
        for endpoint, service, pods, number in _scrapes(manifests, monitor):
            where = f"{title(monitor)}: endpoint {endpoint['port']}"
            if pods is None or number is None:
                said.append(f"{where} is no port of {title(service)} that leads to a container")
                continue
            served = _served(manifests, pods)
            path = endpoint.get("path", _USUAL)
            if number not in served:
                said.append(f"{where} leads to port {number}, where no container of {pods.title} has metrics")
            elif path != served[number]:
                said.append(f"{where} asks for {path}, and metrics are at {served[number]}")
    return said


def metrics_are_scraped_once(manifests: Manifests) -> list[str]:
    """Where there are monitors, each program's metrics are read by one of them; twice would double every series."""
    monitors = manifests.of_kind("ServiceMonitor")
    scraped = Counter(
        (pods.title, number)
        for monitor in monitors
        for _, _, pods, number in _scrapes(manifests, monitor)
        if pods is not None
    )
    watched = {pods for pods, _ in scraped}
    return [
        f"{node.title}: metrics of port {number} are scraped {scraped[node.title, number]} times"
        for node in manifests.nodes
        if node.title in watched
        for number in _served(manifests, node)
        if scraped[node.title, number] != 1
    ]


RULES = (monitors_lead_to_metrics, metrics_are_scraped_once)


def _services(manifests: Manifests, monitor: Object) -> list[Object]:
    namespace = monitor["metadata"]["namespace"]
    return [
        one
        for one in manifests.of_kind("Service")
        if one["metadata"]["namespace"] == namespace
        and matches(monitor["spec"]["selector"], one["metadata"].get("labels") or {})
    ]


def _scrapes(manifests: Manifests, monitor: Object) -> Iterator[tuple[Object, Object, Pods | None, int | None]]:
    """Each endpoint at each Service that is selected, with the pods and the port that it leads to."""
    for service in _services(manifests, monitor):
        selector = service["spec"].get("selector")
        behind = manifests.selected(service, {"matchLabels": selector}) if selector else []
        for endpoint in monitor["spec"]["endpoints"]:
            port = next((one for one in service["spec"]["ports"] if one["name"] == endpoint["port"]), None)
            if port is None or not behind:
                yield endpoint, service, None, None
            for pods in behind if port else ():
                yield endpoint, service, pods, pods.port(port.get("targetPort", port["port"])) if port else None


def _served(manifests: Manifests, pods: Pods) -> dict[int, str]:
    """Port → path of the metrics of each program in a pod, and of the node probe."""
    served = {
        program["ports"]["metrics"]: program["metrics"]["path"]
        for _, program in manifests.programs(pods)
        if "metrics" in program.get("ports", {}) and "metrics" in program
    }
    ours = [one for one in pods.containers if one["name"] == "probe" or (one.get("args") or [""])[0] == "export"]
    return served | {port["containerPort"]: _USUAL for one in ours for port in one.get("ports", [])}
