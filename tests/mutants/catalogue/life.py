"""Health, stopping, data."""

from __future__ import annotations

from tests.controls.sabotage import Edit
from tests.mutants.catalogue.edits import CHART, LOCAL, autoscaler, template
from tests.mutants.mutant import CHECKS, RELEASES, Mutant

PROBES = (
    Mutant(
        "readiness is an open port",
        template(
            "_execution.tpl", "httpGet: {path: /readyz, port: {{ .root.Values.probe.port }}}", "tcpSocket: {port: rpc}"
        ),
        by="health_is_the_probes_verdict",
        defect="readiness by TCP",
    ),
    Mutant(
        "readiness is an answer of the client's own port",
        template(
            "_execution.tpl",
            "httpGet: {path: /readyz, port: {{ .root.Values.probe.port }}}",
            "httpGet: {path: /, port: rpc}",
        ),
        by="health_is_the_probes_verdict",
        defect="GET / as a health check: geth answers 200 always",
    ),
    Mutant(
        "liveness depends on lag",
        template("_execution.tpl", "path: /livez", "path: /readyz"),
        by="health_is_the_probes_verdict",
        defect="a lagging node is restarted",
    ),
    Mutant(
        "the consensus client is restarted while it syncs",
        template(
            "_consensus.tpl",
            "  livenessProbe:\n    httpGet: {path: {{ $program.health.path }}, port: beacon}",
            "  livenessProbe:\n    httpGet: {path: /eth/v1/node/health, port: beacon}",
        ),
        by="health_is_the_probes_verdict",
        defect="a lagging node is restarted",
    ),
    Mutant(
        "a probe asks for a path that the client has not",
        template(
            "_consensus.tpl",
            "  startupProbe:\n    httpGet: {path: {{ $program.health.path }}, port: beacon}",
            "  startupProbe:\n    httpGet: {path: /healthz, port: beacon}",
        ),
        by="probes_ask_what_is_answered",
        defect="/health on geth, which answers 404",
    ),
    Mutant(
        "a probe sends a header that nobody wants",
        template(
            "_consensus.tpl",
            "  livenessProbe:\n    httpGet: {path: {{ $program.health.path }}, port: beacon}",
            "  livenessProbe:\n    httpGet: {path: {{ $program.health.path }}, port: beacon, "
            "httpHeaders: [{name: Host, value: localhost}]}",
        ),
        by="probes_ask_what_is_answered",
        defect="a health path without the header that it needs",
    ),
    Mutant(
        "a probe runs what the image has not",
        template(
            "_consensus.tpl",
            "  livenessProbe:\n    httpGet: {path: {{ $program.health.path }}, port: beacon}",
            "  livenessProbe:\n    exec: {command: [curl, --fail, http://127.0.0.1:3500/eth/v1/node/version]}",
        ),
        by="probes_find_their_tools",
        defect="curl in an image without it",
    ),
    Mutant(
        "a probe asks a port that nobody declares",
        template("_probe.tpl", "httpGet: {path: /metrics, port: probe}", "httpGet: {path: /metrics, port: http}"),
        by="probes_ask_declared_ports",
    ),
    Mutant(
        "clients have a minute to start",
        Edit(
            f"{CHART}/values.yaml",
            "startup: &startup {periodSeconds: 2, timeoutSeconds: 3, failureThreshold: 300}",
            "startup: &startup {periodSeconds: 2, timeoutSeconds: 3, failureThreshold: 30}",
        ),
        by="clients_have_time_to_start",
    ),
    Mutant(
        "clients are restarted after ten seconds of silence",
        Edit(
            f"{CHART}/values.yaml",
            "      liveness: &liveness {periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6}",
            "      liveness: &liveness {periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 1}",
        ),
        by="only_the_silent_are_restarted",
    ),
    Mutant(
        "the node probe knows no limit of age",
        template("_probe.tpl", "    - --max-head-age={{ .node.probes.limits.headAgeSeconds }}\n", ""),
        by="the_probe_judges_the_chain",
    ),
    Mutant(
        "the node probe does not know a flag",
        template("_probe.tpl", "--listen=0.0.0.0:", "--listen-on=0.0.0.0:"),
        by="our_programs_understand_their_flags",
    ),
)

STOPPING = (
    Mutant(
        "nodes are killed after a minute",
        template(
            "_pod.tpl",
            'terminationGracePeriodSeconds: {{ include "ethereum.grace" . }}',
            "terminationGracePeriodSeconds: 60",
        ),
        by="clients_get_their_time_to_stop",
        defect="a grace period of 60 s",
    ),
    Mutant(
        "values give less time than the clients need",
        Edit(LOCAL, "    gracePeriodSeconds: 120\n    snapshots", "    gracePeriodSeconds: 60\n    snapshots"),
        by=CHECKS,
        defect="a grace period of 60 s",
    ),
    Mutant(
        "a shell keeps the signal to itself",
        template(
            "_consensus.tpl",
            "  command: {{ toJson $program.command }}\n",
            '  command: [sh, -c, {{ join " " $program.command | quote }}]\n',
        ),
        by="shells_hand_over",
        defect="sh -c without exec: SIGTERM stops at the shell",
    ),
    Mutant(
        "nodes start one after the other",
        template("_statefulset.tpl", "  podManagementPolicy: Parallel\n", ""),
        by="nodes_start_side_by_side",
    ),
    Mutant(
        "no node can be drained",
        template(
            "_statefulset.tpl", "  maxUnavailable: {{ .node.maxUnavailable }}", "  minAvailable: {{ .node.replicas }}"
        ),
        by="disruptions_are_budgeted",
    ),
    Mutant(
        "replicas may share a host",
        template(
            "_pod.tpl", "{{- with merge (deepCopy $placement.affinity) $anti }}", "{{- with $placement.affinity }}"
        ),
        by="replicas_avoid_each_other",
    ),
    Mutant(
        "the autoscaler and the release both decide replicas",
        autoscaler("cpu"),
        by="autoscaled_workloads_state_no_replicas",
        defect="replicas beside an autoscaler",
    ),
    Mutant(
        "an autoscaler goes by what nobody requests",
        autoscaler("ephemeral-storage"),
        by="autoscalers_know_what_is_used",
        defect="an autoscaler whose target requests nothing",
    ),
)

DATA = (
    Mutant(
        "chain data is as old as the pod",
        template(
            "_volumes.tpl", '{{- $names := list "execution" "consensus" -}}', '{{- $names := list "consensus" -}}'
        ),
        by="chain_data_is_on_claims",
        defect="chain data in an emptyDir",
    ),
    Mutant(
        "nobody says what becomes of claims",
        template(
            "_statefulset.tpl",
            "  persistentVolumeClaimRetentionPolicy:\n    whenDeleted: {{ .node.storage.whenDeleted }}\n"
            "    whenScaled: {{ .node.storage.whenScaled }}\n",
            "",
        ),
        by="chain_data_is_on_claims",
        defect="claim retention is left to a default",
    ),
    Mutant(
        "the claim is mounted where the client does not write",
        template(
            "_execution.tpl",
            "- {name: execution, mountPath: {{ $program.dataDir }}}",
            "- {name: execution, mountPath: /var/lib/elsewhere}",
        ),
        by="paths_are_mounted",
        defect="chain data in the container's own layer",
    ),
    Mutant(
        "a storage class has another name",
        Edit("values/infrastructure/local.yaml", "    chain-data: &local\n", "    chain: &local\n"),
        by="storage_classes_exist",
    ),
    Mutant(
        "classes leave it to a default what becomes of volumes",
        Edit(
            "charts/infrastructure/templates/storage/storageclass.yaml",
            "reclaimPolicy: {{ $class.reclaimPolicy }}\n",
            "",
        ),
        by="storage_classes_exist",
    ),
    Mutant(
        "the chain's definition has another name than the pods know",
        template(
            "network/configmap-chain.yaml",
            'name: {{ include "ethereum.network.chain" .Values.network }}',
            "name: chain",
        ),
        by="pods_find_what_they_mount",
        defect="pods hang: the ConfigMaps of the genesis are missing",
    ),
    Mutant(
        "nodes do not wait for the genesis",
        Edit(
            "helmfiles/ethereum.helmfile.yaml.gotmpl",
            "    {{- if $own }}\n    needs: [{{ $layer.namespace }}/{{ $network.name }}]\n    {{- end }}\n",
            "",
        ),
        by=RELEASES,
        defect="pods hang: the ConfigMaps of the genesis come later",
    ),
    Mutant(
        "validators do not wait for the genesis",
        Edit(
            "helmfiles/ethereum.helmfile.yaml.gotmpl",
            "      component: validators\n    needs: [{{ $layer.namespace }}/{{ $network.name }}]\n",
            "      component: validators\n",
        ),
        by=RELEASES,
        defect="pods hang: the ConfigMaps of the genesis come later",
    ),
)
