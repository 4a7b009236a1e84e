"""Steps about fleets of serve nodes that grow and shrink under load"""

from __future__ import annotations

from dataclasses import dataclass

from pytest_bdd import given, parsers, then, when

from ethinfra.chain.networks import Network
from ethinfra.environment import Environment
from ethinfra.kube import Kube
from ethinfra.trial import load, scaling
from ethinfra.trial.scaling import Measured, Scaler
from ethinfra.trial.serving import Fleet
from ethinfra.waiting import eventually
from fixtures.chain import Nodes
from fixtures.evidence import Evidence
from fixtures.serving import LOADER_CPU, LoadedFleet
from fixtures.statuses import not_applicable

#: CPU that one replica's execution client may use, and that is reserved for it: so little that it is used up first.
MOST, RESERVED = "150m", "50m"

#: Keccak rounds of one request, and the requests per second that one replica is meant to answer: less than it can.
ROUNDS, MEANT = 2000, 25

#: By what a scaler enlarges a fleet → its values; the other figure is one that is never reached. Percent of RESERVED.
AUTOSCALING = {
    "its RPC rate": {"cpuPercent": 1000, "requestsPerSecond": MEANT},
    "its CPU": {"cpuPercent": 150, "requestsPerSecond": 1_000_000},
}

#: Seconds over which answers are counted.
WINDOW = 12


@given("a fleet of one serve node")
def fleet_of_one(fleet: Fleet, env: Environment) -> None:
    """A release of the same chart and values that no scaler touches, restored from the newest snapshot."""
    fleet.install()
    fleet.must_have(1, within=env.timeout("pod"))


@given(parsers.parse("a fleet of one serve node, which a scaler enlarges by {cause}"), target_fixture="scaler")
def scaled_fleet(cause: str, fleet: Fleet, kube: Kube, env: Environment, evidence: Evidence) -> Scaler:
    """To two replicas at most. Each may use a seventh of a processor and no more, so that this is what it lacks."""
    fleet.install(
        execution={"resources": {"requests": {"cpu": RESERVED}, "limits": {"cpu": MOST}}},
        autoscaling={
            "enabled": True,
            "keda": True,
            "minReplicas": 1,
            "maxReplicas": 2,
            "idleSeconds": 30,
            **AUTOSCALING[cause],
        },
    )
    fleet.must_have(1, within=env.timeout("pod"))
    scaler = Scaler(kube, fleet.namespace, fleet.name)
    seen = scaler.must_measure(list(scaling.CAUSES), within=env.timeout("pod"))
    evidence.attach("scaler when idle", seen)
    return scaler


@given("clients that ask it all the time and compare every answer")
def ask_steadily(clients: LoadedFleet, nodes: Nodes, network: Network, env: Environment) -> None:
    """For heads, and for what does not change any more, as a sync node has it."""
    final = nodes.leader.must_finalize(within=env.timeout("finality"))
    questions = load.questions(nodes.leader, final.number, list(network.funded))
    # A short pause of each: two replicas start beside them, on the same machine.
    clients.start(questions, clients=4, batch=5, pause=0.1)


@when(parsers.parse("the fleet grows to {replicas:d} replicas, and shrinks to 1 again after all of them were asked"))
def grow_and_shrink(replicas: int, fleet: Fleet, clients: LoadedFleet, env: Environment, evidence: Evidence) -> None:
    """And they ask on for ten seconds after the last pod has gone."""
    fleet.scale(replicas)
    fleet.must_have(replicas, within=env.timeout("pod") * 2)
    rates = eventually(
        "all replicas of the fleet are asked",
        fleet.request_rates,
        until=lambda seen: len(seen) == replicas and all(rate is not None and rate > 10 for rate in seen.values()),
        within=60,
    )
    evidence.attach("requests per second", rates)
    fleet.scale(1)
    fleet.must_have(1, within=env.timeout("shutdown") * 2)
    gone = len(clients.load.seconds)
    eventually("ten more seconds of load", lambda: len(clients.load.seconds) >= gone + 10, within=40)
    clients.stop()


@then("no answer was wrong, and no request failed")
def all_right(clients: LoadedFleet, env: Environment, evidence: Evidence) -> None:
    """All were compared; a head that goes back counts as wrong beyond `budgets.headSpread`."""
    evidence.attach("load", clients.load.seconds)
    clients.load.must_not_fail()
    clients.load.must_be_right(back=int(env.budget("headSpread")))


@then("no client saw the head go back by more than the bound")
def no_step_back(clients: LoadedFleet, env: Environment, evidence: Evidence) -> None:
    """`budgets.headSpread` blocks, for each client by itself, whichever replica it came to."""
    evidence.attach("steps back", max(one.back for one in clients.load.seconds))
    clients.load.must_be_right(back=int(env.budget("headSpread")))


@dataclass
class Demand:
    """before: the fleet under load while it had one replica."""

    before: Measured


@when("clients ask more of it than one replica can give", target_fixture="demand")
def ask_a_lot(fleet: Fleet, clients: LoadedFleet, evidence: Evidence) -> Demand:
    """As fast as they get answers. A call costs a millisecond of processor time; its answer is known beforehand."""
    clients.start(load.work(ROUNDS), clients=8, batch=4)
    before = scaling.measure(fleet, clients.load, seconds=WINDOW, loader_limit=LOADER_CPU)
    evidence.attach("with one replica", before)
    return Demand(before)


@then(parsers.parse("the scaler adds a replica because of {cause}"))
def replica_is_added(cause: str, scaler: Scaler, fleet: Fleet, env: Environment, evidence: Evidence) -> None:
    """By the reason that its own events give. The replica is ready within `timeouts.pod`."""
    fleet.must_have(2, within=60 + env.timeout("pod"))
    evidence.attach("scaler under load", {"measured": scaling.measured(scaler.look()), "rescales": scaler.rescales()})
    scaling.must_be_because(scaler.rescales(), cause)


@then("more verified answers are given each second than before")
def more_answers(demand: Demand, fleet: Fleet, clients: LoadedFleet, evidence: Evidence) -> None:
    """By the factor GAIN at least. NOT_APPLICABLE as INVALID where the machine, or the loader, was used up first."""
    after = scaling.measure(fleet, clients.load, seconds=WINDOW, loader_limit=LOADER_CPU)
    evidence.attach("with two replicas", after)
    used_up = scaling.saturated(demand.before, after)
    if used_up:
        not_applicable(f"INVALID: {used_up}")
    evidence.attach("gain", scaling.must_have_gained(demand.before, after))


@when("the clients stop asking")
def stop_asking(clients: LoadedFleet) -> None:
    clients.stop()


@then("the scaler takes the replica away again")
def replica_is_removed(scaler: Scaler, fleet: Fleet, env: Environment, evidence: Evidence) -> None:
    """After the seconds for which it must be idle, and those over which rates are taken."""
    fleet.must_have(1, within=120 + env.timeout("shutdown"))
    evidence.attach("scaler when idle again", scaler.rescales())
