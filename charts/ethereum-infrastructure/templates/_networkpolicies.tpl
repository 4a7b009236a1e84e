{{/* Head of a policy for the pods of one component; the namespace denies everything else (layer infrastructure).
     Takes: (dict "scope" scope "purpose" "p2p"). */}}
{{- define "ethereum.policyHead" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ .scope.node.name }}-{{ .purpose }}
  namespace: {{ .scope.root.Release.Namespace }}
  labels: {{- include "ethereum.labels" (dict "root" .scope.root "name" .scope.node.name "component" .scope.role) | nindent 4 }}
spec:
  podSelector:
    matchLabels: {{- include "ethereum.selector" (dict "root" .scope.root "name" .scope.node.name) | nindent 6 }}
{{- end -}}

{{/* Nodes reach each other by devp2p and libp2p; on a public network, the whole internet. Whoever carries
     `ethinfra.io/p2p: "true"` counts as a node; "consensus" stands for one that is cut off from execution peers.
     Takes: a scope. */}}
{{- define "ethereum.policy.p2p" -}}
{{- $policy := .root.Values.networkPolicy -}}
{{ include "ethereum.policyHead" (dict "scope" . "purpose" "p2p") }}
  policyTypes: [Ingress, Egress]
  ingress:
    {{- if $policy.devp2p }}
    - from:
        {{- include "ethereum.peers" (dict "root" .root "kinds" (list "true")) | nindent 8 }}
      ports: {{- include "ethereum.p2pPorts" (merge (dict "client" "execution") .) | nindent 8 }}
    {{- end }}
    - from:
        {{- include "ethereum.peers" (dict "root" .root "kinds" (list "true" "consensus")) | nindent 8 }}
      ports: {{- include "ethereum.p2pPorts" (merge (dict "client" "consensus") .) | nindent 8 }}
  egress:
    {{- if .root.Values.network.public }}
    # Peers on the internet listen on any port.
    - to:
        {{- include "ethereum.peers" (dict "root" .root "kinds" (list "true" "consensus")) | nindent 8 }}
    {{- else }}
    {{- if $policy.devp2p }}
    - to:
        {{- include "ethereum.peers" (dict "root" .root "kinds" (list "true")) | nindent 8 }}
      ports: {{- include "ethereum.p2pPorts" (merge (dict "client" "execution") .) | nindent 8 }}
    {{- end }}
    - to:
        {{- include "ethereum.peers" (dict "root" .root "kinds" (list "true" "consensus")) | nindent 8 }}
      ports: {{- include "ethereum.p2pPorts" (merge (dict "client" "consensus") .) | nindent 8 }}
    {{- end }}
{{- end -}}

{{/* Value of the label `ethinfra.io/p2p` of this release's pods. Takes: the root. */}}
{{- define "ethereum.p2pKind" -}}
{{- ternary "true" "consensus" .Values.networkPolicy.devp2p -}}
{{- end -}}

{{/* Who the peers of a node are. Those on the internet are never in private ranges.
     Takes: (dict "root" $ "kinds" (list "true" "consensus")). */}}
{{- define "ethereum.peers" -}}
- podSelector:
    matchExpressions:
      - {key: ethinfra.io/p2p, operator: In, values: {{ toJson .kinds }}}
{{- if .root.Values.network.public }}
- ipBlock:
    cidr: 0.0.0.0/0
    # RFC 1918; 100.64.0.0/10 (RFC 6598), which clouds give to pods and nodes; link-local, with clouds' metadata services.
    except: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, 169.254.0.0/16]
{{- end }}
{{- end -}}

{{/* Ports by which one kind of client talks to its peers. Takes: a scope, and "client" "execution" or "consensus". */}}
{{- define "ethereum.p2pPorts" -}}
{{- $ports := index (include "ethereum.ports" . | fromYaml) .client -}}
- {port: {{ $ports.p2p }}, protocol: TCP}
- {port: {{ $ports.discovery }}, protocol: UDP}
{{- end -}}

{{/* Pods that carry the client label may call the RPC and Beacon APIs. Takes: a scope. */}}
{{- define "ethereum.policy.rpc" -}}
{{- $ports := include "ethereum.ports" . | fromYaml -}}
{{ include "ethereum.policyHead" (dict "scope" . "purpose" "rpc") }}
  policyTypes: [Ingress]
  ingress:
    - from:
        - namespaceSelector: {{ toJson .root.Values.networkPolicy.rpcClients.namespaceSelector }}
          podSelector: {{ toJson .root.Values.networkPolicy.rpcClients.podSelector }}
      ports:
        - {port: {{ $ports.execution.rpc }}, protocol: TCP}
        - {port: {{ $ports.execution.ws }}, protocol: TCP}
        - {port: {{ $ports.consensus.beacon }}, protocol: TCP}
{{- end -}}

{{/* Nodes of the same network may start from each other's Beacon API and compare heads by RPC. Takes: a scope. */}}
{{- define "ethereum.policy.nodes" -}}
{{- $ports := include "ethereum.ports" . | fromYaml -}}
{{ include "ethereum.policyHead" (dict "scope" . "purpose" "nodes") }}
  policyTypes: [Ingress, Egress]
  ingress:
    - from:
        - podSelector:
            matchLabels: {ethinfra.io/network: {{ .root.Values.network.name }}}
      ports:
        - {port: {{ $ports.execution.rpc }}, protocol: TCP}
        - {port: {{ $ports.consensus.beacon }}, protocol: TCP}
  egress:
    - to:
        - podSelector:
            matchLabels: {ethinfra.io/network: {{ .root.Values.network.name }}}
      ports:
        - {port: {{ $ports.execution.rpc }}, protocol: TCP}
        - {port: {{ $ports.consensus.beacon }}, protocol: TCP}
{{- end -}}

{{/* The namespace that scrapes may read metrics. Takes: a scope. */}}
{{- define "ethereum.policy.metrics" -}}
{{- $ports := include "ethereum.ports" . | fromYaml -}}
{{ include "ethereum.policyHead" (dict "scope" . "purpose" "metrics") }}
  policyTypes: [Ingress]
  ingress:
    - from:
        - namespaceSelector:
            matchLabels: {kubernetes.io/metadata.name: {{ .root.Values.networkPolicy.metricsNamespace }}}
      ports:
        - {port: {{ $ports.execution.metrics }}, protocol: TCP}
        - {port: {{ $ports.consensus.metrics }}, protocol: TCP}
        - {port: {{ .root.Values.probe.port }}, protocol: TCP}
        {{- if .node.validator }}
        - {port: {{ $ports.validator.metrics }}, protocol: TCP}
        {{- end }}
{{- end -}}
