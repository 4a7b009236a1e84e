from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ethinfra.paths import ROOT
from ethinfra.toolchain.families import FAMILIES, DocumentFamily, Family, GoFamily, NpmFamily
from ethinfra.toolchain.key import flags, module_version

SOURCES = ROOT / "toolchain"

GO = [family for family in FAMILIES.values() if isinstance(family, GoFamily)]
NPM = [family for family in FAMILIES.values() if isinstance(family, NpmFamily)]
DOCUMENTS = [family for family in FAMILIES.values() if isinstance(family, DocumentFamily)]


@pytest.mark.parametrize(("sources", "families"), [("go.mod", GO + DOCUMENTS), ("package-lock.json", NPM)])
def test_every_folder_is_a_family_and_every_family_a_folder(sources: str, families: list[Family]):
    """A folder nobody builds, or a family without sources, is a leftover."""
    folders = {path.parent.name for path in SOURCES.glob(f"*/{sources}")}

    assert folders == {family.name for family in families}


def test_a_tool_belongs_to_one_family():
    """`tool(name)` needs no family."""
    names = [tool.name for family in FAMILIES.values() for tool in family.tools]

    assert len(names) == len(set(names))


@pytest.mark.parametrize("family", GO, ids=lambda family: family.name)
def test_tool_lines_are_what_is_built(family: GoFamily):
    """The tool lines of go.mod keep `go mod tidy` from dropping what the family needs."""
    listed = re.findall(r"^(?:tool |\t)([^\s(]+)$", _go_mod(family), re.M)

    assert sorted(listed) == sorted(tool.package for tool in family.tools)


@pytest.mark.parametrize("family", GO, ids=lambda family: family.name)
def test_every_tool_has_a_version_and_flags(family: GoFamily):
    """No placeholder is left in what the linker is told."""
    for tool in family.tools:
        assert module_version(_go_mod(family), tool.package).startswith("v")
        assert "{" not in " ".join(flags(family, tool, _go_mod(family)))


@pytest.mark.parametrize("family", GO + DOCUMENTS, ids=lambda family: family.name)
def test_go_sum_pins_every_required_module(family: Family):
    """Builds may not add a line to go.sum, and would fail on a machine that has never fetched the module."""
    pinned = set(re.findall(r"^(\S+) (\S+?)(?:/go\.mod)? h1:", (_folder(family) / "go.sum").read_text(), re.M))
    replaced = {old: (new, version) for old, new, version in re.findall(r"(\S+) => (\S+) (v\S+)", _go_mod(family))}
    required = re.findall(r"^\t(?:require )?([^\s=]+) (v\S+)(?: //.*)?$", _go_mod(family), re.M)

    assert required
    assert {replaced.get(module, (module, version)) for module, version in required} <= pinned


@pytest.mark.parametrize("family", DOCUMENTS, ids=lambda family: family.name)
def test_every_required_module_has_documents(family: DocumentFamily):
    required = re.findall(r"^\t(\S+) v\S+$", _go_mod(family), re.M)

    assert sorted(required) == sorted(family.modules)


@pytest.mark.parametrize("family", DOCUMENTS, ids=lambda family: family.name)
def test_both_modules_of_a_kubernetes_are_of_the_same_release(family: DocumentFamily):
    """k8s.io/api v0.36.3 is made of Kubernetes v1.36.3."""
    kubernetes, api = (module_version(_go_mod(family), module) for module in ("k8s.io/kubernetes", "k8s.io/api"))

    assert api.removeprefix("v0.") == kubernetes.removeprefix("v1.")


def test_the_newest_schemas_are_of_the_kubernetes_that_clusters_boot():
    built, described = (_go_mod(FAMILIES[name]) for name in ("kubernetes", "schemas"))

    assert module_version(described, "k8s.io/kubernetes") == module_version(built, "k8s.io/kubernetes")


@pytest.mark.parametrize("chart", sorted(ROOT.glob("charts/*/Chart.yaml")), ids=lambda path: path.parent.name)
def test_charts_support_what_the_oldest_schemas_are_of(chart: Path):
    """The place that says which Kubernetes is the oldest is toolchain/schemas-oldest/go.mod."""
    oldest = module_version(_go_mod(FAMILIES["schemas-oldest"]), "k8s.io/kubernetes").removeprefix("v")

    assert yaml.safe_load(chart.read_text())["kubeVersion"] == f">={oldest}-0"


@pytest.mark.parametrize("family", NPM, ids=lambda family: family.name)
def test_package_json_names_the_tools_packages_at_one_version(family: NpmFamily):
    """A range would say something else than what is installed."""
    named = json.loads((_folder(family) / "package.json").read_text())["dependencies"]
    locked = _locked(family)

    assert named == {tool.package: locked[f"node_modules/{tool.package}"]["version"] for tool in family.tools}


@pytest.mark.parametrize("family", NPM, ids=lambda family: family.name)
def test_every_package_is_pinned_by_its_hash_and_by_no_address(family: NpmFamily):
    """Where packages come from is the operator's npm setting; what they are is ours."""
    packages = [package for name, package in _locked(family).items() if name]

    assert packages
    assert [package for package in packages if not package.get("integrity", "").startswith("sha512-")] == []
    assert [package for package in packages if "resolved" in package] == []


def _folder(family: Family) -> Path:
    return SOURCES / family.name


def _go_mod(family: Family) -> str:
    return (_folder(family) / "go.mod").read_text()


def _locked(family: NpmFamily) -> dict[str, Any]:
    packages: dict[str, Any] = json.loads((_folder(family) / "package-lock.json").read_text())["packages"]
    return packages
