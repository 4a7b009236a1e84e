{{/* Labels of every object. Takes: (dict "root" $ "name" "chain-data" "component" "storage"). */}}
{{- define "infrastructure.labels" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
app.kubernetes.io/part-of: ethereum-node-infra
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- end -}}
