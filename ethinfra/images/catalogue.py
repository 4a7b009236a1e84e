"""The images that this project builds: `docker/images.yaml`, checked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from ethinfra.errors import BadInput, unknown_name
from ethinfra.paths import ROOT

FILE = ROOT / "docker" / "images.yaml"


class Where(StrEnum):
    """How an image reaches the nodes."""

    #: Imported on every node, because it is needed before the registry runs.
    NODE = "node"
    #: Pushed to the cluster's registry, pulled through it.
    REGISTRY = "registry"


@dataclass(frozen=True)
class Release:
    """A file that upstream released. files: file or folder in the archive (may be a glob) -> place in the context."""

    url: str
    files: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Image:
    """One entry of the catalogue; `docker/images.yaml` explains each field."""

    key: str
    name: str
    tag: str
    folder: Path
    where: Where
    built_from: str
    tools: tuple[str, ...] = ()
    trees: tuple[tuple[str, str], ...] = ()
    compile: tuple[tuple[str, str], ...] = ()
    packages: tuple[str, ...] = ()
    versioned_by: str = ""
    keep: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    ca_bundle: bool = False
    applets: str = ""
    wheels: tuple[str, ...] = ()
    python: bool = False
    sources: tuple[tuple[str, str], ...] = ()
    releases: tuple[Release, ...] = ()
    architecture: str = ""

    @property
    def reference(self) -> str:
        """The name that a pod uses, e.g. `registry.k8s.io/pause:3.10.1`."""
        return f"{self.name}:{self.tag}"

    @property
    def dockerfile(self) -> Path:
        return self.folder / "Dockerfile"


_STRINGS = {"type": "array", "items": {"type": "string"}, "uniqueItems": True}
_MAP = {"type": "object", "additionalProperties": {"type": "string"}}
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["images"],
    "properties": {
        "images": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "required": ["name", "tag", "folder", "where", "built-from"],
                "properties": {
                    # An upstream host is always named: containerd reads `a/b` as docker.io/a/b, the registry does not.
                    "name": {"type": "string", "pattern": r"^[a-z0-9.-]+\.[a-z]+/[a-z0-9._/-]+$"},
                    "tag": {"type": "string", "pattern": r"^[\w][\w.-]{0,127}$"},
                    "folder": {"type": "string"},
                    "where": {"enum": [str(where) for where in Where]},
                    "built-from": {"enum": ["source", "npm", "debian", "project", "release"]},
                    "tools": _STRINGS,
                    "trees": _MAP,
                    "compile": _MAP,
                    "packages": _STRINGS,
                    "versioned-by": {"type": "string"},
                    "keep": _STRINGS,
                    "drop": _STRINGS,
                    "ca-bundle": {"type": "boolean"},
                    "applets": {"type": "string"},
                    "wheels": _STRINGS,
                    "python": {"type": "boolean"},
                    "sources": _MAP,
                    "releases": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "additionalProperties": False,
                            "required": ["url", "files"],
                            "properties": {
                                "url": {"type": "string", "pattern": "^https?://"},
                                "files": {
                                    "type": "object",
                                    "minProperties": 1,
                                    "additionalProperties": {"type": "string", "pattern": "^(bin|rootfs)/"},
                                },
                            },
                        },
                    },
                    "architecture": {"enum": ["amd64", "arm64"]},
                },
            },
        }
    },
}


@cache
def catalogue() -> tuple[Image, ...]:
    """All images, in the order of the file. BadInput names the entry and the key where something is wrong."""
    return parse_catalogue(yaml.safe_load(FILE.read_text()), source=FILE)


def parse_catalogue(document: Any, *, source: Path) -> tuple[Image, ...]:
    """Check a catalogue and make images of it; folders are relative to the catalogue."""
    problem = next(iter(jsonschema.Draft202012Validator(_SCHEMA).iter_errors(document)), None)
    if problem is not None:
        where = ".".join(str(part) for part in problem.absolute_path) or "(top level)"
        raise BadInput(f"{source}: {where}", seen=problem.message, todo="its head explains every key")
    return tuple(_image(key, entry, source.parent) for key, entry in document["images"].items())


def find_image(name: str) -> Image:
    """An image by its key or by its reference; BadInput with the known keys if there is none."""
    for image in catalogue():
        if name in (image.key, image.name, image.reference):
            return image
    raise unknown_name("image", name, [image.key for image in catalogue()])


def select(names: Iterable[str] | None, where: Where | None = None) -> list[Image]:
    """The named images; without names those that any machine can build and that reach the nodes in one way.

    Images of upstream's releases are for clusters that run such a client: they are built and pushed by name.
    """
    if names:
        return [find_image(name) for name in names]
    return [image for image in catalogue() if not image.releases and where in (None, image.where)]


def _image(key: str, entry: dict[str, Any], docker: Path) -> Image:
    return Image(
        key=key,
        name=entry["name"],
        tag=entry["tag"],
        folder=docker / entry["folder"],
        where=Where(entry["where"]),
        built_from=entry["built-from"],
        tools=tuple(entry.get("tools", ())),
        trees=tuple(entry.get("trees", {}).items()),
        compile=tuple(entry.get("compile", {}).items()),
        packages=tuple(entry.get("packages", ())),
        versioned_by=entry.get("versioned-by", ""),
        keep=tuple(entry.get("keep", ())),
        drop=tuple(entry.get("drop", ())),
        ca_bundle=entry.get("ca-bundle", False),
        applets=entry.get("applets", ""),
        wheels=tuple(entry.get("wheels", ())),
        python=entry.get("python", False),
        sources=tuple(entry.get("sources", {}).items()),
        releases=tuple(_release(one, entry["tag"]) for one in entry.get("releases", ())),
        architecture=entry.get("architecture", ""),
    )


def _release(entry: dict[str, Any], tag: str) -> Release:
    return Release(entry["url"].replace("{version}", tag.removeprefix("v")), tuple(entry["files"].items()))
