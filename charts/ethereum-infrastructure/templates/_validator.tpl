{{/* The validator client of a network of our own. It does not wait for the node to be ready: without validators no node
     ever is. Takes: a scope. */}}
{{- define "ethereum.validatorContainer" -}}
{{- $program := include "ethereum.part" (dict "scope" . "part" "validator") | fromJson -}}
{{- $paths := include "ethereum.paths" . | fromYaml -}}
- name: validator
  image: {{ include "ethereum.image" (dict "root" .root "image" $program.image) }}
  imagePullPolicy: IfNotPresent
  command: {{ toJson $program.command }}
  args:
    {{- include "ethereum.flags" (dict "scope" . "program" $program "client" .node.validator.client "groups" (list "base" "metrics" "customNetwork") "extra" .node.validator.extraArgs) | trim | nindent 4 }}
  ports:
    - {name: val-metrics, containerPort: {{ $program.ports.metrics }}}
  securityContext: {{- include "ethereum.containerSecurity" . | nindent 4 }}
  resources: {{- toYaml .node.validator.resources | nindent 4 }}
  volumeMounts:
    # Holds what was signed, so that nothing is signed twice.
    - {name: validator, mountPath: {{ $program.dataDir }}}
    - {name: validator-tmp, mountPath: {{ $paths.tmp }}}
    - {name: chain, mountPath: {{ $paths.chain }}, readOnly: true}
{{- end -}}
