{{/* Volumes of the chunk cache, all of the same directory: a claim is of one namespace, and the keeper has its own. As a YAML
     list, empty without a cache. Takes: the root. */}}
{{- define "infrastructure.cacheVolumes" -}}
{{- $cache := .Values.chunkCache -}}
{{- if $cache.enabled -}}
- {volume: chunk-cache, namespace: {{ $cache.claim.namespace }}, claim: {{ $cache.claim.name }}}
- {volume: chunk-cache-keeper, namespace: {{ $cache.keeper.namespace }}, claim: chunk-cache}
{{- end -}}
{{- end -}}
