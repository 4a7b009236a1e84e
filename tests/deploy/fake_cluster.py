"""A cluster in a dict: what the API server would answer, and what helmfile would do to it."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from ethinfra.environment import merge
from ethinfra.kube import Object
from ethinfra.process import Completed
from tests.deploy.recorded import live

SUFFIX = ".helmfile.yaml.gotmpl"


class FakeCluster:
    """Stands in for `Kube` and for `run`, where helmfile and helm are called.

    layers: layer → the manifests that its helmfile renders; a sync makes them live, and healthy
    asked:  every request and command, in order: `get StatefulSet ethereum/geth`, `sync ethereum`, …
    status: name of an object → what its status is after a sync, where it is not healthy
    """

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str, str], Object] = {}
        self.layers: dict[str, list[Object]] = {}
        self.status: dict[str, Object] = {}
        self.log: dict[str, str] = {}
        self.asked: list[str] = []

    def has(self, *objects: Object) -> None:
        for one in objects:
            metadata = one["metadata"]
            self.objects[(one["kind"], metadata.get("namespace", ""), metadata["name"])] = one

    def commands(self, *verbs: str) -> list[str]:
        return [one for one in self.asked if one.split()[0] in verbs]

    # What `Kube` does

    def get(
        self, kind: str, name: str, namespace: str | None = None, *, api_version: str | None = None
    ) -> Object | None:
        self.asked.append(f"get {kind} {namespace or ''}/{name}")
        found = self.objects.get((kind, namespace or "", name))
        assert found is None or api_version in (None, found["apiVersion"])
        return deepcopy(found)

    def list(
        self, kind: str, namespace: str | None = None, *, labels: str | None = None, api_version: str | None = None
    ) -> list[Object]:
        del api_version
        wanted = dict(pair.split("=", 1) for pair in labels.split(",")) if labels else {}
        return [
            deepcopy(one)
            for (own_kind, own_namespace, _), one in self.objects.items()
            if own_kind == kind
            and namespace in (None, own_namespace)
            and wanted.items() <= one["metadata"].get("labels", {}).items()
        ]

    def apply(self, manifest: Object, *, dry_run: bool = False) -> Object:
        """What the server would have afterwards: nothing that the manifest does not say changes."""
        assert dry_run
        one = self.objects[(manifest["kind"], manifest["metadata"].get("namespace", ""), manifest["metadata"]["name"])]
        merged = merge(one, manifest)
        merged["metadata"]["resourceVersion"] = "of the dry run"
        merged["metadata"]["managedFields"] = [{"manager": "ethinfra"}]
        return deepcopy(merged)

    def delete(self, kind: str, name: str, namespace: str | None = None, **limits: Any) -> None:
        del limits
        self.asked.append(f"delete {kind} {namespace or ''}/{name}")
        self.objects.pop((kind, namespace or "", name), None)

    def logs(self, namespace: str, pod: str, container: str, **options: Any) -> str:
        del namespace, options
        return self.log.get(f"{pod}/{container}", "")

    # What helmfile does

    def run(self, argv: list[str | Path], **options: Any) -> Completed:
        del options
        words = [str(word) for word in argv]
        layer = Path(words[words.index("--file") + 1]).name.removesuffix(SUFFIX)
        verb = next(word for word in words if word in ("template", "sync", "destroy"))
        self.asked.append(f"{verb} {layer}")
        manifests = self.layers[layer]
        if verb == "sync":
            self.has(*(live(one, **self.status.get(one["metadata"]["name"], {})) for one in manifests))
        if verb == "destroy":
            for one in manifests:
                self.objects.pop((one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]), None)
        output = yaml.safe_dump_all(manifests) if verb == "template" else ""
        return Completed(tuple(words), 0, output, "")
