"""Steps about what proves a snapshot: a client that is started from it alone."""

from __future__ import annotations

from pytest_bdd import parsers, then, when

from ethinfra.chain.discovery import DeployedNode
from ethinfra.environment import Environment
from ethinfra.kube import Object
from ethinfra.snapshot.listing import State
from ethinfra.snapshot.reader import Snapshot
from ethinfra.trial.alone import AloneNode
from ethinfra.trial.builders import Builders
from ethinfra.trial.snapshots import Snapshots, Taken
from ethinfra.waiting import eventually
from fixtures.evidence import Evidence

_LOSE_ALL = "import shutil; shutil.rmtree('/restored/geth')"

_LOSE_AN_END = """
import os, pathlib
tables = sorted(pathlib.Path('/restored/geth/chaindata').glob('*.sst'), key=lambda one: one.name)
os.truncate(tables[-1], tables[-1].stat().st_size // 2)
"""

#: Of geth v1.17 (core/blockchain.go, core/rawdb/freezer_table.go, triedb/pathdb/disklayer.go, eth/backend.go).
REPAIRS = ("Head state missing, repairing", "Rewinding blockchain", "Truncating", "Discarded")


@when(parsers.parse("a snapshot is taken, and {loss} before a node is started from it"), target_fixture="taken")
def taken_with_loss(loss: str, snapshots: Snapshots, evidence: Evidence) -> Taken:
    """The candidate is whole: what is lost is what the test has restored of it."""
    program = {"all of its data is lost": _LOSE_ALL, "its newest table loses its end": _LOSE_AN_END}[loss]

    def lose(job: Object) -> None:
        steps = job["spec"]["template"]["spec"]["initContainers"]
        place = next(number for number, one in enumerate(steps) if one["name"] == "restore")
        damage = {key: value for key, value in steps[place].items() if key != "args"}
        steps.insert(place + 1, {**damage, "name": "lose", "command": ["python3", "-c", program]})

    taken = snapshots.take(change=lose)
    evidence.attach("snapshot job", {"containers": taken.job.containers, "said": taken.job.said})
    return taken


@then("it is not promoted, and the reason is said")
def not_promoted(taken: Taken, snapshots: Snapshots) -> None:
    """By the job that would have promoted it; the candidate is marked as one that failed."""
    assert not taken.job.succeeded
    assert taken.snapshot is None
    assert taken.job.containers["promote"] == 1, taken.job.containers
    assert "restored client" in taken.job.logs["promote"]
    assert State.FAILED in snapshots.states().values()


@then('"latest" is what it was before')
def latest_is_unchanged(snapshot: Snapshot, snapshots: Snapshots) -> None:
    now = snapshots.latest()
    assert now is not None
    assert now.digest == snapshot.digest


@when("a geth without peers is started on what is restored from it", target_fixture="alone")
def started_alone(snapshot: Snapshot, snapshots: Snapshots, builders: Builders) -> AloneNode:
    """And without a consensus client, so it can only answer with what was in the snapshot."""
    newest = snapshots.latest()
    assert newest is not None
    assert newest.digest == snapshot.digest
    return builders.start_alone(snapshots)


@then("its head is the recorded block, with the recorded hash and state root")
def head_is_recorded(alone: AloneNode, snapshot: Snapshot, env: Environment) -> None:
    recorded = snapshot.config.description.block
    with alone.rpc() as rpc:
        head = eventually(
            f"{alone.name} answers",
            lambda: rpc.call("eth_getBlockByNumber", "latest", False),
            until=lambda _: True,
            within=env.timeout("pod"),
        )
    assert (int(head["number"], 16), head["hash"], head["stateRoot"]) == (
        recorded.number,
        recorded.hash,
        recorded.state_root,
    )


@then("its log shows no repair of the database")
def no_repair(alone: AloneNode, snapshot_node: DeployedNode, evidence: Evidence) -> None:
    """In the words that its client's file has for an unclean stop, and those of geth for a repair or a rewind."""
    log = alone.log()
    evidence.attach("log", log[-4000:])
    assert "Loaded most recent local" in log, log[-2000:]
    words = (str(snapshot_node.execution.known["log"]["unclean"]), *REPAIRS)
    said = [line for line in log.splitlines() if any(word in line for word in words)]
    assert not said, said
