"""Finished builds, and whether they are still what was built.

    tools/<family>/<key>/manifest.json      what it was made from, and size, time and SHA-256 of each file
    tools/<family>/<key>/bin/<tool>
    tools/<family>/<key>/lib/               what a tool of packages needs beside it; documents
    tools/<family>/.<key>.<random>/         a build that is not finished; removed by the next one
    tools/<family>.lock                     held while building

A folder `<key>` is whole from the moment that it exists, because it appears by a rename. A file whose size and time
are the recorded ones counts as unchanged; another time asks for its digest. `verify` always asks for the digest, and
for files that nobody recorded.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from ethinfra.errors import ToolchainError, unknown_name
from ethinfra.paths import ROOT, cache_dir
from ethinfra.toolchain.documents import Kept, documents_key
from ethinfra.toolchain.families import FAMILIES, DocumentFamily, Family, GoFamily, NpmFamily, Tool
from ethinfra.toolchain.go import Go, find_go
from ethinfra.toolchain.key import build_key, module_version
from ethinfra.toolchain.node import Node, find_node
from ethinfra.toolchain.npm import package_version, packages_key


@dataclass(frozen=True)
class Binary:
    """One installed program.

    version: that of its module or package
    sha256:  the recorded digest; of a program with a tree, that of all files together
    size:    bytes, the tree's included
    tree:    the folder of the files that it needs, for a program of packages
    files:   their paths in the tree
    """

    name: str
    family: str
    version: str
    path: Path
    sha256: str
    size: int
    tree: Path | None = None
    files: tuple[str, ...] = ()


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
    node: Node = field(default_factory=find_node)

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
        sources = self.sources / family.name
        match family:
            case GoFamily():
                return build_key(family, sources, self.go)
            case NpmFamily():
                return packages_key(family, sources, self.node)
            case DocumentFamily():
                return documents_key(family, sources)
        raise TypeError(f"{family.name} is of no known kind of family")

    def tool_version(self, family: Family, tool: Tool) -> str:
        """The version of the tool's module or package, as the family's sources pin it."""
        sources = self.sources / family.name
        if isinstance(family, NpmFamily):
            return package_version(sources, tool.package)
        return self._module_version(family, tool.package)

    def _module_version(self, family: Family, package: str) -> str:
        return module_version((self.sources / family.name / "go.mod").read_text(), package)

    def version(self, family: Family) -> str:
        """That of the family's first tool or document; the others are of the same module, or beside it."""
        if isinstance(family, DocumentFamily):
            return self._module_version(family, family.documents[0].module)
        return self.tool_version(family, family.tools[0])

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
        fault = _fault(folder, name, manifest) or _tree_fault(folder, manifest)
        if fault:
            raise ToolchainError(f"{name} is not what was built", seen=fault, todo=f"{todo} builds it again")
        recorded, path = manifest["tools"][name], folder / "bin" / name
        binary = Binary(name, family.name, recorded["version"], path, recorded["sha256"], recorded["size"])
        files = _files(manifest)
        if not files:
            return binary
        digest = hashlib.sha256(
            json.dumps([binary.sha256, *((file, files[file]["sha256"]) for file in files)]).encode()
        )
        size = binary.size + sum(file["size"] for file in files.values())
        return replace(binary, sha256=digest.hexdigest(), size=size, tree=folder / "lib", files=tuple(files))

    def documents(self, name: str) -> tuple[Kept, ...]:
        """The documents of an installed family; ToolchainError if it is absent or one changed since it was fetched."""
        family = self.family(name)
        if not isinstance(family, DocumentFamily):
            raise TypeError(f"{name} is no family of documents")
        folder = self.folder(family)
        manifest = _manifest(folder)
        todo = f"ethinfra tools install {name}"
        if manifest is None:
            raise ToolchainError(f"the documents of {name} are not installed", expected=str(folder), todo=todo)
        fault = _tree_fault(folder, manifest) or _listing_fault(family, folder, manifest)
        if fault:
            raise ToolchainError(f"the documents of {name} are not what was fetched", seen=fault, todo=todo)
        return tuple(
            Kept(
                module,
                self._module_version(family, module),
                file.removeprefix(f"{module}/"),
                folder / "lib" / file,
                recorded["sha256"],
            )
            for module in family.modules
            for file, recorded in _files(manifest).items()
            if file.startswith(f"{module}/")
        )

    def state(self, name: str, *, thorough: bool = False) -> State:
        """What is there of a family. `thorough` reads every byte of it."""
        family = self.family(name)
        key, version, folder = self.key(family), self.version(family), self.folder(family)
        manifest = _manifest(folder)
        if manifest is None:
            return State(family, version, key, "absent")
        faults = [_fault(folder, each.name, manifest, thorough=thorough) for each in family.tools]
        faults.append(_tree_fault(folder, manifest, thorough=thorough))
        faults.append(_listing_fault(family, folder, manifest))
        fault = "; ".join(filter(None, faults))
        return State(
            family,
            version,
            key,
            "corrupt" if fault else "installed",
            fault,
            folder / "bin",
            sum(each["size"] for each in (*manifest["tools"].values(), *_files(manifest).values())),
            manifest["seconds"],
            manifest.get("go", {}).get("pinned", True),
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
    return {"version": version, **_record(path)}


def record_tree(folder: Path) -> dict[str, dict[str, object]]:
    """What a manifest says about the files beside the binaries, by their paths; nothing if there are none."""
    return {
        path.relative_to(folder).as_posix(): {**_record(path), "executable": os.access(path, os.X_OK)}
        for path in _listed(folder)
    }


def _record(path: Path) -> dict[str, object]:
    seen = path.stat()
    return {"sha256": sha256_of(path), "size": seen.st_size, "mtime_ns": seen.st_mtime_ns}


def _listed(folder: Path) -> list[Path]:
    """All files below a folder, in an order that is the same everywhere."""
    return sorted(path for path in folder.rglob("*") if not path.is_dir())


#: Stands for a manifest that something has overwritten: it vouches for no tool.
_DAMAGED: dict[str, Any] = {"tools": {}, "seconds": None}


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


def _files(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The recorded tree; what was built before there were trees has none."""
    files: dict[str, dict[str, Any]] = manifest.get("files", {})
    return files


def _fault(folder: Path, name: str, manifest: dict[str, Any], *, thorough: bool = False) -> str:
    """How a binary differs from its record, or nothing."""
    recorded = manifest["tools"].get(name)
    if recorded is None:
        return f"{folder / 'manifest.json'} does not list {name}"
    return _difference(folder / "bin" / name, recorded, thorough)


def _listing_fault(family: Family, folder: Path, manifest: dict[str, Any]) -> str:
    """A family of documents has no tool whose record would be missed in a manifest that was overwritten."""
    if isinstance(family, DocumentFamily) and not _files(manifest):
        return f"{folder / 'manifest.json'} does not list documents"
    return ""


def _tree_fault(folder: Path, manifest: dict[str, Any], *, thorough: bool = False) -> str:
    """How the files beside the binaries differ from their records; the first difference, or nothing."""
    files = _files(manifest)
    differences = (_difference(folder / "lib" / file, recorded, thorough) for file, recorded in files.items())
    fault = next(filter(None, differences), "")
    if fault or not thorough:
        return fault
    foreign = next(
        (path for path in _listed(folder / "lib") if path.relative_to(folder / "lib").as_posix() not in files), None
    )
    return f"{foreign} was not there when it was built" if foreign else ""


def _difference(path: Path, recorded: dict[str, Any], thorough: bool) -> str:
    try:
        seen = path.stat()
    except OSError as reason:
        return str(reason)
    if seen.st_size != recorded["size"]:
        return f"{path} has {seen.st_size} bytes, {recorded['size']} were built"
    if os.access(path, os.X_OK) != recorded.get("executable", True):
        return f"{path} is {'not ' if recorded.get('executable', True) else ''}executable"
    if not thorough and seen.st_mtime_ns == recorded["mtime_ns"]:
        return ""
    digest = _digest(path, seen.st_size, seen.st_mtime_ns) if not thorough else sha256_of(path)
    if digest == recorded["sha256"]:
        return ""
    return f"{path} has digest {digest[:16]}…, {recorded['sha256'][:16]}… was built"


@cache
def _digest(path: Path, size: int, mtime_ns: int) -> str:  # noqa: ARG001 - they make a changed file another question
    return sha256_of(path)
