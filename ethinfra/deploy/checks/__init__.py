"""Each layer's own check: not whether its objects exist, but whether it does what it is for.

A check takes the cluster's API and the environment, and raises LayerUnhealthy. It is tried again until it passes or the
layer's time is over, so it looks once and does not wait longer than it must.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable

from ethinfra.environment import Environment
from ethinfra.kube import Kube

Check = Callable[[Kube, Environment], None]

#: Layer → module with a function `check`. Imported when needed: a layer's libraries are of no use to the others.
CHECKS = {
    "infrastructure": "ethinfra.deploy.checks.infrastructure",
    "local-registry": "ethinfra.registry.health",
    "ethereum": "ethinfra.deploy.checks.ethereum",
}


def check_of(layer: str) -> Check | None:
    """The check of a layer; None for a layer whose objects are all there is to it."""
    module = CHECKS.get(layer)
    if module is None:
        return None
    check: Check = importlib.import_module(module).check
    return check
