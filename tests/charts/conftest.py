"""Every environment, rendered once by the pinned helm and helmfile."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from ethinfra.deploy import Rendered, render_layer
from ethinfra.deploy.rules import Manifests
from ethinfra.environment import known_environments, load_environment
from ethinfra.kube import Object
from ethinfra.paths import ROOT
from ethinfra.process import run
from ethinfra.toolchain import tool

ENVIRONMENTS = known_environments()


def render(environment: str) -> list[Rendered]:
    """All layers of an environment, those that are pending too."""
    known = load_environment(environment)
    with ThreadPoolExecutor() as workers:
        return list(workers.map(lambda layer: render_layer(known, layer), known.layers))


@pytest.fixture(scope="session")
def rendered() -> Callable[[str], list[Rendered]]:
    """The layers of an environment, by its name."""
    return cache(render)


@pytest.fixture(scope="session")
def manifests(rendered: Callable[[str], list[Rendered]]) -> Callable[[str], Manifests]:
    """The manifests of an environment, by its name."""
    return cache(lambda environment: Manifests.of(rendered(environment)))


@pytest.fixture
def local(manifests: Callable[[str], Manifests]) -> Manifests:
    return manifests("local")


@pytest.fixture(scope="session")
def ethereum() -> Callable[..., list[Object]]:
    """Render a sync node of the ethereum chart on the devnet, as the local environment has it, some values changed."""
    files = ["clients/geth", "clients/prysm", "networks/devnet", "ethereum/local"]
    flags = [part for file in files for part in ("--values", ROOT / "values" / f"{file}.yaml")]

    geth = {"name": "geth", "replicas": 2, "execution": {"client": "geth"}, "consensus": {"client": "prysm"}}

    def render(changes: dict[str, Any], chart: Path = ROOT / "charts" / "ethereum-infrastructure") -> list[Object]:
        values = {"sync.enabled": True, "sync.nodes": [geth], **changes}
        changed = [f"--set-json={key}={json.dumps(value)}" for key, value in values.items()]
        done = run([tool("helm"), "template", "sync", chart, "--namespace", "ethereum", *flags, *changed])
        return [one for one in yaml.safe_load_all(done.stdout) if one]

    return render
