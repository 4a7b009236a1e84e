{{/* Labels that select the registry's pod; they never change, because a StatefulSet's selector cannot. Takes: $ */}}
{{- define "registry.selector" -}}
app.kubernetes.io/name: registry
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* All labels of an object. Takes: $ */}}
{{- define "registry.labels" -}}
{{ include "registry.selector" . }}
app.kubernetes.io/component: registry
app.kubernetes.io/part-of: ethereum-node-infra
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Values.images.registry.tag | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{/* Reference of an image: with its own digest, or else with the one that `imageLock` has for its name.
     Takes: (dict "root" $ "image" one entry of `images`). */}}
{{- define "registry.image" -}}
{{- $name := printf "%s:%s" .image.repository .image.tag -}}
{{- $name -}}{{- with .image.digest | default (get .root.Values.imageLock $name) -}}@{{ . }}{{- end -}}
{{- end -}}

{{/* What every container of the pod may not do. */}}
{{- define "registry.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}
