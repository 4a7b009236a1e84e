"""`ethinfra env`: is an environment's file sound, and can this machine run it?"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import typer
import yaml
from rich.console import Console

from ethinfra.cluster.provider import ClusterSpec
from ethinfra.cluster.select import provider_for
from ethinfra.environment import Environment, known_environments, load_environment
from ethinfra.errors import MissingCapability

app = typer.Typer(help="Check and show environments.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def check(
    name: str = typer.Argument("local", help=f"One of: {', '.join(known_environments())}."),
    cluster: str = typer.Option(None, "--cluster", help="Check for another provider than the environment's."),
) -> None:
    """Check an environment's file, and whether this machine can run it."""
    environment = load_environment(name)
    provider = provider_for(environment, cluster)
    obstacles = provider.check(ClusterSpec(name=name, nodes=environment.nodes))
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"environment {name}: file sound; provider {provider.name}, network {environment.network}")
    for layer in environment.layers:
        console.print(
            f"  layer {layer.order} {layer.name}" + (f"  (pending: {layer.pending})" if layer.pending else "")
        )
    if obstacles:
        raise MissingCapability(
            f"this machine cannot run environment {name} with provider {provider.name}",
            seen="\n".join(obstacles),
            todo="mend the above, or choose another provider with --cluster",
        )
    console.print("this machine can run it")


@app.command()
def show(
    name: str = typer.Argument("local", help=f"One of: {', '.join(known_environments())}."),
    as_json: bool = typer.Option(False, "--json", help="As JSON."),
) -> None:
    """Print an environment with everything that it inherits."""
    document = _plain(load_environment(name))
    typer.echo(json.dumps(document, indent=2) if as_json else yaml.safe_dump(document, sort_keys=False).rstrip())


def _plain(environment: Environment) -> dict[str, Any]:
    document = dataclasses.asdict(environment)
    document["capabilities"] = sorted(environment.capabilities)
    plain: dict[str, Any] = json.loads(json.dumps(document))
    return plain
