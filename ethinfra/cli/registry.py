"""`ethinfra registry`: the cluster's registry, its accounts, its use and its garbage."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ethinfra.cli.cluster import EnvironmentName, find
from ethinfra.cluster.provider import Cluster, ClusterProvider
from ethinfra.environment import Environment, load_environment
from ethinfra.errors import MissingCapability
from ethinfra.kube import Kube
from ethinfra.progress import Progress
from ethinfra.registry import HOST, POD, PORT, secrets
from ethinfra.registry import mirror as mirrors
from ethinfra.registry.collect import collect
from ethinfra.registry.connect import connected
from ethinfra.registry.health import LAYER
from ethinfra.registry.secrets import Account
from ethinfra.waiting import eventually

app = typer.Typer(help="The cluster's registry.", no_args_is_help=True)

Env = EnvironmentName
#: The layer whose pods push and restore snapshots.
USERS = "ethereum"
# helmfile's hooks are told by variables to which cluster a layer is applied; it need not be the environment's own.
Provider = Annotated[
    str | None, typer.Option("--cluster", envvar="ETHINFRA_PROVIDER", help="Another provider than the environment's.")
]
Name = Annotated[
    str | None, typer.Option("--name", envvar="ETHINFRA_CLUSTER", help="The cluster's name; else the environment's.")
]
Json = Annotated[bool, typer.Option("--json", help="For scripts.")]


@dataclass(frozen=True)
class Reached:
    """An environment's cluster, and where its registry is."""

    environment: Environment
    provider: ClusterProvider
    cluster: Cluster
    kube: Kube

    @property
    def namespace(self) -> str:
        return self.environment.layer(LAYER).namespace


def reach(env: str, provider: str | None, name: str | None) -> Reached:
    """ClusterError if the environment's cluster does not run."""
    chosen, cluster = find(env, provider, name)
    return Reached(load_environment(env), chosen, cluster, Kube.of(cluster))


def wait_until_ready(there: Reached, progress: Progress) -> None:
    """Return once the registry's pod is Ready; NotInTime says what its containers wait for."""
    within = there.environment.timeout("pod")
    with progress.step("waiting for the registry", within=within):
        eventually(
            "the registry's pod is ready",
            lambda: _readiness(there.kube, there.namespace),
            until=lambda state: state == "ready",
            within=within,
            hint=f"kubectl -n {there.namespace} describe pod {POD}",
        )


def show(table: Table) -> None:
    """Print a table; in a pipe as wide as it is, because there is no edge to fit in."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = console.measure(table, options=console.options.update(width=1000)).maximum
    console.print(table)


@app.command("prepare")
def prepare_command(env: Env = "local", provider: Provider = None, name: Name = None) -> None:
    """Make the registry's accounts and certificate, unless they exist, and hand them to those who use it."""
    there = reach(env, provider, name)
    made = secrets.prepare(there.kube, there.namespace)
    typer.echo(f"made: {', '.join(made)}" if made else "accounts and certificate exist already")
    users = there.environment.layer(USERS).namespace
    shared = secrets.share(there.kube, users, there.namespace)
    typer.echo(f"handed to {users}: {', '.join(shared)}" if shared else f"{users} has them already")


@app.command("mirror")
def mirror_command(env: Env = "local", provider: Provider = None, name: Name = None) -> None:
    """Make the nodes pull through the registry under the upstream names."""
    there = reach(env, provider, name)
    try:
        with Progress().step("pointing the nodes at the registry"):
            mirror = mirrors.configure(there.kube, there.provider, there.cluster, there.namespace)
    except MissingCapability as reason:
        # Not a fault: on such clusters nodes pull from upstream, or were pointed here by those who run them.
        typer.echo(f"NOT_APPLICABLE: {reason.subject}")
        return
    typer.echo(
        f"{', '.join(mirror.upstreams)} are pulled through https://{mirror.host}:{mirror.port} ({mirror.address})"
    )


@app.command("list")
def list_command(env: Env = "local", provider: Provider = None, name: Name = None, as_json: Json = False) -> None:
    """Repositories with their tags and sizes."""
    there = reach(env, provider, name)
    with connected(there.kube, Account.PULL, there.namespace) as client:
        usage = client.usage()
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in usage.repositories], indent=2))
        return
    table = Table("repository", "tags", "MB", box=None, pad_edge=False)
    for one in usage.repositories:
        table.add_row(one.name, " ".join(one.tags), f"{one.size / 1e6:.1f}")
    show(table)


@app.command("usage")
def usage_command(env: Env = "local", provider: Provider = None, name: Name = None, as_json: Json = False) -> None:
    """What the registry stores, and how much of it garbage collection would free."""
    there = reach(env, provider, name)
    with connected(there.kube, Account.PULL, there.namespace) as client:
        usage = client.usage()
    facts = {
        "repositories": len(usage.repositories),
        "tags": sum(len(one.tags) for one in usage.repositories),
        "referencedBytes": usage.referenced,
        "storedBytes": usage.stored,
        "collectableBytes": usage.collectable,
    }
    if as_json:
        typer.echo(json.dumps(facts, indent=2))
        return
    typer.echo(f"{facts['repositories']} repositories, {facts['tags']} tags")
    typer.echo(f"{usage.stored / 1e6:.1f} MB stored, {usage.collectable / 1e6:.1f} MB of it collectable")


@app.command("gc")
def gc_command(
    env: Env = "local",
    provider: Provider = None,
    name: Name = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be freed.")] = False,
    as_json: Json = False,
) -> None:
    """Remove what no tag needs; pushes are refused meanwhile."""
    there = reach(env, provider, name)
    done = collect(there.kube, Progress(), dry_run=dry_run, namespace=there.namespace)
    if as_json:
        typer.echo(json.dumps(asdict(done), indent=2))
        return
    verb = "would be freed" if dry_run else "freed"
    typer.echo(f"{done.blobs} blobs, {done.bytes / 1e6:.1f} MB {verb}; {done.kept_bytes / 1e6:.1f} MB remain")


@app.command("login-info")
def login_info_command(env: Env = "local", provider: Provider = None, name: Name = None) -> None:
    """How to reach the registry by hand. Prints commands that read the passwords, not the passwords."""
    there = reach(env, provider, name)
    kubectl = f"kubectl --kubeconfig {there.cluster.kubeconfig} --context {there.cluster.context} -n {there.namespace}"
    secret = f"{kubectl} get secret {secrets.ACCOUNTS} -o jsonpath="
    typer.echo(
        f"""in the cluster   https://{HOST}:{PORT}
from here        {kubectl} port-forward {POD} {PORT}    then https://localhost:{PORT}, management page /ui/
authority        {kubectl} get secret {secrets.TLS} -o jsonpath='{{.data.ca\\.crt}}' | base64 -d
pull account     {Account.PULL}, password: {secret}'{{.data.pull-password}}' | base64 -d
push account     {Account.PUSH}, password: {secret}'{{.data.push-password}}' | base64 -d"""
    )


def _readiness(kube: Kube, namespace: str) -> str:
    pod = kube.get("Pod", POD, namespace)
    if pod is None:
        return "there is no pod yet"
    status = pod.get("status", {})
    if any(one["type"] == "Ready" and one["status"] == "True" for one in status.get("conditions") or ()):
        return "ready"
    waits = [
        f"{one['name']}: {why.get('reason')} {why.get('message', '')}".strip()
        for one in status.get("containerStatuses") or ()
        if (why := (one.get("state") or {}).get("waiting"))
    ]
    return "; ".join(waits) or f"{status.get('phase', 'Pending')}, not ready"
