"""Whether a node may be stopped for a snapshot now. Nothing is changed here."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ethinfra.snapshot.compatibility import version_key
from ethinfra.snapshot.job.cluster import Cluster, Pod
from ethinfra.snapshot.job.errors import NotFit
from ethinfra.snapshot.job.node import NodeSilent, Rpc, rpc_of, status_of
from ethinfra.snapshot.job.place import Place, say
from ethinfra.snapshot.model import Finalized
from ethinfra.waiting import NotInTime, eventually


@dataclass(frozen=True)
class Fit:
    """A node that may be stopped. genesis: the hash of its chain's first block"""

    pod: Pod
    genesis: str
    finalized: Finalized


def must_be_fit(place: Place, cluster: Cluster) -> Fit:
    """NotFit unless it is ready, of the plan's release, on the right chain, has final blocks, and another replica
    serves meanwhile.

    Readiness, its own and another's, is waited for as long as a node takes to start: the run before this one may have
    been killed after it had stopped the node.
    """
    if not place.other_pods and not place.plan.job_plan.allow_downtime:
        raise _no_other(place, seen="it has one replica")
    pod = _when_ready(place, cluster)
    rpc = rpc_of(pod.address, place.plan.ports.rpc)
    _must_be_of_the_release(place, rpc)
    genesis = _genesis(place, rpc)
    final = rpc.block("finalized")
    if final is None or final.number == 0:
        raise NotFit(f"{place.node_pod} knows no final block", expected="a chain that finalizes")
    return Fit(pod, genesis, Finalized(final.number, final.hash))


def _when_ready(place: Place, cluster: Cluster) -> Pod:
    within = place.plan.job_plan.start_seconds
    refused: NotFit | None = None

    def look() -> Pod | None:
        nonlocal refused
        try:
            return _ready_now(place, cluster)
        except NotFit as reason:
            if refused is None:
                say(f"waiting, at most {within}s: {reason.subject}: {reason.seen}")
            refused = reason
            return None

    try:
        return eventually(f"{place.node_pod} is ready", look, within=within, every=1)
    except NotInTime as late:
        raise (refused or late) from None


def _ready_now(place: Place, cluster: Cluster) -> Pod:
    name, todo = place.node_pod, "nothing: the next run looks again"
    pod = cluster.pod(name)
    if pod is None or pod.going or not pod.ready:
        state = "no such pod" if pod is None else "it is being deleted" if pod.going else "its containers are not ready"
        raise NotFit(f"{name} is not ready", seen=state, todo=todo)
    try:
        said = status_of(pod.address, place.plan.ports.probe).get("ready") or {}
    except NodeSilent as silent:
        raise NotFit(f"{name} is not ready", expected="its probe to say so", seen=str(silent), todo=todo) from silent
    if said.get("ready") is not True:
        seen = str(said.get("reason", "no reason"))
        raise NotFit(f"{name} is not ready", expected="its probe to say so", seen=seen, todo=todo)
    others = [other for other in map(cluster.pod, place.other_pods) if other and other.ready and not other.going]
    if not others and not place.plan.job_plan.allow_downtime:
        raise _no_other(place, seen=f"not ready: {', '.join(place.other_pods)}")
    return pod


def _no_other(place: Place, *, seen: str) -> NotFit:
    return NotFit(
        f"no other replica of {place.plan.node} is ready",
        expected="one to go on meanwhile",
        seen=seen,
        todo="wait for it, or allow downtime for this node",
    )


def _must_be_of_the_release(place: Place, rpc: Rpc) -> None:
    """What it has written is described as of the plan's release, which an update may not have brought to it yet.

    Numbers only: clients add commits to them, and leave out what they call a development version.
    """
    wanted, said = place.plan.client.version, rpc.client_version()
    if said is None:
        raise NotFit(
            f"{place.node_pod} does not say of which release it is",
            expected="an answer to web3_clientVersion",
            seen="an error",
            todo="offer the namespace web3: `rpc.namespaces` of the node",
        )
    release = release_of(said)
    if release is None or version_key(release) != version_key(wanted):
        raise NotFit(
            f"{place.node_pod} is of another release than its plan",
            expected=wanted,
            seen=said,
            todo="nothing while an update is under way, the next run looks again; else see which image it runs",
        )


def release_of(said: str) -> str | None:
    """`1.17.5-stable` of `Geth/v1.17.5-stable/linux-amd64/go1.25.1`; an operator's own name may come before it."""
    found = (re.fullmatch(r"v?(\d+\.\d+.*)", part) for part in said.split("/")[1:])
    return next((one[1] for one in found if one), None)


def _genesis(place: Place, rpc: Rpc) -> str:
    """The hash of block 0; NotFit if it, or the chain id, is not the plan's."""
    wanted, genesis = place.plan.network, rpc.block(0)
    chain = rpc.chain_id()
    if genesis is None or chain != wanted.chain_id or wanted.genesis_hash not in ("", genesis.hash):
        raise NotFit(
            f"{place.node_pod} is on another chain",
            expected=f"chain {wanted.chain_id}, genesis {wanted.genesis_hash or 'of any hash'}",
            seen=f"chain {chain}, genesis {genesis.hash if genesis else 'unknown'}",
        )
    return genesis.hash
