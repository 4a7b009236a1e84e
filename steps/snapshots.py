"""Steps about snapshots that are taken of a running node."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from pytest_bdd import given, parsers, then, when

from ethinfra.chain.discovery import DeployedNode
from ethinfra.environment import Environment
from ethinfra.jobs import Ended
from ethinfra.kube import Kube, Object
from ethinfra.registry.secrets import read_access
from ethinfra.snapshot.listing import State
from ethinfra.snapshot.manifest import ANNOTATION_DOWNTIME, ANNOTATION_SENT
from ethinfra.snapshot.reader import Snapshot
from ethinfra.trial import load
from ethinfra.trial.pods import TrialPods
from ethinfra.trial.serving import restore_of
from ethinfra.trial.snapshots import VOLUME, AloneNode, Builder, Builders, Snapshots, Taken
from ethinfra.waiting import eventually
from fixtures.chain import Nodes
from fixtures.evidence import Evidence


@pytest.fixture
def snapshot_node(nodes: Nodes, snapshots: Snapshots) -> DeployedNode:
    """The replica of which this scenario takes snapshots."""
    return next(node for node in nodes.sync if node.pod == f"{snapshots.node}-0")


@given("a promoted snapshot of a geth node", target_fixture="snapshot")
def promoted_snapshot(snapshots: Snapshots) -> Snapshot:
    """The newest. `@snapshot` has seen to it that there is one."""
    newest = snapshots.latest()
    assert newest is not None, f"nothing was promoted in {snapshots.repository}"
    return newest


@given(parsers.parse("{count:d} blocks later"))
def blocks_later(count: int, nodes: Nodes, env: Environment) -> None:
    """Seen on a sync node."""
    nodes.leader.must_advance(count, within=env.timeout("readiness"))


@when("a snapshot of a geth node is taken", target_fixture="taken")
@when("another snapshot of the same node is taken", target_fixture="taken")
def take_snapshot(snapshots: Snapshots, snapshot_node: DeployedNode, evidence: Evidence) -> Taken:
    """By the job that its schedule would start, now; whatever the last one was."""
    assert snapshot_node.pod
    taken = snapshots.take()
    evidence.attach("snapshot job", {"containers": taken.job.containers, "said": taken.job.said})
    return taken


@then('it is promoted, and it is what "latest" means')
def it_is_promoted(taken: Taken, snapshots: Snapshots, evidence: Evidence) -> None:
    latest = snapshots.latest()
    assert latest is not None
    evidence.attach("latest", {"id": latest.id, "digest": latest.digest, "annotations": dict(latest.annotations)})
    assert latest.digest == taken.promoted.digest


@then("it names the client, version, network, genesis, block, state root, database scheme and owner of the node's data")
def it_is_described(taken: Taken, snapshot_node: DeployedNode, nodes: Nodes, evidence: Evidence) -> None:
    """As the node itself and the client table say; the block and its state root as another node has them."""
    said, known = taken.promoted.config.description, snapshot_node.execution
    other = next(node for node in nodes.sync if node.pod != snapshot_node.pod)
    block = other.rpc.call("eth_getBlockByNumber", hex(said.block.number), False)
    evidence.attach("description", repr(said))
    assert (said.client.name, said.client.version) == (known.client, str(known.known["version"]))
    assert said.network.chain_id == snapshot_node.rpc.chain_id()
    genesis = other.rpc.call("eth_getBlockByNumber", "0x0", False)
    assert said.network.genesis_hash == genesis["hash"]
    assert (said.block.hash, said.block.state_root) == (block["hash"], block["stateRoot"])
    assert said.block.timestamp == int(block["timestamp"], 16)
    assert said.finalized is not None
    assert said.finalized.number <= said.block.number
    assert said.database.scheme == known.known["snapshot"]["scheme"]
    assert (said.owner.uid, said.owner.gid) == owner_of(snapshot_node)


@then("the node was stopped cleanly, and was down no longer than the snapshot's limit")
def stopped_cleanly(
    taken: Taken, snapshot_node: DeployedNode, kube: Kube, env: Environment, evidence: Evidence
) -> None:
    """Its log has no word of an unclean shutdown. From the stop to the next answer: `timeouts.snapshotDowntime`."""
    log = kube.logs(snapshot_node.namespace, snapshot_node.pod, "execution")
    assert log, f"the new pod {snapshot_node.pod} has no log"
    unclean = str(snapshot_node.execution.known["log"]["unclean"])
    assert unclean not in log
    down = taken.number(ANNOTATION_DOWNTIME)
    evidence.attach("downtime", {"seconds": down, "limit": env.timeout("snapshotDowntime")})
    assert 0 < down <= env.timeout("snapshotDowntime")


@then("the node follows the head again, and has the recorded block")
def node_follows(taken: Taken, snapshot_node: DeployedNode, nodes: Nodes, env: Environment) -> None:
    """Within `timeouts.readiness`."""
    others = [node for node in nodes.every if node.pod != snapshot_node.pod]
    snapshot_node.must_follow_head(others, spread=int(env.budget("headSpread")), within=env.timeout("readiness"))
    recorded = taken.promoted.config.description.block
    found = snapshot_node.rpc.call("eth_getBlockByNumber", hex(recorded.number), False)
    assert found["hash"] == recorded.hash


@when("the schedule of a node's snapshots is every minute", target_fixture="scheduled")
def every_minute(snapshots: Snapshots, kube: Kube, request: pytest.FixtureRequest) -> set[str]:
    """Its minimum interval aside, which the job would otherwise keep to. Put back whatever happens."""
    name = f"snapshot-{snapshots.node}-0"
    cronjob = kube.get("CronJob", name, snapshots.namespace)
    assert cronjob is not None
    before = {one.id for one in snapshots.promoted()}

    def put_back() -> None:
        spec = cronjob["spec"]
        kube.patch(
            "CronJob",
            name,
            snapshots.namespace,
            {"spec": {"schedule": spec["schedule"], "suspend": spec["suspend"], "jobTemplate": spec["jobTemplate"]}},
        )
        for job in kube.list("Job", snapshots.namespace):
            if any(one["name"] == name for one in job["metadata"].get("ownerReferences", [])):
                snapshots.follow(job["metadata"]["name"])

    request.addfinalizer(put_back)
    template = forced(cronjob)["spec"]["jobTemplate"]
    kube.patch(
        "CronJob",
        name,
        snapshots.namespace,
        {"spec": {"schedule": "* * * * *", "suspend": False, "jobTemplate": template}},
    )
    return before


@then("a snapshot is taken that nobody asked for")
def taken_by_itself(scheduled: set[str], snapshots: Snapshots, kube: Kube, env: Environment) -> None:
    """Started by the CronJob's controller; within a minute and `timeouts.snapshot`."""
    found = eventually(
        "a snapshot was promoted that the schedule asked for",
        lambda: [one for one in snapshots.promoted() if one.id not in scheduled],
        within=60 + env.timeout("snapshot"),
        every=2,
        hint=f"kubectl -n {snapshots.namespace} get cronjobs,jobs",
    )
    assert found
    kube.patch("CronJob", f"snapshot-{snapshots.node}-0", snapshots.namespace, {"spec": {"suspend": True}})


@dataclass(frozen=True)
class Asked:
    """A snapshot that was taken under load."""

    taken: Taken
    load: load.Load


@when(
    "a snapshot of a geth node is taken while clients ask the Service of that node for its head", target_fixture="asked"
)
def taken_under_load(
    snapshots: Snapshots, snapshot_node: DeployedNode, nodes: Nodes, trial_pods: TrialPods, env: Environment
) -> Asked:
    """Every tenth of a second, and for what does not change any more; all answers are compared."""
    loader = trial_pods.start("loader", labels={"ethinfra.io/rpc-client": "true"})
    final = nodes.leader.must_finalize(within=env.timeout("finality"))
    asked = load.questions(nodes.leader, final.number, [])
    url = f"http://{snapshot_node.rpc_service}.{snapshot_node.namespace}.svc:{snapshot_node.ports['rpc']}"
    with load.running(loader, url, asked, clients=2, batch=4, pause=0.1) as running:
        taken = snapshots.take()
    loader.delete()
    taken.job.must_have_succeeded()
    return Asked(taken, running)


@then("every one of their requests was answered")
def all_answered(asked: Asked, env: Environment, evidence: Evidence) -> None:
    """And none of them wrongly; a head may be `budgets.headSpread` blocks behind one that the client saw before."""
    evidence.attach("load", {"seconds": len(asked.load.seconds), "answered": asked.load.answered})
    asked.load.must_not_fail()
    asked.load.must_be_right(back=int(env.budget("headSpread")))


@when("two jobs for snapshots of one node are started at the same moment", target_fixture="both")
def two_jobs(snapshots: Snapshots) -> list[Ended]:
    """For the same replica, so for one volume."""
    started = [snapshots.start(), snapshots.start()]
    with ThreadPoolExecutor() as pool:
        return list(pool.map(snapshots.follow, started))


@then("one of them takes a snapshot, and the other one says who holds the volume")
def one_takes(both: list[Ended], evidence: Evidence) -> None:
    evidence.attach("jobs", {one.job: {"succeeded": one.succeeded, "take": one.logs.get("take", "")} for one in both})
    took = [one for one in both if "SnapshotPromoted" in one.logs.get("promote", "")]
    assert len(took) == 1, [one.said for one in both]
    (other,) = [one for one in both if one is not took[0]]
    assert "another run works on" in other.logs["take"], other.logs["take"]
    assert "copied in" not in other.logs["take"]


@then("it sent fewer bytes than the first, and reused what had not changed")
def sent_less(taken: Taken, snapshot: Snapshot, evidence: Evidence) -> None:
    """Bytes of all files, of all layers, and of those that were sent."""
    new = taken.promoted
    known = {chunk.layer for _, chunk in snapshot.config.chunks()}
    shared = sum(chunk.size for _, chunk in new.config.chunks() if chunk.layer in known)
    sent = int(taken.number(ANNOTATION_SENT))
    evidence.attach(
        "difference", {"files": new.config.size, "stored": new.stored_bytes, "shared": shared, "sent": sent}
    )
    assert new.config.parent == snapshot.digest
    assert shared > 0
    fresh = {chunk.layer: chunk.stored for _, chunk in new.config.chunks() if chunk.layer not in known}
    assert sent <= sum(fresh.values()), "it sent what the first one has"
    assert sent < new.stored_bytes


def forced(cronjob: Object) -> Object:
    """The same, with jobs that take a snapshot though the last one is young."""
    for container in cronjob["spec"]["jobTemplate"]["spec"]["template"]["spec"]["initContainers"]:
        if container["name"] == "take":
            others = [one for one in container.get("env") or [] if one["name"] != "FORCE"]
            container["env"] = [*others, {"name": "FORCE", "value": "1"}]
    return cronjob


def owner_of(node: DeployedNode) -> tuple[int, int]:
    """User and group that the node's containers run as."""
    pod = node.kube.get("Pod", node.pod, node.namespace) or {}
    about = pod["spec"]["securityContext"]
    return about["runAsUser"], about["runAsGroup"]


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


_LOSE_ALL = "import shutil; shutil.rmtree('/restored/geth')"

_LOSE_AN_END = """
import os, pathlib
tables = sorted(pathlib.Path('/restored/geth/chaindata').glob('*.sst'), key=lambda one: one.name)
os.truncate(tables[-1], tables[-1].stat().st_size // 2)
"""


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
def no_repair(alone: AloneNode, evidence: Evidence) -> None:
    """In the words that its client's file has for an unclean stop, and those of geth for a repair or a rewind."""
    log = alone.log()
    evidence.attach("log", log[-4000:])
    assert "Loaded most recent local block" in log or "Loaded most recent local" in log, log[-2000:]
    said = [line for line in log.splitlines() if any(word in line for word in REPAIRS)]
    assert not said, said


#: Of geth v1.17 (core/blockchain.go, core/rawdb/freezer_table.go, triedb/pathdb/disklayer.go, eth/backend.go).
REPAIRS = ("Unclean shutdown", "Head state missing, repairing", "Rewinding blockchain", "Truncating", "Discarded")


@dataclass
class Cached:
    """A builder with a Kubernetes node's chunk cache, and its restores."""

    builder: Builder
    plan: dict[str, Any]
    said: list[str]


@given("a promoted snapshot that was restored through the chunk cache of a Kubernetes node", target_fixture="cached")
def restored_through_cache(snapshot_of_cache: Snapshot, snapshots: Snapshots, builders: Builders, kube: Kube) -> Cached:
    """Into a folder of a volume of that node, by the init container's program of a serve node."""
    assert snapshot_of_cache
    mounted, plan = cache_of(kube, snapshots)

    def with_cache(spec: Object) -> None:
        spec["volumes"].append(mounted)
        spec["containers"][0]["volumeMounts"].append({"name": mounted["name"], "mountPath": plan["cache"]["directory"]})

    found = Cached(builders.start(snapshots, with_cache), plan, [])
    done = found.builder.restore(plan, f"{VOLUME}/first")
    assert done.ok, done.stdout + done.stderr
    found.said.append(done.stdout)
    return found


@pytest.fixture
def snapshot_of_cache(snapshots: Snapshots) -> Snapshot:
    """The newest."""
    return promoted_snapshot(snapshots)


@when("the same snapshot is restored there to another empty volume")
def restored_once_more(cached: Cached, evidence: Evidence) -> None:
    done = cached.builder.restore(cached.plan, f"{VOLUME}/second")
    assert done.ok, done.stdout + done.stderr
    cached.said.append(done.stdout)
    evidence.attach("restores", cached.said)


@then("nothing was fetched from the registry")
def nothing_fetched(cached: Cached) -> None:
    restored = restore_of(cached.said[-1])
    assert restored.fetched == 0
    assert restored.cached > 0


@then("the volume shares its blocks with the cache")
def shares_blocks(cached: Cached) -> None:
    """As the restore says: no chunk was copied."""
    restored = restore_of(cached.said[-1])
    assert restored.copied == 0
    assert restored.shared > 0


def cache_of(kube: Kube, snapshots: Snapshots) -> tuple[Object, dict[str, Any]]:
    """The volume of the serve nodes that leads to the cache, and the plan that they are told."""
    for deployment in kube.list("Deployment", snapshots.namespace, labels="ethinfra.io/role=serve"):
        volumes = deployment["spec"]["template"]["spec"]["volumes"]
        plans = [one["configMap"]["name"] for one in volumes if one["name"] == "plan"]
        plan = json.loads((kube.get("ConfigMap", plans[0], snapshots.namespace) or {})["data"]["plan.json"])
        if plan["cache"] is not None:
            return next(one for one in volumes if one["name"] == "cache"), plan
    raise AssertionError("no serve node has a chunk cache")


@then("every account for the registry that a pod of the layer has comes from a Secret")
def accounts_from_secrets(snapshots: Snapshots, kube: Kube) -> None:
    """No password of the registry stands in an object of the namespace that is no Secret."""
    passwords = read_access(kube).passwords.values()
    for kind in ("Pod", "ConfigMap", "CronJob", "Job", "Deployment", "StatefulSet"):
        for one in kube.list(kind, snapshots.namespace):
            text = json.dumps(one, default=str)
            named = one["metadata"]["name"]
            assert not any(password in text for password in passwords), f"{kind} {named} holds a password"


@then("only the pods that push or prune snapshots have the push account's")
def only_jobs_push(snapshots: Snapshots, kube: Kube, evidence: Evidence) -> None:
    """By the Secrets that they mount; and that Secret has another account than the serve nodes'."""
    found: dict[str, list[str]] = {}
    for kind, place in (
        ("CronJob", ("jobTemplate", "spec", "template")),
        ("Deployment", ("template",)),
        ("StatefulSet", ("template",)),
    ):
        for one in kube.list(kind, snapshots.namespace):
            template = one["spec"]
            for key in place:
                template = template[key]
            for volume in template["spec"].get("volumes") or []:
                secret = (volume.get("secret") or {}).get("secretName", "")
                if secret.startswith("snapshot-registry"):
                    found.setdefault(secret, []).append(f"{kind}/{one['metadata']['name']}")
    evidence.attach("who mounts what", found)
    pushing = [
        name
        for secret, names in found.items()
        if accounts_in(kube, snapshots.namespace, secret) & {"push"}
        for name in names
    ]
    assert pushing
    assert all(name.startswith(("CronJob/snapshot-", "CronJob/prune-")) for name in pushing), pushing
    pulling = [
        name
        for secret, names in found.items()
        if accounts_in(kube, snapshots.namespace, secret) == {"pull"}
        for name in names
    ]
    assert any(name.startswith("Deployment/") for name in pulling), pulling


def accounts_in(kube: Kube, namespace: str, secret: str) -> set[str]:
    """The accounts of a docker configuration in a Secret; empty for a Secret without one."""
    data = (kube.get("Secret", secret, namespace) or {}).get("data") or {}
    if ".dockerconfigjson" not in data:
        return set()
    entries = json.loads(base64.b64decode(data[".dockerconfigjson"]))["auths"].values()
    return {base64.b64decode(one["auth"]).decode().partition(":")[0] for one in entries}
