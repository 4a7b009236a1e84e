{{/* The execution client. Its probes ask the node probe beside it: readiness is a matter of the chain, not of a port.
     Takes: a scope. */}}
{{- define "ethereum.executionContainer" -}}
{{- $program := include "ethereum.program" (dict "root" .root "client" .node.execution.client "program" "execution" "path" (printf "%s.execution.client" .role)) | fromYaml -}}
{{- $paths := include "ethereum.paths" .root | fromYaml -}}
{{- $groups := concat (list "base" "rpc" "engine" "metrics" "p2p" (printf "syncModes.%s" .node.execution.syncMode)) (include "ethereum.networkGroups" . | splitList ",") -}}
- name: execution
  image: {{ include "ethereum.image" $program.image }}
  imagePullPolicy: IfNotPresent
  command: {{ toJson $program.command }}
  args:
    {{- include "ethereum.flags" (dict "scope" . "program" $program "client" .node.execution.client "groups" $groups) | trim | nindent 4 }}
    {{- range .node.execution.extraArgs }}
    - {{ . | quote }}
    {{- end }}
  env:
    {{- include "ethereum.environment" . | nindent 4 }}
  ports:
    - {name: rpc, containerPort: {{ $program.ports.rpc }}}
    - {name: ws, containerPort: {{ $program.ports.ws }}}
    - {name: p2p, containerPort: {{ $program.ports.p2p }}}
    - {name: p2p-udp, containerPort: {{ $program.ports.discovery }}, protocol: UDP}
    - {name: metrics, containerPort: {{ $program.ports.metrics }}}
  startupProbe:
    httpGet: {path: /startupz, port: {{ .root.Values.probe.port }}}
    {{- toYaml .root.Values.probe.startup | nindent 4 }}
  readinessProbe:
    httpGet: {path: /readyz, port: {{ .root.Values.probe.port }}}
    {{- toYaml .root.Values.probe.readiness | nindent 4 }}
  livenessProbe:
    httpGet: {path: /livez, port: {{ .root.Values.probe.port }}}
    {{- toYaml .root.Values.probe.liveness | nindent 4 }}
  securityContext: {{- include "ethereum.containerSecurity" . | nindent 4 }}
  resources: {{- toYaml .node.execution.resources | nindent 4 }}
  volumeMounts:
    - {name: execution, mountPath: {{ $program.dataDir }}}
    - {name: execution-tmp, mountPath: {{ $paths.tmp }}}
    - {name: jwt, mountPath: {{ dir $paths.jwt }}, readOnly: true}
    {{- if .node.bootnode }}
    - {name: identity, mountPath: {{ $paths.identity }}, readOnly: true}
    {{- end }}
{{- end -}}
