"""helmfile as a subprocess: one layer per invocation, pinned tools, no configuration of the user's."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from ethinfra.cluster.provider import Cluster
from ethinfra.environment import Environment, Layer
from ethinfra.errors import BadInput
from ethinfra.paths import ROOT, cache_dir
from ethinfra.process import CommandFailed, Completed, run
from ethinfra.toolchain import tool, tool_path


def state_file(layer: Layer) -> Path:
    """The helmfile of a layer."""
    return ROOT / "helmfiles" / f"{layer.name}.helmfile.yaml.gotmpl"


def helmfile(
    environment: Environment,
    layer: Layer,
    *arguments: str,
    within: float,
    cluster: Cluster | None = None,
) -> Completed:
    """Run helmfile on one layer; CommandFailed with the end of its output where it fails.

    BadInput with the path of the value where a chart, or its schema, refuses one.

    arguments: a verb of helmfile's and its flags
    cluster:   where; without it, only verbs that need no cluster
    """
    where = ["--kube-context", cluster.context] if cluster else []
    command: list[str | Path] = [
        tool("helmfile"),
        "--file", state_file(layer),
        "--environment", environment.name,
        "--no-color",
        *where,
        *arguments,
    ]  # fmt: skip
    try:
        return run(command, env=surroundings(cluster), within=within, cwd=ROOT)
    except CommandFailed as failure:
        refused = refused_values(failure.output)
        if not refused:
            raise
        raise BadInput(
            f"values of layer {layer.name} in environment {environment.name}",
            expected="what the chart and its values.schema.json allow; its values.yaml says what each key means",
            seen="\n".join(refused),
            todo=f"mend values/{layer.name}/{environment.name}.yaml, or what it inherits",
        ) from failure


def refused_values(output: str) -> list[str]:
    """What a chart refuses, as helm says it: `sync/replicas: got string, want integer`.

    By its schema, or by a template that fails on purpose: helm marks only those as an "execution error".
    """
    if "values don't meet the specifications of the schema" not in output:
        return list(dict.fromkeys(re.findall(r"execution error at \([^)]*\): (.*)$", output, re.M)))
    found = re.findall(r"^\s*- at '/?([^']*)': (.*)$", output, re.M)
    return list(dict.fromkeys(f"{path or '(top level)'}: {problem}" for path, problem in found))


def surroundings(cluster: Cluster | None) -> dict[str, str]:
    """Environment variables of helm and helmfile.

    Without a cluster the kubeconfig is an empty file, so that nothing can reach the user's current context.
    """
    home = cache_dir() / "helm"
    home.mkdir(parents=True, exist_ok=True)
    # Hooks call `ethinfra` by its path: the virtual environment need not be active.
    command = Path(sys.executable).parent / "ethinfra"
    return {
        "PATH": tool_path("helmfile", "helm", "kubectl"),
        "KUBECONFIG": str(cluster.kubeconfig) if cluster else os.devnull,
        "HELM_CONFIG_HOME": str(home / "config"),
        "HELM_CACHE_HOME": str(home / "cache"),
        "HELM_DATA_HOME": str(home / "data"),
        # Each call would wait for a look-up of the newest release.
        "HELMFILE_UPGRADE_NOTICE_DISABLED": "1",
        "ETHINFRA": os.environ.get("ETHINFRA", str(command)),
        # Layers validate themselves after a sync; here that is done by `layers`, which can say what it waits for.
        "ETHINFRA_DEPLOY": "1",
        **(_target(cluster) if cluster else {}),
    }


def _target(cluster: Cluster) -> dict[str, str]:
    """How hooks find the cluster that helmfile is working on."""
    provider = f"context:{cluster.context}" if cluster.provider == "context" else cluster.provider
    return {"ETHINFRA_CLUSTER": cluster.name, "ETHINFRA_PROVIDER": provider}
