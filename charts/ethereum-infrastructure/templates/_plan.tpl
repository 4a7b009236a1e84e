{{/* What the programs of snapshots are told (ethinfra/snapshot/plan.py), as JSON.
     Takes: (dict "scope" scope "references" (list "http://…") "job" bool "cache" bool): `job` where snapshots are taken of
     this node, `cache` where chunks may come from the Kubernetes node's own. */}}
{{- define "ethereum.plan" -}}
{{- $root := .scope.root -}}
{{- $node := .scope.node -}}
{{- $program := include "ethereum.part" (dict "scope" .scope "part" "execution") | fromJson -}}
{{- $registry := $root.Values.snapshots.registry -}}
{{- $yaml := include "ethereum.planYaml" (dict "root" $root "node" $node "program" $program "registry" $registry "references" .references "job" .job "cache" .cache) -}}
{{- $yaml | fromYaml | toPrettyJson -}}
{{- end -}}

{{/* The same as YAML. Takes: what it is made of. */}}
{{- define "ethereum.planYaml" -}}
{{- $node := .node -}}
node: {{ $node.name }}
replicas: {{ $node.replicas }}
client: {name: {{ $node.execution.client }}, version: {{ .program.version | quote }}}
network: {name: {{ $node.network.name }}, chainId: {{ $node.network.chainId | int64 }}, genesisHash: {{ $node.network.genesisHash | quote }}}
database:
  scheme: {{ .program.snapshot.scheme | default "" | quote }}
  include: {{ toJson .program.snapshot.include }}
  exclude: {{ toJson .program.snapshot.exclude }}
  immutable: {{ .program.snapshot.immutable | default list | toJson }}
  {{- /* A change of which nobody says that older releases read it is one that they do not. */}}
  changes:
    {{- range .program.databaseChanges }}
    - {version: {{ .version | quote }}, rollback: {{ .rollback | default false }}, what: {{ .what | quote }}}
    {{- else }} []
    {{- end }}
ports: {rpc: {{ .program.ports.rpc }}, probe: {{ .root.Values.probe.port }}}
owner: {uid: {{ .root.Values.security.user }}, gid: {{ .root.Values.security.user }}}
registry:
  url: {{ .registry.url }}
  prefix: {{ .registry.prefix }}
  config: /registry/config.json
  authority: {{ if .registry.authority.secret }}/registry-authority/ca.crt{{ else }}null{{ end }}
references: {{ toJson .references }}
cache: {{ if .cache }}{directory: /cache, limitBytes: {{ .root.Values.serve.chunkCache.limitBytes | int64 }}}{{ else }}null{{ end }}
{{- if .job }}
{{- $snapshots := $node.snapshots }}
job:
  method: {{ $snapshots.method }}
  allowDowntime: {{ $snapshots.allowDowntime }}
  minimumIntervalSeconds: {{ $snapshots.minimumIntervalSeconds | int64 }}
  quietAfterRestoreSeconds: {{ $snapshots.quietAfterRestoreSeconds | int64 }}
  holdPatienceSeconds: {{ $snapshots.holdPatienceSeconds | int64 }}
  stopSeconds: {{ $snapshots.deadlines.stop | int64 }}
  startSeconds: {{ $snapshots.deadlines.start | int64 }}
  testSeconds: {{ $snapshots.deadlines.test | int64 }}
  chunkSizeBytes: {{ $snapshots.chunkSize | int64 }}
  level: {{ $snapshots.level }}
  workers: {{ $snapshots.workers }}
  maxLayers: {{ $snapshots.maxLayers | int64 }}
  retention: {count: {{ $snapshots.retention.count }}, ageSeconds: {{ mul $snapshots.retention.ageHours 3600 }}}
{{- else }}
job: null
{{- end }}
{{- end -}}

{{/* A ConfigMap with a plan. Takes what `ethereum.plan` takes, and "name". */}}
{{- define "ethereum.planMap" -}}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .name }}
  namespace: {{ .scope.root.Release.Namespace }}
  labels: {{- include "ethereum.nodeLabels" .scope | nindent 4 }}
data:
  plan.json: |
    {{- include "ethereum.plan" . | nindent 4 }}
{{- end -}}
