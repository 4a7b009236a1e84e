"""Builds one family: in a folder beside the store's, which takes its place only when it is whole."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from pathlib import Path

from ethinfra.errors import MissingCapability
from ethinfra.progress import Progress
from ethinfra.toolchain.command import command, fetch
from ethinfra.toolchain.documents import keep_documents
from ethinfra.toolchain.families import DocumentFamily, Family, GoFamily, NpmFamily
from ethinfra.toolchain.go import settings
from ethinfra.toolchain.key import flags
from ethinfra.toolchain.npm import INSTALL_LIMIT, install_packages
from ethinfra.toolchain.store import Store, record, record_tree
from ethinfra.waiting import eventually

#: Seconds for one program; the slowest takes ten minutes on two slow cores with nothing cached.
TOOL_LIMIT = 3600
#: Seconds for fetching what a family is made of.
FETCH_LIMIT = 1800


def check_compilers(families: list[Family]) -> None:
    """MissingCapability if a family needs a C or C++ compiler that is not here."""
    needing = [family.name for family in families if isinstance(family, GoFamily) and family.cgo]
    missing = [program for program in ("gcc", "g++") if shutil.which(program) is None]
    if needing and missing:
        raise MissingCapability(
            f"{', '.join(needing)} cannot be built on this machine",
            expected="a C and a C++ compiler",
            seen=f"no {' and no '.join(missing)}",
            todo="apt-get install gcc g++ libc6-dev",
        )


def build(store: Store, family: Family, progress: Progress) -> None:
    """Build a family and put it in its place. The caller holds the family's lock.

    ToolchainError with the end of the compiler's or npm's output if it fails; then nothing of it stays.
    """
    target = store.folder(family)
    target.parent.mkdir(parents=True, exist_ok=True)
    _sweep(target.parent)
    beside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        _fill(store, family, beside, progress)
        _put(beside, target)
    finally:
        # Compilers that were killed a moment ago may still be writing while the folder is removed.
        eventually(f"{beside} is removed", lambda: _removed(beside), within=30)


def _removed(folder: Path) -> bool:
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()


def _fill(store: Store, family: Family, folder: Path, progress: Progress) -> None:
    temporary = folder / "tmp"
    temporary.mkdir()
    started = time.monotonic()
    match family:
        case GoFamily():
            _compile(store, family, folder, temporary, progress)
            made_by: dict[str, object] = {"go": {"version": store.go.version, "pinned": store.go.pinned}}
        case NpmFamily():
            with progress.step(f"{family.name}: install packages", within=INSTALL_LIMIT):
                install_packages(family, store.sources / family.name, folder, temporary, store.node)
            made_by = {"node": {"version": store.node.version}}
        case DocumentFamily():
            environment = store.go.environment(store.go_caches, settings())
            with progress.step(f"{family.name}: fetch documents", within=FETCH_LIMIT):
                keep_documents(family, store.sources / family.name, folder, store.go.path, environment, FETCH_LIMIT)
            made_by = {}
        case _:
            raise TypeError(f"{family.name} is of no known kind of family")
    shutil.rmtree(temporary)
    manifest = {
        "family": family.name,
        "key": store.key(family),
        **made_by,
        "seconds": round(time.monotonic() - started, 1),
        "tools": {
            tool.name: record(folder / "bin" / tool.name, store.tool_version(family, tool)) for tool in family.tools
        },
        "files": record_tree(folder / "lib"),
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    folder.chmod(0o755)


def _compile(store: Store, family: GoFamily, folder: Path, temporary: Path, progress: Progress) -> None:
    sources = store.sources / family.name
    go_mod = (sources / "go.mod").read_text()
    environment = {
        **store.go.environment(store.go_caches, settings(cgo=family.cgo, cflags=family.cflags)),
        # A compiler that is killed leaves its temporary files behind; here they go with the folder.
        "GOTMPDIR": str(temporary),
        "TMPDIR": str(temporary),
    }
    with progress.step(f"{family.name}: fetch modules", within=FETCH_LIMIT):
        _fetch(store, family, sources, environment)
    for tool in family.tools:
        output = folder / "bin" / tool.name
        with progress.step(f"{family.name}: build {tool.name}", within=TOOL_LIMIT):
            argv: list[str | Path] = [store.go.path, "build", *flags(family, tool, go_mod), "-o", output, tool.package]
            command(argv, family.name, cwd=sources, by_hand=sources, env=environment, within=TOOL_LIMIT)


def _fetch(store: Store, family: GoFamily, sources: Path, environment: dict[str, str]) -> None:
    """Fetch exactly the modules that the tools import; `go mod download` would take three times as many."""
    tags = sorted({tag for tool in family.tools for tag in tool.tags})
    packages = [tool.package for tool in family.tools]
    listing = ("list", "-deps", "-f={{.ImportPath}}", f"-tags={','.join(tags)}")
    fetch([store.go.path, *listing, *packages], family.name, sources=sources, env=environment, within=FETCH_LIMIT)


def _put(beside: Path, target: Path) -> None:
    """Rename into place; what was there (a build that is corrupt) goes first."""
    if target.exists():
        old = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        target.rename(old / "old")
        beside.rename(target)
        shutil.rmtree(old)
    else:
        beside.rename(target)


def _sweep(folder: Path) -> None:
    """Remove what a killed build left. Nobody builds here now: the lock is ours."""
    for left in folder.glob(".*"):
        shutil.rmtree(left)
