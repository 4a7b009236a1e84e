"""What a layer consists of: the manifests that helmfile renders for it, without a cluster."""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ethinfra.deploy.helmfile import helmfile
from ethinfra.environment import Environment, Layer
from ethinfra.errors import BadInput
from ethinfra.kube import Object

#: Kinds that have no namespace, among those that layers contain.
CLUSTER_WIDE = frozenset(
    {
        "APIService",
        "ClusterRole",
        "ClusterRoleBinding",
        "CustomResourceDefinition",
        "MutatingWebhookConfiguration",
        "Namespace",
        "PersistentVolume",
        "PriorityClass",
        "StorageClass",
        "ValidatingWebhookConfiguration",
    }
)

HOOK = "helm.sh/hook"


@dataclass(frozen=True)
class Rendered:
    """The manifests of one layer of one environment, sorted by kind, namespace and name."""

    layer: str
    objects: tuple[Object, ...]

    @property
    def text(self) -> str:
        """The manifests as YAML documents."""
        return yaml.safe_dump_all(self.objects, sort_keys=True, width=120)

    @property
    def digest(self) -> str:
        """SHA-256 of the manifests in canonical JSON: the same for the same objects, whatever order they came in."""
        canonical = json.dumps(self.objects, sort_keys=True, separators=(",", ":")).encode()
        return f"sha256:{hashlib.sha256(canonical).hexdigest()}"

    @property
    def lasting(self) -> tuple[Object, ...]:
        """Without helm's hooks, which come and go."""
        return tuple(one for one in self.objects if HOOK not in (one["metadata"].get("annotations") or {}))

    def write(self, folder: Path) -> Path:
        """Record the manifests as `<layer>.yaml`."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.layer}.yaml"
        path.write_text(f"# {self.digest}\n{self.text}")
        return path


def render_layer(environment: Environment, layer: Layer, overlay: dict[str, Any] | None = None) -> Rendered:
    """Render a layer; a layer that is pending has no objects. BadInput names the values that a chart refuses.

    overlay: values laid over those of every release of the layer, for this rendering only (layer ethereum)
    """
    if layer.pending:
        return Rendered(layer.name, ())
    with tempfile.TemporaryDirectory(prefix="ethinfra-render-") as folder:
        # In a file: what is given on the command line becomes text or numbers as helmfile likes.
        state = Path(folder) / "state.yaml"
        state.write_text(json.dumps({"network": environment.network, "overlay": overlay or {}}))
        output = helmfile(
            environment, layer, "--state-values-file", str(state), "template", "--skip-deps", within=120
        ).stdout
    return parse(layer, output)


class _Loader(yaml.CSafeLoader):
    """Refuses what YAML forbids and PyYAML lets pass: a key that is there twice, of which an API server keeps one."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [key.value for key, _ in node.value]
    twice = sorted({key for key in keys if keys.count(key) > 1 and key != "<<"}) if len(set(keys)) < len(keys) else []
    if twice:
        where = f"line {node.start_mark.line + 1} of the manifests"
        raise BadInput(f"a template renders {', '.join(map(repr, twice))} twice in one map", seen=where)
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def parse(layer: Layer, output: str) -> Rendered:
    """Sort the documents of helm's output; objects of a namespace get the layer's where they name none."""
    documents = [one for one in yaml.load_all(output, _Loader) if one]
    for one in documents:
        if one["kind"] not in CLUSTER_WIDE:
            one["metadata"].setdefault("namespace", layer.namespace)
    return Rendered(layer.name, tuple(sorted(documents, key=address)))


def address(one: Object) -> tuple[str, str, str]:
    """What tells an object from all others: kind, namespace and name."""
    metadata: dict[str, Any] = one["metadata"]
    return one["kind"], metadata.get("namespace", ""), metadata["name"]


def title(one: Object) -> str:
    """An object as an operator names it: `StatefulSet ethereum/geth`."""
    kind, namespace, name = address(one)
    return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"
