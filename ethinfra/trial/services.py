"""Whether Services lead where they say: to ports that containers listen on, and to the pods that should answer."""

from __future__ import annotations

from ethinfra.kube import Kube
from ethinfra.waiting import eventually

_TRY_ALL = """
import socket, sys
pod = socket.gethostbyname(socket.gethostname())
for target in sys.argv[1:]:
    port, protocol = target.split("/")
    if protocol == "UDP":
        tables = "".join(open(f"/proc/net/{name}").read() for name in ("udp", "udp6"))
        if f":{int(port):04X} " not in tables:
            print(target)
    else:
        with socket.socket() as probe:
            probe.settimeout(2)
            if probe.connect_ex((pod, int(port))):
                print(target)
"""


def endpoints(kube: Kube, namespace: str, service: str) -> dict[str, bool]:
    """Pods behind a Service, and whether each is ready for traffic."""
    slices = kube.list("EndpointSlice", namespace, labels=f"kubernetes.io/service-name={service}")
    return {
        one["targetRef"]["name"]: bool(one.get("conditions", {}).get("ready"))
        for found in slices
        for one in found.get("endpoints") or []
        if one.get("targetRef")
    }


def must_be_in_service(kube: Kube, namespace: str, service: str, pod: str, *, within: float) -> None:
    """The pod is a ready endpoint of the Service within so many seconds."""
    _must_be(kube, namespace, service, pod, ready=True, within=within)


def must_be_out_of_service(kube: Kube, namespace: str, service: str, pod: str, *, within: float) -> None:
    """The pod is no ready endpoint of the Service within so many seconds."""
    _must_be(kube, namespace, service, pod, ready=False, within=within)


def silent_ports(kube: Kube, namespace: str, *, labels: str) -> list[str]:
    """Ports behind which a ready endpoint does not listen, as `service/pod:port`, and Services without endpoints.

    Looked at from inside each pod, by a container with a Python, so that no network policy answers in the port's place.
    """
    found = kube.list("Service", namespace, labels=labels)
    silent = [] if found else [f"no service with {labels}"]
    for service in found:
        name = service["metadata"]["name"]
        targets = _targets(kube, namespace, name)
        if not targets:
            silent.append(f"{name}: no endpoint")
        for pod, ports in targets.items():
            inside = _with_python(kube, namespace, pod)
            tried = kube.exec(namespace, pod, inside, "python3", "-c", _TRY_ALL, *sorted(ports)).stdout.split()
            silent += [f"{name}/{pod}:{port}" for port in tried]
    return silent


def _with_python(kube: Kube, namespace: str, pod: str) -> str:
    """A node's probe, or the only container of a pod of ours that is no node."""
    found = kube.get("Pod", pod, namespace)
    names = [one["name"] for one in found["spec"]["containers"]] if found else []
    return "probe" if "probe" in names or not names else str(names[0])


def _targets(kube: Kube, namespace: str, service: str) -> dict[str, set[str]]:
    """Ready pods of a Service → `port/protocol` that traffic is sent to."""
    found: dict[str, set[str]] = {}
    for one in kube.list("EndpointSlice", namespace, labels=f"kubernetes.io/service-name={service}"):
        ports = {f"{port['port']}/{port.get('protocol', 'TCP')}" for port in one.get("ports") or []}
        for endpoint in one.get("endpoints") or []:
            if endpoint.get("conditions", {}).get("ready") and endpoint.get("targetRef"):
                found.setdefault(endpoint["targetRef"]["name"], set()).update(ports)
    return found


def _must_be(kube: Kube, namespace: str, service: str, pod: str, *, ready: bool, within: float) -> None:
    state = "in" if ready else "out of"

    def look() -> dict[str, bool]:
        return endpoints(kube, namespace, service)

    eventually(
        f"{pod} is {state} service {service}",
        look,
        until=lambda seen: seen.get(pod, False) is ready,
        within=within,
        hint=f"kubectl -n {namespace} get endpointslices -l kubernetes.io/service-name={service} -o yaml",
    )
