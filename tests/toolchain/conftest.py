"""A toolchain small enough to build in a test: one module, two programs, the real Go."""

from __future__ import annotations

import shlex
import stat
import textwrap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ethinfra.toolchain.families import GoFamily, GoTool
from ethinfra.toolchain.go import find_go
from ethinfra.toolchain.store import Store

GREETERS = GoFamily(
    "greeters",
    (
        GoTool("hello", "example.test/greet/cmd/hello", stamp=("main.version={version}",)),
        GoTool("bye", "example.test/greet/cmd/bye"),
    ),
    seconds=5,
    gigabytes=0.1,
)

# println needs only the runtime, which compiles in seconds; fmt takes several times as long.
HELLO = """
    package main

    var version = "unknown"

    func main() { println("hello", version) }
"""
BYE = """
    package main

    func main() { println("bye") }
"""


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text).lstrip())
    return path


@pytest.fixture(scope="session")
def warm_caches(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Go caches that the tests of a session share, in all workers, so that Go's runtime is compiled once."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "go"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A `toolchain/` with the family `greeters`."""
    folder = tmp_path / "toolchain" / "greeters"
    write(
        folder / "go.mod",
        """
        module example.test/toolchain/greeters

        go 1.26.0

        require example.test/greet v1.2.3

        replace example.test/greet => ./greet
        """,
    )
    write(folder / "go.sum", "")
    write(folder / "greet" / "go.mod", "module example.test/greet\n\ngo 1.26.0\n")
    write(folder / "greet" / "cmd" / "hello" / "main.go", HELLO)
    write(folder / "greet" / "cmd" / "bye" / "main.go", BYE)
    return folder.parent


@pytest.fixture
def store(sources: Path, tmp_path: Path, warm_caches: Path) -> Store:
    """An empty store for that toolchain."""
    root = tmp_path / "cache"
    root.mkdir()
    (root / "go").symlink_to(warm_caches)
    return Store(sources, root, find_go(), {"greeters": GREETERS})


@pytest.fixture
def go_script(store: Store, tmp_path: Path) -> Callable[[str], Store]:
    """The store with another program in Go's place: a shell script that may go on with `real "$@"`."""

    def script(body: str) -> Store:
        path = tmp_path / "bin" / "go"
        path.parent.mkdir(exist_ok=True)
        real = shlex.quote(str(store.go.path))
        path.write_text(f'#!/bin/sh\nreal() {{ exec {real} "$@"; }}\n{textwrap.dedent(body)}\n')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return replace(store, go=replace(store.go, path=path))

    return script


def builds_in(store: Store) -> list[str]:
    """What is in the family's folder of the store, hidden folders too."""
    folder = store.root / "tools" / "greeters"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []
