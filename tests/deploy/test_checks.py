"""Each layer's own check: that it passes on a layer that works, and says what does not."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from ethinfra.deploy.checks import CHECKS, check_of, ethereum, infrastructure
from ethinfra.environment import load_environment
from ethinfra.errors import LayerUnhealthy
from ethinfra.process import Completed
from tests.deploy.fake_cluster import FakeCluster
from tests.deploy.recorded import live, pod, rendered

LOCAL = load_environment("local")

#: What the API server says of a privileged pod in a namespace that refuses it.
REFUSED = 'pods "layer-check-x" is forbidden: violates PodSecurity "restricted:latest": privileged'


def test_every_layer_that_is_deployed_has_a_check() -> None:
    deployed = [layer.name for layer in LOCAL.layers if not layer.pending]

    assert sorted(CHECKS) == sorted(deployed)
    assert all(callable(check_of(layer)) for layer in deployed)
    assert check_of("istio") is None


# infrastructure


@pytest.fixture
def apart(fake: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    """A cluster whose namespaces deny by default and refuse privileged pods."""
    for layer in LOCAL.layers:
        if layer.namespace != "kube-system":
            labels = {"pod-security.kubernetes.io/enforce": "restricted"}
            deny = rendered("NetworkPolicy", "default-deny", namespace=layer.namespace)
            deny["spec"] = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
            fake.has(live(rendered("Namespace", layer.namespace, labels=labels)), deny)
    answer(fake, monkeypatch, 1, REFUSED)
    return fake


def answer(fake: FakeCluster, monkeypatch: pytest.MonkeyPatch, code: int, said: str) -> None:
    """What the server answers to a privileged pod."""
    monkeypatch.setattr(fake, "kubectl", lambda *_, **__: Completed((), code, "", said), raising=False)


def complaint(fake: FakeCluster) -> str:
    with pytest.raises(LayerUnhealthy) as unhealthy:
        infrastructure.check(fake, LOCAL)  # type: ignore[arg-type]
    return unhealthy.value.seen


def test_namespaces_that_are_kept_apart_are_healthy(apart: FakeCluster) -> None:
    infrastructure.check(apart, LOCAL)  # type: ignore[arg-type]


def test_a_namespace_that_admits_a_privileged_pod_is_named(apart: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(apart, monkeypatch, 0, "")

    assert "namespace ethereum admits a privileged pod" in complaint(apart)


def test_a_refusal_for_another_reason_proves_nothing(apart: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """A quota would refuse it too, with Pod Security switched off."""
    answer(apart, monkeypatch, 1, "exceeded quota")

    assert "for another reason than Pod Security: exceeded quota" in complaint(apart)


def test_a_missing_namespace_is_named(apart: FakeCluster) -> None:
    apart.delete("Namespace", "observability")

    assert complaint(apart) == "namespace observability does not exist"


@pytest.mark.parametrize(
    "change",
    [
        {"ingress": [{}]},
        {"egress": [{}]},
        {"podSelector": {"matchLabels": {"a": "b"}}},
    ],
    ids=["admits", "lets out", "selects some pods"],
)
def test_a_default_that_does_not_deny_is_named(change: dict[str, Any], apart: FakeCluster) -> None:
    apart.objects[("NetworkPolicy", "ethereum", "default-deny")]["spec"] |= change

    assert complaint(apart) == "namespace ethereum has no policy that denies by default"


@pytest.fixture
def scaling(apart: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    """With our KEDA, whose operator answers."""
    labels = {"app.kubernetes.io/part-of": "ethereum-node-infra"}
    service = rendered("APIService", "v1beta1.external.metrics.k8s.io", labels=labels)
    del service["metadata"]["namespace"]
    apart.has(live(service))
    says(apart, monkeypatch, 'error getting scalers ScaledObject.keda.sh "layer-check" not found')
    return apart


def says(fake: FakeCluster, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    """What comes of a question for external metrics; a privileged pod is refused."""

    def kubectl(*words: str, **_: object) -> Completed:
        return Completed((), 1, "", said if "--raw" in words else REFUSED)

    monkeypatch.setattr(fake, "kubectl", kubectl, raising=False)


def test_keda_whose_operator_answers_is_healthy(scaling: FakeCluster) -> None:
    infrastructure.check(scaling, LOCAL)  # type: ignore[arg-type]


def test_an_adapter_that_does_not_reach_the_operator_is_told(
    scaling: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is ready all the same."""
    says(scaling, monkeypatch, "timeout while waiting to establish gRPC connection")

    assert "timeout while waiting to establish gRPC connection" in complaint(scaling)


def test_somebody_elses_metrics_are_not_judged(scaling: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    says(scaling, monkeypatch, "the server could not find the metric layer-check")
    scaling.objects[("APIService", "", "v1beta1.external.metrics.k8s.io")]["metadata"]["labels"] = {}

    infrastructure.check(scaling, LOCAL)  # type: ignore[arg-type]


# ethereum


@dataclass
class Chain:
    """An execution client that answers what it is told to; its head moves by `pace` with each look."""

    head: int = 100
    pace: int = 1
    chain_id: int = 32382
    fork: str = ""
    answers: dict[str, Any] = field(default_factory=dict)

    def answer(self, method: str, params: list[Any]) -> Any:
        if method in self.answers:
            return self.answers[method]
        match method:
            case "eth_blockNumber":
                self.head += self.pace
                return {"result": hex(self.head)}
            case "eth_chainId":
                return {"result": hex(self.chain_id)}
            case _:
                return {"result": {"hash": f"0x{params[0]}{self.fork}"}}


@contextmanager
def served(chain: Chain) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps({"id": 1, **chain.answer(request["method"], request["params"])}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture
def nodes(fake: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Chain]]:
    """Two nodes behind port-forwards, on one chain that advances."""
    chains = {"geth-0": Chain(), "validators-0": Chain()}
    fake.has(*(pod(name, Ready="True") for name in chains))
    monkeypatch.setattr(fake, "list", lambda kind, namespace, labels: [pod(name) for name in chains])  # noqa: ARG005
    # Slots of the network, made short.
    monkeypatch.setattr(ethereum, "_SLOTS", 0.1)
    with ExitStack() as stack:
        ports = {name: stack.enter_context(served(chain)) for name, chain in chains.items()}

        @contextmanager
        def forward(_: str, name: str, port: int) -> Iterator[int]:
            assert port == 8545
            yield ports[name]

        monkeypatch.setattr(fake, "forward", forward, raising=False)
        yield chains


def verdict(fake: FakeCluster) -> str:
    with pytest.raises(LayerUnhealthy) as unhealthy:
        ethereum.check(fake, LOCAL)  # type: ignore[arg-type]
    return str(unhealthy.value)


def test_nodes_that_follow_one_chain_are_healthy(fake: FakeCluster, nodes: dict[str, Chain]) -> None:
    ethereum.check(fake, LOCAL)  # type: ignore[arg-type]

    assert nodes["geth-0"].head > 100


def test_a_head_that_stands_still_is_told_with_its_node(fake: FakeCluster, nodes: dict[str, Chain]) -> None:
    nodes["validators-0"].pace = 0

    said = verdict(fake)

    assert "the nodes do not follow their chain" in said
    assert "the head of validators-0 advances from block 100" in said
    assert "kubectl -n ethereum logs validators-0 -c execution" in said


def test_a_node_of_another_chain_is_told(fake: FakeCluster, nodes: dict[str, Chain]) -> None:
    nodes["geth-0"].chain_id = 1

    assert "geth-0 is on chain 1, not 32382" in verdict(fake)


def test_nodes_that_disagree_on_a_block_are_told(fake: FakeCluster, nodes: dict[str, Chain]) -> None:
    nodes["geth-0"].fork = "f"

    said = verdict(fake)

    assert "the nodes are not on the same chain" in said
    assert "block 0 differs" in said


@pytest.mark.parametrize(
    "wrong", [{"error": {"code": -32000, "message": "database closed"}}, {}], ids=["an error", "no result"]
)
def test_an_answer_that_is_none_is_told(wrong: dict[str, Any], fake: FakeCluster, nodes: dict[str, Chain]) -> None:
    nodes["geth-0"].answers["eth_blockNumber"] = wrong

    assert "geth-0: eth_blockNumber" in verdict(fake)


def test_a_layer_without_nodes_is_not_healthy(fake: FakeCluster, nodes: dict[str, Chain]) -> None:
    """Nothing to look at is not the same as nothing wrong."""
    nodes.clear()

    assert "no node runs in ethereum" in verdict(fake)
