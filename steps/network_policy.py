"""Steps about who may reach whom."""

from __future__ import annotations

from pytest_bdd import parsers, then

from ethinfra.environment import Environment
from ethinfra.kube import Kube
from ethinfra.trial import reach
from ethinfra.trial.pods import PORT, TrialPods
from fixtures.reach import Parties


@then(parsers.parse("{source} reaches {target} on port {port:d}"))
def reaches(source: str, target: str, port: int, parties: Parties, env: Environment) -> None:
    """A TCP connection, from a pod with the labels of the source."""
    reach.must_reach(parties.source(source), parties.address(target), port, within=env.timeout("policy"))


@then(parsers.parse("{source} does not reach {target} on port {port:d}, though {other} does and a rule would admit it"))
def does_not_reach(
    source: str, target: str, port: int, other: str, parties: Parties, kube: Kube, env: Environment
) -> None:
    """All three are tried: else a target that is down would pass."""
    within, address = env.timeout("policy"), parties.address(target)
    stranger = parties.source(source)
    reach.must_not_reach(stranger, address, port, within=within)
    reach.must_reach(parties.source(other), address, port, within=within)
    with reach.admitted(kube, stranger, parties.pod(target)):
        reach.must_reach(stranger, address, port, within=within)
    reach.must_not_reach(stranger, address, port, within=within)


@then(parsers.parse('pods that no policy names are kept apart in "{namespace}", though a rule would admit it'))
def kept_apart(namespace: str, trial_pods: TrialPods, kube: Kube, env: Environment) -> None:
    """Neither one's egress nor the other's ingress is open."""
    listener = trial_pods.start("listener", namespace=namespace, listens=PORT)
    caller = trial_pods.start("caller", namespace=namespace)
    reach.must_keep_apart(kube, caller, listener, PORT, within=env.timeout("policy"))
    for pod in (caller, listener):
        pod.delete()
