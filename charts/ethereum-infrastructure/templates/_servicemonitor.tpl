{{/* What Prometheus scrapes of a node: the Service for metrics, and no other, so that no series comes twice.
     Takes: a scope. */}}
{{- define "ethereum.servicemonitor" -}}
{{- $scope := . -}}
{{- $monitor := .root.Values.serviceMonitor -}}
{{- $parts := dict "metrics" "execution" "beacon-metrics" "consensus" -}}
{{- if .node.validator -}}{{- $parts = set $parts "val-metrics" "validator" -}}{{- end -}}
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  name: {{ .node.name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "ethereum.nodeLabels" . | nindent 4 }}
    {{- with $monitor.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  selector:
    matchLabels:
      {{- include "ethereum.selector" (dict "root" .root "name" .node.name) | nindent 6 }}
      ethinfra.io/purpose: metrics
  # Labels of the pod that every series carries.
  podTargetLabels: [ethinfra.io/network, ethinfra.io/role, ethinfra.io/client, ethinfra.io/consensus-client]
  endpoints:
    {{- range $port, $part := $parts }}
    - port: {{ $port }}
      path: {{ (include "ethereum.part" (dict "scope" $scope "part" $part) | fromJson).metrics.path }}
      interval: {{ $monitor.interval }}
    {{- end }}
    - port: probe
      path: /metrics
      interval: {{ $monitor.interval }}
{{- end -}}
