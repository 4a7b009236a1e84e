{{/* One node: the pod template of its StatefulSet or Deployment. Takes: a scope. */}}
{{- define "ethereum.pod" -}}
{{- $root := .root -}}
{{- $node := .node -}}
metadata:
  labels: {{- include "ethereum.podLabels" . | nindent 4 }}
  annotations:
    kubectl.kubernetes.io/default-container: execution
    {{- if and (eq .role "serve") $root.Values.serve.mesh.enabled }}
    {{- include "ethereum.meshAnnotations" . | nindent 4 }}
    {{- end }}
    {{- if not $root.Values.networkPolicy.enabled }}
    # Who may reach these pods is somebody else's decision.
    ethinfra.io/network-policies: elsewhere
    {{- end }}
    {{- if ne (include "ethereum.network.kind" $node.network) "known" }}
    # Another genesis is another chain: the pods start anew, and their volumes refuse.
    ethinfra.io/chain: {{ $node.network.genesis | toJson | sha256sum }}
    {{- end }}
spec:
  serviceAccountName: {{ $node.name }}
  automountServiceAccountToken: false
  # A Service called geth would put GETH_PORT=tcp://… into the environment, and geth refuses to start.
  enableServiceLinks: false
  priorityClassName: {{ $root.Values.priorityClassName }}
  terminationGracePeriodSeconds: {{ include "ethereum.grace" . }}
  securityContext: {{- include "ethereum.podSecurity" $root | nindent 4 }}
  {{- include "ethereum.placement" . | nindent 2 }}
  {{- with include "ethereum.initContainers" . | trim }}
  initContainers: {{- . | nindent 4 }}
  {{- end }}
  containers:
    {{- include "ethereum.executionContainer" . | nindent 4 }}
    {{- include "ethereum.consensusContainer" . | nindent 4 }}
    {{- if $node.validator }}
    {{- include "ethereum.validatorContainer" . | nindent 4 }}
    {{- end }}
    {{- include "ethereum.probeContainer" . | nindent 4 }}
  volumes:
    {{- include "ethereum.volumes" . | nindent 4 }}
{{- end -}}

{{/* Where the pods of one component may run. Takes: a scope. */}}
{{- define "ethereum.placement" -}}
{{- $selector := include "ethereum.selector" (dict "root" .root "name" .node.name) | fromYaml -}}
{{- $placement := .node.placement -}}
topologySpreadConstraints:
  {{- range $key := $placement.topologyKeys }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: {{ $placement.spread }}
    labelSelector: {matchLabels: {{ $selector | toJson }}}
  {{- end }}
{{- $anti := dict -}}
{{- if eq $placement.antiAffinity "required" -}}
{{- $term := dict "topologyKey" "kubernetes.io/hostname" "labelSelector" (dict "matchLabels" $selector) -}}
{{- $anti = dict "podAntiAffinity" (dict "requiredDuringSchedulingIgnoredDuringExecution" (list $term)) -}}
{{- else if eq $placement.antiAffinity "preferred" -}}
{{- $term := dict "topologyKey" "kubernetes.io/hostname" "labelSelector" (dict "matchLabels" $selector) -}}
{{- $anti = dict "podAntiAffinity" (dict "preferredDuringSchedulingIgnoredDuringExecution" (list (dict "weight" 100 "podAffinityTerm" $term))) -}}
{{- end -}}
{{- with merge (deepCopy $placement.affinity) $anti }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $placement.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $placement.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
