from __future__ import annotations

from dataclasses import replace

import pytest

from ethinfra.errors import ToolchainError
from ethinfra.toolchain.key import build_key, module_version

from .conftest import GREETERS

GO_MOD = """
require (
	example.test/big v1.0.0
	example.test/big/part v2.3.4 // indirect
)

require example.test/single v0.5.0

replace example.test/single => example.test/fork v9.9.9
"""


@pytest.mark.parametrize("file", ["go.mod", "go.sum"])
def test_other_module_files_are_another_build(store, sources, file):
    before = store.key(GREETERS)

    path = sources / "greeters" / file
    path.write_text(path.read_text() + "// changed\n")

    assert store.key(GREETERS) != before


def test_another_go_is_another_build(store):
    newer = replace(store.go, version="go1.99.0 linux/amd64")

    assert replace(store, go=newer).key(GREETERS) != store.key(GREETERS)


def test_a_go_that_nobody_pinned_is_another_build(store):
    """A binary of an unknown Go is never handed out as one of the pinned Go, even if the versions agree."""
    unknown = replace(store.go, pinned=False)

    assert replace(store, go=unknown).key(GREETERS) != store.key(GREETERS)


@pytest.mark.parametrize(
    "change",
    [
        {"cgo": True},
        {"tools": (replace(GREETERS.tools[0], tags=("netgo",)), GREETERS.tools[1])},
        {"tools": (replace(GREETERS.tools[0], stamp=()), GREETERS.tools[1])},
        {"tools": GREETERS.tools[:1]},
    ],
    ids=["cgo", "tags", "stamp", "tools"],
)
def test_other_flags_are_another_build(store, change):
    assert store.key(replace(GREETERS, **change)) != store.key(GREETERS)


def test_compiler_flags_count_where_a_compiler_is_used(store):
    with_compiler = replace(GREETERS, cgo=True)

    assert store.key(replace(with_compiler, cflags="-O0")) != store.key(with_compiler)
    assert store.key(replace(GREETERS, cflags="-O0")) == store.key(GREETERS)


def test_estimates_and_place_are_no_part_of_the_key(store, sources, tmp_path):
    """Two checkouts of the same sources share one build."""
    elsewhere = sources.rename(tmp_path / "elsewhere")

    moved = build_key(replace(GREETERS, seconds=999), elsewhere / "greeters", store.go)

    assert moved == build_key(GREETERS, elsewhere / "greeters", store.go)


@pytest.mark.parametrize(
    ("package", "version"),
    [
        ("example.test/big/cmd/x", "v1.0.0"),
        ("example.test/big/part/cmd/x", "v2.3.4"),
        ("example.test/single", "v0.5.0"),
    ],
)
def test_the_innermost_module_gives_the_version(package, version):
    assert module_version(GO_MOD, package) == version


def test_a_package_of_no_required_module_is_refused():
    with pytest.raises(ToolchainError, match=r"no module in go\.mod holds example\.test/bigger"):
        module_version(GO_MOD, "example.test/bigger")
