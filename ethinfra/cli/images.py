"""`ethinfra images`: build, look into, lock and push the images of docker/images.yaml."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from ethinfra.cli.registry import Env, Name, Provider, reach, show, wait_until_ready
from ethinfra.errors import BadInput, ImageError, MissingCapability, ToolchainError
from ethinfra.images import Where, archive_of, catalogue, find_image, relock
from ethinfra.images.builder import Builder
from ethinfra.images.catalogue import Image, select
from ethinfra.images.lock import Source, read_lock, tell, write_lock
from ethinfra.images.push import push, push_elsewhere
from ethinfra.images.release import obstacle
from ethinfra.images.sbom import sbom
from ethinfra.images.store import Archive, described, images_dir, recorded, secrets_in
from ethinfra.progress import Progress
from ethinfra.registry.connect import connected
from ethinfra.registry.secrets import Account

app = typer.Typer(help="Build, list, lock and push container images.", no_args_is_help=True)

Names = Annotated[
    list[str] | None,
    typer.Argument(help="Images by key or reference; without names all but those made of upstream's releases."),
]
All = Annotated[bool, typer.Option("--all", help="Also those made of upstream's releases, which are downloaded.")]
Json = Annotated[bool, typer.Option("--json", help="For scripts.")]


@app.command("build")
def build_command(
    names: Names = None,
    everything: All = False,
    builder: Annotated[Builder, typer.Option(help="The program that builds.")] = Builder.BUILDAH,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Build also what the cache has.")] = False,
    as_json: Json = False,
) -> None:
    """Build what the cache does not have for the content of this checkout. A context with a secret in it is refused."""
    progress = Progress()
    archives = [
        archive_of(image, progress, with_builder=builder, rebuild=rebuild) for image in _wanted(names, everything)
    ]
    if as_json:
        typer.echo(json.dumps([described(archive) for archive in archives], indent=2))
        return
    for archive in archives:
        typer.echo(f"{archive.image.reference}@{archive.digest}")


@app.command("list")
def list_command(as_json: Json = False) -> None:
    """The images, which of them the cache has for the content of this checkout, and which cannot be built here."""
    rows = [(image, *_state(image)) for image in catalogue()]
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


@app.command("sbom")
def sbom_command(
    name: Annotated[str, typer.Argument(help="An image by key or reference.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file, instead of the terminal.")] = None,
) -> None:
    """The bill of materials of an image (CycloneDX JSON), read from the image; the image is built if need be."""
    document = sbom(archive_of(find_image(name), Progress()))
    if output is None:
        typer.echo(document, nl=False)
    else:
        output.write_text(document)


@app.command("scan")
def scan_command(names: Names = None, everything: All = False) -> None:
    """Look for secrets in what images hold; the images are built if need be."""
    progress = Progress()
    found = {image.reference: secrets_in(archive_of(image, progress)) for image in _wanted(names, everything)}
    for reference, secrets in found.items():
        typer.echo(f"{reference}  {'clean' if not secrets else ''}".rstrip())
        for one in secrets:
            typer.echo(f"  {one}")
    if any(found.values()):
        raise typer.Exit(1)


@app.command("push")
def push_command(
    names: Names = None,
    everything: All = False,
    to: Annotated[
        str | None,
        typer.Option(help="Another registry and path in it, e.g. ghcr.io/acme: with the log-in of `crane auth login`."),
    ] = None,
    env: Env = "local",
    provider: Provider = None,
    name: Name = None,
) -> None:
    """Push images to the cluster's registry, those named or all that nodes pull through it; or to another one.

    Each gets two tags: its version, and version and commit (`v1.17.5-g3d8e258c1f00`).
    """
    progress = Progress()
    images = _wanted(names, everything, None if to else Where.REGISTRY)
    archives = [archive_of(image, progress) for image in images]
    if to is not None:
        for archive in archives:
            for pushed_name in push_elsewhere(archive, to):
                typer.echo(f"{pushed_name}@{archive.digest}")
        return
    there = reach(env, provider, name)
    wait_until_ready(there, progress)
    with connected(there.kube, Account.PUSH, there.namespace) as client:
        for pushed in push(archives, client, progress):
            what = f"{pushed.sent / 1e6:.1f} MB in {pushed.seconds:.1f}s" if pushed.sent else "was there"
            typer.echo(f"{pushed.archive.image.reference}@{pushed.archive.digest}  {what}")


@app.command("lock")
def lock_command(
    source: Annotated[Source | None, typer.Option(help="One of the two; both if none is given.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail where a lock is not right.")] = False,
    told: Annotated[
        list[str] | None,
        typer.Option("--tell", help="NAME=sha256:…: enter what somebody else has seen; asks no network."),
    ] = None,
    told_by: Annotated[str, typer.Option(help="Who has seen it, for --tell: project, file, date.")] = "",
) -> None:
    """Write which bytes the names of images and release files stand for.

    An upstream that cannot be reached keeps the entry that it had. Fails if anything was not answered, or contradicts
    what was locked.
    """
    if told:
        _tell(told, told_by)
        return
    outcomes = []
    for one in (source,) if source else tuple(Source):
        images, files = _asked_upstream() if one == Source.UPSTREAM else (_built(), [])
        outcomes += [*images, *files]
        if not check:
            write_lock(relock.locked(images, files), one)
    for outcome in outcomes:
        pending = "" if outcome.entry.digest else " (pending)"
        typer.echo("  ".join(filter(None, (f"{outcome.word:<15}", f"{outcome.name}{pending}", outcome.detail))))
    wrong = relock.WRONG if check else relock.NOT_DONE
    if any(outcome.word in wrong for outcome in outcomes):
        raise typer.Exit(1)


def _wanted(names: list[str] | None, everything: bool, where: Where | None = None) -> list[Image]:
    if everything and not names:
        return [image for image in catalogue() if where in (None, image.where)]
    return select(names, where)


def _asked_upstream() -> tuple[list[relock.Outcome], list[relock.Outcome]]:
    known, names, urls = read_lock(Source.UPSTREAM), relock.references(), relock.urls()
    images = [*relock.ask_images(known.images, names), *relock.unused(known.images, names)]
    return images, [*relock.ask_files(known.files, urls), *relock.unused(known.files, urls)]


def _built() -> list[relock.Outcome]:
    known, images, progress = read_lock(Source.BUILT).images, select(None), Progress()
    built = relock.built(known, lambda image: archive_of(image, progress), images)
    return [*built, *relock.unused(known, [image.reference for image in images])]


def _tell(told: list[str], told_by: str) -> None:
    """Names that the project has but the lock has not yet become pending first."""
    known = read_lock(Source.UPSTREAM)
    lock = relock.locked(
        relock.keep(known.images, relock.references()),
        relock.keep(known.files, relock.urls()),
    )
    for one in told:
        name, equals, digest = one.rpartition("=")
        if not equals:
            raise BadInput(f"--tell {one}", expected="NAME=sha256:…")
        lock = tell(lock, name, digest, told_by)
    write_lock(lock, Source.UPSTREAM)


def _state(image: Image) -> tuple[Archive | None, str]:
    try:
        archive = recorded(image)
        hindered = "" if archive else obstacle(image, images_dir() / "releases")
    except (ToolchainError, ImageError, MissingCapability) as reason:
        return None, f"not buildable here: {reason.subject}"
    if hindered:
        return None, f"not buildable here: {hindered}"
    return archive, "built" if archive else "not built"
