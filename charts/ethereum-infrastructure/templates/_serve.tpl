{{/* Serve nodes: pods that start from a snapshot and answer RPC. */}}

{{/* The serve nodes of a release, as a JSON list of nodes; made once, as sync nodes are. Takes: the root. */}}
{{- define "ethereum.serveNodes" -}}
{{- if hasKey . "knownServeNodes" -}}
{{- .knownServeNodes -}}
{{- else -}}
{{- $nodes := list -}}
{{- if .Values.serve.enabled -}}
{{- if not .Values.serve.nodes -}}
{{- fail "serve.nodes: empty; name at least one node, or set serve.enabled to false" -}}
{{- end -}}
{{- $names := list -}}
{{- range .Values.sync.nodes -}}{{- $names = append $names .name -}}{{- end -}}
{{- range .Values.serve.nodes -}}
{{- if has .name $names -}}
{{- fail (printf "serve.nodes: another node is named %q; a Deployment, its Services and its policies go by that name" .name) -}}
{{- end -}}
{{- $names = append $names .name -}}
{{- $node := mergeOverwrite (deepCopy $.Values.serve.defaults) (deepCopy .) -}}
{{- $node = set $node "bootnode" false -}}
{{- $node = set $node "path" (printf "serve.nodes[%s]" .name) -}}
{{- $source := include "ethereum.source" (dict "root" $ "node" $node) | fromJson -}}
{{- $node = set $node "network" $source.network -}}
{{- $node = set $node "references" (concat (list $source.rpc) $node.references) -}}
{{- if not $node.consensus.checkpointSyncUrl -}}
{{- $node = set $node "consensus" (mergeOverwrite $node.consensus (dict "checkpointSyncUrl" $source.beacon)) -}}
{{- end -}}
{{- include "ethereum.checks" (dict "root" $ "role" "serve" "node" $node) -}}
{{- include "ethereum.checkServe" (dict "root" $ "role" "serve" "node" $node "source" $source) -}}
{{- $nodes = append $nodes $node -}}
{{- end -}}
{{- end -}}
{{- $json := toJson $nodes -}}
{{- $_ := set . "knownServeNodes" $json -}}
{{- $json -}}
{{- end -}}
{{- end -}}

{{/* What a serve node starts from, as JSON: network, client, and the addresses of RPC and Beacon API of a sync node, which may
     be of another release. Takes: (dict "root" $ "node" node). */}}
{{- define "ethereum.source" -}}
{{- $root := .root -}}
{{- $from := .node.from -}}
{{- $path := .node.path -}}
{{- $found := list -}}
{{- $names := list -}}
{{- range .root.Values.sync.nodes -}}
{{- $names = append $names .name -}}
{{- if eq .name $from -}}{{- $found = append $found (mergeOverwrite (deepCopy $root.Values.sync.defaults) (deepCopy .)) -}}{{- end -}}
{{- end -}}
{{- if not $found -}}
{{- fail (printf "%s.from: no sync node is named %q; sync.nodes has %s" $path $from (join ", " $names)) -}}
{{- end -}}
{{- $node := first $found -}}
{{- $execution := include "ethereum.program" (dict "root" $root "client" $node.execution.client "program" "execution" "path" (printf "%s.from" $path)) | fromJson -}}
{{- $consensus := include "ethereum.program" (dict "root" $root "client" $node.consensus.client "program" "consensus" "path" (printf "%s.from" $path)) | fromJson -}}
{{- $network := $root.Values.network -}}
{{- if $node.network -}}{{- $network = mergeOverwrite (include "ethereum.network.neutral" $root | fromYaml) (deepCopy $node.network) -}}{{- end -}}
{{- $rpc := printf "http://%s-rpc:%v" $from $execution.ports.rpc -}}
{{- $beacon := printf "http://%s-beacon:%v" $from $consensus.ports.beacon -}}
{{- $layout := include "ethereum.layout" (dict "node" $node "program" $execution) -}}
{{- dict "client" $node.execution.client "layout" $layout "snapshots" $node.snapshots.enabled "network" $network "rpc" $rpc "beacon" $beacon | toJson -}}
{{- end -}}

{{/* The Deployment of a serve node. Takes: a scope. */}}
{{- define "ethereum.deployment" -}}
{{- $node := .node -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $node.name }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- include "ethereum.nodeLabels" . | nindent 4 }}
spec:
  {{- if not $node.autoscaling.enabled }}
  replicas: {{ $node.replicas }}
  {{- end }}
  revisionHistoryLimit: 3
  progressDeadlineSeconds: {{ mul 2 $node.startSeconds }}
  strategy:
    type: RollingUpdate
    rollingUpdate: {{ toJson $node.rollout }}
  selector:
    matchLabels: {{- include "ethereum.selector" (dict "root" .root "name" $node.name) | nindent 6 }}
  template: {{- include "ethereum.pod" . | nindent 4 }}
{{- end -}}

{{/* Labels of a serve node's pod beside those of every node. Takes: a scope. */}}
{{- define "ethereum.serveLabels" -}}
# Asked which snapshot it was restored from, before one is removed.
ethinfra.io/restores: "true"
ethinfra.io/registry-client: "true"
{{- if .root.Values.serve.mesh.enabled }}
sidecar.istio.io/inject: "true"
{{- end }}
{{- end -}}

{{/* What a mesh's sidecar leaves alone: peers, who speak no HTTP and know each other by their own keys; the node probe, which
     the kubelet asks; and who is asked before the sidecar runs: the registry, and the nodes that a serve node starts from.
     Takes: a scope. */}}
{{- define "ethereum.meshAnnotations" -}}
{{- $ports := include "ethereum.ports" . | fromYaml -}}
{{- $peers := list $ports.execution.p2p $ports.consensus.p2p -}}
{{- range $part := list "execution" "consensus" -}}
{{- range (include "ethereum.part" (dict "scope" $ "part" $part) | fromJson).peerPorts -}}
{{- if eq .protocol "TCP" -}}{{- $peers = append $peers .port -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- $asked := list -}}
{{- range concat (list .root.Values.snapshots.registry.url .node.consensus.checkpointSyncUrl) .node.references | compact -}}
{{- $url := urlParse . -}}
{{- $asked = append $asked (regexFind ":[0-9]+$" $url.host | trimPrefix ":" | default (ternary "80" "443" (eq $url.scheme "http"))) -}}
{{- end -}}
traffic.sidecar.istio.io/excludeInboundPorts: {{ append $peers .root.Values.probe.port | join "," | quote }}
traffic.sidecar.istio.io/excludeOutboundPorts: {{ concat $peers $asked | uniq | join "," | quote }}
proxy.istio.io/config: '{"holdApplicationUntilProxyStarts": true}'
{{- end -}}

{{/* All containers of a node that answers RPC go on until nobody is sent to it any more; its head stays fresh meanwhile.
     Takes: a scope. */}}
{{- define "ethereum.lifecycle" -}}
{{- with .node.drainSeconds -}}
lifecycle:
  preStop:
    sleep: {seconds: {{ . }}}
{{- end -}}
{{- end -}}

{{/* Seconds from the end of a pod to SIGKILL. Takes: a scope. */}}
{{- define "ethereum.grace" -}}
{{- add .node.gracePeriodSeconds (.node.drainSeconds | default 0) -}}
{{- end -}}

{{/* How fast the number of replicas may change: not again upwards before those that were asked for can help, and downwards one
     by one, each only when it was idle for long enough. Takes: a scope. */}}
{{- define "ethereum.scalingBehavior" -}}
scaleUp:
  stabilizationWindowSeconds: 0
  selectPolicy: Max
  policies:
    - {type: Percent, value: 100, periodSeconds: {{ min 1800 .node.startSeconds }}}
    - {type: Pods, value: 2, periodSeconds: {{ min 1800 .node.startSeconds }}}
scaleDown:
  stabilizationWindowSeconds: {{ .node.autoscaling.idleSeconds }}
  policies:
    - {type: Pods, value: 1, periodSeconds: {{ max 30 (mul 2 .node.drainSeconds) }}}
{{- end -}}

{{- define "ethereum.horizontalpodautoscaler" -}}
{{- $scaling := .node.autoscaling -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ .node.name }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- include "ethereum.nodeLabels" . | nindent 4 }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{ .node.name }}}
  minReplicas: {{ $scaling.minReplicas }}
  maxReplicas: {{ $scaling.maxReplicas }}
  metrics:
    # Of the execution client alone: it is what answers.
    - type: ContainerResource
      containerResource:
        name: cpu
        container: execution
        target: {type: Utilization, averageUtilization: {{ $scaling.cpuPercent }}}
  behavior: {{- include "ethereum.scalingBehavior" . | nindent 4 }}
{{- end -}}

{{- define "ethereum.scaledobject" -}}
{{- $scaling := .node.autoscaling -}}
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  name: {{ .node.name }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- include "ethereum.nodeLabels" . | nindent 4 }}
spec:
  # KEDA resolves the environment of a container, and may read no ConfigMap here: the probe's environment needs none.
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{ .node.name }}, envSourceContainerName: probe}
  minReplicaCount: {{ $scaling.minReplicas }}
  maxReplicaCount: {{ $scaling.maxReplicas }}
  pollingInterval: 10
  advanced:
    horizontalPodAutoscalerConfig:
      # Not the name of the chart's own autoscaler: switching from one to the other, Helm would take KEDA's for its own.
      name: {{ .node.name }}-keda
      behavior: {{- include "ethereum.scalingBehavior" . | nindent 8 }}
  triggers:
    - type: cpu
      name: cpu
      metricType: Utilization
      metadata: {value: {{ $scaling.cpuPercent | quote }}, containerName: execution}
    # Of every replica behind the Service the rate that its client counts itself, through the node probe; their sum, in
    # shares of one replica's, is how many there should be.
    - type: metrics-api
      name: requests
      metricType: AverageValue
      metadata:
        # KEDA takes Service and namespace from the first two labels of the name, and asks each pod at the port.
        url: http://{{ .node.name }}-metrics.{{ .root.Release.Namespace }}.svc:{{ .root.Values.probe.port }}/metrics
        format: prometheus
        valueLocation: ethinfra_rpc_requests_per_second
        targetValue: {{ $scaling.requestsPerSecond | quote }}
        aggregateFromKubeServiceEndpoints: "true"
        aggregationType: sum
{{- end -}}
