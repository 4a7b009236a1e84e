"""What was tested and what tested it: revision, versions, environment."""

from __future__ import annotations

import platform
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from ethinfra.environment import Environment
from ethinfra.paths import ROOT
from ethinfra.process import CommandFailed, run


def source() -> dict[str, Any]:
    """The checkout's git revision, and whether it holds changes that the revision does not."""
    try:
        revision = run(["git", "-C", ROOT, "rev-parse", "HEAD"]).stdout
        changed = run(["git", "-C", ROOT, "status", "--porcelain", "--untracked-files=normal"]).stdout.splitlines()
    except CommandFailed as reason:
        return {"revision": None, "dirty": None, "note": str(reason.seen)}
    return {"revision": revision, "dirty": bool(changed), "changed": [line[3:] for line in changed][:50]}


def harness() -> dict[str, Any]:
    """Versions of what ran the scenarios."""
    packages = {}
    for package in ("ethinfra", "pytest", "pytest-bdd", "pytest-xdist", "gherkin-official", "kubernetes"):
        try:
            packages[package] = version(package)
        except PackageNotFoundError:
            packages[package] = None
    return {"python": platform.python_version(), "machine": platform.platform(), **packages}


def environment(env: Environment) -> dict[str, Any]:
    """The environment as it was used, overrides included."""
    return {**asdict(env), "capabilities": sorted(env.capabilities)}
