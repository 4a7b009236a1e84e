"""Families of npm packages: the real npm, and a registry on the loopback."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ethinfra.errors import ToolchainError
from ethinfra.process import run
from ethinfra.progress import silent
from ethinfra.toolchain.families import NpmFamily, Tool
from ethinfra.toolchain.go import find_go
from ethinfra.toolchain.install import install
from ethinfra.toolchain.npm import package_version
from ethinfra.toolchain.store import Store

from .registry import Package, serving

SINGERS = NpmFamily("singers", (Tool("sing", "@example/sing"),), seconds=1, gigabytes=0.2)

SCALE = Package(
    "scale", "2.0.0", {"main": "index.js"}, {"index.js": "module.exports = ['do', 're']\n", "LICENSE": "MIT"}
)
SING = Package(
    "@example/sing",
    "1.2.3",
    {
        "bin": {"sing": "./bin/sing.js"},
        "dependencies": {"scale": "^2.0.0"},
        # What npm would do for a package that compiles its native code.
        "scripts": {"install": "touch installed"},
        "hasInstallScript": True,
    },
    {
        "bin/sing.js": "console.log(...require('scale'), process.execPath, process.pid, ...process.argv.slice(2))\n",
        "bin/sing.js.map": "{}",
        "src/sing.ts": "export {}",
        "types/sing.d.ts": "export {}",
        "prebuilds/linux-x64/sing.node": "native",
        "prebuilds/darwin-arm64/sing.node": "native",
    },
)


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with serving([SING, SCALE]) as address:
        monkeypatch.setenv("npm_config_registry", address)
        yield address


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A `toolchain/` with the family `singers`."""
    folder = tmp_path / "toolchain" / "singers"
    folder.mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps({"private": True, "dependencies": {SING.name: SING.version}}))
    lock = {
        "name": "singers",
        "lockfileVersion": 3,
        "requires": True,
        "packages": {
            "": {"dependencies": {SING.name: SING.version}},
            **{f"node_modules/{package.name}": package.locked for package in (SING, SCALE)},
        },
    }
    (folder / "package-lock.json").write_text(json.dumps(lock))
    return folder.parent


@pytest.fixture
def make_store(sources: Path, tmp_path: Path) -> Callable[[str], Store]:
    return lambda name: Store(sources, tmp_path / name, find_go(), {"singers": SINGERS})


@pytest.fixture
def store(make_store: Callable[[str], Store]) -> Store:
    return make_store("cache")


@pytest.fixture
def installed(store: Store, registry: str) -> Store:  # noqa: ARG001 - packages come from it
    install(store, (), silent())
    return store


def modes(folder: Path) -> dict[str, int]:
    return {path.relative_to(folder).as_posix(): stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}


def test_an_installed_tool_runs_with_the_node_beside_it(installed: Store):
    """From any folder, through a link too, and as the process that was started: signals reach it."""
    sing = installed.binary("sing")
    link = installed.root / "link"
    link.symlink_to(sing.path)

    *notes, node, _pid, argument = run([link, "la la"], cwd=Path("/")).stdout.split(maxsplit=4)

    assert notes == ["do", "re"]
    assert Path(node) == sing.path.parent.parent / "lib" / "node"
    assert argument == "la la"
    assert sing.version == "1.2.3"


def test_the_launcher_becomes_the_program(installed: Store):
    """A shell in between would get the signals and keep them."""
    shown = run(["sh", "-c", f'echo $$; exec "{installed.binary("sing").path}"']).stdout.split()

    assert shown[0] == shown[4]


def test_only_what_is_run_is_kept(installed: Store):
    assert installed.binary("sing").files == (
        "node",
        "node_modules/@example/sing/bin/sing.js",
        "node_modules/@example/sing/package.json",
        "node_modules/@example/sing/prebuilds/linux-x64/sing.node",
        "node_modules/scale/LICENSE",
        "node_modules/scale/index.js",
        "node_modules/scale/package.json",
    )


@pytest.mark.usefixtures("registry")
def test_two_installations_in_different_roots_are_the_same(
    make_store: Callable[[str], Store], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Whatever the umask, and whatever the operator has told npm."""
    first = make_store("one")
    install(first, (), silent())
    (tmp_path / "npmrc").write_text("ignore-scripts=false\nbin-links=true\ninstall-strategy=nested\n")
    monkeypatch.setenv("npm_config_userconfig", str(tmp_path / "npmrc"))
    before = os.umask(0o077)
    try:
        second = make_store("a/longer/path/two")
        install(second, (), silent())
    finally:
        os.umask(before)

    one, two = first.binary("sing"), second.binary("sing")
    assert one.path != two.path
    assert one.sha256 == two.sha256
    assert modes(first.folder(SINGERS) / "lib") == modes(second.folder(SINGERS) / "lib")


def test_nothing_installed_names_the_registry(installed: Store, registry: str):
    naming = [
        path
        for path in installed.folder(SINGERS).rglob("*")
        if path.is_file() and registry.encode() in path.read_bytes()
    ]

    assert naming == []


def test_a_package_that_is_not_the_locked_one_is_refused(store: Store, monkeypatch: pytest.MonkeyPatch):
    """The registry, or somebody on the way, hands out other bytes under the same version."""
    forged = replace(SCALE, files={"index.js": "module.exports = ['stolen']\n"})

    with serving([SING, forged]) as address:
        monkeypatch.setenv("npm_config_registry", address)
        with pytest.raises(ToolchainError) as refused:
            install(store, (), silent())

    assert "EINTEGRITY" in refused.value.seen
    assert "npm-cli.js ci" in refused.value.todo
    assert list((store.root / "tools" / "singers").iterdir()) == []


def test_a_lock_file_that_lags_behind_is_refused(store: Store, sources: Path):
    """A version was raised in package.json alone."""
    (sources / "singers" / "package.json").write_text(json.dumps({"dependencies": {SING.name: "2.0.0"}}))

    with pytest.raises(ToolchainError, match=r"made for other packages than package\.json names"):
        install(store, (), silent())


@pytest.mark.usefixtures("registry")
def test_a_package_without_the_program_is_refused(store: Store):
    other = replace(store, families={"singers": replace(SINGERS, tools=(Tool("hum", SING.name),))})

    with pytest.raises(ToolchainError, match="@example/sing has no program hum"):
        install(other, (), silent())


def test_a_changed_file_of_the_tree_is_corruption(installed: Store):
    index = installed.folder(SINGERS) / "lib" / "node_modules" / "scale" / "index.js"
    index.write_text("module.exports = ['xx', 're']\n")

    with pytest.raises(ToolchainError, match=r"scale/index\.js has digest"):
        installed.binary("sing")


def test_a_lost_file_of_the_tree_is_corruption_and_comes_back(installed: Store):
    sha256 = installed.binary("sing").sha256
    (installed.folder(SINGERS) / "lib" / "node_modules" / "scale" / "index.js").unlink()

    assert installed.state("singers").state == "corrupt"
    install(installed, (), silent())
    assert installed.binary("sing").sha256 == sha256


def test_a_file_that_was_added_is_found_by_reading(installed: Store):
    added = installed.folder(SINGERS) / "lib" / "node_modules" / "scale" / "index.mjs"
    added.write_text("")

    assert "index.mjs was not there" in installed.state("singers", thorough=True).fault


def test_a_node_that_lost_its_execute_bit_is_corrupt(installed: Store):
    (installed.folder(SINGERS) / "lib" / "node").chmod(0o644)

    assert "lib/node is not executable" in installed.state("singers").fault


def test_the_manifest_says_what_installed_it(installed: Store):
    manifest = json.loads((installed.folder(SINGERS) / "manifest.json").read_text())

    assert manifest["node"] == {"version": installed.node.version}
    assert manifest["seconds"] > 0


@pytest.mark.parametrize("file", ["package.json", "package-lock.json"])
def test_other_packages_are_another_build(store: Store, sources: Path, file: str):
    before = store.key(SINGERS)
    path = sources / "singers" / file
    path.write_text(path.read_text() + "\n")

    assert store.key(SINGERS) != before


def test_another_node_is_another_build(store: Store):
    newer = replace(store.node, version="v99.0.0 linux/x86_64, npm 99.0.0")

    assert replace(store, node=newer).key(SINGERS) != store.key(SINGERS)


def test_another_go_is_no_other_build(store: Store):
    newer = replace(store.go, version="go1.99.0 linux/amd64")

    assert replace(store, go=newer).key(SINGERS) == store.key(SINGERS)


def test_a_package_that_is_not_locked_is_refused(sources: Path):
    with pytest.raises(ToolchainError, match="does not pin @example/hum"):
        package_version(sources / "singers", "@example/hum")
