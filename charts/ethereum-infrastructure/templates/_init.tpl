{{/* What must be there before the clients start. A serve node's data comes first: everything else is of no use without it.
     Takes: a scope. */}}
{{- define "ethereum.initContainers" -}}
{{- $parts := list (include "ethereum.init.restore" .) (include "ethereum.init.jwt" .) (include "ethereum.init.checkpoint" .) (include "ethereum.init.genesis" .) (include "ethereum.init.hold" .) (include "ethereum.init.client" .) -}}
{{- range $parts -}}
{{- with trim . }}
{{ . }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The newest promoted snapshot, for a serve node. It answers on the node probe's port while it works. Takes: a scope. */}}
{{- define "ethereum.init.restore" -}}
{{- if eq .role "serve" -}}
{{- $execution := include "ethereum.part" (dict "scope" . "part" "execution") | fromJson -}}
{{- $args := list "pod" "restore" "--plan=/plan/plan.json" "--data=/data" -}}
{{- if not .node.restore.required -}}{{- $args = append $args "--or-empty" -}}{{- end -}}
{{- $mounts := list (dict "name" "plan" "mountPath" "/plan" "readOnly" true) (dict "name" "execution" "mountPath" "/data") -}}
{{- if .root.Values.serve.chunkCache.claim -}}{{- $mounts = append $mounts (dict "name" "cache" "mountPath" "/cache") -}}{{- end -}}
{{- include "ethereum.builder" (dict "root" .root "name" "restore" "args" $args "resources" .node.restore.resources "mounts" $mounts) -}}
{{- end -}}
{{- end -}}

{{/* The Engine API's secret. Takes: a scope. */}}
{{- define "ethereum.init.jwt" -}}
{{- $root := .root -}}
{{- $paths := include "ethereum.paths" . | fromYaml -}}
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
{{- end -}}

{{/* Whether there is a checkpoint to start from. Takes: a scope. */}}
{{- define "ethereum.init.checkpoint" -}}
{{- $root := .root -}}
{{- $network := .node.network -}}
{{- with include "ethereum.checkpoint" . }}
# A source of finality that is gone, or of another network, is named here; the client would only crash.
- name: checkpoint
  image: {{ include "ethereum.image" (dict "root" $root "image" $root.Values.probe.image) }}
  imagePullPolicy: IfNotPresent
  args:
    - checkpoint
    - --url={{ . }}
    - --chain-id={{ $network.chainId | int64 }}
    - --data={{ (include "ethereum.part" (dict "scope" $ "part" "consensus") | fromJson).dataDir }}
    {{- with include "ethereum.peersFile" $ }}
    - --peers-file={{ . }}
    {{- end }}
  securityContext: {{- include "ethereum.containerSecurity" $ | nindent 4 }}
  resources: {{- toYaml $root.Values.probe.resources | nindent 4 }}
  volumeMounts:
    - {name: consensus, mountPath: {{ (include "ethereum.part" (dict "scope" $ "part" "consensus") | fromJson).dataDir }}, readOnly: {{ not (include "ethereum.peersFile" $) }}}
{{- end }}
{{- end -}}

{{/* The genesis of a network that the clients do not know by name. Takes: a scope. */}}
{{- define "ethereum.init.genesis" -}}
{{- $root := .root -}}
{{- $network := .node.network -}}
{{- $paths := include "ethereum.paths" . | fromYaml -}}
{{- $kind := include "ethereum.network.kind" $network -}}
{{- if eq $kind "made" }}
{{- $tool := include "ethereum.program" (dict "root" $root "client" $network.genesis.tool "program" "genesis" "path" "network.genesis.tool") | fromJson }}
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
{{- end -}}

{{/* What the execution client itself makes of that. Takes: a scope. */}}
{{- define "ethereum.init.client" -}}
{{- $root := .root -}}
{{- $paths := include "ethereum.paths" . | fromYaml -}}
{{- $execution := include "ethereum.part" (dict "scope" . "part" "execution") | fromJson -}}
{{- $kind := include "ethereum.network.kind" .node.network -}}
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

{{/* The client opens its database when no snapshot of it is being taken, or when whoever takes it has been silent for too long. Its
     own `init` opens it too, so that comes afterwards. Takes: a scope. */}}
{{- define "ethereum.init.hold" -}}
{{- if and (eq .role "sync") .node.snapshots.enabled -}}
{{- $execution := include "ethereum.part" (dict "scope" . "part" "execution") | fromJson -}}
- name: hold
  image: {{ include "ethereum.image" (dict "root" .root "image" .root.Values.probe.image) }}
  imagePullPolicy: IfNotPresent
  args: [hold, --data={{ $execution.dataDir }}, --patience={{ .node.snapshots.holdPatienceSeconds }}]
  securityContext: {{- include "ethereum.containerSecurity" . | nindent 4 }}
  resources: {{- toYaml .root.Values.probe.resources | nindent 4 }}
  volumeMounts:
    - {name: execution, mountPath: {{ $execution.dataDir }}}
{{- end -}}
{{- end -}}
