{{/* The StatefulSet of a component. Takes: a scope. */}}
{{- define "ethereum.statefulset" -}}
{{- $name := .node.name -}}
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ $name }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- include "ethereum.podLabels" . | nindent 4 }}
spec:
  replicas: {{ .node.replicas }}
  serviceName: {{ $name }}-p2p
  # A node that does not get ready, because its network stands still, must not hold back the others.
  podManagementPolicy: Parallel
  persistentVolumeClaimRetentionPolicy:
    whenDeleted: {{ .node.storage.whenDeleted }}
    whenScaled: {{ .node.storage.whenScaled }}
  selector:
    matchLabels: {{- include "ethereum.selector" (dict "root" .root "name" $name) | nindent 6 }}
  template: {{- include "ethereum.pod" . | nindent 4 }}
  volumeClaimTemplates: {{- include "ethereum.claims" . | trim | nindent 4 }}
{{- end -}}

{{- define "ethereum.serviceaccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ .node.name }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- include "ethereum.nodeLabels" . | nindent 4 }}
# A node never talks to the Kubernetes API.
automountServiceAccountToken: false
{{- end -}}

{{- define "ethereum.poddisruptionbudget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ .node.name }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- include "ethereum.nodeLabels" . | nindent 4 }}
spec:
  maxUnavailable: {{ .node.maxUnavailable }}
  selector:
    matchLabels: {{- include "ethereum.selector" (dict "root" .root "name" .node.name) | nindent 6 }}
{{- end -}}
