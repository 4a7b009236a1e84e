"""Layers come up in the order of their needs, each on healthy ground, and go the other way round."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ethinfra.cluster.provider import Cluster
from ethinfra.deploy import apply_layer, apply_layers, destroy_layers, layers, validate_layer
from ethinfra.deploy.render import Rendered
from ethinfra.environment import Environment
from ethinfra.errors import BadInput, LayerUnhealthy
from ethinfra.kube import Kube
from ethinfra.progress import silent
from tests.deploy.fake_cluster import FakeCluster
from tests.deploy.recorded import live, rendered

FAILED = {
    "conditions": [{"type": "Failed", "status": "True", "message": "Job has reached the specified backoff limit"}]
}


def test_all_layers_come_up_in_order(cluster: Cluster, environment: Environment, fake: FakeCluster) -> None:
    applied = apply_layers(cluster, environment, silent())

    assert fake.commands("sync") == ["sync infrastructure", "sync middle", "sync aside", "sync top"]
    assert [one.layer for one in applied] == ["infrastructure", "mesh", "middle", "aside", "top"]


def test_a_layer_is_healthy_before_the_next_one_is_started(
    cluster: Cluster, environment: Environment, fake: FakeCluster
) -> None:
    apply_layers(cluster, environment, silent())

    looked, started = fake.asked.index("get Job ethereum/genesis"), fake.asked.index("sync top")
    assert fake.asked.index("sync middle") < looked < started


def test_one_layer_brings_what_it_needs_and_no_more(
    cluster: Cluster, environment: Environment, fake: FakeCluster
) -> None:
    apply_layers(cluster, environment, silent(), only=["top"])

    assert fake.commands("sync") == ["sync infrastructure", "sync middle", "sync top"]


def test_a_layer_that_fails_stops_those_above(cluster: Cluster, environment: Environment, fake: FakeCluster) -> None:
    """A job that has failed does not recover, so nobody waits for it."""
    fake.status["genesis"] = FAILED

    with pytest.raises(LayerUnhealthy) as failed:
        apply_layers(cluster, environment, silent())

    assert fake.commands("sync") == ["sync infrastructure", "sync middle"]
    assert "layer middle failed" in str(failed.value)
    assert "Job ethereum/genesis: has failed: Job has reached the specified backoff limit" in str(failed.value)


def test_a_layer_that_does_not_get_healthy_in_time_says_what_is_missing(
    cluster: Cluster, environment: Environment, fake: FakeCluster
) -> None:
    fake.status["geth"] = {"readyReplicas": 1}

    with pytest.raises(LayerUnhealthy) as late:
        apply_layers(cluster, environment, silent())

    assert "layer top is not healthy after 1s" in str(late.value)
    assert "StatefulSet ethereum/geth: 1 of 2 pods are ready" in str(late.value)


def test_applying_resumes_where_it_stopped(cluster: Cluster, environment: Environment, fake: FakeCluster) -> None:
    fake.status["genesis"] = FAILED
    with pytest.raises(LayerUnhealthy):
        apply_layers(cluster, environment, silent())

    fake.status.clear()
    applied = apply_layers(cluster, environment, silent())

    assert [one.layer for one in applied if one.objects] == ["infrastructure", "middle", "aside", "top"]


def test_nothing_is_started_on_a_layer_that_is_not_healthy(
    cluster: Cluster, environment: Environment, fake: FakeCluster
) -> None:
    """By itself, `deploy --layer top` looks at what it needs and does not mend it."""
    fake.has(live(rendered("Service", "middle")))

    with pytest.raises(LayerUnhealthy) as refused:
        apply_layer(cluster, environment, "top", silent())

    assert fake.commands("sync") == []
    assert str(refused.value).startswith("layer top was not started: it needs layer middle, which is not healthy")
    assert "Job ethereum/genesis: does not exist" in str(refused.value)
    assert "ethinfra deploy --layer middle" in str(refused.value)


def test_a_need_whose_own_check_fails_is_not_healthy(
    cluster: Cluster, environment: Environment, fake: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(*_: object) -> None:
        raise LayerUnhealthy("the genesis is of yesterday")

    monkeypatch.setattr(layers, "check_of", lambda name: check if name == "middle" else None)
    fake.has(*(live(one) for one in fake.layers["middle"]))

    with pytest.raises(LayerUnhealthy, match="the genesis is of yesterday"):
        apply_layer(cluster, environment, "top", silent())

    assert fake.commands("sync") == []


def test_a_layer_is_done_when_its_own_check_passes(
    cluster: Cluster, environment: Environment, fake: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not when helm returns, and not when the objects are there."""
    tried: list[str] = []

    def check(*_: object) -> None:
        tried.append(fake.asked[-1])
        if len(tried) < 2:
            raise LayerUnhealthy("not yet")

    monkeypatch.setattr(layers, "check_of", lambda _: check)

    apply_layer(cluster, replace(environment, timeouts={"layer": 5}), "infrastructure", silent())

    assert tried == ["get Namespace /ethereum"] * 2


def test_a_check_that_never_passes_fails_the_layer_with_its_own_words(
    cluster: Cluster, environment: Environment, fake: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(*_: object) -> None:
        raise LayerUnhealthy("the nodes do not follow their chain")

    monkeypatch.setattr(layers, "check_of", lambda _: check)
    fake.has(live(rendered("Namespace", "ethereum")))

    with pytest.raises(LayerUnhealthy) as failed:
        validate_layer(cluster, environment, "infrastructure", within=0)

    assert failed.value.subject == "the nodes do not follow their chain"


def test_a_pending_layer_applies_nothing_and_blocks_nobody(
    cluster: Cluster, environment: Environment, fake: FakeCluster
) -> None:
    applied = apply_layer(cluster, environment, "mesh", silent())
    validate_layer(cluster, environment, "mesh")

    assert (applied.pending, applied.objects, fake.asked) == ("not written yet", 0, [])
    apply_layers(cluster, environment, silent(), only=["middle"])
    assert fake.commands("sync") == ["sync infrastructure", "sync middle"]


def test_what_was_applied_is_recorded_with_its_digest(
    cluster: Cluster, environment: Environment, fake: FakeCluster, tmp_path: Path
) -> None:
    (applied,) = apply_layers(cluster, environment, silent(), only=["infrastructure"], record=tmp_path / "manifests")

    assert applied.digest == Rendered("infrastructure", tuple(fake.layers["infrastructure"])).digest
    assert (tmp_path / "manifests" / "infrastructure.yaml").read_text().startswith(f"# {applied.digest}\n")


def test_an_unknown_layer_is_answered_with_the_known_ones(
    cluster: Cluster, environment: Environment, fake: FakeCluster
) -> None:
    with pytest.raises(BadInput) as refused:
        apply_layers(cluster, environment, silent(), only=["etherium"])

    assert "unknown layer 'etherium'" in str(refused.value)
    assert "infrastructure, mesh, middle, aside, top" in str(refused.value)
    assert fake.asked == []


@pytest.mark.parametrize("act", ["apply", "validate", "destroy"])
def test_a_context_that_is_not_named_is_refused_before_the_first_request(
    act: str, cluster: Cluster, environment: Environment, monkeypatch: pytest.MonkeyPatch, fake: FakeCluster
) -> None:
    foreign = replace(cluster, context="somebody-elses", owned=False)
    monkeypatch.setattr(Kube, "of", lambda _: pytest.fail("asked the cluster"))

    with pytest.raises(BadInput) as refused:
        {
            "apply": lambda: apply_layer(foreign, environment, "infrastructure", silent()),
            "validate": lambda: validate_layer(foreign, environment, "infrastructure"),
            "destroy": lambda: destroy_layers(foreign, environment, silent()),
        }[act]()

    assert "somebody-elses" in str(refused.value)
    assert "one of: staging" in str(refused.value)
    assert fake.asked == []


def test_a_context_that_is_named_is_used(cluster: Cluster, environment: Environment, fake: FakeCluster) -> None:
    fake.has(live(rendered("Namespace", "ethereum")))

    validate_layer(replace(cluster, context="staging", owned=False), environment, "infrastructure", within=0)


def test_layers_go_in_reverse_order(cluster: Cluster, environment: Environment, fake: FakeCluster) -> None:
    fake.has(live(rendered("Namespace", "kube-system")), live(rendered("Namespace", "ethereum")))

    removed = destroy_layers(cluster, environment, silent())

    assert removed == ["top", "aside", "middle", "infrastructure"]
    assert fake.commands("destroy") == [f"destroy {name}" for name in removed]


def test_claims_stay_unless_told_otherwise(cluster: Cluster, environment: Environment, fake: FakeCluster) -> None:
    ours = {"app.kubernetes.io/part-of": "ethereum-node-infra"}
    claim, secret = (
        rendered("PersistentVolumeClaim", "execution-geth-0"),
        rendered("Secret", "registry-tls", labels=ours),
    )
    theirs = rendered("Secret", "of-somebody-else")
    space = rendered("Namespace", "ethereum", labels=ours)
    fake.has(*(live(one) for one in (claim, secret, theirs, space, rendered("Namespace", "kube-system"))))
    fake.layers["infrastructure"] = []

    destroy_layers(cluster, environment, silent())
    assert fake.commands("delete") == []

    destroy_layers(cluster, environment, silent(), delete_data=True)
    assert fake.commands("delete") == [
        "delete PersistentVolumeClaim ethereum/execution-geth-0",
        "delete Secret ethereum/registry-tls",
        "delete Namespace /ethereum",
    ]


def test_removing_what_is_gone_is_no_error(cluster: Cluster, environment: Environment, fake: FakeCluster) -> None:
    destroy_layers(cluster, environment, silent(), delete_data=True)

    assert fake.commands("destroy", "delete") == []


def test_nodes_of_a_public_network_need_only_run(cluster: Cluster, environment: Environment, fake: FakeCluster) -> None:
    """They are ready after hours or days; a deployment does not wait for that."""
    fake.status["geth"] = {"readyReplicas": 0}

    apply_layers(cluster, replace(environment, capabilities=frozenset()), silent(), only=["top"])

    assert fake.commands("sync")[-1] == "sync top"
