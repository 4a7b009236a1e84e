{{/* How the JWT comes into the pod: "generate" or "secret". Takes: a scope. */}}
{{- define "ethereum.jwtSource" -}}
{{- $jwt := .node.jwt -}}
{{- $path := .node.path -}}
{{- if and $jwt.generate $jwt.existingSecret.name -}}
{{- fail (printf "%s.jwt: generate and existingSecret exclude each other; set %s.jwt.generate to false to use Secret %q" $path $path $jwt.existingSecret.name) -}}
{{- else if $jwt.generate -}}
generate
{{- else if and $jwt.existingSecret.name $jwt.existingSecret.key -}}
secret
{{- else -}}
{{- fail (printf "%s.jwt: generate is false, so existingSecret.name and existingSecret.key must name the Secret" $path) -}}
{{- end -}}
{{- end -}}

{{/* Volumes of a node's pod, its claims aside. Takes: a scope. */}}
{{- define "ethereum.volumes" -}}
{{- $network := .node.network -}}
{{- if eq (include "ethereum.jwtSource" .) "generate" -}}
# In memory, and as old as the pod: no disk and no API object ever holds the secret.
- name: jwt
  emptyDir: {medium: Memory, sizeLimit: 1Mi}
{{- else -}}
- name: jwt
  secret:
    secretName: {{ .node.jwt.existingSecret.name }}
    defaultMode: 0440
    items: [{key: {{ .node.jwt.existingSecret.key | quote }}, path: jwt.hex}]
{{- end }}
- name: execution-tmp
  emptyDir: {sizeLimit: {{ .node.storage.temporary }}}
- name: consensus-tmp
  emptyDir: {sizeLimit: {{ .node.storage.temporary }}}
{{- if .node.validator }}
- name: validator-tmp
  emptyDir: {sizeLimit: {{ .node.storage.temporary }}}
{{- end }}
{{- include "ethereum.chainVolumes" . }}
{{- if .node.bootnode }}
- name: identity
  secret: {secretName: {{ include "ethereum.network.identity" $network }}, defaultMode: 0440}
{{- end }}
{{- if eq .role "serve" }}
{{- include "ethereum.serveVolumes" . | nindent 0 }}
{{- end }}
{{- include "ethereum.optionVolumes" (dict "scope" . "part" "execution") }}
{{- include "ethereum.optionVolumes" (dict "scope" . "part" "consensus") }}
{{- end -}}

{{/* What the clients read of a network that they do not know by name. Takes: a scope. */}}
{{- define "ethereum.chainVolumes" -}}
{{- $network := .node.network -}}
{{- if ne (include "ethereum.network.kind" $network) "known" }}
- name: chain
  configMap: {name: {{ include "ethereum.network.chain" $network }}}
- name: genesis
  emptyDir: {sizeLimit: {{ $network.genesis.state.sizeLimit }}}
{{- end }}
{{- end -}}

{{/* Claims of a node, one per client: each is sized, snapshotted and replaced by itself. Takes: a scope. */}}
{{- define "ethereum.claims" -}}
{{- $names := list "execution" "consensus" -}}
{{- if .node.validator -}}{{- $names = append $names "validator" -}}{{- end -}}
{{- range $name := $names }}
{{- $storage := index $.node.storage $name }}
- metadata:
    name: {{ $name }}
    labels: {{- include "ethereum.selector" (dict "root" $.root "name" $.node.name) | nindent 6 }}
  spec:
    accessModes: [ReadWriteOnce]
    storageClassName: {{ $storage.className }}
    resources: {requests: {storage: {{ $storage.size }}}}
{{- end }}
{{- end -}}

{{/* Volumes of a serve node: claims that are made with the pod and go with it, since everything in them can be had again; and
     what the restore needs. Takes: a scope. */}}
{{- define "ethereum.serveVolumes" -}}
{{- $scope := . -}}
{{- range $name := list "execution" "consensus" }}
{{- $storage := index $scope.node.storage $name }}
- name: {{ $name }}
  ephemeral:
    volumeClaimTemplate:
      metadata:
        labels: {{- include "ethereum.selector" (dict "root" $scope.root "name" $scope.node.name) | nindent 10 }}
      spec:
        accessModes: [ReadWriteOnce]
        storageClassName: {{ $storage.className }}
        resources: {requests: {storage: {{ $storage.size }}}}
{{- end }}
- name: plan
  configMap: {name: restore-{{ .node.name }}}
{{ include "ethereum.registryVolumes" (dict "root" .root "secret" .root.Values.snapshots.registry.pullSecret) }}
{{- with .root.Values.serve.chunkCache.claim }}
- name: cache
  persistentVolumeClaim: {claimName: {{ . }}}
{{- end }}
{{- end -}}
