{{/* Pod Security "restricted", and one user for all containers of a node, so that they can share the JWT. */}}
{{- define "ethereum.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ .Values.security.user }}
runAsGroup: {{ .Values.security.user }}
fsGroup: {{ .Values.security.user }}
# A recursive change of ownership takes hours on a volume of mainnet's size.
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "ethereum.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}
