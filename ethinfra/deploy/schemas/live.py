"""Whether the kept OpenAPI document is what an API server serves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ethinfra.deploy.schemas.kinds import Kind
from ethinfra.deploy.schemas.openapi import Schema, kinds_of, reachable

#: What makes a definition. Descriptions do not, nor do the enums and defaults that a server adds: the kept document is
#: made with the feature gate OpenAPIEnums off (Kubernetes' hack/update-openapi-spec.sh).
_SCALARS = (
    "$ref",
    "type",
    "format",
    "x-kubernetes-int-or-string",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type",
    "x-kubernetes-map-type",
    "x-kubernetes-patch-merge-key",
    "x-kubernetes-patch-strategy",
    "x-kubernetes-preserve-unknown-fields",
)


def compare_openapi(
    cluster_document: Mapping[str, Any], kept_document: Mapping[str, Any], kinds: Iterable[Kind]
) -> list[str]:
    """How the definitions of kinds, and of all in them, differ between `/openapi/v2` of a cluster and a kept document.

    Empty where they agree. Other kinds are not looked at: the document also has those that a server has switched off.
    """
    served, kept = kinds_of(cluster_document), kinds_of(kept_document)
    theirs, ours = cluster_document["definitions"], kept_document["definitions"]
    said = []
    names: set[str] = set()
    for kind in sorted(set(kinds)):
        if kind not in served:
            said.append(f"{kind}: the cluster does not serve it")
        elif kind not in kept:
            said.append(f"{kind}: the kept document does not define it")
        elif served[kind] != kept[kind]:
            said.append(f"{kind}: is {served[kind]} in the cluster, {kept[kind]} in the kept document")
        else:
            names |= {kept[kind], *reachable(ours, ours[kept[kind]])}
    # A definition that only one of them has is named by whatever refers to it there and to something else here.
    for name in sorted(names & theirs.keys()):
        said += [f"{name}{line}" for line in _differences(_shape(theirs[name]), _shape(ours[name]))]
    return said


def _differences(theirs: Schema, ours: Schema) -> list[str]:
    their_fields, our_fields = theirs.pop("properties", {}), ours.pop("properties", {})
    said = [] if theirs == ours else [f": is {theirs} in the cluster, {ours} in the kept document"]
    for field in sorted(their_fields.keys() | our_fields.keys()):
        if field not in our_fields:
            said.append(f".{field}: only the cluster has it")
        elif field not in their_fields:
            said.append(f".{field}: only the kept document has it")
        elif their_fields[field] != our_fields[field]:
            said.append(f".{field}: is {their_fields[field]} in the cluster, {our_fields[field]} in the kept document")
    return said


def _shape(node: Mapping[str, Any]) -> Schema:
    shape: Schema = {key: node[key] for key in _SCALARS if key in node}
    if node.get("required"):
        shape["required"] = sorted(node["required"])
    shape |= {key: _shape(node[key]) for key in ("items", "additionalProperties") if isinstance(node.get(key), Mapping)}
    if "properties" in node:
        shape["properties"] = {name: _shape(each) for name, each in node["properties"].items()}
    return shape
