"""Finished builds, and whether they are still what was built.

    tools/<family>/<key>/manifest.json      what it was made from, and size, time and SHA-256 of each binary
    tools/<family>/<key>/bin/<tool>
    tools/<family>/.<key>.<random>/         a build that is not finished; removed by the next one
    tools/<family>.lock                     held while building

A folder `<key>` is whole from the moment that it exists, because it appears by a rename. A binary whose size and time
are the recorded ones counts as unchanged; another time asks for its digest. `verify` always asks for the digest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ethinfra.errors import ToolchainError, unknown_name
from ethinfra.paths import ROOT, cache_dir
from ethinfra.toolchain.families import FAMILIES, Family
from ethinfra.toolchain.go import Go, find_go
from ethinfra.toolchain.key import build_key, module_version


@dataclass(frozen=True)
class Binary:
    """One installed program. `sha256` is the recorded digest, `version` that of its module."""

    name: str
    family: str
    version: str
    path: Path
    sha256: str
    size: int


@dataclass(frozen=True)
class State:
    """A family as it is on this machine: `installed`, `absent` or `corrupt` (then `fault` says how)."""

    family: Family
    version: str
    key: str
    state: str
    fault: str = ""
    path: Path | None = None
    size: int = 0
    seconds: float | None = None
    pinned_go: bool = True


@dataclass(frozen=True)
class Store:
    """The families of a checkout and the builds of them in a cache. Any number of checkouts may share a cache."""

    sources: Path
    root: Path
    go: Go
    families: Mapping[str, Family] = field(default_factory=lambda: FAMILIES)

    @property
    def go_caches(self) -> Path:
        return self.root / "go"

    def family(self, name: str) -> Family:
        if name not in self.families:
            raise unknown_name("family", name, tuple(self.families))
        return self.families[name]

    def family_of(self, tool: str) -> Family:
        for family in self.families.values():
            if any(each.name == tool for each in family.tools):
                return family
        known = sorted(each.name for family in self.families.values() for each in family.tools)
        raise unknown_name("tool", tool, known)

    def key(self, family: Family) -> str:
        return build_key(family, self.sources / family.name, self.go)

    def version(self, family: Family) -> str:
        """That of the family's first tool; the others are of the same module, or beside it."""
        return module_version((self.sources / family.name / "go.mod").read_text(), family.tools[0].package)

    def folder(self, family: Family) -> Path:
        """Where the build of today's sources is, or would be."""
        return self.root / "tools" / family.name / self.key(family)

    def binary(self, name: str) -> Binary:
        """An installed tool; ToolchainError if it is absent or changed since it was built."""
        family = self.family_of(name)
        folder = self.folder(family)
        manifest = _manifest(folder)
        todo = f"ethinfra tools install {family.name}"
        if manifest is None:
            raise ToolchainError(f"{name} is not installed", expected=str(folder / "bin" / name), todo=todo)
        fault = _fault(folder, name, manifest)
        if fault:
            raise ToolchainError(f"{name} is not what was built", seen=fault, todo=f"{todo} builds it again")
        recorded = manifest["tools"][name]
        return Binary(
            name, family.name, recorded["version"], folder / "bin" / name, recorded["sha256"], recorded["size"]
        )

    def state(self, name: str, *, thorough: bool = False) -> State:
        """What is there of a family. `thorough` reads every byte of it."""
        family = self.family(name)
        key, version, folder = self.key(family), self.version(family), self.folder(family)
        manifest = _manifest(folder)
        if manifest is None:
            return State(family, version, key, "absent")
        faults = [_fault(folder, each.name, manifest, thorough=thorough) for each in family.tools]
        fault = "; ".join(filter(None, faults))
        return State(
            family,
            version,
            key,
            "corrupt" if fault else "installed",
            fault,
            folder / "bin",
            sum(each["size"] for each in manifest["tools"].values()),
            manifest["seconds"],
            manifest["go"]["pinned"],
        )


@cache
def _store(sources: Path, root: Path, go: Go) -> Store:
    return Store(sources, root, go)


def default_store() -> Store:
    """This checkout's families, this user's cache."""
    return _store(ROOT / "toolchain", cache_dir(), find_go())


def sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def record(path: Path, version: str) -> dict[str, object]:
    """What a manifest says about a binary."""
    seen = path.stat()
    return {"version": version, "sha256": sha256_of(path), "size": seen.st_size, "mtime_ns": seen.st_mtime_ns}


#: Stands for a manifest that something has overwritten: it vouches for no tool.
_DAMAGED: dict[str, Any] = {"tools": {}, "seconds": None, "go": {"version": "", "pinned": False}}


def _manifest(folder: Path) -> dict[str, Any] | None:
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
    except FileNotFoundError:
        return None
    except ValueError:
        manifest = None
    if isinstance(manifest, dict) and manifest.keys() >= _DAMAGED.keys():
        return manifest
    return _DAMAGED


def _fault(folder: Path, name: str, manifest: dict[str, Any], *, thorough: bool = False) -> str:
    """How a binary differs from its record, or nothing."""
    recorded = manifest["tools"].get(name)
    if recorded is None:
        return f"{folder / 'manifest.json'} does not list {name}"
    path = folder / "bin" / name
    try:
        seen = path.stat()
    except OSError as reason:
        return str(reason)
    if seen.st_size != recorded["size"]:
        return f"{path} has {seen.st_size} bytes, {recorded['size']} were built"
    if not seen.st_mode & 0o111:
        return f"{path} is not executable"
    if not thorough and seen.st_mtime_ns == recorded["mtime_ns"]:
        return ""
    digest = _digest(path, seen.st_size, seen.st_mtime_ns) if not thorough else sha256_of(path)
    if digest == recorded["sha256"]:
        return ""
    return f"{path} has digest {digest[:16]}…, {recorded['sha256'][:16]}… was built"


@cache
def _digest(path: Path, size: int, mtime_ns: int) -> str:  # noqa: ARG001 - they make a changed file another question
    return sha256_of(path)
