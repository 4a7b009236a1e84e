"""Who reaches whom: a TCP connection tried from a real pod."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from ethinfra.kube import Kube, Object
from ethinfra.trial.pods import LABEL, TrialPod
from ethinfra.waiting import eventually

#: Seconds that a try waits for an answer. A denied connection is dropped or rejected; a dropped one takes this long.
PATIENCE = 2


class Answer(StrEnum):
    """What a connection attempt came to."""

    OPEN = "open"
    REFUSED = "refused"
    SILENT = "silent"


_TRY = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=float(sys.argv[3])).close()
    print("open")
except TimeoutError:
    print("silent")
except OSError:
    print("refused")
"""


def connect(source: TrialPod, host: str, port: int) -> Answer:
    """Try one TCP connection from a pod."""
    return Answer(source.python(_TRY, host, str(port), str(PATIENCE)).stdout.strip())


@contextmanager
def admitted(kube: Kube, source: TrialPod, target: Object) -> Iterator[None]:
    """While this lasts, policies admit all traffic from the source pod to the target pod.

    Two policies of our own (egress at the source, ingress at the target) are added and removed again; policies are
    unions, so none of the deployment's own is touched.
    """
    mark = secrets.token_hex(4)
    both = [(source.namespace, source.name), (target["metadata"]["namespace"], target["metadata"]["name"])]
    # A label of the pair's own: another scenario may admit another source to the same target meanwhile.
    label = f"{LABEL}-pair-{mark}"
    marked = {label: "true"}
    here, there = both
    policies = [
        _policy(f"trial-egress-{mark}", here[0], marked, "Egress"),
        _policy(f"trial-ingress-{mark}", there[0], marked, "Ingress"),
    ]
    try:
        for namespace, name in both:
            kube.patch("Pod", name, namespace, {"metadata": {"labels": marked}})
        for policy in policies:
            kube.apply(policy)
        yield
    finally:
        for policy in policies:
            kube.delete("NetworkPolicy", policy["metadata"]["name"], policy["metadata"]["namespace"])
        for namespace, name in both:
            kube.patch("Pod", name, namespace, {"metadata": {"labels": {label: None}}})


def must_reach(source: TrialPod, host: str, port: int, *, within: float) -> None:
    """The connection opens within the time that a policy may take to be in force."""
    eventually(
        f"{source.name} reaches {host}:{port}",
        lambda: connect(source, host, port),
        until=lambda answer: answer is Answer.OPEN,
        within=within,
        hint="kubectl get networkpolicy -A",
    )


def must_not_reach(source: TrialPod, host: str, port: int, *, within: float) -> None:
    """The connection is refused or ignored, three times in a row, within the time that a policy may take."""
    denied = 0

    def look() -> int:
        nonlocal denied
        denied = denied + 1 if connect(source, host, port) is not Answer.OPEN else 0
        return denied

    eventually(
        f"{source.name} is kept from {host}:{port} (three tries in a row)",
        look,
        until=lambda count: count >= 3,
        within=within,
        hint="kubectl get networkpolicy -A",
    )


def must_keep_apart(kube: Kube, source: TrialPod, target: TrialPod, port: int, *, within: float) -> None:
    """The source reaches the target if and only if a rule of ours admits the pair."""
    seen = kube.get("Pod", target.name, target.namespace)
    assert seen is not None
    address = seen["status"]["podIP"]
    must_not_reach(source, address, port, within=within)
    with admitted(kube, source, seen):
        must_reach(source, address, port, within=within)
    must_not_reach(source, address, port, within=within)


def _policy(name: str, namespace: str, labels: dict[str, str], direction: str) -> Object:
    peers = [{"namespaceSelector": {}, "podSelector": {"matchLabels": labels}}]
    rule = {"egress": [{"to": peers}]} if direction == "Egress" else {"ingress": [{"from": peers}]}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace, "labels": {LABEL: "policy"}},
        "spec": {"podSelector": {"matchLabels": labels}, "policyTypes": [direction], **rule},
    }
