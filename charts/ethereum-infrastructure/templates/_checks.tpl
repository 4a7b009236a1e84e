{{/* What values say against each other, and against what is known of the clients; the schema sees each value alone.
     Takes: a scope. Gives nothing, or ends the rendering with the path of the value and the reason. */}}
{{- define "ethereum.checks" -}}
{{- include "ethereum.checkNetwork" (dict "network" .node.network "path" .node.path) -}}
{{- include "ethereum.jwtSource" . | replace "generate" "" | replace "secret" "" -}}
{{- include "ethereum.checkSyncMode" . -}}
{{- include "ethereum.checkGrace" . -}}
{{- include "ethereum.checkChain" . -}}
{{- range $part := list "execution" "consensus" -}}
{{- include "ethereum.checkOptions" (dict "scope" $ "part" $part) -}}
{{- end -}}
{{- end -}}

{{/* A network of one's own is whole, and its two halves agree. Takes: (dict "network" network "path" path). */}}
{{- define "ethereum.checkNetwork" -}}
{{- $network := .network -}}
{{- $kind := include "ethereum.network.kind" $network -}}
{{- $name := printf "network %s" $network.name -}}
{{- if and (eq $kind "known") $network.create.enabled -}}
{{- fail (printf "%s: preset is %q, a network that exists, and create.enabled is true; a network that is made here has no preset" $name $network.preset) -}}
{{- end -}}
{{- if ne $kind "known" -}}
{{- $genesis := $network.genesis -}}
{{- if not $genesis.execution -}}
{{- fail (printf "%s: genesis.execution is empty; give the execution genesis (geth's genesis.json), or a preset" $name) -}}
{{- end -}}
{{- if not $genesis.beaconConfig -}}
{{- fail (printf "%s: genesis.beaconConfig is empty; give the constants of the beacon chain (config.yaml)" $name) -}}
{{- end -}}
{{- range $key := list "CONFIG_NAME" "PRESET_BASE" "GENESIS_FORK_VERSION" "SECONDS_PER_SLOT" "DEPOSIT_CHAIN_ID" "DEPOSIT_CONTRACT_ADDRESS" -}}
{{- if not (hasKey $genesis.beaconConfig $key) -}}
{{- fail (printf "%s: genesis.beaconConfig.%s is missing" $name $key) -}}
{{- end -}}
{{- end -}}
{{- $config := $genesis.execution.config | default dict -}}
{{- $chainId := $network.chainId | int64 -}}
{{- if ne ($config.chainId | int64) $chainId -}}
{{- fail (printf "%s: chainId is %d, and genesis.execution.config.chainId %d; nodes would refuse each other" $name $chainId ($config.chainId | int64)) -}}
{{- end -}}
{{- if ne ($genesis.beaconConfig.DEPOSIT_CHAIN_ID | int64) $chainId -}}
{{- fail (printf "%s: chainId is %d, and genesis.beaconConfig.DEPOSIT_CHAIN_ID %s" $name $chainId $genesis.beaconConfig.DEPOSIT_CHAIN_ID) -}}
{{- end -}}
{{- if ne ($genesis.beaconConfig.SECONDS_PER_SLOT | int64) ($network.slotSeconds | int64) -}}
{{- fail (printf "%s: slotSeconds is %v, and genesis.beaconConfig.SECONDS_PER_SLOT %s" $name $network.slotSeconds $genesis.beaconConfig.SECONDS_PER_SLOT) -}}
{{- end -}}
{{- if and $config.depositContractAddress (ne (lower $config.depositContractAddress) (lower $genesis.beaconConfig.DEPOSIT_CONTRACT_ADDRESS)) -}}
{{- fail (printf "%s: genesis.execution.config.depositContractAddress is %s, and genesis.beaconConfig.DEPOSIT_CONTRACT_ADDRESS %s" $name $config.depositContractAddress $genesis.beaconConfig.DEPOSIT_CONTRACT_ADDRESS) -}}
{{- end -}}
{{- end -}}
{{- if eq $kind "given" -}}
{{- range $half := list "execution" "consensus" -}}
{{- if not (index $network.bootnodes $half) -}}
{{- fail (printf "%s: bootnodes.%s is empty; a network that exists already is joined through at least one of its nodes" $name $half) -}}
{{- end -}}
{{- end -}}
{{- if not $network.genesis.state.sha256 -}}
{{- fail (printf "%s: genesis.state.sha256 is empty; say what %s must be, so that no other chain is started from it" $name $network.genesis.state.url) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The execution client can get its state in the way that is asked for. */}}
{{- define "ethereum.checkSyncMode" -}}
{{- $program := include "ethereum.part" (dict "scope" . "part" "execution") | fromJson -}}
{{- $mode := .node.execution.syncMode -}}
{{- if not (hasKey $program.flags.syncModes $mode) -}}
{{- fail (printf "%s.execution.syncMode: %s has no %q; it has %s" .node.path .node.execution.client $mode (keys $program.flags.syncModes | sortAlpha | join ", ")) -}}
{{- end -}}
{{- end -}}

{{/* Nobody is killed while writing its state to disk. */}}
{{- define "ethereum.checkGrace" -}}
{{- $scope := . -}}
{{- range $part := list "execution" "consensus" -}}
{{- $program := include "ethereum.part" (dict "scope" $scope "part" $part) | fromJson -}}
{{- if lt ($scope.node.gracePeriodSeconds | int64) ($program.gracePeriodSeconds | int64) -}}
{{- fail (printf "%s.gracePeriodSeconds: %v is less than the %v that clients.%s.%s may need to stop" $scope.node.path $scope.node.gracePeriodSeconds $program.gracePeriodSeconds (index $scope.node $part).client $part) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The clients can follow this chain at all: its slots per epoch are compiled into some consensus clients, and a client that
     does not know a fork stops at it. */}}
{{- define "ethereum.checkChain" -}}
{{- $scope := . -}}
{{- $network := .node.network -}}
{{- $consensus := include "ethereum.part" (dict "scope" . "part" "consensus") | fromJson -}}
{{- if ne (include "ethereum.network.kind" $network) "known" -}}
{{- $slots := $network.genesis.beaconConfig.SLOTS_PER_EPOCH | default "32" | int -}}
{{- $known := list -}}
{{- range $consensus.presets -}}{{- $known = append $known (. | int) -}}{{- end -}}
{{- if not (or (has $slots $known) $consensus.anyPreset) -}}
{{- fail (printf "%s.consensus.client: network %s has %d slots per epoch, and %s can have %s" .node.path $network.name $slots .node.consensus.client ($known | join " or " | default "none that its file names")) -}}
{{- end -}}
{{- $execution := include "ethereum.part" (dict "scope" . "part" "execution") | fromJson -}}
{{- $format := $execution.genesisFormat -}}
{{- if and (ne $format "geth") (not (hasKey $network.genesis.formats $format)) -}}
{{- fail (printf "%s.execution.client: %s reads its genesis in the format %q; add network.genesis.formats.%s to network %s" .node.path .node.execution.client $format $format $network.name) -}}
{{- end -}}
{{- end -}}
{{- $order := list "phase0" "altair" "bellatrix" "capella" "deneb" "electra" "fulu" "gloas" "heze" -}}
{{- range $part := list "execution" "consensus" -}}
{{- $program := include "ethereum.part" (dict "scope" $scope "part" $part) | fromJson -}}
{{- range $network.forks -}}
{{- if and (has .name $order) (gt (include "ethereum.indexOf" (dict "list" $order "one" .name) | int) (include "ethereum.indexOf" (dict "list" $order "one" $program.newestFork) | int)) -}}
{{- fail (printf "%s.%s.client: network %s has the fork %q, and %s %s knows none after %q; take a newer release" $scope.node.path $part $network.name .name (index $scope.node $part).client $program.version $program.newestFork) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "ethereum.indexOf" -}}
{{- $one := .one -}}
{{- range $index, $value := .list -}}{{- if eq $value $one -}}{{ $index }}{{- end -}}{{- end -}}
{{- end -}}

{{/* Options exist, and have what they need. Takes: (dict "scope" scope "part" "execution"). */}}
{{- define "ethereum.checkOptions" -}}
{{- $program := include "ethereum.part" . | fromJson -}}
{{- $known := $program.options | default dict -}}
{{- $path := printf "%s.%s.options" .scope.node.path .part -}}
{{- $client := (index .scope.node .part).client -}}
{{- range $name, $option := (index .scope.node .part).options -}}
{{- if not (hasKey $known $name) -}}
{{- fail (printf "%s: %s has no option %q; it has %s" $path $client $name (keys $known | sortAlpha | join ", " | default "none")) -}}
{{- end -}}
{{- $needs := index $known $name -}}
{{- if and $needs.files (not $option.from) -}}
{{- fail (printf "%s.%s.from: name the %s that holds %s" $path $name $needs.files ($needs.holds | join ", ")) -}}
{{- end -}}
{{- range $setting, $example := $needs.settings -}}
{{- if not (hasKey ($option.settings | default dict) $setting) -}}
{{- fail (printf "%s.%s.settings.%s: missing; say what it is, for example %s" $path $name $setting (toJson $example)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What decides how an execution client lays out its database, as text: nodes of one client can have each other's data only
     if it is the same. `full` and `snap` are two ways to the same data. Takes: (dict "node" node "program" program). */}}
{{- define "ethereum.layout" -}}
{{- $mode := .node.execution.syncMode -}}
{{- $parts := list (ternary "full" $mode (has $mode (list "full" "snap"))) -}}
{{- $known := .program.options | default dict -}}
{{- range $name := keys (.node.execution.options | default dict) | sortAlpha -}}
{{- if (index $known $name | default dict).database -}}{{- $parts = append $parts $name -}}{{- end -}}
{{- end -}}
{{- join ", " $parts -}}
{{- end -}}

{{/* Nodes whose snapshots go to the same repository have the same kind of database, and one opinion on what is kept. Takes: (dict "root" $ "nodes" nodes). */}}
{{- define "ethereum.checkRepositories" -}}
{{- $seen := dict -}}
{{- range .nodes -}}
{{- $program := include "ethereum.program" (dict "root" $.root "client" .execution.client "program" "execution" "path" .path) | fromJson -}}
{{- $layout := include "ethereum.layout" (dict "node" . "program" $program) -}}
{{- $repository := printf "%s/%s/%s" $.root.Values.snapshots.registry.prefix .network.name .execution.client -}}
{{- $other := index $seen $repository | default dict -}}
{{- if and $other (ne $other.layout $layout) -}}
{{- fail (printf "%s.snapshots.enabled: its database (%s) is of another kind than that of %s (%s), and both would go to %s; take snapshots of one of them, or of the other in a release with another snapshots.registry.prefix" .path $layout $other.path $other.layout $repository) -}}
{{- end -}}
{{- $kept := toJson .snapshots.retention -}}
{{- if and $other (ne $other.kept $kept) -}}
{{- fail (printf "%s.snapshots.retention: %s, and %s has %s, for the same snapshots in %s; say the same for both, or take those of one in a release with another snapshots.registry.prefix" .path $kept $other.path $other.kept $repository) -}}
{{- end -}}
{{- $_ := set $seen $repository (dict "layout" $layout "kept" $kept "path" .path) -}}
{{- end -}}
{{- end -}}

{{/* Snapshots can be taken of this node at all. Takes: a scope. */}}
{{- define "ethereum.checkSnapshots" -}}
{{- $path := .node.path -}}
{{- $snapshots := .node.snapshots -}}
{{- if $snapshots.enabled -}}
{{- $execution := include "ethereum.part" (dict "scope" . "part" "execution") | fromJson -}}
{{- if not $execution.snapshot -}}
{{- fail (printf "%s.snapshots.enabled: clients.%s.execution.snapshot does not say what of its data belongs together" $path .node.execution.client) -}}
{{- end -}}
{{- if not $execution.flags.offline -}}
{{- fail (printf "%s.snapshots.enabled: clients.%s.execution has no flags for \"offline\", by which the restore test starts it without peers" $path .node.execution.client) -}}
{{- end -}}
{{- if not (has "web3" .node.rpc.namespaces) -}}
{{- fail (printf "%s.rpc.namespaces: web3 is not among them; a node is asked of which release it is before a snapshot of it is taken" $path) -}}
{{- end -}}
{{- if eq (.node.replicas | int) 0 -}}
{{- fail (printf "%s.snapshots.enabled: %s.replicas is 0; there is nobody to take a snapshot of" $path $path) -}}
{{- end -}}
{{- if and (eq (.node.replicas | int) 1) (not $snapshots.allowDowntime) -}}
{{- fail (printf "%s.snapshots.allowDowntime: with one replica, every snapshot stops the only one; say so, or run two" $path) -}}
{{- end -}}
{{- if and (eq $snapshots.method "volume-snapshot") (not $snapshots.volumeSnapshot.className) -}}
{{- fail (printf "%s.snapshots.volumeSnapshot.className: the method volume-snapshot needs a VolumeSnapshotClass" $path) -}}
{{- end -}}
{{- if and (ne $snapshots.method "volume-snapshot") $snapshots.volumeSnapshot.className -}}
{{- fail (printf "%s.snapshots.volumeSnapshot.className: is for the method volume-snapshot, and the method is %s" $path $snapshots.method) -}}
{{- end -}}
{{- $deadlines := $snapshots.deadlines -}}
{{- $least := add $deadlines.stop $deadlines.start $deadlines.test -}}
{{- if lt ($deadlines.job | int64) $least -}}
{{- fail (printf "%s.snapshots.deadlines.job: %v is less than stop, start and test take together, %d" $path $deadlines.job $least) -}}
{{- end -}}
{{- $grace := include "ethereum.grace" . -}}
{{- if lt ($deadlines.stop | int64) ($grace | int64) -}}
{{- fail (printf "%s.snapshots.deadlines.stop: %v is less than the %s seconds that %s.drainSeconds and gracePeriodSeconds give a pod to end" $path $deadlines.stop $grace $path) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A serve node can start from what it names, and its scaling makes sense. Takes: a scope with "source". */}}
{{- define "ethereum.checkServe" -}}
{{- $path := .node.path -}}
{{- $execution := include "ethereum.part" (dict "scope" . "part" "execution") | fromJson -}}
{{- if and .node.snapshots .node.snapshots.enabled -}}
{{- fail (printf "%s.snapshots.enabled: snapshots are taken of sync nodes; what goes with the pod is not worth one" $path) -}}
{{- end -}}
{{- if not $execution.snapshot -}}
{{- fail (printf "%s.execution.client: clients.%s.execution.snapshot does not say what a snapshot of it is" $path .node.execution.client) -}}
{{- end -}}
{{- if ne .source.client .node.execution.client -}}
{{- fail (printf "%s.from: %s runs %s, and this node %s, which cannot read its data" $path .node.from .source.client .node.execution.client) -}}
{{- end -}}
{{- $layout := include "ethereum.layout" (dict "node" .node "program" $execution) -}}
{{- if ne .source.layout $layout -}}
{{- fail (printf "%s.execution: the database of %s is of another kind (%s) than the one that is asked for here (%s), and is not turned into it" $path .node.from .source.layout $layout) -}}
{{- end -}}
{{- if and .node.restore.required (not .source.snapshots) -}}
{{- fail (printf "%s.restore.required: no snapshots are taken of %s (sync.nodes[%s].snapshots.enabled), so these pods would never start" $path .node.from .node.from) -}}
{{- end -}}
{{- $scaling := .node.autoscaling -}}
{{- if gt ($scaling.minReplicas | int) ($scaling.maxReplicas | int) -}}
{{- fail (printf "%s.autoscaling.minReplicas: %v is above maxReplicas, %v" $path $scaling.minReplicas $scaling.maxReplicas) -}}
{{- end -}}
{{- if and $scaling.enabled $scaling.keda (not ($execution.metrics.series | default dict).requests) -}}
{{- fail (printf "%s.autoscaling.keda: %s has no series that counts requests (clients.%s.execution.metrics.series.requests); scale by CPU alone" $path .node.execution.client .node.execution.client) -}}
{{- end -}}
{{- if and (eq (.node.rollout.maxSurge | toString) "0") (eq (.node.rollout.maxUnavailable | toString) "0") -}}
{{- fail (printf "%s.rollout: with neither maxSurge nor maxUnavailable, nothing can ever be replaced" $path) -}}
{{- end -}}
{{- end -}}
