"""`ethinfra clients`: what is known of the clients, and whether their programs agree."""

from __future__ import annotations

import json
from typing import Annotated

import typer
import yaml
from rich.console import Console
from rich.table import Table

from ethinfra.clients import disagreements, find_program, installed, known_clients, programs, record, recorded_flags
from ethinfra.errors import ToolchainError, unknown_name

app = typer.Typer(help="What is known of the clients.", no_args_is_help=True, rich_markup_mode=None)

Client = Annotated[str, typer.Argument(help="A file of values/clients, without its suffix.")]


@app.command("list")
def list_command() -> None:
    """Every program of every client: its version, its image, and whether it can be had here."""
    table = Table("client", "program", "version", "image", "flags", "here", box=None, pad_edge=False)
    for one in programs():
        image = one.known["image"]
        recorded = recorded_flags(one.client).get(one.name)
        flags = f"{len(recorded.flags)} ({recorded.recorded})" if recorded else "not recorded"
        try:
            here = "built" if installed(one) else "no"
        except ToolchainError:
            here = "not installed"
        table.add_row(one.client, one.name, one.version, f"{image['repository']}:{image['tag']}", flags, here)
    Console(highlight=False, soft_wrap=True).print(table)


@app.command()
def show(client: Client, as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False) -> None:
    """Print everything that is known of a client."""
    found = _known(client)
    typer.echo(json.dumps(found, indent=2) if as_json else yaml.safe_dump(found, sort_keys=False).rstrip())


@app.command()
def flags(
    client: Annotated[str | None, typer.Argument(help="One client; all of them if none is named.")] = None,
    record_: Annotated[bool, typer.Option("--record", help="Write what the programs say now.")] = False,
) -> None:
    """Compare the recorded flags with what the programs say, where they can be asked; exit code 1 if they differ."""
    chosen = [client] if client else sorted(known_clients())
    for name in chosen:
        _known(name)
        if record_:
            written = record(name)
            typer.echo(f"{name}: " + (f"recorded {', '.join(written)}" if written else "cannot be asked here"))
    wrong = [
        line
        for name in chosen
        for program in known_clients()[name]
        for line in disagreements(find_program(name, program))
    ]
    for line in wrong:
        typer.echo(line)
    if wrong:
        raise typer.Exit(1)
    typer.echo("the recorded flags are those of the deployed versions")


def _known(client: str) -> dict[str, object]:
    clients = known_clients()
    if client not in clients:
        raise unknown_name("client", client, sorted(clients))
    return clients[client]
