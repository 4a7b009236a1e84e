{{/* Image reference of a program. Takes: an image {repository, tag, digest}. */}}
{{- define "ethereum.image" -}}
{{- printf "%s:%s" .repository .tag -}}{{- with .digest -}}@{{ . }}{{- end -}}
{{- end -}}

{{/* What the project knows about one program of a client.
     Takes: (dict "root" $ "client" "geth" "program" "execution" "path" "sync.execution.client"). Gives YAML. */}}
{{- define "ethereum.program" -}}
{{- $client := index .root.Values.clients .client -}}
{{- if not $client -}}
{{- fail (printf "%s: no client %q; known: %s. Add values/clients/%s.yaml to the release" .path .client (keys .root.Values.clients | sortAlpha | join ", ") .client) -}}
{{- end -}}
{{- $program := index $client .program -}}
{{- if not $program -}}
{{- fail (printf "%s: client %q has no program for %q; add clients.%s.%s to its file" .path .client .program .client .program) -}}
{{- end -}}
{{- toYaml $program -}}
{{- end -}}

{{/* Names of what the network's release makes for all others. Takes: the root. */}}
{{- define "ethereum.network.chain" -}}{{ .Values.network.name }}-chain{{- end -}}
{{- define "ethereum.network.genesis" -}}{{ .Values.network.name }}-genesis{{- end -}}
{{- define "ethereum.network.identity" -}}{{ .Values.network.name }}-bootnode{{- end -}}

{{/* "true" for a network of our own, whose genesis is in the values; empty for one that the clients know by name. */}}
{{- define "ethereum.network.custom" -}}
{{- if not .Values.network.preset -}}true{{- end -}}
{{- end -}}

{{/* The name by which nodes find the first node. Takes: the root. */}}
{{- define "ethereum.bootnodeHost" -}}
{{- .Values.network.bootnode.host | default (printf "%s-bootnode.%s.svc.cluster.local" .Values.network.name .Release.Namespace) -}}
{{- end -}}
