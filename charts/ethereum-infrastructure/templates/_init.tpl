{{/* What must be there before the clients start: the JWT, and on a network of our own its genesis. Takes: a scope. */}}
{{- define "ethereum.initContainers" -}}
{{- $root := .root -}}
{{- $paths := include "ethereum.paths" $root | fromYaml -}}
{{- $execution := include "ethereum.program" (dict "root" $root "client" .node.execution.client "program" "execution" "path" (printf "%s.execution.client" .role)) | fromYaml -}}
{{- if eq (include "ethereum.jwtSource" .) "generate" -}}
- name: jwt
  image: {{ include "ethereum.image" $root.Values.probe.image }}
  imagePullPolicy: IfNotPresent
  args: [jwt, --out={{ $paths.jwt }}]
  securityContext: {{- include "ethereum.containerSecurity" . | nindent 4 }}
  resources: {{- toYaml $root.Values.probe.resources | nindent 4 }}
  volumeMounts:
    - {name: jwt, mountPath: {{ dir $paths.jwt }}}
{{- end }}
{{- if include "ethereum.network.custom" $root }}
{{- $tool := include "ethereum.program" (dict "root" $root "client" $root.Values.network.genesis.tool "program" "genesis" "path" "network.genesis.tool") | fromYaml }}
- name: genesis
  image: {{ include "ethereum.image" $tool.image }}
  imagePullPolicy: IfNotPresent
  command: {{ toJson $tool.command }}
  args:
    {{- include "ethereum.flags" (dict "scope" . "program" $tool "client" $root.Values.network.genesis.tool "groups" (list "base")) | trim | nindent 4 }}
  env:
    - name: GENESIS_TIME
      valueFrom: {configMapKeyRef: {name: {{ include "ethereum.network.genesis" $root }}, key: genesis-time}}
  securityContext: {{- include "ethereum.containerSecurity" . | nindent 4 }}
  resources: {{- toYaml $root.Values.network.genesis.resources | nindent 4 }}
  volumeMounts:
    - {name: chain, mountPath: {{ $paths.chain }}, readOnly: true}
    - {name: genesis, mountPath: {{ $paths.genesis }}}
- name: init
  image: {{ include "ethereum.image" $execution.image }}
  imagePullPolicy: IfNotPresent
  command: {{ toJson $execution.command }}
  args:
    {{- include "ethereum.flags" (dict "scope" . "program" $execution "client" .node.execution.client "groups" (list "init")) | trim | nindent 4 }}
  securityContext: {{- include "ethereum.containerSecurity" . | nindent 4 }}
  resources: {{- toYaml .node.execution.resources | nindent 4 }}
  volumeMounts:
    - {name: genesis, mountPath: {{ $paths.genesis }}, readOnly: true}
    - {name: execution, mountPath: {{ $execution.dataDir }}}
    - {name: execution-tmp, mountPath: {{ $paths.tmp }}}
{{- end }}
{{- end -}}
