{{/* The node probe: asks both clients and answers for the node. Takes: a scope. */}}
{{- define "ethereum.probeContainer" -}}
{{- $probe := .root.Values.probe -}}
{{- $execution := include "ethereum.program" (dict "root" .root "client" .node.execution.client "program" "execution" "path" (printf "%s.execution.client" .role)) | fromYaml -}}
{{- $consensus := include "ethereum.program" (dict "root" .root "client" .node.consensus.client "program" "consensus" "path" (printf "%s.consensus.client" .role)) | fromYaml -}}
- name: probe
  image: {{ include "ethereum.image" $probe.image }}
  imagePullPolicy: IfNotPresent
  args:
    - serve
    - --listen=0.0.0.0:{{ $probe.port }}
    - --execution=http://127.0.0.1:{{ $execution.ports.rpc }}
    - --consensus=http://127.0.0.1:{{ $consensus.ports.beacon }}
    - --chain-id={{ .root.Values.network.chainId | int64 }}
    - --max-head-age={{ $probe.limits.headAgeSeconds }}
    - --max-lag={{ $probe.limits.lagBlocks }}
    - --min-peers={{ .node.minPeers }}
    {{- range .node.references }}
    - --reference={{ . }}
    {{- end }}
  ports:
    - {name: probe, containerPort: {{ $probe.port }}}
  livenessProbe:
    httpGet: {path: /metrics, port: probe}
    {{- toYaml $probe.liveness | nindent 4 }}
  securityContext: {{- include "ethereum.containerSecurity" . | nindent 4 }}
  resources: {{- toYaml $probe.resources | nindent 4 }}
{{- end -}}
