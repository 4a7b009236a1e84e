{{/* Labels that select the pods of one part; they never change, because a Deployment's selector cannot. Takes: its name,
     with the root: (dict "root" $ "name" "keda-operator"). */}}
{{- define "keda.selector" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end -}}

{{/* All labels of an object. Takes: the same. */}}
{{- define "keda.labels" -}}
{{ include "keda.selector" . }}
app.kubernetes.io/component: autoscaling
app.kubernetes.io/part-of: ethereum-node-infra
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{/* Reference of an image: with its own digest, or else with the one that `imageLock` has for its name.
     Takes: (dict "root" $ "image" one entry of `images`). */}}
{{- define "keda.image" -}}
{{- $name := printf "%s:%s" .image.repository .image.tag -}}
{{- $name -}}{{- with .image.digest | default (get .root.Values.imageLock $name) -}}@{{ . }}{{- end -}}
{{- end -}}

{{/* What no container may do. */}}
{{- define "keda.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* Of both parts' pods: who runs them, and where. Takes: $ */}}
{{- define "keda.pod" -}}
automountServiceAccountToken: true
# A Service called keda-operator would put KEDA_OPERATOR_PORT and others into the environment.
enableServiceLinks: false
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  # The images' own user.
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  seccompProfile:
    type: RuntimeDefault
{{- end -}}

{{/* Environment of both. Takes: $ */}}
{{- define "keda.environment" -}}
- name: POD_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
- name: WATCH_NAMESPACE
  value: {{ join "," .Values.watchNamespaces }}
{{- end -}}

{{/* Where both reach the API server: a policy can only name its address. Takes: $ */}}
{{- define "keda.toApiServer" -}}
- to:
    - ipBlock: {cidr: {{ .Values.networkPolicy.apiServer.cidr }}}
  ports:
    {{- range .Values.networkPolicy.apiServer.ports }}
    - {port: {{ . }}, protocol: TCP}
    {{- end }}
{{- end -}}
