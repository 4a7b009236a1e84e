"""JSON schemas of the kinds that an OpenAPI document defines, as strict as a server with `fieldValidation: Strict`.

An object has no fields but those of its definition, and none of them is null: a null in a manifest is a template that
rendered nothing. Descriptions are left out; they would be nine tenths of a schema.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ethinfra.deploy.schemas.kinds import Kind

Schema = dict[str, Any]

#: Boolean `exclusiveMinimum`, as OpenAPI has it, is of this draft. kubeconform carries it, so nobody looks it up.
DRAFT = "http://json-schema.org/draft-04/schema#"

OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"

#: Definitions that say less than what a server takes (apimachinery: resource.Quantity, runtime.RawExtension).
_SPECIAL: dict[str, Schema] = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {
        "type": ["string", "number"],
        "pattern": r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?[0-9]+)?$",
    },
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"type": ["string", "integer"]},
    # Programs in Go write `creationTimestamp: null`, also into the CRDs that they generate.
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": {"type": ["string", "null"], "format": "date-time"},
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": {"type": "object"},
    "io.k8s.apimachinery.pkg.apis.meta.v1.Patch": {"type": "object"},
    "io.k8s.apimachinery.pkg.runtime.RawExtension": {"type": "object"},
}

#: What a number or text of a format may be.
FORMATS: dict[str, Schema] = {
    "int32": {"minimum": -(2**31), "maximum": 2**31 - 1},
    "int64": {"minimum": -(2**63), "maximum": 2**63 - 1},
    "byte": {"pattern": "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"},
}

_REF = "#/definitions/"


def kinds_of(document: Mapping[str, Any]) -> dict[Kind, str]:
    """The kinds that can be manifests (whatever has an ObjectMeta), and the names of their definitions."""
    found = {}
    for name, definition in document["definitions"].items():
        meta = definition.get("properties", {}).get("metadata", {})
        for one in definition.get("x-kubernetes-group-version-kind", ()):
            if meta.get("$ref") == _REF + OBJECT_META:
                found[Kind(one["group"], one["version"], one["kind"])] = name
    return found


def schemas(document: Mapping[str, Any]) -> Iterator[tuple[Kind, Schema]]:
    """A schema for each kind of a document, complete in itself."""
    definitions = {name: _definition(name, each) for name, each in document["definitions"].items()}
    for kind, name in kinds_of(document).items():
        schema = top(kind, definitions[name])
        yield (
            kind,
            {**schema, "definitions": {each: definitions[each] for each in sorted(reachable(definitions, schema))}},
        )


def object_meta(document: Mapping[str, Any]) -> dict[str, Schema]:
    """What a schema needs to refer to `OBJECT_META`: its definition and all that it refers to, by name."""
    definitions = document["definitions"]
    names = {OBJECT_META, *reachable(definitions, definitions[OBJECT_META])}
    return {name: _definition(name, definitions[name]) for name in sorted(names)}


def top(kind: Kind, schema: Schema) -> Schema:
    """The schema of a whole manifest, which says what it is."""
    properties = {
        **schema.get("properties", {}),
        "apiVersion": {"enum": [kind.api_version]},
        "kind": {"enum": [kind.name]},
    }
    required = sorted({*schema.get("required", ()), "apiVersion", "kind", "metadata"})
    return {"$schema": DRAFT, **schema, "properties": properties, "required": required}


def reachable(definitions: Mapping[str, Any], *starts: Any) -> set[str]:
    """The names of the definitions that schemas refer to, and those of what these refer to, and so on."""
    found: set[str] = set()
    todo = list(starts)
    while todo:
        fresh = set(_referred(todo.pop())) - found
        found |= fresh
        todo += [definitions[name] for name in fresh if name in definitions]
    return found


def _referred(node: Any) -> Iterator[str]:
    children: Iterable[Any] = ()
    if isinstance(node, dict):
        ref = node.get("$ref")
        # A field may be called $ref too; then it has a schema.
        if isinstance(ref, str):
            yield ref.removeprefix(_REF)
        children = node.values()
    elif isinstance(node, list):
        children = node
    for child in children:
        yield from _referred(child)


def _definition(name: str, definition: Mapping[str, Any]) -> Schema:
    if name in _SPECIAL:
        return _SPECIAL[name]
    converted = _convert(definition)
    if definition.get("type") == "object" and converted.keys() == {"type"}:
        # A struct without fields; whatever may hold anything is special.
        converted["additionalProperties"] = False
    return converted


def _convert(node: Mapping[str, Any]) -> Schema:
    if "$ref" in node:
        return {"$ref": node["$ref"]}
    if node.get("format") == "int-or-string":
        return {"type": ["string", "integer"]}
    out: Schema = {key: node[key] for key in ("type", "format", "required") if key in node}
    out |= FORMATS.get(node.get("format", ""), {})
    if "properties" in node:
        out["properties"] = {name: _convert(each) for name, each in node["properties"].items()}
        out["additionalProperties"] = False
    elif "additionalProperties" in node:
        out["additionalProperties"] = _convert(node["additionalProperties"])
    if "items" in node:
        out["items"] = _convert(node["items"])
    return out
