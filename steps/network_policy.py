"""Steps about who may reach whom."""

from __future__ import annotations

from pytest_bdd import parsers, then

from ethinfra.environment import Environment
from ethinfra.kube import Kube
from ethinfra.trial import reach
from fixtures.reach import Parties

PORT = {"port": int}


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
