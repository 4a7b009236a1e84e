{{/* Image reference of a program: with its own digest, or else with the one that `imageLock` has for its name.
     Takes: (dict "root" $ "image" {repository, tag, digest}). */}}
{{- define "ethereum.image" -}}
{{- $name := printf "%s:%s" .image.repository .image.tag -}}
{{- $name -}}{{- with .image.digest | default (get .root.Values.imageLock $name) -}}@{{ . }}{{- end -}}
{{- end -}}

{{/* What the project knows about one program of a client.
     Takes: (dict "root" $ "client" "geth" "program" "execution" "path" "sync.nodes[geth].execution.client"). Gives JSON. */}}
{{- define "ethereum.program" -}}
{{- $client := index .root.Values.clients .client -}}
{{- if not $client -}}
{{- fail (printf "%s: no client %q; known: %s. Add values/clients/%s.yaml to the release" .path .client (keys .root.Values.clients | sortAlpha | join ", ") .client) -}}
{{- end -}}
{{- $program := index $client .program -}}
{{- if not $program -}}
{{- fail (printf "%s: client %q has no program for %q; add clients.%s.%s to its file" .path .client .program .client .program) -}}
{{- end -}}
{{- toJson $program -}}
{{- end -}}

{{/* The program of one part of a node. Takes: (dict "scope" scope "part" "execution"); validators have a third part. */}}
{{- define "ethereum.part" -}}
{{- $part := index .scope.node .part -}}
{{- include "ethereum.program" (dict "root" .scope.root "client" $part.client "program" .part "path" (printf "%s.%s.client" .scope.node.path .part)) -}}
{{- end -}}

{{/* Names of what the network's release makes for all others. Takes: a network. */}}
{{- define "ethereum.network.chain" -}}{{ .name }}-chain{{- end -}}
{{- define "ethereum.network.genesis" -}}{{ .name }}-genesis{{- end -}}
{{- define "ethereum.network.identity" -}}{{ .name }}-bootnode{{- end -}}

{{/* Where a network's genesis comes from. "known": the clients know it by name. "made": from the values, at a time that a job
     fixes in this cluster. "given": the network exists already, and its genesis is brought along. Takes: a network. */}}
{{- define "ethereum.network.kind" -}}
{{- if .preset -}}known{{- else if .genesis.state.url -}}given{{- else -}}made{{- end -}}
{{- end -}}

{{/* The name by which nodes find the first node of a network that is made here. Takes: a scope. */}}
{{- define "ethereum.bootnodeHost" -}}
{{- printf "%s-bootnode.%s.svc.cluster.local" .node.network.name .root.Release.Namespace -}}
{{- end -}}

{{/* "true" in the release that makes a network: it fixes the genesis time and the first node. Takes: the root. */}}
{{- define "ethereum.makesGenesis" -}}
{{- if and .Values.network.create.enabled (eq (include "ethereum.network.kind" .Values.network) "made") -}}true{{- end -}}
{{- end -}}

{{/* A network of which nothing is said, for a node that names one of its own: it takes nothing from the release's. */}}
{{- define "ethereum.network.neutral" -}}
preset: ""
public: false
genesisHash: ""
forks: []
depositContract: {address: "", block: 0}
checkpointSyncUrls: []
bootnodes: {execution: [], consensus: []}
create: {enabled: false}
genesis: {execution: {}, beaconConfig: {}, formats: {}, state: {url: "", sha256: "", sizeLimit: 64Mi}, resources: {{ .Values.network.genesis.resources | toJson }}}
{{- end -}}
