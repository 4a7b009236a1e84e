"""Renders and judges mutants, in a copy of what is deployed; only the layer that an edit touches is rendered anew."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import yaml

from ethinfra.clients import recorded_flags
from ethinfra.deploy.helmfile import surroundings
from ethinfra.deploy.render import parse
from ethinfra.deploy.rules import Manifests, complaints
from ethinfra.deploy.rules.manifests import FlagLists
from ethinfra.deploy.rules.order import never_laxer
from ethinfra.deploy.rules.releases import needs_of, releases_wait_for_what_they_use
from ethinfra.deploy.rules.upgrade import immutable_fields_kept
from ethinfra.deploy.schemas import violations
from ethinfra.environment import load_environment
from ethinfra.kube import Object
from ethinfra.paths import ROOT
from ethinfra.process import CommandFailed, run
from ethinfra.toolchain import tool
from tests.controls.sabotage import Edit
from tests.mutants.mutant import CHECKS, KUBERNETES, ORDER, RELEASES, SCHEMA, UPGRADE, Mutant

#: What is deployed from.
SOURCES = ("charts", "values", "environments", "helmfiles")

_GETH = {
    "name": "geth",
    "replicas": 2,
    "execution": {"client": "geth"},
    "consensus": {"client": "prysm"},
    "snapshots": {"enabled": True},
}


@dataclass(frozen=True)
class Case:
    """A deployment in which mutants are looked at: an environment's values, and others over those of the nodes' layer.

    laxer: the environment that this one must not be laxer than
    """

    environment: str
    network: str
    values: dict[str, Any]
    laxer: str = ""


CASES = {
    # All parts of the charts at once, what is off by default too.
    "local": Case(
        "local",
        "devnet",
        {
            "network.create.enabled": True,
            "validators.enabled": True,
            "serviceMonitor.enabled": True,
            "sync.nodes": [_GETH],
            "serve.enabled": True,
        },
    ),
    "staging": Case("staging", "hoodi", {"serviceMonitor.enabled": True, "serve.enabled": True}, laxer="local"),
    "production": Case(
        "production", "mainnet", {"serviceMonitor.enabled": True, "serve.enabled": True}, laxer="staging"
    ),
    # The other clients, each in some pair.
    "clients": Case(
        "staging",
        "hoodi",
        {
            "sync.nodes": [
                {
                    "name": f"{execution}-{consensus}",
                    "execution": {"client": execution},
                    "consensus": {"client": consensus},
                }
                for execution, consensus in (("besu", "lighthouse"), ("erigon", "teku"), ("nethermind", "prysm"))
            ],
            "serviceMonitor.enabled": True,
        },
    ),
}

#: By where a file is: the layer that is made from it. Everything else makes the nodes.
_LAYERS = {
    "charts/infrastructure/": "infrastructure",
    "values/infrastructure/": "infrastructure",
    "charts/registry/": "local-registry",
    "values/local-registry/": "local-registry",
}

Layers = dict[str, tuple[Object, ...]]


class Copy:
    """A copy of the sources that may be edited, and what comes of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._base: dict[str, Layers] = {}
        for source in SOURCES:
            shutil.copytree(ROOT / source, folder / source)

    @contextmanager
    def edited(self, edit: Edit) -> Iterator[None]:
        """With the edit inside, and as it was afterwards."""
        path = self.folder / edit.path
        text = path.read_text()
        path.write_text(edit.applied_to(text))
        try:
            yield
        finally:
            path.write_text(text)

    def unedited(self, case: str) -> Manifests:
        return self._manifests(self._layers(case))

    def complaints(self, case: str) -> dict[str, list[str]]:
        """What the checks say of the copy as it is."""
        manifests = self.unedited(case)
        found = complaints(manifests) | {KUBERNETES: violations(manifests.objects)}
        if CASES[case].laxer:
            found[ORDER] = never_laxer(manifests, self.unedited(CASES[case].laxer))
        return {name: lines for name, lines in found.items() if lines}

    def judge(self, mutant: Mutant) -> dict[str, list[str]]:
        """What each check says of a mutant; of an unedited copy, none says anything."""
        if mutant.edit.path.startswith("helmfiles/"):
            return self.judge_releases(mutant.edit)
        before = self._layers(mutant.case)
        layer = next((name for place, name in _LAYERS.items() if mutant.edit.path.startswith(place)), "ethereum")
        with self.edited(mutant.edit):
            try:
                after = before | {layer: self._render(CASES[mutant.case], layer)}
            except CommandFailed as refused:
                schema = "don't meet the specifications of the schema" in refused.output
                return {SCHEMA if schema else CHECKS: refused.output.strip().splitlines()[-4:]}
            return self._checked(mutant.case, self._manifests(before), self._manifests(after), mutant.by)

    def judge_releases(self, edit: Edit | None = None) -> dict[str, list[str]]:
        """The same of an edit of a helmfile, or of none; only helmfile can read those."""
        with self.edited(edit) if edit else nullcontext():
            layer = load_environment("local").layer("ethereum")
            # One document per part of the file; the last one is complete.
            state = [one for one in yaml.safe_load_all(self._helmfile("build")) if one][-1]
            manifests = self._manifests({"ethereum": parse(layer, self._helmfile("template", "--skip-deps")).objects})
        said = releases_wait_for_what_they_use(manifests, needs_of(state))
        return {RELEASES: said} if said else {}

    def _checked(self, case: str, before: Manifests, after: Manifests, expected: str) -> dict[str, list[str]]:
        found = complaints(after)
        found[UPGRADE] = immutable_fields_kept(before.objects, after.objects)
        if CASES[case].laxer:
            found[ORDER] = never_laxer(after, self.unedited(CASES[case].laxer))
        # A process of its own: where something else has been found already, it is not needed.
        if expected == KUBERNETES or not any(found.values()):
            known = {json.dumps(one, sort_keys=True) for one in before.objects}
            found[KUBERNETES] = violations(one for one in after.objects if json.dumps(one, sort_keys=True) not in known)
        return {name: lines for name, lines in found.items() if lines}

    def _manifests(self, layers: Layers) -> Manifests:
        return Manifests(tuple(one for layer in layers.values() for one in layer), self._clients, self._flags)

    @property
    def _clients(self) -> dict[str, Any]:
        files = sorted((self.folder / "values" / "clients").glob("*.yaml"))
        return {name: one for file in files for name, one in yaml.safe_load(file.read_text())["clients"].items()}

    @property
    def _flags(self) -> FlagLists:
        folder = self.folder / "values" / "clients" / "flags"
        return {file.stem: recorded_flags.__wrapped__(file.stem, folder) for file in sorted(folder.glob("*.yaml"))}

    def _layers(self, case: str) -> Layers:
        """Rendered once, before the first edit."""
        if case not in self._base:
            names = ("infrastructure", "local-registry", "ethereum")
            with ThreadPoolExecutor() as pool:
                layers = pool.map(lambda name: self._render(CASES[case], name), names)
            self._base[case] = dict(zip(names, layers, strict=True))
        return self._base[case]

    def _render(self, case: Case, name: str) -> tuple[Object, ...]:
        """One layer as one release, by helm alone: helmfile would take three times as long."""
        layer, values = load_environment(case.environment).layer(name), self.folder / "values"
        files = [file for one in ("common", case.environment) if (file := values / name / f"{one}.yaml").exists()]
        release, chart, changed = {
            "infrastructure": ("infrastructure", "infrastructure", {}),
            "local-registry": ("registry", "registry", {}),
            "ethereum": ("sync", "ethereum-infrastructure", {"sync.enabled": True, **case.values}),
        }[name]
        if name == "ethereum":
            files = [*sorted((values / "clients").glob("*.yaml")), values / "networks" / f"{case.network}.yaml", *files]
        flags = [
            *(f"--values={file}" for file in files),
            *(f"--set-json={key}={json.dumps(value)}" for key, value in changed.items()),
        ]
        where = ("--namespace", layer.namespace)
        command = [tool("helm"), "template", release, self.folder / "charts" / chart, *where, *flags]
        return parse(layer, run(command).stdout).objects

    def _helmfile(self, *arguments: str) -> str:
        file = self.folder / "helmfiles" / "ethereum.helmfile.yaml.gotmpl"
        command = [tool("helmfile"), "--file", file, "--environment", "local", "--no-color", *arguments]
        return run(command, env=surroundings(None), within=120, cwd=self.folder).stdout


def judge_all(mutants: Sequence[Mutant]) -> Iterator[tuple[Mutant, dict[str, list[str]]]]:
    """What the checks say of each mutant, in their order; as many at a time as there are processors."""
    at_once = os.cpu_count() or 1
    with tempfile.TemporaryDirectory(prefix="ethinfra-mutants-") as folder, ThreadPoolExecutor(at_once) as pool:
        copies: SimpleQueue[Copy] = SimpleQueue()
        for number in range(at_once):
            copies.put(Copy(Path(folder) / str(number)))

        def judge(mutant: Mutant) -> dict[str, list[str]]:
            copy = copies.get()
            try:
                return copy.judge(mutant)
            finally:
                copies.put(copy)

        yield from zip(mutants, pool.map(judge, mutants), strict=True)


def unclean() -> dict[str, dict[str, list[str]]]:
    """What the checks say of the project as it is, by case; empty as it should be."""
    with tempfile.TemporaryDirectory(prefix="ethinfra-mutants-") as folder:
        copy = Copy(Path(folder) / "copy")
        said = {case: copy.complaints(case) for case in CASES} | {"releases": copy.judge_releases()}
    return {case: lines for case, lines in said.items() if lines}
