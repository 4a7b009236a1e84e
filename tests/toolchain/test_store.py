from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ethinfra.errors import BadInput, ToolchainError
from ethinfra.process import run
from ethinfra.progress import silent
from ethinfra.toolchain.install import install
from ethinfra.toolchain.store import Store

from .conftest import builds_in


@pytest.fixture
def installed(store: Store) -> Store:
    install(store, ["greeters"], silent(), keep_go_caches=True)
    return store


def test_a_built_tool_runs_and_carries_its_version(installed):
    hello = installed.binary("hello")

    assert run([hello.path]).stderr == "hello v1.2.3"
    assert hello.version == "v1.2.3"


def test_binaries_are_static(installed):
    """The same file is put into images without a C library."""
    assert "not a dynamic executable" in run(["ldd", installed.binary("hello").path], check=False).stderr


def test_the_manifest_says_what_a_build_was_made_from(installed):
    folder = installed.binary("hello").path.parent.parent

    manifest = json.loads((folder / "manifest.json").read_text())

    assert manifest["go"] == {"version": installed.go.version, "pinned": True}
    assert manifest["key"] == folder.name
    assert manifest["seconds"] > 0
    assert set(manifest["tools"]) == {"hello", "bye"}


def test_a_build_leaves_nothing_beside_it(installed):
    folder = installed.binary("hello").path.parent.parent

    assert builds_in(installed) == [folder.name]
    assert sorted(path.name for path in folder.iterdir()) == ["bin", "manifest.json"]


def test_an_absent_tool_names_the_command_that_makes_it(store):
    with pytest.raises(ToolchainError, match="ethinfra tools install greeters"):
        store.binary("hello")


def test_unknown_names_list_the_known_ones(store):
    with pytest.raises(BadInput, match="one of: bye, hello"):
        store.binary("ciao")
    with pytest.raises(BadInput, match="one of: greeters"):
        store.family("singers")


def test_a_changed_binary_is_not_handed_out(installed):
    hello = installed.binary("hello").path
    _flip_a_byte(hello)

    with pytest.raises(ToolchainError, match="hello is not what was built"):
        installed.binary("hello")

    assert installed.binary("bye")


def test_a_shortened_binary_is_not_handed_out(installed):
    os.truncate(installed.binary("hello").path, 1000)

    with pytest.raises(ToolchainError, match="has 1000 bytes"):
        installed.binary("hello")


def test_another_time_alone_is_no_corruption(installed):
    """A cache that was copied, or restored from a backup, is as good as before."""
    hello = installed.binary("hello").path
    os.utime(hello)

    assert installed.binary("hello").path == hello


def test_a_change_that_kept_size_and_time_is_found_by_reading(installed):
    """Looking a tool up does not read it, so a rotten block is found by `verify` and `install`."""
    hello = installed.binary("hello").path
    before = hello.stat()
    _flip_a_byte(hello)
    os.utime(hello, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert installed.state("greeters").state == "installed"
    assert installed.state("greeters", thorough=True).state == "corrupt"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}"])
def test_a_damaged_manifest_is_corruption(installed, text):
    (installed.binary("hello").path.parent.parent / "manifest.json").write_text(text)

    with pytest.raises(ToolchainError, match="hello is not what was built"):
        installed.binary("hello")


def test_a_tool_that_lost_its_execute_bit_is_corrupt(installed):
    installed.binary("hello").path.chmod(0o644)

    assert "not executable" in installed.state("greeters").fault


def test_changed_sources_are_absent_until_they_are_built(installed, sources):
    go_sum = sources / "greeters" / "go.sum"
    go_sum.write_text("// newer\n")

    assert installed.state("greeters").state == "absent"


def _flip_a_byte(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.seek(2000)
        byte = stream.read(1)[0]
        stream.seek(2000)
        stream.write(bytes([byte ^ 0xFF]))
