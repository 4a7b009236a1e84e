{{/* One node: the pod template of its StatefulSet. Takes: a scope. */}}
{{- define "ethereum.pod" -}}
{{- $root := .root -}}
{{- $node := .node -}}
metadata:
  labels: {{- include "ethereum.podLabels" . | nindent 4 }}
  annotations:
    kubectl.kubernetes.io/default-container: execution
    {{- if include "ethereum.network.custom" $root }}
    # Another genesis is another chain: the pods start anew, and their volumes refuse.
    ethinfra.io/chain: {{ $root.Values.network.genesis | toJson | sha256sum }}
    {{- end }}
spec:
  serviceAccountName: {{ $node.name }}
  automountServiceAccountToken: false
  # A Service called geth would put GETH_PORT=tcp://… into the environment, and geth refuses to start.
  enableServiceLinks: false
  {{- with $root.Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  terminationGracePeriodSeconds: {{ $node.gracePeriodSeconds }}
  securityContext: {{- include "ethereum.podSecurity" $root | nindent 4 }}
  {{- include "ethereum.placement" . | nindent 2 }}
  initContainers:
    {{- include "ethereum.initContainers" . | nindent 4 }}
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
{{- $selector := include "ethereum.selector" (dict "root" .root "name" .node.name) -}}
{{- $placement := .node.placement -}}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: {{ $placement.spread }}
    labelSelector: {matchLabels: {{ $selector | fromYaml | toJson }}}
{{- if eq $placement.antiAffinity "required" }}
affinity:
  podAntiAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      - topologyKey: kubernetes.io/hostname
        labelSelector: {matchLabels: {{ $selector | fromYaml | toJson }}}
{{- else if eq $placement.antiAffinity "preferred" }}
affinity:
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector: {matchLabels: {{ $selector | fromYaml | toJson }}}
{{- end }}
{{- end -}}

{{/* What a container knows of its pod and of the network. Takes: a scope. */}}
{{- define "ethereum.environment" -}}
- name: POD_IP
  valueFrom: {fieldRef: {fieldPath: status.podIP}}
{{- if and (include "ethereum.network.custom" .root) (not .node.bootnode) }}
- name: BOOTNODE_ENODE_ID
  valueFrom: {configMapKeyRef: {name: {{ include "ethereum.network.genesis" .root }}, key: bootnode-enode-id}}
- name: BOOTNODE_PEER_ID
  valueFrom: {configMapKeyRef: {name: {{ include "ethereum.network.genesis" .root }}, key: bootnode-peer-id}}
{{- end }}
{{- end -}}

{{/* Flag groups that say which network this is and who the first peers are. Takes: a scope. */}}
{{- define "ethereum.networkGroups" -}}
{{- if include "ethereum.network.custom" .root -}}
customNetwork,{{ if .node.bootnode }}identity,first{{ else }}join{{ end }}
{{- else -}}
networks.{{ .root.Values.network.preset }}
{{- end -}}
{{- end -}}
