"""`ethinfra images`: build, list and push the images of docker/images.yaml."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.table import Table

from ethinfra.cli.registry import Env, Name, Provider, reach, show, wait_until_ready
from ethinfra.errors import ImageError, ToolchainError
from ethinfra.images import Where, archive_of, find_image
from ethinfra.images.builder import Builder
from ethinfra.images.catalogue import Image, select
from ethinfra.images.push import push
from ethinfra.images.store import Archive, described, recorded
from ethinfra.progress import Progress
from ethinfra.registry.connect import connected
from ethinfra.registry.secrets import Account

app = typer.Typer(help="Build, list and push container images.", no_args_is_help=True)

Names = Annotated[list[str] | None, typer.Argument(help="Images by key or reference; all of them if none is named.")]
Json = Annotated[bool, typer.Option("--json", help="For scripts.")]


@app.command("build")
def build_command(
    names: Names = None,
    builder: Annotated[Builder, typer.Option(help="The program that builds.")] = Builder.BUILDAH,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Build also what the cache has.")] = False,
    as_json: Json = False,
) -> None:
    """Build what the cache does not have for the content of this checkout."""
    progress = Progress()
    archives = [archive_of(image, progress, with_builder=builder, rebuild=rebuild) for image in select(names)]
    if as_json:
        typer.echo(json.dumps([described(archive) for archive in archives], indent=2))
        return
    for archive in archives:
        typer.echo(f"{archive.image.reference}@{archive.digest}")


@app.command("list")
def list_command(as_json: Json = False) -> None:
    """The images, and which of them the cache has for the content of this checkout."""
    rows = [(image, *_state(image)) for image in select(None)]
    if as_json:
        facts = [
            described(archive) if archive else {"image": image.key, "reference": image.reference, "state": state}
            for image, archive, state in rows
        ]
        typer.echo(json.dumps(facts, indent=2))
        return
    table = Table("image", "reference", "where", "made of", "state", "MB", "built in", box=None, pad_edge=False)
    for image, archive, state in rows:
        size, seconds = (f"{archive.size / 1e6:.1f}", f"{archive.seconds:.1f}s") if archive else ("", "")
        table.add_row(image.key, image.reference, image.where, image.built_from, state, size, seconds)
    show(table)


@app.command("digest")
def digest_command(name: Annotated[str, typer.Argument(help="An image by key or reference.")]) -> None:
    """The digest of an image, built if need be; the same on the nodes and in the registry."""
    typer.echo(archive_of(find_image(name)).digest)


@app.command("push")
def push_command(names: Names = None, env: Env = "local", provider: Provider = None, name: Name = None) -> None:
    """Push images to the cluster's registry: those named, or all that nodes pull through it."""
    progress = Progress()
    images = select(names, None if names else Where.REGISTRY)
    archives = [archive_of(image, progress) for image in images]
    there = reach(env, provider, name)
    wait_until_ready(there, progress)
    with connected(there.kube, Account.PUSH, there.namespace) as client:
        for pushed in push(archives, client, progress):
            what = f"{pushed.sent / 1e6:.1f} MB in {pushed.seconds:.1f}s" if pushed.sent else "was there"
            typer.echo(f"{pushed.archive.image.reference}@{pushed.archive.digest}  {what}")


def _state(image: Image) -> tuple[Archive | None, str]:
    try:
        archive = recorded(image)
    except (ToolchainError, ImageError) as reason:
        return None, f"cannot be built: {reason.subject}"
    return archive, "built" if archive else "not built"
