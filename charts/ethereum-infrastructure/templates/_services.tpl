{{/* A Service in front of a component's pods. There is none for the Engine API.
     Takes: (dict "scope" scope "purpose" "rpc" "ports" (list (dict "name" … "port" … "protocol" …)) "headless" bool
     "notReady" bool). A port's name is that of the container's port. */}}
{{- define "ethereum.service" -}}
{{- $scope := .scope -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ .name | default (printf "%s-%s" $scope.node.name .purpose) }}
  namespace: {{ $scope.root.Release.Namespace }}
  labels:
    {{- include "ethereum.nodeLabels" $scope | nindent 4 }}
    ethinfra.io/purpose: {{ .purpose }}
spec:
  {{- if .headless }}
  clusterIP: None
  {{- end }}
  {{- if .notReady }}
  publishNotReadyAddresses: true
  {{- end }}
  selector: {{- include "ethereum.selector" (dict "root" $scope.root "name" $scope.node.name) | nindent 4 }}
  ports:
    {{- range .ports }}
    - name: {{ .name }}
      port: {{ .port }}
      targetPort: {{ .name }}
      protocol: {{ .protocol | default "TCP" }}
    {{- end }}
{{- end -}}

{{/* Ports of the clients of a node, as YAML {execution: {…}, consensus: {…}, validator: {…}}. Takes: a scope. */}}
{{- define "ethereum.ports" -}}
{{- $scope := . -}}
{{- $parts := list "execution" "consensus" -}}
{{- if .node.validator -}}{{- $parts = append $parts "validator" -}}{{- end -}}
{{- range $part := $parts }}
{{ $part }}: {{ (include "ethereum.part" (dict "scope" $scope "part" $part) | fromJson).ports | toJson }}
{{- end -}}
{{- end -}}

{{/* HTTP, and WebSocket where the execution client has one, of ready nodes only. Takes: a scope. */}}
{{- define "ethereum.service.rpc" -}}
{{- $ports := include "ethereum.ports" . | fromYaml -}}
{{- $list := list (dict "name" "rpc" "port" $ports.execution.rpc) -}}
{{- with $ports.execution.ws -}}{{- $list = append $list (dict "name" "ws" "port" .) -}}{{- end -}}
{{- include "ethereum.service" (dict "scope" . "purpose" "rpc" "ports" $list) -}}
{{- end -}}

{{/* The two apart, for serve nodes: WebSocket connections last, and are balanced in another way. Takes: a scope. */}}
{{- define "ethereum.service.http" -}}
{{- $ports := include "ethereum.ports" . | fromYaml -}}
{{- include "ethereum.service" (dict "scope" . "purpose" "rpc" "ports" (list (dict "name" "rpc" "port" $ports.execution.rpc))) -}}
{{- end -}}

{{/* Empty where the client has no WebSocket. Takes: a scope. */}}
{{- define "ethereum.service.ws" -}}
{{- $ports := include "ethereum.ports" . | fromYaml -}}
{{- with $ports.execution.ws -}}
{{- include "ethereum.service" (dict "scope" $ "purpose" "ws" "ports" (list (dict "name" "ws" "port" .))) -}}
{{- end -}}
{{- end -}}

{{/* The Beacon API, of nodes that are not ready too: a late node starts from it. Takes: a scope. */}}
{{- define "ethereum.service.beacon" -}}
{{- $ports := include "ethereum.ports" . | fromYaml -}}
{{- include "ethereum.service" (dict "scope" . "purpose" "beacon" "notReady" true "ports" (list
      (dict "name" "beacon" "port" $ports.consensus.beacon))) -}}
{{- end -}}

{{/* Metrics of all containers, of nodes that are not ready too: those are the interesting ones. Takes: a scope. */}}
{{- define "ethereum.service.metrics" -}}
{{- $ports := include "ethereum.ports" . | fromYaml -}}
{{- $list := list
      (dict "name" "metrics" "port" $ports.execution.metrics)
      (dict "name" "beacon-metrics" "port" $ports.consensus.metrics)
      (dict "name" "probe" "port" .root.Values.probe.port) -}}
{{- if .node.validator -}}
{{- $list = append $list (dict "name" "val-metrics" "port" $ports.validator.metrics) -}}
{{- end -}}
{{- include "ethereum.service" (dict "scope" . "purpose" "metrics" "notReady" true "ports" $list) -}}
{{- end -}}

{{/* Ports by which nodes find each other. Takes: a scope. */}}
{{- define "ethereum.p2pServicePorts" -}}
{{- $ports := include "ethereum.ports" . | fromYaml -}}
- {name: p2p, port: {{ $ports.execution.p2p }}, protocol: TCP}
- {name: p2p-udp, port: {{ $ports.execution.discovery }}, protocol: UDP}
- {name: beacon-p2p, port: {{ $ports.consensus.p2p }}, protocol: TCP}
- {name: beacon-udp, port: {{ $ports.consensus.discovery }}, protocol: UDP}
{{- $scope := . -}}
{{- range $part := list "execution" "consensus" -}}
{{- range (include "ethereum.part" (dict "scope" $scope "part" $part) | fromJson).peerPorts }}
- {name: {{ .name }}, port: {{ .port }}, protocol: {{ .protocol }}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Names of the single pods; the StatefulSet's own Service. Takes: a scope. */}}
{{- define "ethereum.service.p2p" -}}
{{- include "ethereum.service" (dict "scope" . "purpose" "p2p" "headless" true "notReady" true "ports" (include "ethereum.p2pServicePorts" . | fromYamlArray)) -}}
{{- end -}}

{{/* One address for the first node that stays when its pod is replaced. Takes: a scope. */}}
{{- define "ethereum.service.bootnode" -}}
{{- include "ethereum.service" (dict "scope" . "purpose" "bootnode" "name" (include "ethereum.network.identity" .node.network) "notReady" true "ports" (include "ethereum.p2pServicePorts" . | fromYamlArray)) -}}
{{- end -}}
