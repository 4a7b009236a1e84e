{{/* The node probe: asks both clients and answers for the node. Takes: a scope. */}}
{{- define "ethereum.probeContainer" -}}
{{- $probe := .root.Values.probe -}}
{{- $execution := include "ethereum.part" (dict "scope" . "part" "execution") | fromJson -}}
{{- $consensus := include "ethereum.part" (dict "scope" . "part" "consensus") | fromJson -}}
- name: probe
  image: {{ include "ethereum.image" (dict "root" .root "image" $probe.image) }}
  imagePullPolicy: IfNotPresent
  args:
    - serve
    - --listen=0.0.0.0:{{ $probe.port }}
    - --execution=http://127.0.0.1:{{ $execution.ports.rpc }}
    - --consensus=http://127.0.0.1:{{ $consensus.ports.beacon }}
    - --chain-id={{ .node.network.chainId | int64 }}
    {{- with .node.network.genesisHash }}
    - --genesis-hash={{ . }}
    {{- end }}
    - --max-head-age={{ .node.probes.limits.headAgeSeconds }}
    - --max-lag={{ .node.probes.limits.lagBlocks }}
    - --max-distance={{ .node.probes.limits.distanceSlots }}
    - --min-peers={{ .node.minPeers }}
    {{- range .node.references }}
    - --reference={{ . }}
    {{- end }}
    {{- if ne .role "validators" }}
    - --data={{ $execution.dataDir }}
    {{- end }}
    {{- with ($execution.metrics.series | default dict).requests }}
    - --client-metrics=http://127.0.0.1:{{ $execution.ports.metrics }}{{ $execution.metrics.path }}
    - --requests-series={{ . }}
    {{- end }}
  ports:
    - {name: probe, containerPort: {{ $probe.port }}}
  livenessProbe:
    httpGet: {path: /metrics, port: probe}
    {{- toYaml .node.probes.liveness | nindent 4 }}
  {{- include "ethereum.lifecycle" . | nindent 2 }}
  securityContext: {{- include "ethereum.containerSecurity" . | nindent 4 }}
  resources: {{- toYaml $probe.resources | nindent 4 }}
  {{- if ne .role "validators" }}
  volumeMounts:
    # For what it was restored from.
    - {name: execution, mountPath: {{ $execution.dataDir }}, readOnly: true}
  {{- end }}
{{- end -}}
