"""Apply and destroy layers in the order of their needs."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ethinfra.cluster.provider import Cluster
from ethinfra.deploy.checks import check_of
from ethinfra.deploy.health import problems, wait_until_healthy
from ethinfra.deploy.helmfile import helmfile
from ethinfra.deploy.render import Rendered, render_layer
from ethinfra.environment import Environment, Layer
from ethinfra.errors import BadInput, EthinfraError, LayerUnhealthy
from ethinfra.kube import Kube
from ethinfra.progress import Progress, silent
from ethinfra.waiting import NotInTime, eventually

#: Labels of objects that outlive their layer, because data hangs on them.
_OURS = "app.kubernetes.io/part-of=ethereum-node-infra"


@dataclass(frozen=True)
class Applied:
    """A layer that was applied and is healthy.

    digest:  of its rendered manifests (`Rendered.digest`)
    started: seconds since the epoch
    seconds: from there to its health
    pending: why there was nothing to apply; empty otherwise
    """

    layer: str
    digest: str
    objects: int
    started: float
    seconds: float
    pending: str = ""


def apply_layers(
    cluster: Cluster,
    environment: Environment,
    progress: Progress,
    *,
    only: Iterable[str] = (),
    record: Path | None = None,
) -> list[Applied]:
    """Apply all layers, or some and all that they need, each after its needs are healthy.

    Stops at the first layer that does not get healthy: the layers above it are not started. Doing it again resumes.
    """
    wanted = set(only) or {layer.name for layer in environment.layers}
    names = {layer.name for name in wanted for layer in environment.layers_up_to(name)}
    applied: list[Applied] = []
    for layer in environment.layers:
        if layer.name in names:
            done = {one.layer for one in applied}
            applied.append(apply_layer(cluster, environment, layer.name, progress, healthy=done, record=record))
    return applied


def apply_layer(
    cluster: Cluster,
    environment: Environment,
    name: str,
    progress: Progress,
    *,
    healthy: Iterable[str] = (),
    record: Path | None = None,
) -> Applied:
    """Apply one layer and wait until it is healthy; LayerUnhealthy, with reasons, where it does not get there.

    healthy: layers that the caller knows to be healthy; the other needs are looked at first
    record:  a folder for the rendered manifests
    """
    must_be_allowed(cluster, environment)
    layer = environment.layer(name)
    began = time.time()
    if layer.pending:
        progress.note(f"layer {name} is pending: {layer.pending}")
        return Applied(name, "", 0, began, 0, layer.pending)
    limit = environment.timeout("layer")
    with progress.step(f"layer {name}", within=limit):
        for need in layer.needs:
            if need not in set(healthy):
                _must_be_healthy_now(cluster, environment, need, needed_by=name)
        rendered = render_layer(environment, layer)
        if record is not None:
            rendered.write(record)
        with progress.step("helmfile sync", within=limit):
            helmfile(environment, layer, "sync", "--skip-deps", within=limit, cluster=cluster)
        left = max(limit - (time.time() - began), 1)
        _wait(cluster, environment, rendered, progress, within=left)
    return Applied(name, rendered.digest, len(rendered.objects), began, time.time() - began)


def validate_layer(
    cluster: Cluster,
    environment: Environment,
    name: str,
    progress: Progress | None = None,
    *,
    within: float | None = None,
) -> None:
    """Return once a layer is healthy; LayerUnhealthy with the reasons where it is not within so many seconds.

    within: None for the layer's own time; 0 looks once
    """
    must_be_allowed(cluster, environment)
    layer = environment.layer(name)
    if layer.pending:
        return
    limit = environment.timeout("layer") if within is None else within
    _wait(cluster, environment, render_layer(environment, layer), progress or silent(), within=limit)


def destroy_layers(
    cluster: Cluster, environment: Environment, progress: Progress, *, delete_data: bool = False
) -> list[str]:
    """Remove all layers in reverse order; returns their names. Volumes stay unless `delete_data`.

    Repeating it is fine. Namespaces stay as long as their volumes do.
    """
    must_be_allowed(cluster, environment)
    kube = Kube.of(cluster)
    removed = []
    for layer in reversed(environment.layers):
        if layer.pending:
            continue
        with progress.step(f"remove layer {layer.name}", within=environment.timeout("down")):
            if kube.get("Namespace", layer.namespace) is not None:
                helmfile(environment, layer, "destroy", "--skip-deps", "--deleteWait",
                         within=environment.timeout("down"), cluster=cluster)  # fmt: skip
            if delete_data:
                _delete_data(kube, environment, layer)
        removed.append(layer.name)
    return removed


def must_be_allowed(cluster: Cluster, environment: Environment) -> None:
    """BadInput for a cluster that is neither ours nor named by the environment, before the first request."""
    if not cluster.owned and cluster.context not in environment.contexts:
        raise BadInput(
            f"context {cluster.context!r} is not allowed in environment {environment.name}",
            expected=f"one of: {', '.join(environment.contexts) or '(none)'}",
            todo=f"add it to cluster.contexts in environments/{environment.name}.yaml, if that is what you mean",
        )


def _wait(cluster: Cluster, environment: Environment, rendered: Rendered, progress: Progress, *, within: float) -> None:
    kube = Kube.of(cluster)
    deadline = time.monotonic() + within
    ready = _nodes_must_be_ready(environment)
    with progress.step(f"{len(rendered.objects)} objects as they should be", within=within):
        wait_until_healthy(kube, rendered.layer, rendered.lasting, within=within, ready=ready)
    check = check_of(rendered.layer)
    if check is None:
        return
    left = max(deadline - time.monotonic(), 0)
    with progress.step(f"check of {rendered.layer}", within=left):
        try:
            eventually(
                f"the check of layer {rendered.layer} passes",
                lambda: check(kube, environment) is None,
                within=left,
                every=1,
                hint=f"ethinfra validate --layer {rendered.layer}",
            )
        except NotInTime as late:
            # The last look says it better than the wait around it.
            check(kube, environment)
            raise LayerUnhealthy(f"layer {rendered.layer} became healthy too late", seen=str(late)) from late


def _nodes_must_be_ready(environment: Environment) -> bool:
    """On a public network a node follows the head after hours or days: there it only has to run and advance."""
    return "fast-chain" in environment.capabilities


def _must_be_healthy_now(cluster: Cluster, environment: Environment, name: str, *, needed_by: str) -> None:
    layer = environment.layer(name)
    if layer.pending:
        return
    kube = Kube.of(cluster)
    try:
        rendered = render_layer(environment, layer)
        found = problems(kube, rendered.lasting, ready=_nodes_must_be_ready(environment))
        if found:
            raise LayerUnhealthy(f"layer {name} is not healthy", seen="\n".join(found))
        check = check_of(name)
        if check is not None:
            check(kube, environment)
    except EthinfraError as reason:
        raise LayerUnhealthy(
            f"layer {needed_by} was not started: it needs layer {name}, which is not healthy",
            seen=str(reason),
            todo=f"ethinfra deploy --layer {name}",
        ) from reason


def _delete_data(kube: Kube, environment: Environment, layer: Layer) -> None:
    """Claims, what a genesis job made, and (with the infrastructure layer) the namespaces."""
    limit = environment.timeout("down")
    if layer.name == "infrastructure":
        for namespace in kube.list("Namespace", labels=_OURS):
            kube.delete("Namespace", namespace["metadata"]["name"], within=limit)
        return
    for claim in kube.list("PersistentVolumeClaim", layer.namespace):
        kube.delete("PersistentVolumeClaim", claim["metadata"]["name"], layer.namespace, within=limit)
    for kind in ("ConfigMap", "Secret"):
        for one in kube.list(kind, layer.namespace, labels=_OURS):
            kube.delete(kind, one["metadata"]["name"], layer.namespace, within=limit)
