{{/* A scope is what the templates of a node pass to each other: root, role (sync or validators) and node, its values.
     This one gives the names that the flags of a client may use, as YAML.
     Takes: (dict "scope" scope "program" program). */}}
{{- define "ethereum.flagScope" -}}
{{- $root := .scope.root -}}
{{- $node := .scope.node -}}
{{- $execution := include "ethereum.program" (dict "root" $root "client" $node.execution.client "program" "execution" "path" (printf "%s.execution.client" .scope.role)) | fromYaml -}}
{{- $consensus := include "ethereum.program" (dict "root" $root "client" $node.consensus.client "program" "consensus" "path" (printf "%s.consensus.client" .scope.role)) | fromYaml -}}
dataDir: {{ .program.dataDir | default "" }}
ports: {{ .program.ports | default dict | toJson }}
enginePort: {{ $execution.ports.engine }}
consensusRpcPort: {{ $consensus.ports.rpc | default 0 }}
paths: {{ include "ethereum.paths" $root | fromYaml | toJson }}
network: {{ omit $root.Values.network "fundedAccounts" | toJson }}
node: {{ $node | toJson }}
bootnodeHost: {{ include "ethereum.bootnodeHost" $root }}
{{- end -}}

{{/* Places inside the containers. */}}
{{- define "ethereum.paths" -}}
jwt: /jwt/jwt.hex
chain: /chain
genesis: /genesis
identity: /identity
tmp: /tmp
{{- end -}}

{{/* Flags of a program, group after group, as a YAML list.
     Takes: (dict "scope" scope "program" program "client" "geth" "groups" (list "base" "syncModes.full")). */}}
{{- define "ethereum.flags" -}}
{{- $names := include "ethereum.flagScope" (dict "scope" .scope "program" .program) | fromYaml -}}
{{- range $group := .groups -}}
{{- $flags := $.program.flags -}}
{{- range splitList "." $group -}}
{{- if not (hasKey $flags .) -}}
{{- fail (printf "clients.%s: no flags for %q; add them to the client's file" $.client $group) -}}
{{- end -}}
{{- $flags = index $flags . -}}
{{- end -}}
{{- range $flags }}
- {{ tpl . $names | quote }}
{{- end -}}
{{- end -}}
{{- end -}}
