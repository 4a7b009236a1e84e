"""What was tested and what tested it: revision, versions, environment."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from ethinfra.chain.discovery import find_nodes
from ethinfra.environment import Environment
from ethinfra.errors import ChainError
from ethinfra.kube import Kube
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
    packages: dict[str, str | None] = {}
    for package in ("ethinfra", "pytest", "pytest-bdd", "pytest-xdist", "gherkin-official", "kubernetes"):
        try:
            packages[package] = version(package)
        except PackageNotFoundError:
            packages[package] = None
    return {"python": platform.python_version(), "machine": platform.platform(), **packages}


def deployment(kube: Kube, env: Environment) -> dict[str, Any]:
    """Images by digest, clients by their own word, chain, genesis and head. What does not answer is noted as such."""
    facts: dict[str, Any] = {}
    questions: dict[str, Callable[[], Any]] = {
        "kubernetes": kube.server_version,
        "images": lambda: _images(kube, env),
        "clients": lambda: _clients(kube, env),
        "chain": lambda: _chain(kube, env),
    }
    for name, ask in questions.items():
        try:
            facts[name] = ask()
        except Exception as trouble:
            # The certificate of a broken deployment is issued too; it says what could not be learnt.
            facts[name] = f"unknown: {trouble}".splitlines()[0]
    return facts


def _images(kube: Kube, env: Environment) -> dict[str, str]:
    """Every image that runs in the layers' namespaces, and the digest that the node resolved it to."""
    found: dict[str, str] = {}
    for namespace in sorted({layer.namespace for layer in env.layers}):
        for pod in kube.list("Pod", namespace):
            for status in [
                *pod["status"].get("initContainerStatuses", []),
                *pod["status"].get("containerStatuses", []),
            ]:
                if status.get("imageID"):
                    found[status["image"]] = status["imageID"]
    return dict(sorted(found.items()))


def _clients(kube: Kube, env: Environment) -> dict[str, str]:
    found = {}
    for node in find_nodes(kube, env.layer("ethereum").namespace):
        try:
            found[node.name] = f"{node.rpc.client_version()}, {node.beacon.version()}"
        except ChainError as trouble:
            found[node.name] = f"no answer: {trouble.subject}"
        finally:
            node.close()
    return found


def _chain(kube: Kube, env: Environment) -> dict[str, Any]:
    for node in find_nodes(kube, env.layer("ethereum").namespace):
        try:
            head, genesis = node.head(), node.rpc.block(0)
            final = node.finalized()
            return {
                "id": node.rpc.chain_id(),
                "genesis": str(genesis.hash) if genesis else None,
                "head": f"{head.number} {head.hash}",
                "finalized": f"{final.number} {final.hash}" if final else None,
                "as seen by": node.name,
            }
        except ChainError:
            continue
        finally:
            node.close()
    return {}


def environment(env: Environment) -> dict[str, Any]:
    """The environment as it was used, overrides included."""
    return {**asdict(env), "capabilities": sorted(env.capabilities)}
