"""`ethinfra tools`: build, list and check the programs that everything runs on."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ethinfra.errors import ToolchainError
from ethinfra.progress import Progress
from ethinfra.toolchain import default_store
from ethinfra.toolchain.install import install
from ethinfra.toolchain.store import State

app = typer.Typer(help="Build, list and check the upstream programs.", no_args_is_help=True)


@app.command("install")
def install_command(
    families: Annotated[list[str] | None, typer.Argument(help="Families; all of them if none is named.")] = None,
    keep_go_cache: Annotated[
        bool, typer.Option("--keep-go-cache", help="Keep the Go caches for the next build; they reach tens of GB.")
    ] = False,
) -> None:
    """Build what is missing or corrupt; says beforehand how long it takes and how much disk it needs."""
    progress = Progress()
    done = install(default_store(), families or (), progress, keep_go_caches=keep_go_cache)
    built, present = len(done.to_build), len(done.present)
    progress.note(f"{built + present} families installed: {built} built now, {present} were there")


@app.command("list")
def list_command(
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """The families with their versions, and whether they are installed."""
    store = default_store()
    states = [store.state(name) for name in store.families]
    if as_json:
        typer.echo(json.dumps([_facts(state) for state in states], indent=2))
        return
    table = Table("family", "version", "state", "MB", "built in", "tools", box=None, pad_edge=False)
    for state in states:
        table.add_row(
            state.family.name,
            state.version,
            state.state if state.pinned_go else f"{state.state}, unverified Go",
            f"{state.size / 1e6:.0f}" if state.path else "",
            f"{state.seconds:.0f}s" if state.seconds is not None else "",
            " ".join(tool.name for tool in state.family.tools) or "documents",
        )
    Console(highlight=False).print(table)


@app.command("verify")
def verify_command(
    families: Annotated[list[str] | None, typer.Argument(help="Families; all installed ones if none is named.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Read every byte of what is installed and compare it with what was built."""
    store = default_store()
    for name in families or ():
        store.family(name)
    with Progress().step("reading every installed binary"):
        states = [store.state(name, thorough=True) for name in families or store.families]
    bad = [state for state in states if state.fault or (families and not state.path)]
    if as_json:
        typer.echo(json.dumps([_facts(state) for state in states], indent=2))
    else:
        for state in states:
            typer.echo(f"{state.family.name}: {state.fault or state.state}")
    if bad:
        names = " ".join(state.family.name for state in bad)
        raise ToolchainError(f"not as built: {names}", todo=f"ethinfra tools install {names}")


@app.command("path")
def path_command(name: Annotated[str, typer.Argument(help="A tool, such as kubectl.")]) -> None:
    """Where a tool is."""
    typer.echo(default_store().binary(name).path)


def _facts(state: State) -> dict[str, object]:
    return {
        "family": state.family.name,
        "version": state.version,
        "state": state.state,
        "fault": state.fault or None,
        "key": state.key,
        "size": state.size,
        "seconds": state.seconds,
        "path": str(state.path) if state.path else None,
        "pinned_go": state.pinned_go,
        "tools": [tool.name for tool in state.family.tools],
    }
