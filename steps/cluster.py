"""Steps about the cluster itself, its namespaces and what may run in them."""

from __future__ import annotations

from pytest_bdd import parsers, then, when

from ethinfra.cluster.provider import Cluster
from ethinfra.environment import Environment
from ethinfra.kube import Kube
from ethinfra.process import Completed
from ethinfra.toolchain import FAMILIES, default_store
from ethinfra.trial import admission, machine, reach
from ethinfra.trial.pods import PORT, TrialPods
from fixtures.evidence import Evidence


@then("the API server reports the version of the toolchain")
def api_server_version(kube: Kube) -> None:
    assert kube.server_version() == default_store().binary("kube-apiserver").version


@then("every node is Ready")
def every_node_is_ready(kube: Kube) -> None:
    conditions = {
        node["metadata"]["name"]: {c["type"]: c["status"] for c in node["status"]["conditions"]}["Ready"]
        for node in kube.list("Node")
    }
    assert conditions, "the cluster has no node"
    assert set(conditions.values()) == {"True"}, conditions


@then("a pod on each node reaches a pod on every other node")
def pods_reach_across_nodes(kube: Kube, trial_pods: TrialPods, env: Environment) -> None:
    """Both ways for each pair, by the pods' own addresses."""
    nodes = [node["metadata"]["name"] for node in kube.list("Node")]
    assert len(nodes) > 1, f"nodes: {nodes}"
    pods = {node: trial_pods.start("across", node=node, listens=PORT) for node in nodes}
    for here, source in pods.items():
        for there, target in pods.items():
            if here != there:
                reach.must_reach(source, target.address(), PORT, within=env.timeout("policy"))
    for pod in pods.values():
        pod.delete()


@then("a pod resolves the name of the API server's service")
def pod_resolves(trial_pods: TrialPods, kube: Kube) -> None:
    """From inside a pod, to the Service's own address."""
    service = kube.get("Service", "kubernetes", "default")
    assert service is not None
    pod = trial_pods.start("resolver")
    name = "kubernetes.default.svc.cluster.local"
    resolved = pod.python("import socket, sys; print(socket.gethostbyname(sys.argv[1]))", name).stdout
    pod.delete()
    assert resolved == service["spec"]["clusterIP"]


@then("the metrics API reports the usage of every node")
def metrics_api(kube: Kube, env: Environment) -> None:
    """Memory above zero, within `timeouts.pod`: it needs two looks before its first answer."""
    admission.must_have_node_metrics(kube, within=env.timeout("pod"))


@then("this machine has one network link of the cluster and no packet filter rule of it")
def one_link_no_rules(cluster: Cluster) -> None:
    """All else is in network namespaces of the cluster."""
    traces = machine.traces_of(cluster)
    assert len(traces.links) == 1, f"links of the cluster on this machine: {traces.links}"
    assert not traces.rules, f"packet filter rules of the cluster on this machine: {traces.rules}"


@then("every installed tool has its recorded digest")
def tools_are_verified(evidence: Evidence) -> None:
    """Every byte of every family is read."""
    store = default_store()
    states = {name: store.state(name, thorough=True) for name in FAMILIES}
    evidence.attach("tools", {name: f"{state.version} {state.state}" for name, state in states.items()})
    faulty = {name: state.fault or state.state for name, state in states.items() if state.state != "installed"}
    assert not faulty, faulty


@then("every deployed layer's namespace exists")
def namespaces_exist(kube: Kube, env: Environment) -> None:
    wanted = {layer.namespace for layer in env.layers if not layer.pending}
    missing = wanted - {found["metadata"]["name"] for found in kube.list("Namespace")}
    assert not missing, f"namespaces that do not exist: {sorted(missing)}"


@then("the default namespace holds no workload")
def default_is_empty(kube: Kube) -> None:
    """No Pod, Deployment, StatefulSet or Job."""
    found = [
        f"{kind}/{one['metadata']['name']}"
        for kind in ("Pod", "Deployment", "StatefulSet", "Job")
        for one in kube.list(kind, "default")
    ]
    assert not found, f"in the default namespace: {found}"


@when(parsers.parse('a privileged pod is created in "{namespace}"'), target_fixture="creation")
def create_privileged(namespace: str, kube: Kube) -> Completed:
    """A dry run on the server: admission decides, and nothing is made."""
    return admission.try_privileged_pod(kube, namespace)


@then("it is refused by Pod Security Admission")
def refused_by_admission(creation: Completed) -> None:
    """In the words of Pod Security; any other refusal does not count."""
    assert not creation.ok, "a privileged pod was admitted"
    assert "violates PodSecurity" in creation.stderr, creation.stderr
