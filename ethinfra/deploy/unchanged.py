"""Whether applying again changed anything: a fingerprint of every object of the layers, before and after."""

from __future__ import annotations

import hashlib
import json

from ethinfra.deploy.render import address, render_layer, title
from ethinfra.environment import Environment
from ethinfra.kube import Kube, Object

#: What is compared in the layers' namespaces, beside the rendered objects: whatever came of them. Not among them are
#: endpoints, events and leases, which live their own life.
_KINDS = ("Pod", "PersistentVolumeClaim", "ConfigMap", "Secret", "Job", "ControllerRevision", "ServiceAccount")

#: helm keeps each revision of a release in a Secret of this type, also of one that changed nothing.
_HELM_RELEASE = "helm.sh/release.v1"

#: Object → what it is: uid, generation, and a digest of its content.
Fingerprint = dict[str, tuple[str, int, str]]


def fingerprint(kube: Kube, environment: Environment) -> Fingerprint:
    """The layers' objects as they are now, helm's release Secrets aside."""
    found: dict[str, Object] = {}
    for layer in environment.layers:
        for wanted in render_layer(environment, layer).lasting:
            kind, namespace, name = address(wanted)
            live = kube.get(kind, name, namespace or None, api_version=wanted["apiVersion"])
            if live is not None:
                found[title(live)] = live
    for namespace in sorted({layer.namespace for layer in environment.layers} - {"kube-system"}):
        for kind in _KINDS:
            found |= {title(one): one for one in kube.list(kind, namespace)}
    return {name: _of(one) for name, one in sorted(found.items()) if one.get("type") != _HELM_RELEASE}


def changes(before: Fingerprint, after: Fingerprint) -> list[str]:
    """What differs between two fingerprints, one sentence per object."""
    said = [f"{name} is gone" for name in before.keys() - after.keys()]
    said += [f"{name} is new" for name in after.keys() - before.keys()]
    for name in before.keys() & after.keys():
        if before[name][0] != after[name][0]:
            said.append(f"{name} was made anew")
        elif before[name] != after[name]:
            said.append(f"{name} has changed")
    return sorted(said)


def _of(one: Object) -> tuple[str, int, str]:
    metadata = one["metadata"]
    content = {key: value for key, value in one.items() if key not in ("metadata", "status")}
    content["metadata"] = {key: metadata.get(key) for key in ("labels", "annotations", "ownerReferences", "finalizers")}
    digest = hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
    return metadata["uid"], metadata.get("generation", 0), digest
