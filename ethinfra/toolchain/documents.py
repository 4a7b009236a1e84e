"""Families of documents: files of Go modules that are kept as they are, because they are read long after a build.

    lib/<module>/<path in the module>

Every module is compared with its hash in `go.sum`, like those that are compiled.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ethinfra.errors import ToolchainError
from ethinfra.toolchain.command import fetch
from ethinfra.toolchain.families import Document, DocumentFamily
from ethinfra.toolchain.key import module_version


@dataclass(frozen=True)
class Kept:
    """One file of a module: `file` is its path there, `path` where it is kept, `sha256` its recorded digest."""

    module: str
    version: str
    file: str
    path: Path
    sha256: str


def documents_key(family: DocumentFamily, sources: Path) -> str:
    """16 hexadecimal digits; the same for the same documents, whichever Go fetches them."""
    made_from = {
        "format": 1,
        "go.mod": (sources / "go.mod").read_text(),
        "go.sum": (sources / "go.sum").read_text(),
        "documents": [[document.module, document.path] for document in family.documents],
    }
    return hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()[:16]


def keep_documents(
    family: DocumentFamily, sources: Path, folder: Path, go: Path, environment: Mapping[str, str], within: float
) -> None:
    """Fill lib/ of a folder.

    ToolchainError if a module cannot be had, is not what go.sum says, or does not hold a document.
    """
    for module in family.modules:
        version = module_version((sources / "go.mod").read_text(), module)
        _check_pinned(family, sources, module, version)
        argv: list[str | Path] = [go, "mod", "download", "-json", f"{module}@{version}"]
        fetched = Path(json.loads(fetch(argv, family.name, sources=sources, env=environment, within=within))["Dir"])
        for document in family.documents:
            if document.module == module:
                _copy(family, fetched, document, folder / "lib" / module)


def _check_pinned(family: DocumentFamily, sources: Path, module: str, version: str) -> None:
    """Go would add the hash of what it fetched to go.sum instead of refusing it."""
    if f"{module} {version} h1:" not in (sources / "go.sum").read_text():
        raise ToolchainError(
            f"the family {family.name} could not be built",
            expected=f"the hash of {module} {version} in {sources / 'go.sum'}",
            seen="none",
            todo=f"cd {sources} && go mod download {module}@{version}",
        )


def _copy(family: DocumentFamily, fetched: Path, document: Document, into: Path) -> None:
    found = sorted(fetched.glob(document.path))
    if not found:
        raise ToolchainError(
            f"the family {family.name} could not be built",
            expected=f"{document.path} in {document.module}",
            seen=f"no such file in {fetched.name}",
        )
    for source in found:
        target = into / source.relative_to(fetched)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
