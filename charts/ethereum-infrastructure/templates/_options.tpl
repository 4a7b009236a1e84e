{{/* Options are what a client can do and does not do unless asked: permissioning, TLS and the like. The client's file says
     which flags they are and what they need; a node names the ones it wants. */}}

{{/* Where an option's files are. Takes: the option's name. */}}
{{- define "ethereum.optionPath" -}}
{{- $paths := include "ethereum.paths" . | fromYaml -}}
{{- printf "%s/%s" $paths.options . -}}
{{- end -}}

{{/* Volume mounts of the options of one part of a node. Takes: (dict "scope" scope "part" "execution"). */}}
{{- define "ethereum.optionMounts" -}}
{{- $program := include "ethereum.part" . | fromJson -}}
{{- $part := .part -}}
{{- range $name, $option := (index .scope.node .part).options -}}
{{- if (index $program.options $name).files }}
- {name: {{ $part }}-{{ kebabcase $name }}, mountPath: {{ include "ethereum.optionPath" $name }}, readOnly: true}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Volumes of the options of one part of a node. Takes what the mounts take. */}}
{{- define "ethereum.optionVolumes" -}}
{{- $program := include "ethereum.part" . | fromJson -}}
{{- $part := .part -}}
{{- range $name, $option := (index .scope.node .part).options -}}
{{- $files := (index $program.options $name).files -}}
{{- if eq $files "secret" }}
- name: {{ $part }}-{{ kebabcase $name }}
  secret: {secretName: {{ $option.from }}, defaultMode: 0440}
{{- else if eq $files "configMap" }}
- name: {{ $part }}-{{ kebabcase $name }}
  configMap: {name: {{ $option.from }}}
{{- end -}}
{{- end -}}
{{- end -}}
