"""Serve nodes, and who decides how many there are."""

from __future__ import annotations

from tests.controls.sabotage import Edit
from tests.mutants.catalogue.edits import LOCAL, template
from tests.mutants.mutant import CHECKS, KUBERNETES, ORDER, Mutant

PRODUCTION = "values/ethereum/production.yaml"
CACHE = "charts/infrastructure/templates/chunk-cache"

START = (
    Mutant(
        "a serve node starts from nothing",
        template("_init.tpl", '{{- if eq .role "serve" -}}', '{{- if eq .role "snapshot" -}}'),
        by="serve_nodes_restore_first",
        defect="a replica that synchronizes for days",
    ),
    Mutant(
        "the data is restored beside the client",
        template(
            "_init.tpl",
            '(dict "name" "execution" "mountPath" "/data") -}}',
            '(dict "name" "consensus" "mountPath" "/data") -}}',
        ),
        by="serve_nodes_restore_first",
    ),
    Mutant(
        "nobody can ask a pod what it was restored from",
        template("_serve.tpl", 'ethinfra.io/restores: "true"\n', ""),
        by="restored_pods_can_be_asked",
    ),
    Mutant(
        "the cleanup looks for pods by a label that they do not have",
        template(
            "_labels.tpl",
            "ethinfra.io/client: {{ .node.execution.client }}",
            "ethinfra.io/client: {{ .node.consensus.client }}",
        ),
        by="restored_pods_can_be_asked",
    ),
    Mutant(
        "the probe does not see the data",
        template("_probe.tpl", "--data={{ $execution.dataDir }}", "--data=/chain"),
        by="restored_pods_can_be_asked",
    ),
    Mutant(
        "no policy lets the cleanup ask",
        template(
            "_networkpolicies.tpl",
            'matchLabels: {ethinfra.io/prunes: "true"}',
            'matchLabels: {ethinfra.io/pruner: "true"}',
        ),
        by="restored_pods_can_be_asked",
    ),
    Mutant(
        "a serve node starts from a Service that does not exist",
        template("_serve.tpl", "http://%s-beacon:%v", "http://%s-consensus:%v"),
        by="called_services_exist",
    ),
    Mutant(
        "a serve node starts from another client's data",
        Edit(LOCAL, "      from: geth\n", "      from: geth\n      execution: {client: ethereumjs}\n"),
        by=CHECKS,
    ),
    Mutant(
        "each serve pod leaves its volume behind",
        Edit(
            PRODUCTION,
            "      execution: {className: scratch, size: 2Ti}",
            "      execution: {className: chain-data, size: 2Ti}",
        ),
        by="passing_claims_leave_nothing",
        case="production",
    ),
    Mutant(
        "the chunk cache is a path of the host, and nobody says why",
        Edit(f"{CACHE}/persistentvolume.yaml", "ethinfra.io/host-path-reason: >-", "ethinfra.io/reason: >-"),
        by="host_paths_have_reasons",
    ),
    Mutant(
        "the keeper of the cache stays root",
        Edit(
            f"{CACHE}/daemonset.yaml",
            "            runAsGroup: {{ $cache.user }}\n            runAsNonRoot: true\n",
            "            runAsGroup: {{ $cache.user }}\n            runAsNonRoot: false\n",
        ),
        by="containers_run_as_non_root",
    ),
    Mutant(
        "the keeper prepares the cache with every capability",
        Edit(f"{CACHE}/daemonset.yaml", "add: [CHOWN, FOWNER]", "add: [CHOWN, FOWNER, SYS_ADMIN]"),
        by="capabilities_are_dropped",
    ),
)

ANSWERS = (
    Mutant(
        "a node stops with answers under way",
        template("_execution.tpl", '  {{- include "ethereum.lifecycle" . | nindent 2 }}\n', ""),
        by="nodes_drain",
        defect="requests fail whenever the fleet shrinks",
    ),
    Mutant(
        "the drain takes the time that the client needs to stop",
        template(
            "_serve.tpl",
            "{{- add .node.gracePeriodSeconds (.node.drainSeconds | default 0) -}}",
            "{{- .node.gracePeriodSeconds -}}",
        ),
        by="clients_get_their_time_to_stop",
    ),
    Mutant(
        "a rollout takes replicas before it makes any",
        template(
            "_serve.tpl", "    type: RollingUpdate\n    rollingUpdate: {{ toJson $node.rollout }}", "    type: Recreate"
        ),
        by="serve_nodes_are_replaced_one_by_one",
    ),
    Mutant(
        "requests have no limits",
        template("_execution.tpl", '{{- $groups = append $groups "limits" -}}', ""),
        by="requests_have_limits",
    ),
    Mutant(
        "WebSocket is behind two Services",
        template("serve/service-rpc.yaml", "ethereum.service.http", "ethereum.service.rpc"),
        by="serve_nodes_are_found",
    ),
    Mutant(
        "a ScaledObject has a field that nobody knows",
        template("_serve.tpl", "  maxReplicaCount:", "  maxReplicas:"),
        by=KUBERNETES,
    ),
)

SCALING = (
    Mutant(
        "the Deployment sets back what the autoscaler decided",
        template(
            "_serve.tpl",
            "  {{- if not $node.autoscaling.enabled }}\n  replicas: {{ $node.replicas }}\n  {{- end }}\n",
            "  replicas: {{ $node.replicas }}\n",
        ),
        by="autoscaled_workloads_state_no_replicas",
        defect="replicas beside an autoscaler",
    ),
    Mutant(
        "an autoscaler may take the last replica",
        template("_serve.tpl", "minReplicaCount: {{ $scaling.minReplicas }}", "minReplicaCount: 0"),
        by="autoscalers_have_one_way_to_go",
    ),
    Mutant(
        "the most is less than the least",
        Edit(LOCAL, "minReplicas: 1, maxReplicas: 3", "minReplicas: 4, maxReplicas: 3"),
        by=CHECKS,
    ),
    Mutant(
        "KEDA resolves the environment of the client",
        template("_serve.tpl", ", envSourceContainerName: probe}", "}"),
        by="autoscalers_need_no_secrets",
        defect="KEDA's operator may read no ConfigMap here, and makes no autoscaler",
    ),
    Mutant(
        "one of many endpoints stands for the load",
        template("_serve.tpl", "        aggregationType: sum\n", "        aggregationType: average\n"),
        by="autoscalers_hear_of_the_load",
    ),
    Mutant(
        "KEDA asks a port that nobody has",
        template("_serve.tpl", ".svc:{{ .root.Values.probe.port }}/metrics", ".svc:9100/metrics"),
        by="autoscalers_hear_of_the_load",
    ),
    Mutant(
        "replicas go as soon as the load does",
        template("_serve.tpl", "  stabilizationWindowSeconds: {{ .node.autoscaling.idleSeconds }}\n", ""),
        by="autoscalers_take_their_time",
    ),
    Mutant(
        "an autoscaler goes by a container that is not there",
        template("_serve.tpl", "containerName: execution}", "containerName: client}"),
        by="autoscalers_know_what_is_used",
    ),
    Mutant(
        "production scales less far",
        Edit(PRODUCTION, "minReplicas: 2, maxReplicas: 8", "minReplicas: 2, maxReplicas: 2"),
        by=ORDER,
        case="production",
    ),
)
