{{/* What must be there before the clients start: the JWT, and on a network that they do not know by name its genesis.
     Takes: a scope. */}}
{{- define "ethereum.initContainers" -}}
{{- $root := .root -}}
{{- $network := .node.network -}}
{{- $paths := include "ethereum.paths" . | fromYaml -}}
{{- $execution := include "ethereum.part" (dict "scope" . "part" "execution") | fromYaml -}}
{{- $kind := include "ethereum.network.kind" $network -}}
{{- if eq (include "ethereum.jwtSource" .) "generate" -}}
- name: jwt
  image: {{ include "ethereum.image" (dict "root" $root "image" $root.Values.probe.image) }}
  imagePullPolicy: IfNotPresent
  args: [jwt, --out={{ $paths.jwt }}]
  securityContext: {{- include "ethereum.containerSecurity" . | nindent 4 }}
  resources: {{- toYaml $root.Values.probe.resources | nindent 4 }}
  volumeMounts:
    - {name: jwt, mountPath: {{ dir $paths.jwt }}}
{{- end }}
{{- with include "ethereum.checkpoint" . }}
# A source of finality that is gone, or of another network, is named here; the client would only crash.
- name: checkpoint
  image: {{ include "ethereum.image" (dict "root" $root "image" $root.Values.probe.image) }}
  imagePullPolicy: IfNotPresent
  args:
    - checkpoint
    - --url={{ . }}
    - --chain-id={{ $network.chainId | int64 }}
    - --data={{ (include "ethereum.part" (dict "scope" $ "part" "consensus") | fromYaml).dataDir }}
  securityContext: {{- include "ethereum.containerSecurity" $ | nindent 4 }}
  resources: {{- toYaml $root.Values.probe.resources | nindent 4 }}
  volumeMounts:
    - {name: consensus, mountPath: {{ (include "ethereum.part" (dict "scope" $ "part" "consensus") | fromYaml).dataDir }}, readOnly: true}
{{- end }}
{{- if eq $kind "made" }}
{{- $tool := include "ethereum.program" (dict "root" $root "client" $network.genesis.tool "program" "genesis" "path" "network.genesis.tool") | fromYaml }}
- name: genesis
  image: {{ include "ethereum.image" (dict "root" $root "image" $tool.image) }}
  imagePullPolicy: IfNotPresent
  command: {{ toJson $tool.command }}
  args:
    {{- include "ethereum.flags" (dict "scope" . "program" $tool "client" $network.genesis.tool "groups" (list "base")) | trim | nindent 4 }}
  env:
    - name: GENESIS_TIME
      valueFrom: {configMapKeyRef: {name: {{ include "ethereum.network.genesis" $network }}, key: genesis-time}}
  securityContext: {{- include "ethereum.containerSecurity" . | nindent 4 }}
  resources: {{- toYaml $network.genesis.resources | nindent 4 }}
  volumeMounts:
    - {name: chain, mountPath: {{ $paths.chain }}, readOnly: true}
    - {name: genesis, mountPath: {{ $paths.genesis }}}
{{- else if eq $kind "given" }}
- name: genesis
  image: {{ include "ethereum.image" (dict "root" $root "image" $root.Values.probe.image) }}
  imagePullPolicy: IfNotPresent
  args:
    - fetch-genesis
    - --state-url={{ $network.genesis.state.url }}
    - --state-sha256={{ $network.genesis.state.sha256 }}
    - --chain={{ $paths.chain }}
    - --out={{ $paths.genesis }}
  securityContext: {{- include "ethereum.containerSecurity" . | nindent 4 }}
  resources: {{- toYaml $network.genesis.resources | nindent 4 }}
  volumeMounts:
    - {name: chain, mountPath: {{ $paths.chain }}, readOnly: true}
    - {name: genesis, mountPath: {{ $paths.genesis }}}
{{- end }}
{{- if and (ne $kind "known") $execution.flags.init }}
- name: init
  image: {{ include "ethereum.image" (dict "root" $root "image" $execution.image) }}
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
