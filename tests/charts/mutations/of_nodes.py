"""Nodes of the chain, and how many there are."""

from __future__ import annotations

from ethinfra.deploy.rules import nodes, probes, scaling
from tests.charts.draft import Draft
from tests.charts.mutations.mutation import GETH, REGISTRY, VALIDATORS, breaks


@breaks(nodes.nodes_name_their_clients, VALIDATORS)
def node_has_a_client_that_nobody_knows(draft: Draft) -> None:
    draft[VALIDATORS]["spec"]["template"]["metadata"]["labels"]["ethinfra.io/consensus-client"] = "lighthouse"


@breaks(probes.health_is_the_probes_verdict, VALIDATORS)
def node_has_no_startup_probe(draft: Draft) -> None:
    del draft.container(VALIDATORS, "execution")["startupProbe"]


@breaks(probes.health_is_the_probes_verdict, GETH)
def consensus_client_is_restarted_when_it_lags(draft: Draft) -> None:
    draft.container(GETH, "consensus")["livenessProbe"]["httpGet"] = {"path": "/readyz", "port": 9500}


@breaks(nodes.clients_get_their_time_to_stop, VALIDATORS)
def grace_period_is_kubernetes_own(draft: Draft) -> None:
    del draft.pod(VALIDATORS)["terminationGracePeriodSeconds"]


@breaks(nodes.disruptions_are_budgeted, GETH)
def budget_is_missing(draft: Draft) -> None:
    draft.remove("PodDisruptionBudget ethereum/geth")


@breaks(nodes.disruptions_are_budgeted, REGISTRY)
def budget_selects_nobody(draft: Draft) -> None:
    selector = draft["PodDisruptionBudget local-registry/registry"]["spec"]["selector"]
    selector["matchLabels"]["app.kubernetes.io/name"] = "regsitry"


@breaks(nodes.disruptions_are_budgeted, "PodDisruptionBudget ethereum/geth")
def budget_lets_all_replicas_go(draft: Draft) -> None:
    draft["PodDisruptionBudget ethereum/geth"]["spec"]["maxUnavailable"] = "100%"


@breaks(nodes.replicas_avoid_each_other, GETH)
def replicas_avoid_somebody_else(draft: Draft) -> None:
    (term,) = draft.pod(GETH)["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    term["podAffinityTerm"]["labelSelector"]["matchLabels"]["app.kubernetes.io/name"] = "besu"


@breaks(nodes.replicas_avoid_each_other, GETH)
def replicas_are_spread_over_zones_only(draft: Draft) -> None:
    draft.pod(GETH)["topologySpreadConstraints"][0]["topologyKey"] = "topology.kubernetes.io/zone"


@breaks(nodes.nodes_start_side_by_side, GETH)
def nodes_wait_for_each_other(draft: Draft) -> None:
    draft[GETH]["spec"]["podManagementPolicy"] = "OrderedReady"


@breaks(nodes.chain_data_is_on_claims, GETH)
def claim_is_mounted_elsewhere(draft: Draft) -> None:
    for mount in draft.container(GETH, "execution")["volumeMounts"]:
        if mount["name"] == "execution":
            mount["mountPath"] = "/var/lib/elsewhere"


def scaler(draft: Draft, name: str, **spec: object) -> None:
    """An autoscaler for the sync nodes."""
    target = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "geth"}
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
    }
    whole = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 4, "metrics": [metric], **spec}
    draft.add(name, like="PodDisruptionBudget ethereum/geth", kind="HorizontalPodAutoscaler", spec=whole)
    draft[GETH]["spec"].pop("replicas")


@breaks(scaling.autoscaled_workloads_state_no_replicas, "HorizontalPodAutoscaler ethereum/late")
def autoscaler_scales_nobody(draft: Draft) -> None:
    scaler(draft, "late", scaleTargetRef={"apiVersion": "apps/v1", "kind": "Deployment", "name": "geth"})


@breaks(scaling.autoscalers_have_one_way_to_go, "HorizontalPodAutoscaler ethereum/geth")
def autoscaler_has_no_room(draft: Draft) -> None:
    scaler(draft, "geth", minReplicas=5)


@breaks(scaling.autoscalers_know_what_is_used, "HorizontalPodAutoscaler ethereum/geth")
def autoscaler_goes_by_nothing(draft: Draft) -> None:
    scaler(draft, "geth", metrics=[])
