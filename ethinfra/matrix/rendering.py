"""Cases rendered by helmfile, and kept by what they are made from."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from filelock import FileLock

from ethinfra.deploy.render import Rendered, render_layer
from ethinfra.deploy.rules import Manifests
from ethinfra.environment import Environment, load_environment
from ethinfra.matrix.case import Case
from ethinfra.paths import ROOT, cache_dir
from ethinfra.progress import Progress
from ethinfra.toolchain import tool

#: What manifests are made from.
SOURCES = (
    "charts",
    "values",
    "helmfiles",
    "environments",
    "helmfile.yaml",
    "docker/upstream.lock.yaml",
    "docker/built.lock.yaml",
)

#: The layer whose values a case changes; the others are those of its environment.
LAYER = "ethereum"

#: helmfile and helm wait for each other's processes more than for the processor.
_AT_ONCE = 3


@dataclass(frozen=True)
class Rendering:
    """A case with the manifests of all layers of its environment. case: None for the environment as it is."""

    environment: str
    case: Case | None
    layers: tuple[Rendered, ...]

    @property
    def title(self) -> str:
        return self.case.title if self.case else f"environment {self.environment}"

    @cached_property
    def manifests(self) -> Manifests:
        return Manifests.of(self.layers)


def render_matrix(cases: Sequence[Case], progress: Progress | None = None) -> list[Rendering]:
    """Every environment as it is, then every case. BadInput, with the case's title, where a chart refuses one.

    One process renders, others wait for it and read what it kept; so does a later run, while nothing has changed.
    """
    kept = _kept()
    kept.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{kept}.lock"), (progress or Progress()).step(f"render {len(cases)} cases"):
        return _render(cases, kept)


def _render(cases: Sequence[Case], kept: Path) -> list[Rendering]:
    environments = {case.environment: load_environment(case.environment) for case in cases}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        plain = {
            (name, layer.name): pool.submit(_one, environment, layer.name, None, kept)
            for name, environment in environments.items()
            for layer in environment.layers
        }
        changed = [(case, pool.submit(_one, environments[case.environment], LAYER, case, kept)) for case in cases]
        base = {
            name: {layer.name: plain[name, layer.name].result() for layer in environment.layers}
            for name, environment in environments.items()
        }
        return [
            *(Rendering(name, None, tuple(layers.values())) for name, layers in base.items()),
            *(
                Rendering(case.environment, case, tuple({**base[case.environment], LAYER: found.result()}.values()))
                for case, found in changed
            ),
        ]


def _one(environment: Environment, layer: str, case: Case | None, kept: Path) -> Rendered:
    name = hashlib.sha256(f"{environment.name}/{layer}/{case.key if case else ''}".encode()).hexdigest()[:32]
    file = kept / f"{name}.json"
    if file.exists():
        return Rendered(layer, tuple(json.loads(file.read_text())))
    if case is not None:
        environment = replace(environment, network=case.network)
    try:
        found = render_layer(environment, environment.layer(layer), case.values if case else None)
    except Exception as reason:
        reason.add_note(f"in the case: {case.title if case else environment.name}")
        raise
    unfinished = file.with_suffix(".part")
    unfinished.write_text(json.dumps(found.objects))
    unfinished.replace(file)
    return found


def _kept() -> Path:
    """A folder for what is rendered from these sources by these tools; those of older sources are removed."""
    home = cache_dir() / "rendered"
    digest = hashlib.sha256()
    for name in ("helm", "helmfile"):
        digest.update(str(tool(name)).encode())
    for source in SOURCES:
        root = ROOT / source
        for file in [root] if root.is_file() else sorted(path for path in root.rglob("*") if path.is_file()):
            digest.update(f"{file.relative_to(ROOT)}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    kept = home / digest.hexdigest()[:32]
    if home.exists() and not kept.exists():
        _forget(home)
    return kept


def _forget(home: Path, keep: int = 4) -> None:
    """Remove all but the newest few: another checkout may use the one that is not ours."""
    folders = sorted((one for one in home.iterdir() if one.is_dir()), key=lambda one: one.stat().st_mtime)
    for one in folders[:-keep]:
        shutil.rmtree(one, ignore_errors=True)
