"""`ethinfra values`: what the charts' values are, in a table, and whether everybody who names them agrees."""

from __future__ import annotations

import typer

from ethinfra.deploy.values import CHARTS, PAGE, disagreements, read_chart, written
from ethinfra.paths import ROOT

app = typer.Typer(help="The charts' values.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def write() -> None:
    """Write the table of all values, docs/values.md, from the charts' schemas and manuals."""
    PAGE.write_text(written())
    typer.echo(PAGE.relative_to(ROOT))


@app.command()
def check() -> None:
    """Compare schemas, manuals, templates and table; exit code 1 if they disagree on a key."""
    page = PAGE.read_text()
    said = [sentence for name in CHARTS for sentence in disagreements(read_chart(name), page)]
    if not said and page != written():
        said = ["docs/values.md is not as it would be written: `ethinfra values write`"]
    for sentence in said:
        typer.echo(sentence)
    if said:
        raise typer.Exit(1)
    typer.echo("schemas, manuals, templates and table have the same keys")
