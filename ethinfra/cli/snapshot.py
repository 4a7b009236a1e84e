"""`ethinfra snapshot`: snapshots of an environment's nodes, as an operator takes, sees, tries and restores them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from ethinfra import jobs
from ethinfra.cli.registry import Env, Json, Name, Provider, Reached, reach, show
from ethinfra.errors import BadInput, EthinfraError, unknown_name
from ethinfra.kube import readiness
from ethinfra.progress import Progress
from ethinfra.registry import HOST
from ethinfra.registry.connect import connected
from ethinfra.registry.secrets import Account
from ethinfra.snapshot import manifest
from ethinfra.snapshot.access import open_store
from ethinfra.snapshot.cache import ChunkCache
from ethinfra.snapshot.compatibility import Expected
from ethinfra.snapshot.job.restore import expected as expected_by
from ethinfra.snapshot.job.run import NOT_NEEDED
from ethinfra.snapshot.job.volume_snapshot import RUN
from ethinfra.snapshot.listing import LATEST, Listed, State, listing, resolve
from ethinfra.snapshot.model import Config
from ethinfra.snapshot.plan import Method, parse_plan
from ethinfra.snapshot.progress import amount, shown
from ethinfra.snapshot.promote import pin, unpin
from ethinfra.snapshot.reader import glance, read_snapshot
from ethinfra.snapshot.registry_store import RegistryStore
from ethinfra.snapshot.restore import restore, restore_newest
from ethinfra.snapshot.verify import verify

app = typer.Typer(help="Snapshots of nodes in the registry.", no_args_is_help=True)

#: The layer whose nodes snapshots are taken of.
LAYER = "ethereum"
#: Prefix of what the chart names after a node: its plan, its jobs.
OF = "snapshot-"
#: Seconds after its deadline in which a job is said to have failed.
_ENDING = 60.0

Node = Annotated[str | None, typer.Option("--node", help="Of which sync node; the only one that has snapshots, if so.")]
Reference = Annotated[str, typer.Argument(metavar="SNAPSHOT", help="An id, a tag, a digest, or `latest`.")]
DockerConfig = Annotated[
    Path | None,
    typer.Option(
        "--registry-config", help="Docker configuration with an account, for a registry that is not the cluster's."
    ),
]


class Planned:
    """A sync node of which snapshots are taken, and what its jobs are told."""

    def __init__(self, there: Reached, node: str | None, config: Path | None = None) -> None:
        self.there = there
        self.namespace = there.environment.layer(LAYER).namespace
        plans = {
            one["metadata"]["name"].removeprefix(OF): json.loads(one["data"]["plan.json"])
            for one in there.kube.list("ConfigMap", self.namespace)
            if one["metadata"]["name"].startswith(OF) and "plan.json" in (one.get("data") or {})
        }
        if not plans:
            raise BadInput(
                f"no node of {there.environment.name} has snapshots",
                todo="set sync.nodes[].snapshots.enabled in values/ethereum, and deploy",
            )
        if node is None and len(plans) > 1:
            raise BadInput("several nodes have snapshots", todo=f"say --node {' or --node '.join(sorted(plans))}")
        self.node = node or next(iter(plans))
        if self.node not in plans:
            raise unknown_name("node with snapshots", self.node, sorted(plans))
        self.plan = parse_plan(plans[self.node], f"ConfigMap {self.namespace}/{OF}{self.node}")
        self._config = config

    @contextmanager
    def store(self, account: Account = Account.PULL) -> Iterator[RegistryStore]:
        """The node's repository, through a port-forward where the registry is the cluster's own."""
        if HOST in self.plan.registry.url:
            with connected(self.there.kube, account) as client:
                yield RegistryStore(client, self.plan.repository)
        else:
            with open_store(self.plan.registry.url, self.plan.repository, config=self._config) as store:
                yield store

    @property
    def expected(self) -> Expected:
        """What a restore for this node accepts, as its pods do; of its network's genesis what the plan knows."""
        return expected_by(self.plan, "")


@app.command("list")
def list_command(
    env: Env = "local",
    provider: Provider = None,
    name: Name = None,
    node: Node = None,
    config: DockerConfig = None,
    everything: Annotated[bool, typer.Option("--all", help="Candidates and failed ones too.")] = False,
    as_json: Json = False,
) -> None:
    """Snapshots of a node, oldest first."""
    planned = Planned(reach(env, provider, name), node, config)
    with planned.store() as store:
        found = [one for one in listing(store) if everything or one.state is State.PROMOTED]
        facts = [_facts(store, one) for one in found]
    if as_json:
        typer.echo(json.dumps(facts, indent=2))
        return
    table = Table("snapshot", "state", "bytes", "sent", "down", "", box=None, pad_edge=False)
    for one in facts:
        down = f"{one['downtimeSeconds']:.1f}s" if one["downtimeSeconds"] is not None else "-"
        marks = " ".join(
            [*(["latest"] if one["latest"] else []), *(f"pin:{pinned}" for pinned in one["pins"]), one["problem"]]
        )
        table.add_row(one["id"], one["state"], amount(one["bytes"] or 0), amount(one["sentBytes"] or 0), down, marks)
    typer.echo(planned.plan.repository)
    show(table)


@app.command("show")
def show_command(
    reference: Reference = LATEST,
    env: Env = "local",
    provider: Provider = None,
    name: Name = None,
    node: Node = None,
    config: DockerConfig = None,
    as_json: Json = False,
) -> None:
    """What a snapshot is of, and what it takes."""
    planned = Planned(reach(env, provider, name), node, config)
    with planned.store() as store:
        found = read_snapshot(store, resolve(store, reference))
    about = {
        "id": found.id,
        "digest": found.digest,
        **_described(found.config),
        "files": len(found.config.files),
        "bytes": found.config.size,
        "layers": found.layers,
        "storedBytes": found.stored_bytes,
        "chunkSize": found.config.chunk_size,
        "parent": found.config.parent,
        "annotations": dict(found.annotations),
    }
    if as_json:
        typer.echo(json.dumps(about, indent=2))
        return
    for key, value in about.items():
        text = ", ".join(f"{inner} {one}" for inner, one in value.items()) if isinstance(value, dict) else value
        typer.echo(f"{key:<12} {text if text is not None else '-'}")


@app.command("create")
def create_command(
    env: Env = "local",
    provider: Provider = None,
    name: Name = None,
    node: Node = None,
    ordinal: Annotated[int | None, typer.Option(help="Which replica; else the last one that is ready.")] = None,
    follow: Annotated[bool, typer.Option("--follow/--no-follow", help="Wait for the end.")] = True,
) -> None:
    """Take a snapshot now, however young the last: one replica stops for seconds; what is pushed is tried by a node."""
    there = reach(env, provider, name)
    planned = Planned(there, node)
    chosen = _ready_replica(planned) if ordinal is None else ordinal
    job = jobs.start(there.kube, planned.namespace, f"{OF}{planned.node}-{chosen}", env={"FORCE": "1"})
    typer.echo(f"job {planned.namespace}/{job} takes a snapshot of {planned.node}-{chosen}")
    if follow:
        job_plan = planned.plan.job_plan
        within = job_plan.stop_seconds + job_plan.start_seconds + there.environment.timeout("snapshot")
        ended = jobs.follow(there.kube, planned.namespace, job, Progress(), within=within).must_have_succeeded()
        typer.echo(ended.said)
        if job_plan.method == Method.VOLUME_SNAPSHOT:
            _push_cut(planned)


@app.command("verify")
def verify_command(
    reference: Reference = LATEST,
    env: Env = "local",
    provider: Provider = None,
    name: Name = None,
    node: Node = None,
    config: DockerConfig = None,
    quick: Annotated[bool, typer.Option("--quick", help="Only whether everything is there, with its size.")] = False,
) -> None:
    """Read all of a stored snapshot and compare every byte's digest."""
    planned = Planned(reach(env, provider, name), node, config)
    with planned.store() as store, shown() as progress:
        found = verify(store, resolve(store, reference), quick=quick, progress=progress)
    if found.problems:
        raise EthinfraError(
            f"snapshot {found.id} is damaged",
            seen="\n".join(found.problems[:20]),
            todo="restores take the one before it; take a new one: `ethinfra snapshot create`",
        )
    how = "all there" if quick else "every byte compared"
    typer.echo(f"{found.id}: {found.chunks} chunks, {amount(found.bytes)}, {how} in {found.seconds:.1f}s")


@app.command("restore")
def restore_command(
    into: Annotated[Path, typer.Argument(metavar="DIR", help="A data directory on this machine.")],
    env: Env = "local",
    provider: Provider = None,
    name: Name = None,
    node: Node = None,
    config: DockerConfig = None,
    reference: Annotated[
        str | None, typer.Option("--snapshot", help="An id, a tag or a digest; else the newest that can be used.")
    ] = None,
    over: Annotated[
        bool, typer.Option("--over", help="Replace the data that is there; what is the same stays.")
    ] = False,
    cache: Annotated[Path | None, typer.Option("--cache", help="A folder for chunks, for the next restore.")] = None,
) -> None:
    """Restore into a directory. Interrupted it goes on; nodes in the cluster do it by themselves."""
    planned = Planned(reach(env, provider, name), node, config)
    kept = ChunkCache(cache, 50 << 30) if cache else None
    try:
        into.mkdir(parents=True, exist_ok=True)
    except OSError as reason:
        raise BadInput(f"{into} cannot be made", expected="a directory to write to", seen=str(reason)) from reason
    with planned.store() as store, shown() as progress:
        if reference:
            done = restore(
                store, resolve(store, reference), into, planned.expected, over=over, cache=kept, progress=progress
            )
        else:
            done = restore_newest(store, into, planned.expected, over=over, cache=kept, progress=progress)
    if not done.done:
        typer.echo(f"{into} was restored from {done.marker.id} already; --over replaces it")
        return
    typer.echo(
        f"{into} holds {done.marker.id}, block {done.marker.block_number}: {amount(done.bytes)} in "
        f"{done.seconds:.1f}s; {done.counts}"
    )


@app.command("prune")
def prune_command(
    env: Env = "local",
    provider: Provider = None,
    name: Name = None,
    node: Node = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go, and why.")] = False,
) -> None:
    """Run the cleanup now: what its retention does not keep goes, and nothing that a pod stands on."""
    there = reach(env, provider, name)
    planned = Planned(there, node)
    job = jobs.start(there.kube, planned.namespace, f"prune-{planned.node}", args=["--dry-run"] if dry_run else [])
    within = there.environment.timeout("snapshot")
    ended = jobs.follow(there.kube, planned.namespace, job, Progress(), within=within).must_have_succeeded()
    typer.echo(ended.logs.get("prune", ended.said))
    if not dry_run:
        typer.echo("`ethinfra registry gc` gives the space back")


@app.command("pin")
def pin_command(
    reference: Reference,
    label: Annotated[str, typer.Argument(metavar="NAME", help="Why it is kept; part of a tag.")],
    env: Env = "local",
    provider: Provider = None,
    name: Name = None,
    node: Node = None,
    config: DockerConfig = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the pin away.")] = False,
) -> None:
    """Keep a snapshot whatever its age, until the pin is removed."""
    planned = Planned(reach(env, provider, name), node, config)
    with planned.store(Account.PUSH) as store:
        if remove:
            unpin(store, label)
            typer.echo(f"no pin {label} any more")
        else:
            typer.echo(f"{reference} is kept: {pin(store, resolve(store, reference), label)}")


def _ready_replica(planned: Planned) -> int:
    """The last replica that is ready: nothing else relies on it."""
    states = {
        ordinal: readiness(planned.there.kube.get("Pod", f"{planned.node}-{ordinal}", planned.namespace))
        for ordinal in range(planned.plan.replicas)
    }
    ready = [ordinal for ordinal, state in states.items() if state == "ready"]
    if not ready:
        raise BadInput(
            f"no replica of {planned.node} is ready",
            expected="one that follows its chain",
            seen="; ".join(f"{planned.node}-{ordinal}: {state}" for ordinal, state in states.items()),
            todo="wait for it, or name one with --ordinal",
        )
    return ready[-1]


def _push_cut(planned: Planned) -> None:
    """Start the second job, which would wait for its schedule, and follow it; nothing where nothing was cut, which the
    first one has said."""
    kube, namespace = planned.there.kube, planned.namespace
    cut = kube.get("VolumeSnapshot", f"{OF}{planned.node}", namespace)
    if RUN not in ((cut or {}).get("metadata", {}).get("annotations") or {}):
        return
    job = jobs.start(kube, namespace, f"push-{planned.node}")
    typer.echo(f"job {namespace}/{job} pushes what was cut, and tries it")
    deadline = (kube.get("Job", job, namespace) or {}).get("spec", {}).get("activeDeadlineSeconds", 0)
    ended = jobs.follow(kube, namespace, job, Progress(), within=deadline + _ENDING).must_have_succeeded()
    if NOT_NEEDED in ended.logs.get("push", ""):
        raise EthinfraError(
            f"job {namespace}/{job} pushed nothing",
            seen=ended.logs["push"].strip(),
            todo="another job may be pushing the same: `ethinfra snapshot list --all`",
        )
    typer.echo(ended.said)


def _facts(store: RegistryStore, one: Listed) -> dict[str, Any]:
    """A snapshot by its names and its manifest alone."""
    said = glance(store, one)
    size, sent = said.number(manifest.ANNOTATION_BYTES), said.number(manifest.ANNOTATION_SENT)
    return {
        "id": one.id,
        "state": str(one.state),
        "digest": one.digest,
        "created": one.created.isoformat(),
        "latest": one.latest,
        "pins": list(one.pins),
        "bytes": None if size is None else int(size),
        "sentBytes": None if sent is None else int(sent),
        "downtimeSeconds": said.number(manifest.ANNOTATION_DOWNTIME),
        "problem": said.problem or one.problem,
    }


def _described(config: Config) -> dict[str, Any]:
    about = config.description
    return {
        key: asdict(value) if value is not None else None
        for key, value in (
            ("client", about.client),
            ("network", about.network),
            ("block", about.block),
            ("finalized", about.finalized),
            ("owner", about.owner),
            ("producer", about.producer),
        )
    } | {"scheme": about.database.scheme, "created": about.created.isoformat()}
