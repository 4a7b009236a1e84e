"""Steps about the layers as a whole: order, repetition, drift."""

from __future__ import annotations

import json

from pytest_bdd import given, then, when

from ethinfra.cluster.provider import Cluster
from ethinfra.deploy import Difference, apply_layers, changes, drift, fingerprint, render_layer, validate_layer
from ethinfra.environment import Environment
from ethinfra.kube import Kube
from ethinfra.progress import Progress
from fixtures.evidence import Evidence
from fixtures.layers import Require

#: The object that a scenario changes by hand, and the field.
SYNC_NODES = "StatefulSet ethereum/geth"
GRACE_PERIOD = "spec.template.spec.terminationGracePeriodSeconds"


@then("every deployed layer passes its own health check")
def layers_are_healthy(cluster: Cluster, env: Environment) -> None:
    """Within `timeouts.readiness`: they were healthy before."""
    for layer in env.layers:
        validate_layer(cluster, env, layer.name, within=env.timeout("readiness"))


@then("each layer was started only after the layers that it needs were healthy")
def layers_came_in_order(env: Environment, layer: Require, evidence: Evidence) -> None:
    """By the times of this run's own deployments."""
    states = {one.name: layer(one.name) for one in env.layers if not one.pending}
    evidence.attach("layers", {name: {"started": s.started, "seconds": s.seconds} for name, s in states.items()})
    for one in env.layers:
        if one.pending:
            continue
        for need in one.needs:
            healthy_since = states[need].started + states[need].seconds
            assert states[one.name].started >= healthy_since, f"{one.name} was started before {need} was healthy"


@when("all layers are applied again", target_fixture="changed")
def apply_again(cluster: Cluster, kube: Kube, env: Environment) -> list[str]:
    """With the same values; uids, generations and specs are compared before and after."""
    before = fingerprint(kube, env)
    apply_layers(cluster, env, Progress(quiet=True))
    return changes(before, fingerprint(kube, env))


@then("no object of any layer has changed")
def nothing_has_changed(changed: list[str]) -> None:
    """No object came, went, or has another uid, generation or spec. Helm's release Secrets are left out."""
    assert not changed, "\n".join(changed)


@given("no layer has drifted")
def no_drift(kube: Kube, env: Environment) -> None:
    """Neither an object nor a field differs from what is rendered, by a dry run on the server."""
    found = _drift(kube, env)
    assert not found, "\n".join(map(str, found))


@when("somebody changes the termination grace period of the sync nodes by hand")
def change_by_hand(kube: Kube) -> None:
    """As another field manager than helm; the running pods are left alone."""
    # `kubectl patch` writes as another field manager than helm, as a person at a terminal does. OnDelete: the pods,
    # which are not the point here, are left alone.
    change = {
        "spec": {
            "updateStrategy": {"type": "OnDelete", "rollingUpdate": None},
            "template": {"spec": {"terminationGracePeriodSeconds": 77}},
        }
    }
    kube.kubectl("patch", "statefulset", "geth", "-n", "ethereum", "--type=merge", "-p", json.dumps(change))


@then("drift names the StatefulSet of the sync nodes and its termination grace period")
def drift_names_it(kube: Kube, env: Environment, evidence: Evidence) -> None:
    found = _drift(kube, env)
    evidence.attach("drift", [str(one) for one in found])
    assert any(one.object == SYNC_NODES and one.field == GRACE_PERIOD for one in found), [str(one) for one in found]


@then("no layer has drifted after the layers are applied again")
def drift_is_mended(cluster: Cluster, kube: Kube, env: Environment) -> None:
    apply_layers(cluster, env, Progress(quiet=True))
    no_drift(kube, env)


def _drift(kube: Kube, env: Environment) -> list[Difference]:
    return [
        difference
        for layer in env.layers
        if not layer.pending
        for difference in drift(kube, render_layer(env, layer).lasting)
    ]
