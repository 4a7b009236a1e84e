"""The chain's nodes: how they stop, what may be taken from them, where they run, where their data is (NODE-05, 06)."""

from __future__ import annotations

from ethinfra.deploy.render import title
from ethinfra.deploy.rules.manifests import PROGRAMS, Manifests, Pods, matches
from ethinfra.kube import Object

#: Containers that every node has.
_CLIENTS = ("execution", "consensus")

_HOST = "kubernetes.io/hostname"


def nodes_name_their_clients(manifests: Manifests) -> list[str]:
    """Labels say which clients run in a node, and the table knows them; other rules look up there what to expect."""
    said = []
    for node in manifests.nodes:
        known = {container["name"] for container, _ in manifests.programs(node)}
        missing = [name for name in PROGRAMS if name not in known and (name in _CLIENTS or node.container(name))]
        said += [f"{node.title}: labels name no known client for its {name} container" for name in missing]
    return said


def clients_get_their_time_to_stop(manifests: Manifests) -> list[str]:
    """The grace period, without what a pod waits before it stops anything, is at least what the clients' files say: one
    that is killed loses recent state."""
    said = []
    for node in manifests.nodes:
        given = node.spec.get("terminationGracePeriodSeconds", 30)
        for container, program in manifests.programs(node):
            needed = program["gracePeriodSeconds"] + drain(container)
            if given < needed:
                said.append(
                    f"{node.title}: terminationGracePeriodSeconds is {given}, "
                    f"container {container['name']} may need {needed}"
                )
    return said


def disruptions_are_budgeted(manifests: Manifests) -> list[str]:
    """Each workload has one budget, which lets a drain go on and never takes all of several replicas.

    Pods of a DaemonSet are never drained.
    """
    said = []
    for pods in manifests.workloads:
        if pods.owner["kind"] == "DaemonSet":
            continue
        fewest, _ = manifests.replicas(pods)
        budgets = [
            one
            for one in manifests.of_kind("PodDisruptionBudget")
            if pods in manifests.selected(one, one["spec"]["selector"])
        ]
        if len(budgets) != 1:
            said.append(f"{pods.title}: has {len(budgets)} disruption budgets, not one")
        for budget in budgets:
            allowed = allowed_disruptions(budget["spec"], fewest)
            if allowed < 1:
                said.append(f"{title(budget)}: allows no disruption of {pods.title}, so no node can be drained")
            elif allowed >= fewest > 1:
                said.append(f"{title(budget)}: allows all {fewest} replicas of {pods.title} to go at a time")
    return said


def replicas_avoid_each_other(manifests: Manifests) -> list[str]:
    """Replicas of a node keep to different Kubernetes nodes, by anti-affinity and by an even spread."""
    said = []
    for node in manifests.nodes:
        if manifests.replicas(node)[1] < 2:
            continue
        anti = (node.spec.get("affinity") or {}).get("podAntiAffinity") or {}
        terms = list(anti.get("requiredDuringSchedulingIgnoredDuringExecution") or [])
        terms += [one["podAffinityTerm"] for one in anti.get("preferredDuringSchedulingIgnoredDuringExecution") or []]
        if not any(_meets(term, node) for term in terms):
            said.append(f"{node.title}: its replicas may all be on one Kubernetes node")
        if not any(_meets(one, node) for one in node.spec.get("topologySpreadConstraints") or []):
            said.append(f"{node.title}: its replicas are not spread over Kubernetes nodes")
    return said


def nodes_start_side_by_side(manifests: Manifests) -> list[str]:
    """One that does not get ready, because its network stands still, must not hold back those that would move it."""
    return [
        f"{node.title}: podManagementPolicy is {node.owner['spec'].get('podManagementPolicy', 'OrderedReady')}"
        for node in manifests.nodes
        if node.owner["kind"] == "StatefulSet" and node.owner["spec"].get("podManagementPolicy") != "Parallel"
    ]


def chain_data_is_on_claims(manifests: Manifests) -> list[str]:
    """Every client's data directory is a claim of its own, and what becomes of claims is said.

    Those of a serve node go with its pods: a snapshot has what was in them.
    """
    said = []
    for node in manifests.nodes:
        claims = {one["metadata"]["name"] for one in node.claims}
        passing = {one["metadata"]["name"] for one in node.passing_claims}
        if passing and node.owner["kind"] != "Deployment":
            said.append(f"{node.title}: claims {', '.join(sorted(passing))} go with each pod")
        for container, program in manifests.programs(node):
            mounted = {one["mountPath"]: one["name"] for one in container.get("volumeMounts", [])}
            if mounted.get(program["dataDir"]) not in claims:
                said.append(f"{node.title}: container {container['name']} has its data on no claim")
        retention = node.owner["spec"].get("persistentVolumeClaimRetentionPolicy", {})
        if node.owner["kind"] == "StatefulSet" and retention.keys() != {"whenDeleted", "whenScaled"}:
            said.append(f"{node.title}: does not say what becomes of its claims")
    return said


RULES = (
    nodes_name_their_clients,
    clients_get_their_time_to_stop,
    disruptions_are_budgeted,
    replicas_avoid_each_other,
    nodes_start_side_by_side,
    chain_data_is_on_claims,
)


def drain(container: Object) -> int:
    """Seconds that a container goes on before it hears of its end."""
    sleep: Object = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {})
    seconds: int = sleep.get("seconds", 0)
    return seconds


def allowed_disruptions(budget: Object, replicas: int) -> int:
    """How many of so many replicas a budget lets go at a time."""
    if "maxUnavailable" in budget:
        return _count(budget["maxUnavailable"], replicas)
    return replicas - _count(budget["minAvailable"], replicas)


def _count(value: int | str, replicas: int) -> int:
    """A number, or a percentage, which Kubernetes rounds up."""
    return value if isinstance(value, int) else -(-int(value.rstrip("%")) * replicas // 100)


def _meets(term: Object, node: Pods) -> bool:
    return term.get("topologyKey") == _HOST and matches(term.get("labelSelector") or {}, node.labels)
