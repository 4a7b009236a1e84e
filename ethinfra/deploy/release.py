"""A single release of a chart beside the layers: nodes that scenarios add and remove again."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from ethinfra.cluster.provider import Cluster
from ethinfra.deploy.helmfile import helmfile, surroundings
from ethinfra.environment import Environment
from ethinfra.process import run
from ethinfra.toolchain import tool

Values = dict[str, Any]


def release_values(environment: Environment, layer: str, release: str, *, into: Path) -> Path:
    """Write the values that helmfile gives to a release, merged: a base for another release of the same chart.

    As a file, because helm's reading of YAML counts: a contract's code, unquoted, would be a number to PyYAML.
    """
    helmfile(
        environment, environment.layer(layer), "--selector", f"name={release}",
        "write-values", "--skip-deps", "--output-file-template", str(into), within=60,
    )  # fmt: skip
    return into


def install_release(
    cluster: Cluster, name: str, chart: Path, values: Iterable[Path | Values], namespace: str, *, within: float = 120
) -> None:
    """Install or upgrade a release. Later values win. Does not wait for its pods."""
    with tempfile.TemporaryDirectory(prefix="ethinfra-values-") as folder:
        files = [_file(one, Path(folder) / f"{number}.yaml") for number, one in enumerate(values)]
        flags = [part for file in files for part in ("--values", str(file))]
        _helm(cluster, "upgrade", "--install", name, str(chart), "--namespace", namespace,
              "--server-side=true", "--force-conflicts", *flags, within=within)  # fmt: skip


def uninstall_release(cluster: Cluster, name: str, namespace: str, *, within: float = 120) -> None:
    """Remove a release and wait until its objects are gone. Claims stay, unless the release's values say Delete."""
    _helm(cluster, "uninstall", name, "--namespace", namespace, "--ignore-not-found", "--wait",
          f"--timeout={within:.0f}s", within=within + 10)  # fmt: skip


def _helm(cluster: Cluster, *arguments: str, within: float) -> None:
    run([tool("helm"), "--kube-context", cluster.context, *arguments], env=surroundings(cluster), within=within)


def _file(values: Path | Values, path: Path) -> Path:
    if isinstance(values, Path):
        return values
    path.write_text(yaml.safe_dump(values))
    return path
