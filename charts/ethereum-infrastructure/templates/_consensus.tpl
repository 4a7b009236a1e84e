{{/* The consensus client. Whether it follows the chain is the node probe's verdict on the whole pod; its own probe only
     asks whether the process answers, and with patience, because a restart loses the progress of a sync.
     Takes: a scope. */}}
{{- define "ethereum.consensusContainer" -}}
{{- $program := include "ethereum.part" (dict "scope" . "part" "consensus") | fromJson -}}
{{- $paths := include "ethereum.paths" . | fromYaml -}}
{{- $consensus := .node.consensus -}}
{{- $groups := concat (list "base" "engine" "rpc" "metrics" "p2p" "feeRecipient") (include "ethereum.networkGroups" . | splitList ",") -}}
{{- if include "ethereum.checkpoint" . -}}{{- $groups = append $groups "checkpoint" -}}{{- end -}}
{{- $over := list -}}
{{- if include "ethereum.peersFile" . -}}{{- $over = append $over "fleet" -}}{{- end -}}
- name: consensus
  image: {{ include "ethereum.image" (dict "root" .root "image" $program.image) }}
  imagePullPolicy: IfNotPresent
  command: {{ toJson $program.command }}
  args:
    {{- include "ethereum.flags" (dict "scope" . "program" $program "client" $consensus.client "groups" $groups "extra" $consensus.extraArgs "options" $consensus.options "over" $over) | trim | nindent 4 }}
  env:
    {{- include "ethereum.environment" (dict "scope" . "program" $program) | nindent 4 }}
  ports:
    - {name: beacon, containerPort: {{ $program.ports.beacon }}}
    - {name: beacon-p2p, containerPort: {{ $program.ports.p2p }}}
    - {name: beacon-udp, containerPort: {{ $program.ports.discovery }}, protocol: UDP}
    {{- range $program.peerPorts }}
    - {name: {{ .name }}, containerPort: {{ .port }}, protocol: {{ .protocol }}}
    {{- end }}
    - {name: beacon-metrics, containerPort: {{ $program.ports.metrics }}}
  startupProbe:
    httpGet: {path: {{ $program.health.path }}, port: beacon}
    {{- toYaml .node.probes.startup | nindent 4 }}
  livenessProbe:
    httpGet: {path: {{ $program.health.path }}, port: beacon}
    {{- toYaml .node.probes.consensusLiveness | nindent 4 }}
  {{- include "ethereum.lifecycle" . | nindent 2 }}
  securityContext: {{- include "ethereum.containerSecurity" . | nindent 4 }}
  resources: {{- toYaml $consensus.resources | nindent 4 }}
  volumeMounts:
    - {name: consensus, mountPath: {{ $program.dataDir }}}
    - {name: consensus-tmp, mountPath: {{ $paths.tmp }}}
    - {name: jwt, mountPath: {{ dir $paths.jwt }}, readOnly: true}
    {{- include "ethereum.chainMounts" . | nindent 4 }}
    {{- include "ethereum.optionMounts" (dict "scope" . "part" "consensus") | nindent 4 }}
{{- end -}}

{{/* The file from which a serve node's consensus client reads its first peer; empty where there is none: it is for networks made
     here, in which nobody else is to be found, and for clients that read one. Names with a dot are none of the client's.
     Takes: a scope. */}}
{{- define "ethereum.peersFile" -}}
{{- $program := include "ethereum.part" (dict "scope" . "part" "consensus") | fromJson -}}
{{- $made := eq (include "ethereum.network.kind" .node.network) "made" -}}
{{- if and (eq (.role | default "") "serve") $made $program.flags.fleet (include "ethereum.checkpoint" .) -}}
{{- $program.dataDir }}/.first-peers.yaml
{{- end -}}
{{- end -}}

{{/* Where the consensus client takes a recent finalized state from; empty: it follows the chain from its genesis.
     Takes: a scope. */}}
{{- define "ethereum.checkpoint" -}}
{{- if .node.consensus.checkpointSyncUrl -}}
{{- .node.consensus.checkpointSyncUrl -}}
{{- else if .node.network.checkpointSyncUrls -}}
{{- first .node.network.checkpointSyncUrls -}}
{{- end -}}
{{- end -}}
