"""`ethinfra golden`: what the charts render, written down for reviews and for upgrades."""

from __future__ import annotations

import shutil

import typer

from ethinfra.deploy.golden import GOLDEN, RELEASED, differences, read_golden, write_golden
from ethinfra.deploy.render import render_layer
from ethinfra.environment import known_environments, load_environment
from ethinfra.paths import ROOT

app = typer.Typer(help="Golden renderings of every environment.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def write() -> None:
    """Write what every environment renders now; then look at the difference, and commit it with its cause."""
    for path in write_golden():
        typer.echo(path.relative_to(ROOT))


@app.command()
def check() -> None:
    """Show what differs from the golden renderings; exit code 1 if anything does."""
    said = []
    for name in known_environments():
        environment = load_environment(name)
        now = [render_layer(environment, layer) for layer in environment.layers]
        said += [f"{name}: {line}" for line in differences(read_golden(environment), now)]
    for line in said:
        typer.echo(line)
    if said:
        raise typer.Exit(1)
    typer.echo("every environment renders what is written down")


@app.command()
def release() -> None:
    """Make the golden renderings those of a release: later ones must let it be upgraded."""
    write_golden()
    shutil.rmtree(RELEASED, ignore_errors=True)
    shutil.copytree(GOLDEN, RELEASED)
    typer.echo(f"{RELEASED.relative_to(ROOT)} is what upgrades are compared with from now on")
