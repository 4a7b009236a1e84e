"""`ethinfra network`: which networks there are, whether their definitions hold together, and how to add one's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.console import Console
from rich.table import Table

from ethinfra.chain import network_online
from ethinfra.chain.definition import Definition
from ethinfra.chain.network_check import problems, remarks
from ethinfra.chain.network_import import Files, State, Told, as_yaml, genesis_hash, values_of
from ethinfra.chain.networks import known_networks, network_file, network_values
from ethinfra.errors import BadInput, ToolchainError
from ethinfra.process import CommandFailed

app = typer.Typer(help="Networks: list, check, bring your own.", no_args_is_help=True, rich_markup_mode=None)

Folder = Annotated[Path | None, typer.Option("--folder", help="Of the networks' files, instead of values/networks.")]


@app.command("list")
def list_networks(folder: Folder = None) -> None:
    """The networks that an environment can name."""
    table = Table("network", "chain id", "genesis", "slot", "epoch", "newest fork", box=None, pad_edge=False)
    for name in known_networks(folder):
        definition = Definition(network_values(name, folder))
        forks = definition.values.get("forks") or [{"name": "?"}]
        seconds = definition.values.get("slotSeconds")
        epoch = definition.epoch_seconds
        table.add_row(
            name, str(definition.values.get("chainId")), definition.kind, f"{seconds}s", f"{epoch}s", forks[-1]["name"]
        )
    Console(highlight=False).print(table)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A file of values/networks, without .yaml.")],
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    folder: Folder = None,
) -> None:
    """Print a network's definition, codes of contracts cut short unless it is for scripts."""
    values = network_values(name, folder)
    if as_json:
        typer.echo(json.dumps(values, indent=2))
    else:
        typer.echo(yaml.safe_dump(_short(values), sort_keys=False, width=120).rstrip())


@app.command()
def check(
    name: Annotated[str, typer.Argument(help="A file of values/networks, without .yaml.")],
    online: Annotated[bool, typer.Option("--online", help="Ask checkpoint sources and first peers too.")] = False,
    within: Annotated[float, typer.Option("--within", help="Seconds for each of them.", min=0.1)] = 10,
    folder: Folder = None,
) -> None:
    """Name everything that is missing or contradictory; exit code 1 if there is anything."""
    values = network_values(name, folder)
    console = Console(highlight=False, soft_wrap=True, markup=False)
    found = [*problems(values), *_name_problems(name, values)]
    for problem in found:
        console.print(f"problem: {problem}")
    for remark in remarks(values):
        console.print(f"note: {remark}")
    console.print(f"network {name}: {f'{len(found)} problems' if found else 'sound'}")
    if online:
        answers = network_online.ask(values, within=within)
        table = Table("asked", "", "answer", box=None, pad_edge=False)
        for answer in answers:
            table.add_row(answer.what, "✗" if answer.problem else "✓", answer.said)
        # Whole lines, also where nobody looks at a terminal.
        Console(highlight=False, markup=False, width=max(console.width, 200)).print(table)
        bad = sum(answer.problem for answer in answers)
        console.print(f"{len(answers)} asked, {bad} not usable from this machine")
        found += ["online"] * bad
    if found:
        raise typer.Exit(1)


@app.command("import")
def import_network(
    name: Annotated[str, typer.Argument(help="What the network shall be called here.")],
    genesis: Annotated[Path, typer.Option("--genesis", help="The execution genesis, geth's genesis.json.")],
    config: Annotated[Path, typer.Option("--config", help="The beacon chain's config.yaml.")],
    state: Annotated[
        list[str] | None,
        typer.Option("--state", help="The beacon state at genesis: its address for the nodes, a copy here, or both."),
    ] = None,
    sha256: Annotated[str, typer.Option("--sha256", help="Of the state, if there is no copy of it here.")] = "",
    bootnode: Annotated[
        list[str] | None, typer.Option("--bootnode", help="enode://… or enr:…, one of each at least.")
    ] = None,
    checkpoint: Annotated[
        list[str] | None, typer.Option("--checkpoint", help="A Beacon API that hands out finalized states.")
    ] = None,
    deposit_block: Annotated[
        int, typer.Option("--deposit-block", help="The execution block that the deposit contract came in.", min=0)
    ] = 0,
    hash_: Annotated[str, typer.Option("--genesis-hash", help="Of execution block 0; else geth computes it.")] = "",
    form: Annotated[
        list[str] | None,
        typer.Option("--format", help="NAME=FILE: the genesis in the form (genesisFormat) of other clients."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a network of that name.")] = False,
    folder: Folder = None,
) -> None:
    """Write values/networks/NAME.yaml from the files of a network, if everything about it holds together."""
    target = network_file(name, folder)
    if target.exists() and not force:
        raise BadInput(f"{target} exists", todo="choose another name, or replace it with --force")
    urls, copies = _sorted_states(state or [])
    enodes = [one for one in bootnode or [] if one.startswith("enode:")]
    files = Files(genesis, config, copies[0] if copies else None, _formats(form or []))
    told = Told(
        state_url=urls[0] if urls else "",
        state_sha256=sha256.lower(),
        execution_bootnodes=enodes,
        consensus_bootnodes=[one for one in bootnode or [] if one not in enodes],
        checkpoints=checkpoint or [],
        deposit_block=deposit_block,
    )
    values = values_of(name, files, told)
    found = []
    if copies and not urls:
        found.append(
            "genesis.state.url is not known: nodes fetch the state, so give its address too (--state https://…)"
        )
    try:
        values["genesisHash"] = hash_.lower() or genesis_hash(values["genesis"]["execution"])
    except CommandFailed as refused:
        found.append(f"genesis.execution: geth refuses it: {refused.output.strip().splitlines()[-1]}")
    except ToolchainError as missing:
        found.append(
            f"genesisHash is not known, and geth is not there to compute it ({missing.subject}): --genesis-hash"
        )
    copy = State.read(copies[0]) if copies else None
    found += problems(values, state_time=copy.genesis_time if copy else None)
    found += copy.problems(Definition(values, copy.genesis_time)) if copy else []
    if found:
        raise BadInput(
            f"network {name} is not written", seen="\n".join(f"- {one}" for one in found), todo="mend all of these"
        )
    target.write_text(as_yaml(values, said=f"Network {name}, written by `ethinfra network import`."))
    for remark in remarks(values):
        typer.echo(f"note: {remark}")
    typer.echo(f"{target}: written. An environment follows it by `network: {name}` in environments/<environment>.yaml")


def _sorted_states(given: list[str]) -> tuple[list[str], list[Path]]:
    """Addresses and files; BadInput for two of a kind."""
    urls = [one for one in given if one.startswith(("http://", "https://"))]
    copies = [Path(one) for one in given if one not in urls]
    if len(urls) > 1 or len(copies) > 1:
        raise BadInput("--state", expected="one address and one file at most", seen=", ".join(given))
    return urls, copies


def _formats(given: list[str]) -> dict[str, Path]:
    pairs = [one.partition("=") for one in given]
    for name, equals, path in pairs:
        if not (name and equals and path):
            raise BadInput("--format", expected="NAME=FILE", seen=f"{name}{equals}{path}")
    return {name: Path(path) for name, _, path in pairs}


def _name_problems(name: str, values: dict[str, Any]) -> list[str]:
    """Objects are named by the name inside, environments by that of the file."""
    inside = values.get("name")
    return [] if inside == name else [f"name is {inside!r}, and the file's is {name!r}"]


def _short(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _short(below) for key, below in value.items()}
    if isinstance(value, list):
        return [_short(one) for one in value]
    if isinstance(value, str) and len(value) > 240:
        return f"{value[:60]}… ({len(value)} characters)"
    return value
