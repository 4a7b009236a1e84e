{{/* The pod of the genesis job. Takes: the root. */}}
{{- define "ethereum.genesisPod" -}}
{{- $network := .Values.network -}}
serviceAccountName: {{ include "ethereum.network.genesis" $network }}
# The only pod of this chart that talks to the Kubernetes API.
automountServiceAccountToken: true
enableServiceLinks: false
restartPolicy: OnFailure
priorityClassName: {{ .Values.priorityClassName }}
securityContext: {{- include "ethereum.podSecurity" . | nindent 2 }}
containers:
  - name: genesis
    image: {{ include "ethereum.image" (dict "root" $ "image" .Values.probe.image) }}
    imagePullPolicy: IfNotPresent
    args:
      - genesis
      - --namespace={{ .Release.Namespace }}
      - --configmap={{ include "ethereum.network.genesis" $network }}
      - --secret={{ include "ethereum.network.identity" $network }}
      - --delay={{ $network.create.delaySeconds }}
      - --label=app.kubernetes.io/part-of=ethereum-node-infra
      - --label=ethinfra.io/network={{ $network.name }}
    securityContext: {{- include "ethereum.containerSecurity" . | nindent 6 }}
    resources: {{- toYaml .Values.probe.resources | nindent 6 }}
{{- end -}}
