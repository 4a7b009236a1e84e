{{/* The consensus client. Whether it follows the chain is the node probe's verdict on the whole pod; its own probe only
     asks whether the process answers, and with patience, because a restart loses the progress of a sync.
     Takes: a scope. */}}
{{- define "ethereum.consensusContainer" -}}
{{- $program := include "ethereum.program" (dict "root" .root "client" .node.consensus.client "program" "consensus" "path" (printf "%s.consensus.client" .role)) | fromYaml -}}
{{- $paths := include "ethereum.paths" .root | fromYaml -}}
{{- $custom := include "ethereum.network.custom" .root -}}
{{- $groups := concat (list "base" "engine" "rpc" "metrics" "p2p" "feeRecipient") (include "ethereum.networkGroups" . | splitList ",") -}}
{{- if .node.consensus.checkpointSyncUrl -}}{{- $groups = append $groups "checkpoint" -}}{{- end -}}
- name: consensus
  image: {{ include "ethereum.image" $program.image }}
  imagePullPolicy: IfNotPresent
  command: {{ toJson $program.command }}
  args:
    {{- include "ethereum.flags" (dict "scope" . "program" $program "client" .node.consensus.client "groups" $groups) | trim | nindent 4 }}
    {{- range .node.consensus.extraArgs }}
    - {{ . | quote }}
    {{- end }}
  env:
    {{- include "ethereum.environment" . | nindent 4 }}
  ports:
    - {name: beacon, containerPort: {{ $program.ports.beacon }}}
    - {name: beacon-p2p, containerPort: {{ $program.ports.p2p }}}
    - {name: beacon-udp, containerPort: {{ $program.ports.discovery }}, protocol: UDP}
    - {name: beacon-metrics, containerPort: {{ $program.ports.metrics }}}
  startupProbe:
    httpGet: {path: {{ $program.alivePath }}, port: beacon}
    {{- toYaml .root.Values.probe.startup | nindent 4 }}
  livenessProbe:
    httpGet: {path: {{ $program.alivePath }}, port: beacon}
    {{- toYaml .root.Values.probe.consensusLiveness | nindent 4 }}
  securityContext: {{- include "ethereum.containerSecurity" . | nindent 4 }}
  resources: {{- toYaml .node.consensus.resources | nindent 4 }}
  volumeMounts:
    - {name: consensus, mountPath: {{ $program.dataDir }}}
    - {name: consensus-tmp, mountPath: {{ $paths.tmp }}}
    - {name: jwt, mountPath: {{ dir $paths.jwt }}, readOnly: true}
    {{- if $custom }}
    - {name: chain, mountPath: {{ $paths.chain }}, readOnly: true}
    - {name: genesis, mountPath: {{ $paths.genesis }}, readOnly: true}
    {{- end }}
    {{- if .node.bootnode }}
    - {name: identity, mountPath: {{ $paths.identity }}, readOnly: true}
    {{- end }}
{{- end -}}
