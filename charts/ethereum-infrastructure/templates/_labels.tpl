{{/* Labels of every object. Takes: (dict "root" $ "name" "geth" "component" "sync"), and "network" where it is not the
     release's own. */}}
{{- define "ethereum.labels" -}}
{{ include "ethereum.selector" . }}
app.kubernetes.io/component: {{ .component }}
app.kubernetes.io/part-of: ethereum-node-infra
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
ethinfra.io/network: {{ (.network | default .root.Values.network).name }}
ethinfra.io/role: {{ .component }}
{{- end -}}

{{/* Labels that select the pods of one component; they never change during its life. Takes what labels take. */}}
{{- define "ethereum.selector" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end -}}

{{/* Labels of the objects of a node. Takes: a scope (see _scope.tpl). */}}
{{- define "ethereum.nodeLabels" -}}
{{ include "ethereum.labels" (dict "root" .root "name" .node.name "component" .role "network" .node.network) }}
{{- end -}}

{{/* Labels of a node's pod. Takes: a scope. */}}
{{- define "ethereum.podLabels" -}}
{{ include "ethereum.nodeLabels" . }}
ethinfra.io/client: {{ .node.execution.client }}
ethinfra.io/consensus-client: {{ .node.consensus.client }}
ethinfra.io/p2p: {{ include "ethereum.p2pKind" .root | quote }}
{{- if eq .role "serve" }}
{{ include "ethereum.serveLabels" . }}
{{- end }}
{{- end -}}
