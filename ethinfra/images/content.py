"""What goes into an image: its build context, and the content key that names it.

The key covers everything that the build reads, so an archive under a key is never stale, and nothing else, so an
unrelated commit builds nothing.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from ethinfra.errors import ImageError
from ethinfra.images import debian, release, wheels
from ethinfra.images.catalogue import Image
from ethinfra.images.python import precompile
from ethinfra.paths import ROOT
from ethinfra.process import run
from ethinfra.toolchain import FAMILIES, Binary, default_store, tool

#: Raised when this package starts to build the same recipe differently.
RECIPE_VERSION = 1

_IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc", "Dockerfile")


@dataclass(frozen=True)
class Content:
    """All that goes into one image. `key` is a SHA-256 in hex; `revision` is that of the packaged software."""

    image: Image
    key: str
    revision: str
    packages: tuple[debian.Package, ...]
    wheels: tuple[wheels.Wheel, ...] = ()

    @property
    def labels(self) -> dict[str, str]:
        """Labels that the Dockerfile cannot know."""
        labels = {}
        if self.packages:
            labels["ethinfra.io/debian-packages"] = " ".join(f"{one.name}={one.version}" for one in self.packages)
        if self.wheels:
            labels["ethinfra.io/python-packages"] = " ".join(f"{one.name}={one.version}" for one in self.wheels)
        if self.image.releases:
            files = [f"{one.url}@sha256:{release.checksum(one)}" for one in self.image.releases]
            labels["ethinfra.io/release-files"] = " ".join(files)
        return labels

    @property
    def published(self) -> tuple[str, ...]:
        """Patterns of what in the build context others have published, byte for byte."""
        places = [place for one in self.image.releases for _, place in one.files]
        return ("*/node_modules/*", "*/dist-packages/*", *places, *(f"{place}/*" for place in places))


def content_of(image: Image) -> Content:
    """Look at all that goes into an image. ToolchainError if a binary is not there, ImageError for anything else."""
    release.check_architecture(image)
    binaries = {name: default_store().binary(name) for name in (*image.tools, *dict(image.trees))}
    packages = debian.resolve(image.packages) if image.packages else ()
    locked = wheels.locked(image.wheels)
    for binary in binaries.values():
        # Upstream's tags of images have a `v` or have none, whatever the module's version has.
        _check_version(image, binary.name, binary.version.removeprefix("v"))
    for package in packages:
        if package.name == image.versioned_by:
            _check_version(image, package.name, package.version.split(":", 1)[-1])  # without the epoch
    revision = _revision(image)
    facts = {
        "recipe": RECIPE_VERSION,
        # What its entry in the catalogue says, but for where the recipe lies: the files of that are below.
        "image": {name: value for name, value in asdict(image).items() if value and name != "folder"},
        "revision": revision,
        "folder": _files(image.folder),
        "tools": {name: binary.sha256 for name, binary in binaries.items()},
        "compiler": _compiler() if image.compile else "",
        "compiled": {source: _file_digest(image.folder / source) for _, source in image.compile},
        "packages": [[one.name, one.version, one.sha256] for one in packages],
        **({"wheels": [one.lines for one in locked]} if locked else {}),
        "sources": {source: _files(ROOT / source) for source, _ in image.sources},
        "releases": [[one.url, release.checksum(one)] for one in image.releases],
    }
    key = hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()
    return Content(image, key, revision, packages, locked)


def prepare(content: Content, context: Path, kept: Path) -> None:
    """Write the build context: the recipe's files, bin/ and rootfs/, with the same modes on every machine.

    kept: where downloaded packages and release files stay between builds
    """
    image = content.image
    shutil.copytree(image.folder, context, ignore=_IGNORED)
    shutil.copyfile(image.dockerfile, context / "Dockerfile")
    programs = context / "bin"
    programs.mkdir()
    for name in image.tools:
        shutil.copyfile(tool(name), programs / name)
    for program, source in image.compile:
        # Without a build id and with a relative file name, the same compiler makes the same bytes in every folder.
        run(
            ["gcc", "-Os", "-static", "-s", "-Wall", "-Wl,--build-id=none", "-o", programs / program, source],
            cwd=image.folder,
        )
    rootfs = context / "rootfs"
    rootfs.mkdir()
    if content.packages:
        debian.unpack(content.packages, rootfs, kept / "packages")
        if content.wheels:
            wheels.unpack(content.wheels, rootfs)
        debian.prune(rootfs, image.keep, image.drop)
    if image.ca_bundle:
        debian.ca_bundle(rootfs)
    if image.applets:
        debian.applets(rootfs / image.applets)
    for one in image.releases:
        release.unpack(one, release.fetch(one, kept / "releases"), context)
    for name, target in image.trees:
        _copy_tree(default_store().binary(name), rootfs / target)
    for source, target in image.sources:
        _copy(ROOT / source, rootfs / target)
    if image.python:
        precompile(rootfs)
    for path in context.rglob("*"):
        if not path.is_symlink():
            executable = path.is_dir() or path.parent == programs or path.stat().st_mode & 0o100
            path.chmod(0o755 if executable else 0o644)


def recipe_revision(image: Image) -> str:
    """The commit that last changed what an image is made of here: recipe, our sources, the toolchain's pins.

    With `-dirty` where the checkout differs from it; empty without git's history.
    """
    programs = {*image.tools, *dict(image.trees)}
    pins = [ROOT / "toolchain" / name for name, one in FAMILIES.items() if programs & {tool.name for tool in one.tools}]
    paths = [image.folder, *pins, *(ROOT / source for source, _ in image.sources)]
    git: list[str | Path] = ["git", "-C", ROOT]
    last = run([*git, "log", "-1", "--format=%h", "--abbrev=12", "--", *paths], check=False)
    if not last.ok or not last.stdout:
        return ""
    dirty = run([*git, "status", "--porcelain", "--", *paths], check=False).stdout
    return f"{last.stdout}-dirty" if dirty else last.stdout


def _revision(image: Image) -> str:
    """The revision of the packaged software: upstream's tag, or the commit of our own sources."""
    return image.tag if image.built_from != "project" else recipe_revision(image) or "unknown"


def _check_version(image: Image, program: str, version: str) -> None:
    if not version.startswith(image.tag.removeprefix("v")):
        raise ImageError(
            f"image {image.reference}",
            expected=f"{program} {image.tag}",
            seen=f"{program} {version}",
            todo=f"set `tag` of {image.key} in docker/images.yaml, and in the values that name the image",
        )


def _copy_tree(binary: Binary, target: Path) -> None:
    """Copy the recorded files of a tool and no others. ImageError for a tool that is one file."""
    if binary.tree is None:
        raise ImageError(f"{binary.name} is one file", todo="name it under `tools` in docker/images.yaml, not `trees`")
    for file in binary.files:
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(binary.tree / file, target / file)


def _copy(source: Path, target: Path) -> None:
    if not source.exists():
        raise ImageError(
            f"{source} is not there, but an image is made of it", todo="see `sources` in docker/images.yaml"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=_IGNORED)
    else:
        shutil.copyfile(source, target)


def _files(path: Path) -> dict[str, str]:
    """Digests of a file or of all files of a folder, by their path in it; compiled Python left out."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    return {
        one.relative_to(path).as_posix(): f"{_file_digest(one)}{' x' if one.stat().st_mode & 0o100 else ''}"
        for one in files
        if one.is_file() and one.suffix != ".pyc"
    }


def _file_digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@cache
def _compiler() -> str:
    return run(["gcc", "--version"]).stdout.splitlines()[0]
