from __future__ import annotations

import re
from pathlib import Path

import pytest

from ethinfra.paths import ROOT
from ethinfra.toolchain.families import FAMILIES, Family
from ethinfra.toolchain.key import flags, module_version

SOURCES = ROOT / "toolchain"


def test_every_module_is_a_family_and_every_family_a_module():
    """A folder nobody builds, or a family without sources, is a leftover."""
    modules = {path.parent.name for path in SOURCES.glob("*/go.mod")}

    assert modules == set(FAMILIES)


def test_a_tool_belongs_to_one_family():
    """`tool(name)` needs no family."""
    names = [tool.name for family in FAMILIES.values() for tool in family.tools]

    assert len(names) == len(set(names))


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_tool_lines_are_what_is_built(family: Family):
    """The tool lines of go.mod keep `go mod tidy` from dropping what the family needs."""
    listed = re.findall(r"^(?:tool |\t)([^\s(]+)$", _go_mod(family), re.M)

    assert sorted(listed) == sorted(tool.package for tool in family.tools)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_every_tool_has_a_version_and_flags(family: Family):
    """No placeholder is left in what the linker is told."""
    for tool in family.tools:
        assert module_version(_go_mod(family), tool.package).startswith("v")
        assert "{" not in " ".join(flags(family, tool, _go_mod(family)))


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_go_sum_pins_every_required_module(family: Family):
    """Builds may not add a line to go.sum, and would fail on a machine that has never fetched the module."""
    pinned = set(re.findall(r"^(\S+) (\S+?)(?:/go\.mod)? h1:", (_folder(family) / "go.sum").read_text(), re.M))
    replaced = {old: (new, version) for old, new, version in re.findall(r"(\S+) => (\S+) (v\S+)", _go_mod(family))}
    required = re.findall(r"^\t(?:require )?([^\s=]+) (v\S+)(?: //.*)?$", _go_mod(family), re.M)

    assert required
    assert {replaced.get(module, (module, version)) for module, version in required} <= pinned


def _folder(family: Family) -> Path:
    return SOURCES / family.name


def _go_mod(family: Family) -> str:
    return (_folder(family) / "go.mod").read_text()
