{{/* Head of a policy for the pods of one component; the namespace denies everything else (layer infrastructure).
     Takes: (dict "scope" scope "purpose" "p2p"). */}}
{{- define "ethereum.policyHead" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ .scope.node.name }}-{{ .purpose }}
  namespace: {{ .scope.root.Release.Namespace }}
  labels: {{- include "ethereum.nodeLabels" .scope | nindent 4 }}
spec:
  podSelector:
    matchLabels: {{- include "ethereum.selector" (dict "root" .scope.root "name" .scope.node.name) | nindent 6 }}
{{- end -}}

{{/* Nodes reach each other by devp2p and libp2p; on a public network, the whole internet. Whoever carries
     `ethinfra.io/p2p: "true"` counts as a node; "consensus" stands for one that is cut off from execution peers.

     On a network made here no consensus client is looked for: each is told whom to dial. The records by which serve nodes know the
     sync nodes start discovery all the same; with answers within a tenth of a millisecond Prysm searches without a pause, which
     took a quarter of a processor in each of them (v7.1.2, p2p/discovery.go, listenForNewNodes). So its port is closed to serve
     nodes there, at both ends. Takes: a scope. */}}
{{- define "ethereum.policy.p2p" -}}
{{- $policy := .root.Values.networkPolicy -}}
{{- $public := .node.network.public -}}
{{- $made := eq (include "ethereum.network.kind" .node.network) "made" -}}
{{- $serve := eq .role "serve" -}}
{{ include "ethereum.policyHead" (dict "scope" . "purpose" "p2p") }}
  policyTypes: [Ingress, Egress]
  ingress:
    {{- if $policy.devp2p }}
    - from:
        {{- include "ethereum.peers" (dict "public" $public "kinds" (list "true")) | nindent 8 }}
      ports: {{- include "ethereum.ownPeerPorts" (dict "scope" . "part" "execution") | nindent 8 }}
    {{- end }}
    - from:
        {{- include "ethereum.peers" (dict "public" $public "kinds" (list "true" "consensus")) | nindent 8 }}
      ports: {{- include "ethereum.ownPeerPorts" (dict "scope" . "part" "consensus" "protocols" (ternary (list "TCP") (list "TCP" "UDP") $made)) | nindent 8 }}
    {{- if and $made (not $serve) }}
    - from:
        {{- include "ethereum.peers" (dict "kinds" (list "true" "consensus") "but" "serve") | nindent 8 }}
      ports: {{- include "ethereum.ownPeerPorts" (dict "scope" . "part" "consensus" "protocols" (list "UDP")) | nindent 8 }}
    {{- end }}
  egress:
    {{- if $public }}
    # Peers on the internet listen on any port.
    - to:
        {{- include "ethereum.peers" (dict "public" $public "kinds" (list "true" "consensus")) | nindent 8 }}
    {{- else }}
    {{- if $policy.devp2p }}
    - to:
        {{- include "ethereum.peers" (dict "public" $public "kinds" (list "true")) | nindent 8 }}
      ports: {{- include "ethereum.anyPeerPorts" (dict "root" .root "part" "execution") | nindent 8 }}
    {{- end }}
    - to:
        {{- include "ethereum.peers" (dict "public" $public "kinds" (list "true" "consensus")) | nindent 8 }}
      ports: {{- include "ethereum.anyPeerPorts" (dict "root" .root "part" "consensus" "protocols" (ternary (list "TCP") (list "TCP" "UDP") $made)) | nindent 8 }}
    {{- if and $made (not $serve) }}
    - to:
        {{- include "ethereum.peers" (dict "kinds" (list "true" "consensus") "but" "serve") | nindent 8 }}
      ports: {{- include "ethereum.anyPeerPorts" (dict "root" .root "part" "consensus" "protocols" (list "UDP")) | nindent 8 }}
    {{- end }}
    {{- end }}
{{- end -}}

{{/* Value of the label `ethinfra.io/p2p` of this release's pods. Takes: the root. */}}
{{- define "ethereum.p2pKind" -}}
{{- ternary "true" "consensus" .Values.networkPolicy.devp2p -}}
{{- end -}}

{{/* Who the peers of a node are. Those on the internet are never in private ranges.
     Takes: (dict "public" true "kinds" (list "true" "consensus")), and "but" a role that is none of them. */}}
{{- define "ethereum.peers" -}}
- podSelector:
    matchExpressions:
      - {key: ethinfra.io/p2p, operator: In, values: {{ toJson .kinds }}}
      {{- with .but }}
      - {key: ethinfra.io/role, operator: NotIn, values: [{{ . }}]}
      {{- end }}
{{- if .public }}
- ipBlock:
    cidr: 0.0.0.0/0
    # RFC 1918; 100.64.0.0/10 (RFC 6598), which clouds give to pods and nodes; link-local, with clouds' metadata services.
    except: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, 169.254.0.0/16]
{{- end }}
{{- end -}}

{{/* Ports at which a node's client is reached by its peers. Takes: (dict "scope" scope "part" "execution"), and "protocols" where
     not all of them are meant. */}}
{{- define "ethereum.ownPeerPorts" -}}
{{- range include "ethereum.peerPorts" (include "ethereum.part" . | fromJson) | fromYamlArray }}
{{- if has .protocol ($.protocols | default (list "TCP" "UDP")) }}
- {port: {{ .port }}, protocol: {{ .protocol }}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Ports at which a client of a kind is reached by its peers, whichever client it is: peers need not run the same.
     Takes: (dict "root" $ "part" "execution"), and "protocols" where not all of them are meant. */}}
{{- define "ethereum.anyPeerPorts" -}}
{{- $ports := list -}}
{{- range $client := .root.Values.clients -}}
{{- with index $client $.part -}}
{{- $ports = concat $ports (include "ethereum.peerPorts" . | fromYamlArray) -}}
{{- end -}}
{{- end -}}
{{- range $ports | uniq }}
{{- if has .protocol ($.protocols | default (list "TCP" "UDP")) }}
- {port: {{ .port }}, protocol: {{ .protocol }}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Takes: a program. Gives YAML. */}}
{{- define "ethereum.peerPorts" -}}
- {port: {{ .ports.p2p }}, protocol: TCP}
- {port: {{ .ports.discovery }}, protocol: UDP}
{{- range .peerPorts }}
- {port: {{ .port }}, protocol: {{ .protocol }}}
{{- end -}}
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
        {{- with $ports.execution.ws }}
        - {port: {{ . }}, protocol: TCP}
        {{- end }}
        - {port: {{ $ports.consensus.beacon }}, protocol: TCP}
{{- end -}}

{{/* Nodes of the same network may start from each other's Beacon API and compare heads by RPC. Takes: a scope. */}}
{{- define "ethereum.policy.nodes" -}}
{{- $ports := include "ethereum.ports" . | fromYaml -}}
{{- $others := list -}}
{{- range $client := .root.Values.clients -}}
{{- with $client.execution -}}{{- $others = append $others (.ports.rpc | int) -}}{{- end -}}
{{- with $client.consensus -}}{{- $others = append $others (.ports.beacon | int) -}}{{- end -}}
{{- end -}}
{{ include "ethereum.policyHead" (dict "scope" . "purpose" "nodes") }}
  policyTypes: [Ingress, Egress]
  ingress:
    - from:
        - podSelector:
            matchLabels: {ethinfra.io/network: {{ .node.network.name }}}
      ports:
        - {port: {{ $ports.execution.rpc }}, protocol: TCP}
        - {port: {{ $ports.consensus.beacon }}, protocol: TCP}
  egress:
    - to:
        - podSelector:
            matchLabels: {ethinfra.io/network: {{ .node.network.name }}}
      ports:
        {{- range $others | uniq | sortAlpha }}
        - {port: {{ . }}, protocol: TCP}
        {{- end }}
    {{- include "ethereum.outward" . | nindent 4 }}
{{- end -}}

{{/* What is fetched by address: the genesis state by an init container, a checkpoint by the consensus client. Open are the
     ports that these addresses name, and those of the web, to which stores of large files redirect. On a public network,
     nodes may go anywhere already. Takes: a scope. */}}
{{- define "ethereum.outward" -}}
{{- $network := .node.network -}}
{{- if and (not $network.public) (eq (include "ethereum.network.kind" $network) "given") -}}
{{- $ports := list "443" "80" -}}
{{- range $url := list $network.genesis.state.url (include "ethereum.checkpoint" .) -}}
{{- with regexFind ":[0-9]+$" (urlParse $url).host -}}{{- $ports = append $ports (trimPrefix ":" .) -}}{{- end -}}
{{- end -}}
# The genesis state, and a checkpoint: fetched from addresses that nobody knows beforehand.
- to:
    - ipBlock: {cidr: 0.0.0.0/0}
  ports:
    {{- range $ports | uniq }}
    - {port: {{ . }}, protocol: TCP}
    {{- end }}
{{- end -}}
{{- end -}}

{{/* Whoever takes snapshots of a sync node asks its probe how it is. Takes: a scope. */}}
{{- define "ethereum.policy.snapshot" -}}
{{ include "ethereum.policyHead" (dict "scope" . "purpose" "snapshot") }}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector:
            matchLabels: {ethinfra.io/snapshot-of: {{ .node.name }}}
      ports:
        - {port: {{ .root.Values.probe.port }}, protocol: TCP}
{{- end -}}

{{/* Whoever removes snapshots asks a serve node's probe which one it was restored from, and KEDA asks for its load.
     Takes: a scope. */}}
{{- define "ethereum.policy.probe" -}}
{{ include "ethereum.policyHead" (dict "scope" . "purpose" "probe") }}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector:
            matchLabels: {ethinfra.io/prunes: "true"}
        {{- if and .node.autoscaling.enabled .node.autoscaling.keda }}
        - namespaceSelector:
            matchLabels: {kubernetes.io/metadata.name: {{ .root.Values.networkPolicy.kedaNamespace }}}
        {{- end }}
      ports:
        - {port: {{ .root.Values.probe.port }}, protocol: TCP}
{{- end -}}

{{/* A serve node fetches its data. Takes: a scope. */}}
{{- define "ethereum.policy.registry" -}}
{{ include "ethereum.policyHead" (dict "scope" . "purpose" "registry") }}
  policyTypes: [Egress]
  egress:
    {{- include "ethereum.toRegistry" .root | nindent 4 }}
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
