{{/* Image reference: with its own digest, or else with the one that `imageLock` has for its name.
     Takes: (dict "root" $ "image" {repository, tag, digest}). */}}
{{- define "infrastructure.image" -}}
{{- $name := printf "%s:%s" .image.repository .image.tag -}}
{{- $name -}}{{- with .image.digest | default (get .root.Values.imageLock $name) -}}@{{ . }}{{- end -}}
{{- end -}}
