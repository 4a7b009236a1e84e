"""The upstream programs that everything runs on, built from source.

- A *family* is a Go module in `toolchain/` whose `go.sum` pins every line of source of a few programs (`families`).
- A *tool* is one program of a family: `kubectl`, `geth`, `containerd`.
- A *document* is a file of a module that is kept as it is: the OpenAPI document of Kubernetes, a CRD (`documents`).
- A *key* names a build by what it is made from: module files, Go version, flags (`key`).
- The *store* holds finished builds, `tools/<family>/<key>/`, each with a manifest of digests (`store`).
- A *build* fills the store: under a lock, in a folder beside, renamed into place when it is whole (`build`, `install`).

Go comes from the virtual environment (`go`), so a machine needs none of its own.

    from ethinfra.toolchain import tool
    run([tool("kubectl"), "version"])
"""

from __future__ import annotations

import os
from pathlib import Path

from ethinfra.toolchain.documents import Kept
from ethinfra.toolchain.families import FAMILIES, Family, Tool
from ethinfra.toolchain.store import Binary, Store, default_store

__all__ = [
    "FAMILIES",
    "Binary",
    "Family",
    "Kept",
    "Store",
    "Tool",
    "default_store",
    "kept_documents",
    "tool",
    "tool_path",
]


def tool(name: str) -> Path:
    """The absolute path of an installed binary, compared with its recorded digest.

    ToolchainError where it is not installed, or no longer what was built; BadInput for a name that no family has.
    """
    return default_store().binary(name).path


def kept_documents(family: str) -> tuple[Kept, ...]:
    """The documents of a family; ToolchainError where they are not installed, or no longer what was fetched."""
    return default_store().documents(family)


def tool_path(*names: str) -> str:
    """A value for PATH that finds these tools before anything else; for programs that call others, as helmfile does."""
    folders = dict.fromkeys(str(tool(name).parent) for name in names)
    return os.pathsep.join([*folders, os.environ.get("PATH", os.defpath)])
