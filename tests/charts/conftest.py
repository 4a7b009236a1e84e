"""Every environment, rendered once by the pinned helm and helmfile."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import pytest

from ethinfra.deploy import Rendered, render_layer
from ethinfra.deploy.rules import Manifests
from ethinfra.environment import known_environments, load_environment

ENVIRONMENTS = known_environments()


def rendered(environment: str) -> list[Rendered]:
    """All layers of an environment, those that are pending too."""
    known = load_environment(environment)
    with ThreadPoolExecutor() as workers:
        return list(workers.map(lambda layer: render_layer(known, layer), known.layers))


@pytest.fixture(scope="session")
def manifests() -> Callable[[str], Manifests]:
    """The manifests of an environment, by its name."""
    return cache(lambda environment: Manifests.of(rendered(environment)))


@pytest.fixture
def local(manifests: Callable[[str], Manifests]) -> Manifests:
    return manifests("local")
