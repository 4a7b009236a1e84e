"""Families of npm packages: a tree of files that is the same wherever it is installed.

    bin/<tool>              starts the package's program with the Node.js beside it
    lib/node                that Node.js
    lib/node_modules/       the packages of `package-lock.json`, without what nothing reads at run time

Every package is compared with its hash in the lock file, which names no registry: where packages come from is the
operator's npm setting. No package runs a script while it is installed; native code comes built in the packages.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from ethinfra.errors import ToolchainError
from ethinfra.toolchain.command import command
from ethinfra.toolchain.families import NpmFamily, Tool
from ethinfra.toolchain.node import Node

#: Seconds for fetching and unpacking one family.
INSTALL_LIMIT = 900

#: What shapes the tree is said here, so that the operator's npm settings cannot; network and registry stay theirs.
_CI = (
    "ci",
    "--ignore-scripts",
    "--omit=dev",
    "--install-strategy=hoisted",
    "--legacy-peer-deps=false",
    # Links to the packages' programs; the launcher takes their place.
    "--no-bin-links",
    "--no-audit",
    "--no-fund",
    "--no-update-notifier",
)

#: Read by debuggers and compilers only: source maps, types and TypeScript sources. A third of the client's bytes.
_NOT_RUN = (".map", ".ts", ".mts", ".cts", ".tsbuildinfo")

_LAUNCHER = """#!/bin/sh
# {package}, run by the Node.js that is installed with it.
here=$(dirname "$(readlink -f "$0")")
exec "$here/../lib/node" "$here/../lib/{script}" "$@"
"""


def package_version(sources: Path, package: str) -> str:
    """The version at which a lock file pins a package."""
    lock = json.loads((sources / "package-lock.json").read_text())
    pinned = lock["packages"].get(f"node_modules/{package}")
    if pinned is None:
        raise ToolchainError(
            f"{sources / 'package-lock.json'} does not pin {package}",
            todo=f"add it to package.json and renew the lock file, as {sources.parent / 'README.md'} says",
        )
    version: str = pinned["version"]
    return version


def _check_lock(sources: Path) -> None:
    """npm refuses such a lock file too, but buries the reason in its usage."""
    lock = json.loads((sources / "package-lock.json").read_text())
    named = json.loads((sources / "package.json").read_text()).get("dependencies", {})
    locked = lock["packages"][""].get("dependencies", {})
    if named != locked:
        raise ToolchainError(
            f"{sources / 'package-lock.json'} was made for other packages than package.json names",
            expected=json.dumps(named),
            seen=json.dumps(locked),
            todo=f"renew it, as {sources.parent / 'README.md'} says",
        )


def packages_key(family: NpmFamily, sources: Path, node: Node) -> str:
    """16 hexadecimal digits; the same for the same packages and Node.js, wherever the checkout is."""
    made_from = {
        "format": 1,
        "package.json": (sources / "package.json").read_text(),
        "package-lock.json": (sources / "package-lock.json").read_text(),
        "node": node.version,
        "npm": _CI,
        "removed": _NOT_RUN,
        "launcher": _LAUNCHER,
        "tools": {tool.name: tool.package for tool in family.tools},
    }
    return hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()[:16]


def install_packages(family: NpmFamily, sources: Path, folder: Path, temporary: Path, node: Node) -> None:
    """Fill a folder with bin/ and lib/.

    ToolchainError if a package cannot be had, or is not what the lock file says.
    """
    _check_lock(sources)
    lib, programs = folder / "lib", folder / "bin"
    lib.mkdir()
    programs.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(sources / name, lib / name)
    command(
        [node.path, node.npm, *_CI],
        family.name,
        cwd=lib,
        by_hand=sources,
        # npm's cache and logs go with the temporary folder.
        env={**node.environment(), "npm_config_cache": str(temporary)},
        within=INSTALL_LIMIT,
    )
    shutil.copyfile(node.path, lib / "node")
    # npm's own note on what it installed; it holds addresses of the registry.
    (lib / "node_modules" / ".package-lock.json").unlink()
    for name in ("package.json", "package-lock.json"):
        (lib / name).unlink()
    _strip(lib / "node_modules")
    _set_modes(lib)
    for tool in family.tools:
        launcher = programs / tool.name
        launcher.write_text(_LAUNCHER.format(package=tool.package, script=_script(lib, tool)))
        launcher.chmod(0o755)


def _script(lib: Path, tool: Tool) -> str:
    """The program of a package, as its package.json names it, below lib/."""
    package = f"node_modules/{tool.package}"
    named: Any = json.loads((lib / package / "package.json").read_text()).get("bin", {})
    script = named if isinstance(named, str) else named.get(tool.name, "")
    if not script or not (lib / package / script).is_file():
        raise ToolchainError(
            f"{tool.package} has no program {tool.name}", seen=f"its package.json says bin: {json.dumps(named)}"
        )
    return f"{package}/{script.removeprefix('./')}"


def _strip(modules: Path) -> None:
    """Remove what is not run: files by their ending, native code of other systems, folders that this leaves empty."""
    for path in sorted(modules.rglob("*"), reverse=True):
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif path.name.endswith(_NOT_RUN) or _of_another_system(path.relative_to(modules)):
            path.unlink()


def _of_another_system(path: Path) -> bool:
    """Packages carry native code as `prebuilds/<system>-<machine>/`, for node-gyp-build to choose when they run."""
    parts = path.parts
    return "prebuilds" in parts and not parts[parts.index("prebuilds") + 1].startswith("linux-")


def _set_modes(lib: Path) -> None:
    """The same modes under every umask, and whatever the packages' archives say."""
    for path in (lib, *lib.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path == lib / "node" else 0o644)
