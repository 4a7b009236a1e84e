"""JSON schemas of the kinds that a CustomResourceDefinition defines, of the versions that a server serves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ethinfra.deploy.schemas.kinds import Kind
from ethinfra.deploy.schemas.openapi import FORMATS, OBJECT_META, Schema, top

#: Keywords that mean the same in both languages. In a structural schema, those that join others hold no fields.
_SAME = (
    "type",
    "format",
    "enum",
    "pattern",
    "required",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "anyOf",
    "oneOf",
    "allOf",
    "not",
)
_METADATA: Schema = {"$ref": f"#/definitions/{OBJECT_META}"}


def schemas(crd: Mapping[str, Any], object_meta: Mapping[str, Schema]) -> Iterator[tuple[Kind, Schema]]:
    """A schema for each served version of a CRD, complete in itself.

    object_meta: the definitions of metadata (`openapi.object_meta`), of which a CRD says nothing
    """
    spec = crd["spec"]
    for version in spec["versions"]:
        if not version["served"]:
            continue
        kind = Kind(spec["group"], version["name"], spec["names"]["kind"])
        converted = _convert(version["schema"]["openAPIV3Schema"])
        converted["properties"] = {**converted.get("properties", {}), "metadata": _METADATA}
        yield kind, {**top(kind, converted), "definitions": dict(object_meta)}


def _convert(node: Mapping[str, Any]) -> Schema:
    out: Schema = {key: node[key] for key in _SAME if key in node}
    out |= {key: value for key, value in FORMATS.get(node.get("format", ""), {}).items() if key not in out}
    if node.get("x-kubernetes-int-or-string"):
        out["type"] = ["string", "integer"]
    if node.get("type") == "object":
        out |= _fields(node)
    if "items" in node:
        out["items"] = _convert(node["items"])
    if node.get("nullable"):
        out = _or_null(out)
    return out


def _fields(node: Mapping[str, Any]) -> Schema:
    """A server drops the fields that a CRD does not name, unless it says otherwise."""
    properties = {name: _convert(each) for name, each in node.get("properties", {}).items()}
    if node.get("x-kubernetes-embedded-resource"):
        properties |= {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": _METADATA}
    others = node.get("additionalProperties", node.get("x-kubernetes-preserve-unknown-fields", False))
    return {
        **({"properties": properties} if properties else {}),
        "additionalProperties": _convert(others) if isinstance(others, Mapping) else others,
    }


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [{"type": "null"}, schema]}
