"""`ethinfra deploy | render | validate | drift | destroy`: the layers of an environment."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from ethinfra.chain.networks import load_network
from ethinfra.cluster.select import must_find
from ethinfra.deploy import apply_layers, destroy_layers, drift, render_layer, validate_layer
from ethinfra.environment import Environment, known_environments, load_environment
from ethinfra.errors import BadInput, LayerUnhealthy
from ethinfra.kube import Kube
from ethinfra.progress import Progress

app = typer.Typer(rich_markup_mode=None)

EnvironmentName = Annotated[str, typer.Option("--env", "-e", help=f"One of: {', '.join(known_environments())}.")]
# helmfile's hooks are told both by environment variables: a run may use a cluster beside the environment's usual one.
ProviderName = Annotated[
    str | None,
    typer.Option(
        "--cluster", envvar="ETHINFRA_PROVIDER", help="Instead of the environment's: embedded, kind, context[:NAME]."
    ),
]
ClusterName = Annotated[
    str | None, typer.Option("--name", envvar="ETHINFRA_CLUSTER", help="The cluster's name; else the environment's.")
]
Layers = Annotated[list[str] | None, typer.Option("--layer", "-l", help="Only this layer; may be repeated.")]
AsJson = Annotated[bool, typer.Option("--json", help="For scripts.")]


@app.command()
def deploy(
    env: EnvironmentName = "local",
    cluster: ProviderName = None,
    name: ClusterName = None,
    layer: Annotated[list[str] | None, typer.Option("--layer", "-l", help="Only this one and what it needs.")] = None,
    record: Annotated[Path | None, typer.Option("--record", help="A folder for the rendered manifests.")] = None,
    as_json: AsJson = False,
) -> None:
    """Apply the layers in order, each after the layers that it needs are healthy. Repeating it resumes."""
    environment = load_environment(env)
    found = must_find(environment, cluster, name)
    applied = apply_layers(found, environment, Progress(), only=layer or (), record=record)
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in applied], indent=2))
        return
    for one in applied:
        said = f"pending: {one.pending}" if one.pending else f"healthy after {one.seconds:.0f}s, manifests {one.digest}"
        typer.echo(f"{one.layer}: {said}")


@app.command()
def render(
    env: EnvironmentName = "local",
    layer: Layers = None,
    out: Annotated[Path | None, typer.Option("--out", help="A folder for them; else all to here.")] = None,
    network: Annotated[str | None, typer.Option("--network", help="Another network than the environment's.")] = None,
    values: Annotated[
        Path | None, typer.Option("--values", help="Values of the ethereum layer, laid over the environment's.")
    ] = None,
) -> None:
    """Print the manifests of an environment. Needs no cluster."""
    environment = load_environment(env)
    if network is not None:
        environment = replace(environment, network=load_network(network).name)
    overlay = _overlay(values) if values else None
    for one in _chosen(environment, layer):
        rendered = render_layer(environment, environment.layer(one), overlay if one == "ethereum" else None)
        if out is not None:
            typer.echo(f"{one}: {len(rendered.objects)} objects, {rendered.digest}, {rendered.write(out)}")
        elif rendered.objects:
            typer.echo(f"---\n# layer {one}, {rendered.digest}\n{rendered.text}", nl=False)


@app.command()
def validate(
    env: EnvironmentName = "local",
    cluster: ProviderName = None,
    name: ClusterName = None,
    layer: Layers = None,
    now: Annotated[bool, typer.Option("--now", help="Look once instead of waiting for the layer's time.")] = False,
) -> None:
    """Wait until layers are healthy: their objects as they should be, and their own checks passed."""
    environment = load_environment(env)
    found = must_find(environment, cluster, name)
    problems = []
    for one in _chosen(environment, layer):
        try:
            validate_layer(found, environment, one, Progress(), within=0 if now else None)
        except LayerUnhealthy as reason:
            problems.append(reason)
            typer.echo(str(reason), err=True)
            continue
        pending = environment.layer(one).pending
        typer.echo(f"layer {one}: {f'pending: {pending}' if pending else 'healthy'}")
    if problems:
        raise typer.Exit(1)


@app.command("drift")
def drift_command(
    env: EnvironmentName = "local",
    cluster: ProviderName = None,
    name: ClusterName = None,
    layer: Layers = None,
    as_json: AsJson = False,
) -> None:
    """Name every object and field that differs from what is rendered; exit code 1 if there is one."""
    environment = load_environment(env)
    kube = Kube.of(must_find(environment, cluster, name))
    found = [
        difference
        for one in _chosen(environment, layer)
        for difference in drift(kube, render_layer(environment, environment.layer(one)).lasting)
    ]
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], indent=2))
    else:
        for one in found:
            typer.echo(str(one))
        typer.echo(f"{len(found)} differences" if found else "no drift")
    if found:
        raise typer.Exit(1)


@app.command()
def destroy(
    env: EnvironmentName = "local",
    cluster: ProviderName = None,
    name: ClusterName = None,
    delete_data: Annotated[bool, typer.Option("--delete-data", help="Volumes and namespaces too.")] = False,
) -> None:
    """Remove the layers in reverse order and leave the cluster. Volumes stay."""
    environment = load_environment(env)
    found = must_find(environment, cluster, name)
    for one in destroy_layers(found, environment, Progress(), delete_data=delete_data):
        typer.echo(f"layer {one}: removed")


def _chosen(environment: Environment, names: list[str] | None) -> list[str]:
    """Layers by name, in the order in which they come up; all of them if none is named."""
    wanted = {environment.layer(name).name for name in names or ()}
    return [layer.name for layer in environment.layers if not wanted or layer.name in wanted]


def _overlay(path: Path) -> dict[str, Any]:
    """Values from a file; BadInput where it holds none."""
    try:
        found = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as reason:
        raise BadInput(f"{path}", expected="a file of values", seen=str(reason)) from reason
    if not isinstance(found, dict):
        raise BadInput(f"{path}", expected="a map of values, as in charts/ethereum-infrastructure/values.yaml")
    return found
