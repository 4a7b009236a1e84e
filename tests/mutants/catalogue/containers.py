"""What containers may do, use and are made from."""

from __future__ import annotations

from tests.controls.sabotage import Edit
from tests.mutants.catalogue.edits import CHART, GETH, LOCAL, template
from tests.mutants.mutant import SCHEMA, Mutant

PERMISSIONS = (
    Mutant(
        "pods may run as root",
        template("_security.tpl", "runAsNonRoot: true", "runAsNonRoot: false"),
        by="containers_run_as_non_root",
        defect="clients run as root",
    ),
    Mutant(
        "images are writable",
        template("_security.tpl", "readOnlyRootFilesystem: true\n", ""),
        by="root_file_systems_are_read_only",
        defect="no read-only root",
    ),
    Mutant(
        "containers may gain privileges",
        template("_security.tpl", "allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true"),
        by="privileges_do_not_grow",
    ),
    Mutant(
        "an init container is privileged",
        template(
            "_init.tpl",
            "args: [jwt, --out={{ $paths.jwt }}]\n"
            '  securityContext: {{- include "ethereum.containerSecurity" . | nindent 4 }}',
            "args: [jwt, --out={{ $paths.jwt }}]\n  securityContext: {privileged: true}",
        ),
        by="privileges_do_not_grow",
        defect="a privileged init container, for a ulimit that ends with it",
    ),
    Mutant(
        "one capability is dropped instead of all",
        template("_security.tpl", "drop: [ALL]", "drop: [NET_RAW]"),
        by="capabilities_are_dropped",
    ),
    Mutant(
        "system calls are not filtered",
        template("_security.tpl", "seccompProfile: {type: RuntimeDefault}", "seccompProfile: {type: Unconfined}"),
        by="system_calls_are_filtered",
    ),
    Mutant(
        "nodes use the host's network",
        template("_pod.tpl", "  enableServiceLinks: false\n", "  enableServiceLinks: false\n  hostNetwork: true\n"),
        by="pods_stay_off_the_host",
    ),
    Mutant(
        "a temporary folder is the host's",
        template(
            "_volumes.tpl",
            "- name: execution-tmp\n  emptyDir: {sizeLimit: {{ .node.storage.temporary }}}",
            "- name: execution-tmp\n  hostPath: {path: /var/tmp}",
        ),
        by="pods_stay_off_the_host",
    ),
    Mutant(
        "Services are in the environment of nodes",
        template("_pod.tpl", "  enableServiceLinks: false\n", ""),
        by="services_stay_out_of_the_environment",
    ),
    Mutant(
        "nodes get a token",
        template("_pod.tpl", "automountServiceAccountToken: false", "automountServiceAccountToken: true"),
        by="tokens_are_where_rights_are",
    ),
    Mutant(
        "the registry's pod may run as root",
        Edit(
            "charts/registry/templates/statefulset.yaml", "        runAsNonRoot: true\n        runAsUser: 10001\n", ""
        ),
        by="containers_run_as_non_root",
    ),
    Mutant(
        "the genesis job may do everything",
        template("network/genesis-role.yaml", "verbs: [create]", 'verbs: ["*"]'),
        by="roles_name_what_they_grant",
    ),
    Mutant(
        "operators may read secrets",
        Edit(
            "charts/infrastructure/templates/access/clusterrole-operator-view.yaml",
            "resources: [pods, pods/log, ",
            "resources: [secrets, pods, pods/log, ",
        ),
        by="roles_name_what_they_grant",
    ),
    Mutant(
        "the genesis job's rights are another role's",
        template(
            "network/genesis-rolebinding.yaml",
            'kind: Role, name: {{ include "ethereum.network.genesis" .Values.network }}}',
            "kind: Role, name: genesis}",
        ),
        by="bindings_lead_to_roles",
    ),
)

RESOURCES = (
    Mutant(
        "the node probe states no resources",
        template("_probe.tpl", "  resources: {{- toYaml $probe.resources | nindent 4 }}\n", ""),
        by="resources_are_stated",
    ),
    Mutant(
        "a request is above its limit",
        Edit(
            f"{CHART}/values.yaml",
            "requests: {cpu: 10m, memory: 32Mi}\n    limits: {cpu: 500m",
            "requests: {cpu: 10m, memory: 1Gi}\n    limits: {cpu: 500m",
        ),
        by="resources_are_stated",
    ),
    Mutant(
        "temporary folders have no limit",
        template(
            "_volumes.tpl",
            "- name: consensus-tmp\n  emptyDir: {sizeLimit: {{ .node.storage.temporary }}}",
            "- name: consensus-tmp\n  emptyDir: {}",
        ),
        by="writable_places_are_bounded",
    ),
    Mutant(
        "the cache takes nearly all memory",
        Edit(
            LOCAL,
            "# Every block is executed; there are few.\n      syncMode: full\n      cacheMiB: 128\n",
            "# Every block is executed; there are few.\n      syncMode: full\n      cacheMiB: 900\n",
        ),
        by="caches_fit_in_memory",
    ),
    Mutant(
        "the cache of another client takes nearly all memory",
        Edit(
            "values/ethereum/staging.yaml",
            "- name: besu\n      replicas: 1\n      execution: {client: besu}\n      consensus: {client: teku}\n"
            "  defaults:\n    execution:\n      syncMode: snap\n      cacheMiB: 4096",
            "- name: besu\n      replicas: 1\n      execution: {client: besu}\n      consensus: {client: teku}\n"
            "  defaults:\n    execution:\n      syncMode: snap\n      cacheMiB: 16000",
        ),
        by="caches_fit_in_memory",
        case="clients",
    ),
    Mutant(
        "the quota is too small for the nodes",
        Edit(
            "values/infrastructure/local.yaml",
            'requests.cpu: "4", requests.memory: 8Gi',
            'requests.cpu: "4", requests.memory: 512Mi',
        ),
        by="quotas_hold_what_is_rendered",
    ),
    Mutant(
        "namespaces have no limits",
        Edit(
            "charts/infrastructure/templates/limits/limitrange.yaml",
            "{{- with $namespace.defaults }}",
            "{{- with $namespace.limits }}",
        ),
        by="namespaces_have_limits",
    ),
    Mutant(
        "a priority has another name",
        Edit("values/infrastructure/common.yaml", "  chain-critical:\n", "  chain:\n"),
        by="priorities_exist",
    ),
)

IMAGES = (
    Mutant(
        "an image is the latest",
        Edit(GETH, "tag: v1.17.5}", "tag: latest}"),
        by=SCHEMA,
        defect="tags latest, stable and main",
    ),
    Mutant(
        "images have no tag",
        template("_names.tpl", 'printf "%s:%s" ', 'printf "%s%.0s" '),
        by="images_are_named_exactly",
        defect="images without a tag",
    ),
    Mutant(
        "an image is newer than what is known of it",
        Edit(GETH, "tag: v1.17.5}", "tag: v1.18.0}"),
        by="images_are_of_the_known_version",
        defect="a client was bumped and its flags were not",
    ),
    Mutant(
        "a version is bumped without a new list of flags",
        Edit(GETH, "      version: 1.17.5\n", "      version: 1.18.0\n"),
        by="flag_lists_are_of_this_version",
        defect="a client was bumped and its flags were not",
    ),
    Mutant(
        "production runs an older client than it knows",
        Edit("values/clients/teku.yaml", "tag: 26.8.0}", "tag: 25.1.0}"),
        by="images_are_of_the_known_version",
        case="clients",
    ),
)
