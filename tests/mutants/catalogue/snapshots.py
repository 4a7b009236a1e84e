"""The jobs that take snapshots, and the nodes that they stop."""

from __future__ import annotations

from tests.controls.sabotage import Edit
from tests.mutants.catalogue.edits import GETH, template
from tests.mutants.mutant import CHECKS, SCHEMA, Mutant

JOBS = (
    Mutant(
        "a second run of a job begins beside the first",
        template("_snapshots.tpl", "concurrencyPolicy: Forbid", "concurrencyPolicy: Allow"),
        by="snapshot_jobs_never_overlap",
        defect="two producers on one volume",
    ),
    Mutant(
        "a job may go on for ever",
        template("_snapshots.tpl", "      activeDeadlineSeconds: {{ $snapshots.deadlines.job | int64 }}\n", ""),
        by="snapshot_jobs_never_overlap",
        defect="a lock that a hung producer keeps",
    ),
    Mutant(
        "volumes of finished jobs stay",
        template("_snapshots.tpl", "      ttlSecondsAfterFinished: {{ $snapshots.deadlines.keep | int64 }}\n", ""),
        by="snapshot_jobs_never_overlap",
    ),
    Mutant(
        "a job ends while it holds a client",
        template(
            "_snapshots.tpl",
            "activeDeadlineSeconds: {{ $snapshots.deadlines.job | int64 }}",
            "activeDeadlineSeconds: {{ $snapshots.deadlines.stop | int64 }}",
        ),
        by="snapshot_jobs_have_time",
    ),
    Mutant(
        "a client's exit code ends a job",
        template(
            "_snapshots.tpl", '{{- if has "job" .args }}', '{{- if or (has "job" .args) (eq .name "execution") }}'
        ),
        by="snapshot_jobs_fail_by_their_steps_alone",
    ),
    Mutant(
        "a step that refuses does not end its job",
        template("_snapshots.tpl", '{{- if has "job" .args }}', '{{- if and (has "job" .args) (ne .name "push") }}'),
        by="snapshot_jobs_fail_by_their_steps_alone",
        defect="a client that is stopped again and again for a snapshot that cannot be",
    ),
    Mutant(
        "a registry that is away for a moment ends a job",
        template("_snapshots.tpl", "values: [1, 2, 3, 70]", "values: [1, 2, 3, 4, 70]"),
        by="snapshot_jobs_fail_by_their_steps_alone",
    ),
    Mutant(
        "a snapshot counts before it is tested",
        template(
            "_snapshots.tpl",
            '  {{- include "ethereum.step" (dict "scope" $scope "step" "push" "ordinal" .ordinal "args" '
            '(list "--data=/data") "mounts" $data) | nindent 2 }}\n'
            '  {{- include "ethereum.testSteps" . | nindent 2 }}\n',
            '  {{- include "ethereum.step" (dict "scope" $scope "step" "push" "ordinal" .ordinal "args" '
            '(list "--data=/data") "mounts" $data) | nindent 2 }}\n',
        ),
        by="snapshots_are_tested_before_they_count",
        defect="snapshots that nobody ever started from",
    ),
    Mutant(
        "the restore test looks at the node's own data",
        template(
            "_snapshots.tpl",
            "- {name: restored, mountPath: {{ $program.dataDir }}}",
            "- {name: node, mountPath: {{ $program.dataDir }}}",
        ),
        by="snapshots_are_tested_before_they_count",
    ),
    Mutant(
        "the restored node synchronizes with its peers",
        template("_snapshots.tpl", ' "over" (list "offline")', ""),
        by="restore_tests_meet_nobody",
    ),
    Mutant(
        "a client's flag against peers is gone",
        Edit("values/clients/flags/geth.yaml", "--nodiscover, ", ""),
        by="flags_are_the_clients_own",
    ),
    Mutant(
        "a job may make pods",
        template(
            "snapshots/role.yaml",
            "    verbs: [get, delete]\n",
            '    verbs: [get, delete]\n  - apiGroups: [""]\n    resources: [pods]\n    verbs: [create]\n',
        ),
        by="snapshot_jobs_have_few_rights",
    ),
    Mutant(
        "a job may delete every pod",
        template("snapshots/role.yaml", "    resourceNames: {{ toJson $pods }}\n", ""),
        by="snapshot_jobs_have_few_rights",
    ),
    Mutant(
        "a job reads its credentials from the API",
        template(
            "snapshots/role.yaml", "resources: [events]\n    verbs: [create]", "resources: [secrets]\n    verbs: [get]"
        ),
        by="snapshot_jobs_have_few_rights",
    ),
    Mutant(
        "the lease has another name than the job asks for",
        template("snapshots/lease.yaml", 'name: {{ include "ethereum.snapshotName" $node }}', "name: {{ $node.name }}"),
        by="snapshot_jobs_have_few_rights",
        defect="a lock that nobody else looks at",
    ),
    Mutant(
        "nobody's token is in the job",
        template("_builder.tpl", "      - serviceAccountToken: {path: token, expirationSeconds: 3607}\n", ""),
        by="tokens_are_where_rights_are",
    ),
    Mutant(
        "the job copies a claim that is not there",
        template(
            "_snapshots.tpl",
            "claimName: execution-{{ $node.name }}-{{ .ordinal }}",
            "claimName: data-{{ $node.name }}-{{ .ordinal }}",
        ),
        by="claims_exist",
    ),
)

PLANS = (
    Mutant(
        "a plan has a key that nobody knows",
        template("_plan.tpl", "replicas: {{ $node.replicas }}", "replicaCount: {{ $node.replicas }}"),
        by="plans_say_what_is_so",
    ),
    Mutant(
        "the plan forgets what must not be copied",
        template("_plan.tpl", "  exclude: {{ toJson .program.snapshot.exclude }}", "  exclude: []"),
        by="plans_say_what_is_so",
        defect="node keys in snapshots: replicas with one identity",
    ),
    Mutant(
        "the plan has another port than the client",
        template("_plan.tpl", "ports: {rpc: {{ .program.ports.rpc }},", "ports: {rpc: 8547,"),
        by="plans_say_what_is_so",
    ),
    Mutant(
        "the plan names another owner than the pods have",
        template("_plan.tpl", "owner: {uid: {{ .root.Values.security.user }},", "owner: {uid: 1000,"),
        by="plans_say_what_is_so",
        defect="a producer's user differs from the consumer's",
    ),
    Mutant(
        "serve nodes could push",
        template(
            "_volumes.tpl",
            '"secret" .root.Values.snapshots.registry.pullSecret',
            '"secret" .root.Values.snapshots.registry.pushSecret',
        ),
        by="registry_credentials_are_given_out_sparingly",
    ),
    Mutant(
        "nobody says whom to believe that it is the registry",
        template(
            "_builder.tpl", "    - {name: registry-authority, mountPath: /registry-authority, readOnly: true}\n", ""
        ),
        by="registry_credentials_are_given_out_sparingly",
    ),
)

HOLDS = (
    Mutant(
        "a step of the job gets a flag that it does not have",
        template("_snapshots.tpl", '"--work=/work"', '"--scratch=/work"'),
        by="our_programs_understand_their_flags",
    ),
    Mutant(
        "a client starts while it is copied",
        template("_init.tpl", ' (include "ethereum.init.hold" .)', ""),
        by="nodes_wait_while_they_are_copied",
        defect="a live database is copied",
    ),
    Mutant(
        "a client's own preparation opens the database while it is copied",
        template(
            "_init.tpl",
            '(include "ethereum.init.hold" .) (include "ethereum.init.client" .)',
            '(include "ethereum.init.client" .) (include "ethereum.init.hold" .)',
        ),
        by="nodes_wait_while_they_are_copied",
        defect="a live database is copied",
    ),
    Mutant(
        "a client loses its patience before the job knows",
        template("_init.tpl", "--patience={{ .node.snapshots.holdPatienceSeconds }}", "--patience=5"),
        by="nodes_wait_while_they_are_copied",
    ),
    Mutant(
        "the only replica is stopped for a snapshot, and nobody said so",
        Edit(
            "values/ethereum/production.yaml",
            "      replicas: 2\n      execution: {client: besu}",
            "      replicas: 1\n      execution: {client: besu}",
        ),
        by=CHECKS,
        case="production",
    ),
    Mutant(
        "a client's file does not say what belongs together",
        Edit(GETH, "      snapshot:\n        scheme: path\n", "      unknown:\n        scheme: path\n"),
        by=SCHEMA,
    ),
)
