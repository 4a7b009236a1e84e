{{/* The snapshot builder: one image, whose programs take, push, restore, promote and remove snapshots. */}}

{{/* A container of it. Takes: (dict "root" $ "name" "take" "args" (list …) "resources" resources "mounts" (list (dict "name" …
     "mountPath" …)) "api" bool "ordinal" 0): with `api` it talks to the Kubernetes API. */}}
{{- define "ethereum.builder" -}}
{{- $root := .root -}}
- name: {{ .name }}
  image: {{ include "ethereum.image" (dict "root" $root "image" $root.Values.snapshots.image) }}
  imagePullPolicy: IfNotPresent
  args: {{ toJson .args }}
  env:
    - name: NAMESPACE
      valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
    - name: POD_NAME
      valueFrom: {fieldRef: {fieldPath: metadata.name}}
    {{- with .ordinal }}
    - {name: ORDINAL, value: {{ . | quote }}}
    {{- end }}
  securityContext: {{- include "ethereum.containerSecurity" . | nindent 4 }}
  resources: {{- toYaml .resources | nindent 4 }}
  volumeMounts:
    - {name: registry, mountPath: /registry, readOnly: true}
    {{- if $root.Values.snapshots.registry.authority.secret }}
    - {name: registry-authority, mountPath: /registry-authority, readOnly: true}
    {{- end }}
    {{- if .api }}
    - {name: token, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true}
    {{- end }}
    {{- range .mounts }}
    - {{ toJson . }}
    {{- end }}
{{- end -}}

{{/* The volumes that all of its pods have: credentials for the registry, and whom to believe that it is the registry.
     Takes: (dict "root" $ "secret" "snapshot-registry-push"). */}}
{{- define "ethereum.registryVolumes" -}}
{{- $registry := .root.Values.snapshots.registry -}}
- name: registry
  secret:
    secretName: {{ .secret }}
    defaultMode: 0440
    items: [{key: .dockerconfigjson, path: config.json}]
{{- with $registry.authority.secret }}
- name: registry-authority
  secret:
    secretName: {{ . }}
    defaultMode: 0440
    items: [{key: {{ $registry.authority.key | quote }}, path: ca.crt}]
{{- end }}
{{- end -}}

{{/* The token of the pod's account, for the containers that mount it; the client beside them has none. */}}
{{- define "ethereum.tokenVolume" -}}
- name: token
  projected:
    defaultMode: 0440
    sources:
      - serviceAccountToken: {path: token, expirationSeconds: 3607}
      - configMap: {name: kube-root-ca.crt, items: [{key: ca.crt, path: ca.crt}]}
      - downwardAPI: {items: [{path: namespace, fieldRef: {fieldPath: metadata.namespace}}]}
{{- end -}}

{{/* Egress to the registry, for a policy. Takes: the root. */}}
{{- define "ethereum.toRegistry" -}}
{{- $registry := .Values.snapshots.registry -}}
{{- $port := regexFind ":[0-9]+$" (urlParse $registry.url).host | trimPrefix ":" | default "443" -}}
{{- if $registry.namespace -}}
- to:
    - namespaceSelector:
        matchLabels: {kubernetes.io/metadata.name: {{ $registry.namespace }}}
  ports:
    - {port: {{ $port }}, protocol: TCP}
{{- else -}}
# Outside of the cluster, at an address that nobody knows beforehand; registries send downloads on to stores of the web.
- to:
    - ipBlock: {cidr: 0.0.0.0/0}
  ports:
    {{- range list $port "443" | uniq }}
    - {port: {{ . }}, protocol: TCP}
    {{- end }}
{{- end -}}
{{- end -}}

{{/* Egress to the Kubernetes API server, for a policy. Takes: the root. */}}
{{- define "ethereum.toApiServer" -}}
{{- $server := .Values.networkPolicy.apiServer -}}
# It is no pod; a policy can only name its address, which differs from cluster to cluster.
- to:
    - ipBlock: {cidr: {{ $server.cidr }}}
  ports:
    {{- range $server.ports }}
    - {port: {{ . }}, protocol: TCP}
    {{- end }}
{{- end -}}
