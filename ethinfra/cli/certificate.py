"""`ethinfra certificate`: read a certificate, and check it again without a cluster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ethinfra.certificate.issue import CERTIFICATE
from ethinfra.certificate.verify import verify
from ethinfra.errors import BadInput
from ethinfra.paths import reports_dir

app = typer.Typer(help="Read a certificate, and check it again offline.", no_args_is_help=True)

_File = Annotated[
    Path | None, typer.Argument(help="A certificate.json or its folder; the newest one if none is named.")
]
_Json = Annotated[bool, typer.Option("--json", help="For scripts.")]


@app.command("verify")
def verify_command(file: _File = None, as_json: _Json = False) -> None:
    """Check every digest, and compute rows and verdict again from the record. Exit code 1 if anything differs."""
    path = file or newest()
    certificate = verify(path)
    facts = {
        "certificate": str(path),
        "verdict": certificate["verdict"],
        "files": len(certificate["files"]),
        "counts": certificate["counts"],
    }
    if as_json:
        typer.echo(json.dumps(facts))
    else:
        typer.echo(f"{path}: {certificate['verdict']}; agrees with its record and {facts['files']} files")


@app.command("show")
def show_command(file: _File = None, as_json: _Json = False) -> None:
    """What a certificate says, requirement by requirement. Checks it first."""
    path = file or newest()
    certificate = verify(path)
    if as_json:
        typer.echo(json.dumps(certificate))
        return
    console = Console(highlight=False)
    colour = {"PASSED": "green", "PENDING": "yellow", "NOT_APPLICABLE": "cyan"}
    table = Table("row", "requirement", "status", "proved", box=None, pad_edge=False)
    for row in certificate["requirements"]:
        status = row["status"]
        shown = f"[{colour.get(status, 'red')}]{status}[/]"
        table.add_row(row["id"], row["text"], shown, f"{row['proved']} of {row['of']}")
    console.print(table)
    console.print(f"\n[bold]{certificate['verdict']}[/bold]  {certificate['run']['id']}  {path}")


def newest() -> Path:
    """The certificate of the run that ended last. BadInput if there is none."""
    found = sorted(reports_dir().glob(f"*/{CERTIFICATE}"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise BadInput(f"no certificate in {reports_dir()}", todo="make one: ethinfra certify --env local")
    return found[-1]
