"""A small chart whose schema, manual, templates and table agree: each test takes something away."""

from __future__ import annotations

from typing import Any

import pytest

from ethinfra.deploy.values.chart import Chart

SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "replicas": {"type": "integer", "minimum": 0},
        "image": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"tag": {"type": "string", "description": "Of one release."}},
        },
        "classes": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "properties": {"size": {"$ref": "#/$defs/size"}, "share": {"type": "number", "description": "Of all."}},
            },
        },
        "hosts": {"type": "array", "items": {"type": "string"}},
    },
    "$defs": {"size": {"type": ["string", "integer"], "pattern": "^[0-9]+$"}},
}

MANUAL = """\
# The manual of this chart.

# How many there are.
# Less is fewer.
replicas: 2
# What runs.
image: {tag: v1}
# By name.
classes: {}
  # large:
  #   # Bytes.
  #   size: 12
  #   share: 0.5
# Who may call.
hosts: []
"""

TEMPLATE = """\
{{- define "tried.class" -}}
{{ .name }}: {{ .class.size }} {{ .class.share }}
{{- end -}}
replicas: {{ .Values.replicas }}
{{- with .Values.image }}
image: {{ .tag | quote }}
{{- end }}
{{- range $name, $class := .Values.classes }}
{{ include "tried.class" (dict "name" $name "class" $class) }}
{{- end }}
hosts: {{ toJson .Values.hosts }}
"""


@pytest.fixture
def chart() -> Chart:
    return Chart("tried", SCHEMA, MANUAL, {"templates/all.yaml": TEMPLATE})
