"""`ethinfra kinds`: the custom kinds that layers bring along."""

from __future__ import annotations

from typing import Annotated

import typer

from ethinfra.cli.cluster import EnvironmentName, find
from ethinfra.deploy.kinds import apply_kinds, definitions
from ethinfra.deploy.layers import must_be_allowed
from ethinfra.environment import load_environment
from ethinfra.kube import Kube
from ethinfra.progress import Progress

app = typer.Typer(help="Custom kinds that layers bring along.", no_args_is_help=True, rich_markup_mode=None)

Groups = Annotated[list[str], typer.Argument(help="API groups, such as keda.sh.")]


# A group with one command would lose the command's name.
@app.callback()
def _group() -> None:
    """Custom kinds that layers bring along."""


@app.command("apply")
def apply_command(
    groups: Groups,
    env: EnvironmentName = "local",
    # helmfile's hooks are told by variables to which cluster a layer is applied; it need not be the environment's own.
    provider: Annotated[
        str | None,
        typer.Option("--cluster", envvar="ETHINFRA_PROVIDER", help="Another provider than the environment's."),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option("--name", envvar="ETHINFRA_CLUSTER", help="The cluster's name; else the environment's."),
    ] = None,
) -> None:
    """Apply the definitions of groups, as the toolchain keeps them. A layer does so by itself; nothing removes them."""
    wanted = definitions(groups)
    _, cluster = find(env, provider, name)
    must_be_allowed(cluster, load_environment(env))
    apply_kinds(Kube.of(cluster), wanted, Progress())
    typer.echo(f"served: {', '.join(one['metadata']['name'] for one in wanted)}")
