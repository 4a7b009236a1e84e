{{/* The execution client. Its probes ask the node probe beside it: readiness is a matter of the chain, not of a port.
     Takes: a scope. */}}
{{- define "ethereum.executionContainer" -}}
{{- $program := include "ethereum.part" (dict "scope" . "part" "execution") | fromJson -}}
{{- $paths := include "ethereum.paths" . | fromYaml -}}
{{- $execution := .node.execution -}}
{{- $groups := concat (list "base" "rpc" "engine" "metrics" "p2p" (printf "syncModes.%s" $execution.syncMode)) (include "ethereum.networkGroups" . | splitList ",") -}}
{{- if and (eq .role "serve") $program.flags.limits -}}{{- $groups = append $groups "limits" -}}{{- end -}}
- name: execution
  image: {{ include "ethereum.image" (dict "root" .root "image" $program.image) }}
  imagePullPolicy: IfNotPresent
  command: {{ toJson $program.command }}
  args:
    {{- include "ethereum.flags" (dict "scope" . "program" $program "client" $execution.client "groups" $groups "extra" $execution.extraArgs "options" $execution.options) | trim | nindent 4 }}
  env:
    {{- include "ethereum.environment" (dict "scope" . "program" $program) | nindent 4 }}
  ports:
    - {name: rpc, containerPort: {{ $program.ports.rpc }}}
    {{- with $program.ports.ws }}
    - {name: ws, containerPort: {{ . }}}
    {{- end }}
    - {name: p2p, containerPort: {{ $program.ports.p2p }}}
    - {name: p2p-udp, containerPort: {{ $program.ports.discovery }}, protocol: UDP}
    {{- range $program.peerPorts }}
    - {name: {{ .name }}, containerPort: {{ .port }}, protocol: {{ .protocol }}}
    {{- end }}
    - {name: metrics, containerPort: {{ $program.ports.metrics }}}
  startupProbe:
    httpGet: {path: /startupz, port: {{ .root.Values.probe.port }}}
    {{- toYaml .node.probes.startup | nindent 4 }}
  readinessProbe:
    httpGet: {path: /readyz, port: {{ .root.Values.probe.port }}}
    {{- toYaml .node.probes.readiness | nindent 4 }}
  livenessProbe:
    httpGet: {path: /livez, port: {{ .root.Values.probe.port }}}
    {{- toYaml .node.probes.liveness | nindent 4 }}
  {{- include "ethereum.lifecycle" . | nindent 2 }}
  securityContext: {{- include "ethereum.containerSecurity" . | nindent 4 }}
  resources: {{- toYaml $execution.resources | nindent 4 }}
  volumeMounts:
    - {name: execution, mountPath: {{ $program.dataDir }}}
    - {name: execution-tmp, mountPath: {{ $paths.tmp }}}
    - {name: jwt, mountPath: {{ dir $paths.jwt }}, readOnly: true}
    {{- include "ethereum.chainMounts" . | nindent 4 }}
    {{- include "ethereum.optionMounts" (dict "scope" . "part" "execution") | nindent 4 }}
{{- end -}}

{{/* What a client reads of a network that it does not know by name. Takes: a scope. */}}
{{- define "ethereum.chainMounts" -}}
{{- $paths := include "ethereum.paths" . | fromYaml -}}
{{- if ne (include "ethereum.network.kind" .node.network) "known" }}
- {name: chain, mountPath: {{ $paths.chain }}, readOnly: true}
- {name: genesis, mountPath: {{ $paths.genesis }}, readOnly: true}
{{- end }}
{{- if .node.bootnode }}
- {name: identity, mountPath: {{ $paths.identity }}, readOnly: true}
{{- end }}
{{- end -}}
