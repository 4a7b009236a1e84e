{{/* A scope is what the templates of a node pass to each other: root, role (sync, serve or validators), and node: its values with
     all defaults, its network, and the path at which errors name it. */}}

{{/* The sync nodes of a release, as a JSON list of nodes. Every file asks for them, so they are made once and kept in the
     root. Takes: the root. */}}
{{- define "ethereum.syncNodes" -}}
{{- if hasKey . "knownSyncNodes" -}}
{{- .knownSyncNodes -}}
{{- else -}}
{{- $nodes := list -}}
{{- if .Values.sync.enabled -}}
{{- if not .Values.sync.nodes -}}
{{- fail "sync.nodes: empty; name at least one node, or set sync.enabled to false" -}}
{{- end -}}
{{- $names := list -}}
{{- range .Values.sync.nodes -}}
{{- if has .name $names -}}
{{- fail (printf "sync.nodes: two nodes are named %q; a StatefulSet, its Services and its claims go by that name" .name) -}}
{{- end -}}
{{- $names = append $names .name -}}
{{- $node := mergeOverwrite (deepCopy $.Values.sync.defaults) (deepCopy .) -}}
{{- $node = set $node "bootnode" false -}}
{{- if .network -}}
{{- $node = set $node "network" (mergeOverwrite (include "ethereum.network.neutral" $ | fromYaml) (deepCopy .network)) -}}
{{- else -}}
{{- $node = set $node "network" $.Values.network -}}
{{- end -}}
{{- $node = set $node "path" (printf "sync.nodes[%s]" .name) -}}
{{- include "ethereum.checks" (dict "root" $ "role" "sync" "node" $node) -}}
{{- include "ethereum.checkSnapshots" (dict "root" $ "role" "sync" "node" $node) -}}
{{- $nodes = append $nodes $node -}}
{{- end -}}
{{- end -}}
{{- $json := toJson $nodes -}}
{{- $_ := set . "knownSyncNodes" $json -}}
{{- $json -}}
{{- end -}}
{{- end -}}

{{/* The validators' node, as a JSON list of one node or none. Takes: the root. */}}
{{- define "ethereum.validatorNodes" -}}
{{- $nodes := list -}}
{{- if .Values.validators.enabled -}}
{{- $node := deepCopy (omit .Values.validators "enabled") -}}
{{- $node = set $node "network" .Values.network -}}
{{- $node = set $node "path" "validators" -}}
{{- include "ethereum.checks" (dict "root" . "role" "validators" "node" $node) -}}
{{- $nodes = append $nodes $node -}}
{{- end -}}
{{- toJson $nodes -}}
{{- end -}}

{{/* Places inside the containers. */}}
{{- define "ethereum.paths" -}}
jwt: /jwt/jwt.hex
chain: /chain
genesis: /genesis
identity: /identity
options: /options
tmp: /tmp
{{- end -}}

{{/* The names that the flags and the environment of a client may use, as JSON.
     Takes: (dict "scope" scope "program" program). */}}
{{- define "ethereum.flagScope" -}}
{{- $node := .scope.node -}}
{{- $execution := include "ethereum.part" (dict "scope" .scope "part" "execution") | fromJson -}}
{{- $consensus := include "ethereum.part" (dict "scope" .scope "part" "consensus") | fromJson -}}
{{- $names := dict "dataDir" (.program.dataDir | default "") "ports" (.program.ports | default dict) -}}
{{- $names = set $names "enginePort" $execution.ports.engine -}}
{{- $names = set $names "consensusRpcPort" ($consensus.ports.rpc | default $consensus.ports.beacon) -}}
{{- $names = set $names "paths" (include "ethereum.paths" . | fromYaml) -}}
{{- $names = set $names "network" (omit $node.network "fundedAccounts") -}}
{{- $names = set $names "node" (omit $node "network") -}}
{{- $names = set $names "checkpoint" (include "ethereum.checkpoint" .scope) -}}
{{- $names = set $names "peersFile" (include "ethereum.peersFile" .scope) -}}
{{- $names = set $names "bootnodeHost" (include "ethereum.bootnodeHost" .scope) -}}
{{- toJson $names -}}
{{- end -}}

{{/* Flags of a program, group after group, then the node's own, as a YAML list. A flag of the node replaces every flag of the
     same name, so that no client has to choose between two.
     Takes: (dict "scope" scope "program" program "client" "geth" "groups" (list "base" "syncModes.full") "extra" (list)
     "options" (dict) "over" (list "offline")): groups in "over" replace flags in the same way, the node's own too. */}}
{{- define "ethereum.flags" -}}
{{- $names := include "ethereum.flagScope" (dict "scope" .scope "program" .program) | fromJson -}}
{{- $last := list -}}
{{- $over := list -}}
{{- $flags := list -}}
{{- range $group := concat .groups (.over | default list) -}}
{{- $found := $.program.flags -}}
{{- range splitList "." $group -}}
{{- if not (hasKey $found .) -}}
{{- fail (printf "%s: clients.%s has no flags for %q; it has %s" $.scope.node.path $.client $group (keys $found | sortAlpha | join ", ")) -}}
{{- end -}}
{{- $found = index $found . -}}
{{- end -}}
{{- range $found -}}
{{- if has $group ($.over | default list) -}}
{{- $last = append $last (tpl . $names) -}}
{{- $over = append $over (splitList "=" . | first) -}}
{{- else -}}
{{- $flags = append $flags (tpl . $names) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $extra := list -}}
{{- range .extra -}}
{{- if not (has (splitList "=" . | first) $over) -}}{{- $extra = append $extra . -}}{{- end -}}
{{- end -}}
{{- $extra = concat $extra $last -}}
{{- $own := list -}}
{{- range $extra -}}{{- $own = append $own (splitList "=" . | first) -}}{{- end -}}
{{- range $name, $option := .options -}}
{{- $own := dict "path" (include "ethereum.optionPath" $name) "settings" ($option.settings | default dict) -}}
{{- range (index $.program.options $name).flags -}}
{{- $flags = append $flags (tpl . (merge (dict "option" $own) $names)) -}}
{{- end -}}
{{- end -}}
{{- range $flags -}}
{{- if not (has (splitList "=" . | first) $own) }}
- {{ . | quote }}
{{- end -}}
{{- end -}}
{{- range $extra }}
- {{ . | quote }}
{{- end -}}
{{- end -}}

{{/* Flag groups that say which network this is and who the first peers are. Takes: a scope. */}}
{{- define "ethereum.networkGroups" -}}
{{- $network := .node.network -}}
{{- $kind := include "ethereum.network.kind" $network -}}
{{- $groups := list -}}
{{- if eq $kind "known" -}}
{{- $groups = append $groups (printf "networks.%s" $network.preset) -}}
{{- else -}}
{{- $groups = append $groups "customNetwork" -}}
{{- end -}}
{{- if eq $kind "made" -}}
{{- $groups = concat $groups (ternary (list "identity" "first") (list "join") .node.bootnode) -}}
{{- else if and $network.bootnodes.execution $network.bootnodes.consensus -}}
{{- $groups = append $groups "bootnodes" -}}
{{- end -}}
{{- join "," $groups -}}
{{- end -}}

{{/* What a container knows of its pod and of the network, and what its client reads from its environment.
     Takes: (dict "scope" scope "program" program), and "alone" where it is to meet nobody. */}}
{{- define "ethereum.environment" -}}
{{- $network := .scope.node.network -}}
- name: POD_IP
  valueFrom: {fieldRef: {fieldPath: status.podIP}}
{{- if and (eq (include "ethereum.network.kind" $network) "made") (not .scope.node.bootnode) (not .alone) }}
- name: BOOTNODE_ENODE_ID
  valueFrom: {configMapKeyRef: {name: {{ include "ethereum.network.genesis" $network }}, key: bootnode-enode-id}}
- name: BOOTNODE_PEER_ID
  valueFrom: {configMapKeyRef: {name: {{ include "ethereum.network.genesis" $network }}, key: bootnode-peer-id}}
{{- end }}
{{- $names := include "ethereum.flagScope" (dict "scope" .scope "program" .program) | fromJson -}}
{{- range $name, $value := .program.environment }}
- {name: {{ $name }}, value: {{ tpl $value $names | quote }}}
{{- end }}
{{- end -}}
