"""`ethinfra up | down | status | kubeconfig`: an environment's cluster, and the layers on it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ethinfra.cluster.embedded.plan import MAX_NODES
from ethinfra.cluster.provider import Cluster, ClusterProvider, ClusterSpec
from ethinfra.cluster.select import must_find, provider_for
from ethinfra.deploy import apply_layers, destroy_layers
from ethinfra.environment import known_environments, load_environment
from ethinfra.errors import BadInput
from ethinfra.progress import Progress

app = typer.Typer(rich_markup_mode=None)

EnvironmentName = Annotated[str, typer.Option("--env", "-e", help=f"One of: {', '.join(known_environments())}.")]
ProviderName = Annotated[
    str | None, typer.Option("--cluster", help="Instead of the environment's: embedded, kind, context[:NAME].")
]
ClusterName = Annotated[str | None, typer.Option("--name", help="The cluster's name; else the environment's.")]
AsJson = Annotated[bool, typer.Option("--json", help="For scripts.")]


@app.command()
def up(
    env: EnvironmentName = "local",
    cluster: ProviderName = None,
    name: ClusterName = None,
    nodes: Annotated[
        int | None, typer.Option("--nodes", min=1, max=MAX_NODES, help="Number of nodes; else the environment's.")
    ] = None,
    address_range: Annotated[
        str, typer.Option("--range", help="An IPv4 /16 for it, such as 10.130.0.0/16; else any free one.")
    ] = "",
    cluster_only: Annotated[bool, typer.Option("--cluster-only", help="Deploy no layer on it.")] = False,
) -> None:
    """Boot the cluster, or what is missing of it, and deploy all layers in order. Repeating it resumes."""
    environment = load_environment(env)
    progress = Progress()
    spec = ClusterSpec(name or env, nodes or environment.nodes, environment.timeout("cluster"), address_range)
    made = provider_for(environment, cluster).up(spec, progress)
    if not cluster_only:
        apply_layers(made, environment, progress)
    typer.echo(f"cluster {made.name} is up: {', '.join(made.nodes) or made.context}")
    typer.echo(f"export KUBECONFIG={made.kubeconfig}")


@app.command()
def down(
    env: EnvironmentName = "local",
    cluster: ProviderName = None,
    name: ClusterName = None,
    layers: Annotated[bool, typer.Option("--layers", help="Only the layers, in reverse order; volumes stay.")] = False,
    delete_data: Annotated[bool, typer.Option("--delete-data", help="With the layers, their volumes too.")] = False,
) -> None:
    """Remove a cluster that this project booted, at once; of any other cluster, remove the layers in reverse order."""
    environment = load_environment(env)
    provider = provider_for(environment, cluster)
    found = provider.find(name or env)
    if found is not None and (layers or not found.owned):
        destroy_layers(found, environment, Progress(), delete_data=delete_data)
        return
    if layers or delete_data:
        raise BadInput(
            "--layers and --delete-data are about the layers of a cluster that runs",
            seen="no such cluster" if found is None else "--delete-data alone: all data goes with this cluster anyway",
            todo=f"ethinfra down --env {env}",
        )
    provider.down(name or env, Progress())


@app.command()
def status(
    env: EnvironmentName = "local", cluster: ProviderName = None, name: ClusterName = None, as_json: AsJson = False
) -> None:
    """How every component is doing; exit code 1 if one is not well or there is no cluster."""
    provider, found = find(env, cluster, name)
    health = provider.health(found)
    if as_json:
        facts = {**asdict(found), "kubeconfig": str(found.kubeconfig), "capabilities": sorted(found.capabilities)}
        typer.echo(json.dumps({"cluster": facts, **asdict(health), "healthy": health.healthy}, indent=2))
    else:
        table = Table("component", "state", box=None, pad_edge=False)
        for component, seen in health.components.items():
            table.add_row(component, seen)
        Console(highlight=False).print(table)
        for problem in health.problems:
            typer.echo(f"\n{problem}", err=True)
    if not health.healthy:
        raise typer.Exit(1)


@app.command()
def kubeconfig(env: EnvironmentName = "local", cluster: ProviderName = None, name: ClusterName = None) -> None:
    """Where the operator's kubeconfig is: export KUBECONFIG=$(ethinfra kubeconfig)."""
    typer.echo(find(env, cluster, name)[1].kubeconfig)


def find(env: str, cluster: str | None, name: str | None) -> tuple[ClusterProvider, Cluster]:
    """An environment's provider and its cluster; ClusterError if there is none."""
    environment = load_environment(env)
    return provider_for(environment, cluster), must_find(environment, cluster, name)
