"""All mutants, by what they break."""

from __future__ import annotations

from tests.controls.sabotage import Edit
from tests.mutants.mutant import CHECKS, KUBERNETES, ORDER, RELEASES, SCHEMA, UPGRADE, Mutant

CHART = "charts/ethereum-infrastructure"
GETH, PRYSM = "values/clients/geth.yaml", "values/clients/prysm.yaml"
LOCAL = "values/ethereum/local.yaml"


def template(name: str, old: str, new: str) -> Edit:
    """Of the ethereum chart's templates."""
    return Edit(f"{CHART}/templates/{name}", old, new)


def autoscaler(resource: str) -> Edit:
    """Adds one to each sync node, which scales by a share of a resource."""
    budget = '{{ include "ethereum.poddisruptionbudget" (dict "root" $ "role" "sync" "node" $node) }}\n'
    scaler = f"""---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {{name: {{{{ $node.name }}}}, namespace: {{{{ $.Release.Namespace }}}}}}
spec:
  scaleTargetRef: {{apiVersion: apps/v1, kind: StatefulSet, name: {{{{ $node.name }}}}}}
  maxReplicas: 4
  metrics: [{{type: Resource, resource: {{name: {resource}, target: {{type: Utilization, averageUtilization: 70}}}}}}]
"""
    return template("sync/poddisruptionbudget.yaml", budget, budget + scaler)


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
        Edit(LOCAL, "      cacheMiB: 128\n", "      cacheMiB: 900\n"),
        by="caches_fit_in_memory",
    ),
    Mutant(
        "the cache of another client takes nearly all memory",
        Edit("values/ethereum/staging.yaml", "cacheMiB: 4096", "cacheMiB: 16000"),
        by="caches_fit_in_memory",
        case="clients",
    ),
    Mutant(
        "the quota is too small for the nodes",
        Edit(
            "values/infrastructure/local.yaml",
            'requests.cpu: "3", requests.memory: 8Gi',
            'requests.cpu: "3", requests.memory: 512Mi',
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

FLAGS = (
    Mutant(
        "a flag has the name of another release",
        Edit(GETH, "--maxpeers={{", "--max-peers={{"),
        by="flags_are_the_clients_own",
        defect="a renamed flag: the pod does not start",
    ),
    Mutant(
        "a flag before the start does not exist",
        Edit(GETH, "          - init\n          - --datadir=", "          - init\n          - --data-dir="),
        by="flags_are_the_clients_own",
    ),
    Mutant(
        "the tool for the genesis has no such flag",
        Edit(PRYSM, "--output-ssz=", "--ssz-out="),
        by="flags_are_the_clients_own",
    ),
    Mutant(
        "a sync mode that nobody renders has a wrong flag",
        Edit(GETH, "--gcmode=archive", "--gc-mode=archive"),
        by="flags_of_the_table_exist",
        defect="broken in what is off by default",
    ),
    Mutant(
        "a public network has a flag that went",
        Edit(GETH, "hoodi: [--hoodi]", "hoodi: [--goerli]"),
        by="flags_of_the_table_exist",
        defect="broken in what is off by default",
    ),
    Mutant(
        "an option of another client has a wrong flag",
        Edit("values/clients/lighthouse.yaml", "flags: [--semi-supernode]", "flags: [--half-supernode]"),
        by="flags_of_the_table_exist",
        case="clients",
    ),
    Mutant(
        "another client's flag has the name of another release",
        Edit("values/clients/teku.yaml", "--ee-jwt-secret-file=", "--ee-jwt-secret="),
        by="flags_are_the_clients_own",
        case="clients",
        defect="a renamed flag: the pod does not start",
    ),
)

PORTS = (
    Mutant(
        "WebSocket listens at another port than it is declared",
        Edit(GETH, "--ws.port={{ .ports.ws }}", "--ws.port=8547"),
        by="declared_ports_are_opened",
        defect="a WebSocket port that nobody serves",
    ),
    Mutant(
        "WebSocket is not turned on",
        Edit(GETH, "          - --ws\n", ""),
        by="declared_ports_are_opened",
        defect="a WebSocket port that nobody serves",
    ),
    Mutant(
        "metrics are not turned on",
        Edit(GETH, "          - --metrics\n", ""),
        by="declared_ports_are_opened",
        defect="a metrics port without the flag that opens it",
    ),
    Mutant(
        "metrics are on the pod's loopback",
        Edit(GETH, "--metrics.addr=0.0.0.0", "--metrics.addr=127.0.0.1"),
        by="declared_ports_are_opened",
    ),
    Mutant(
        "nobody says where metrics listen",
        Edit(
            PRYSM,
            "          - --monitoring-host=0.0.0.0\n          - --monitoring-port={{ .ports.metrics }}\n        p2p:",
            "          - --monitoring-port={{ .ports.metrics }}\n        p2p:",
        ),
        by="declared_ports_are_opened",
        defect="a client's own address is loopback",
    ),
    Mutant(
        "metrics of another client are not turned on",
        Edit("values/clients/teku.yaml", "          - --metrics-enabled=true\n", ""),
        by="declared_ports_are_opened",
        case="clients",
        defect="a metrics port without the flag that opens it",
    ),
    Mutant(
        "QUIC listens at another port than it is declared",
        Edit("values/clients/lighthouse.yaml", "          - --quic-port=9001\n", "          - --quic-port=9002\n"),
        by="declared_ports_are_opened",
        case="clients",
    ),
    Mutant(
        "a container port is another one",
        template(
            "_execution.tpl",
            "{name: metrics, containerPort: {{ $program.ports.metrics }}}",
            "{name: metrics, containerPort: 6061}",
        ),
        by="declared_ports_are_opened",
    ),
    Mutant(
        "a port is declared nowhere",
        template("_consensus.tpl", "    - {name: beacon-metrics, containerPort: {{ $program.ports.metrics }}}\n", ""),
        by="opened_ports_are_declared",
    ),
    Mutant(
        "gRPC of the consensus client is open",
        Edit(PRYSM, "--rpc-host=127.0.0.1", "--rpc-host=0.0.0.0"),
        by="opened_ports_are_declared",
    ),
    Mutant(
        "WebSocket and HTTP have one port",
        Edit(GETH, "ws: 8546,", "ws: 8545,"),
        by="ports_are_opened_once",
        defect="the port of HTTP is declared a second time for WebSocket",
    ),
    Mutant(
        "two clients of a pod have one port",
        Edit(PRYSM, "discovery: 12000, metrics: 8080}", "discovery: 12000, metrics: 6060}"),
        by="ports_are_opened_once",
    ),
    Mutant(
        "the consensus client calls the Engine API at another port",
        Edit(
            PRYSM,
            "--execution-endpoint=http://127.0.0.1:{{ .enginePort }}",
            "--execution-endpoint=http://127.0.0.1:8550",
        ),
        by="calls_inside_the_pod_arrive",
    ),
    Mutant(
        "the consensus client calls the RPC for the Engine API",
        Edit(
            PRYSM,
            "--execution-endpoint=http://127.0.0.1:{{ .enginePort }}",
            "--execution-endpoint=http://127.0.0.1:8545",
        ),
        by="calls_inside_the_pod_arrive",
    ),
    Mutant(
        "the node probe asks the wrong port for the Beacon API",
        template(
            "_probe.tpl",
            "http://127.0.0.1:{{ $consensus.ports.beacon }}",
            "http://127.0.0.1:{{ $consensus.ports.rpc }}",
        ),
        by="calls_inside_the_pod_arrive",
    ),
    Mutant(
        "the validators call nobody",
        Edit(PRYSM, "--beacon-rpc-provider=127.0.0.1:{{ .consensusRpcPort }}", "--beacon-rpc-provider=127.0.0.1:4001"),
        by="calls_inside_the_pod_arrive",
    ),
    Mutant(
        "Services lead to ports of other names",
        template("_services.tpl", "targetPort: {{ .name }}", "targetPort: {{ .name }}-api"),
        by="services_lead_to_ports",
        defect="targetPort and the container's port have different names",
    ),
    Mutant(
        "a Service has another port than the container",
        template(
            "_services.tpl",
            '(dict "name" "beacon" "port" $ports.consensus.beacon)',
            '(dict "name" "beacon" "port" 5052)',
        ),
        by="services_lead_to_ports",
    ),
    Mutant(
        "no Service leads to the consensus client's metrics",
        template("_services.tpl", '      (dict "name" "beacon-metrics" "port" $ports.consensus.metrics)\n', ""),
        by="sync_nodes_are_found",
    ),
    Mutant(
        "users are led to nodes that are not ready",
        template(
            "_services.tpl", '"scope" . "purpose" "rpc" "ports"', '"scope" . "purpose" "rpc" "notReady" true "ports"'
        ),
        by="only_ready_nodes_answer_users",
    ),
    Mutant(
        "a late node finds ready nodes only",
        template("_services.tpl", '"purpose" "beacon" "notReady" true', '"purpose" "beacon"'),
        by="only_ready_nodes_answer_users",
        defect="a node that is not ready is hidden from those that would make it ready",
    ),
    Mutant(
        "a monitor asks for another path",
        template("_servicemonitor.tpl", ").metrics.path }}", ').metrics.path | replace "/prometheus" "" }}'),
        by="monitors_lead_to_metrics",
        defect="a metrics path that the client does not have",
    ),
    Mutant(
        "a monitor asks for a port that the Service has not",
        template("_servicemonitor.tpl", '"beacon-metrics" "consensus"', '"metrics-beacon" "consensus"'),
        by="monitors_lead_to_metrics",
        defect="a metrics port that no Service has",
    ),
    Mutant(
        "a monitor matches every Service of a node",
        template("_services.tpl", "ethinfra.io/purpose: {{ .purpose }}", "ethinfra.io/purpose: metrics"),
        by="monitors_lead_to_metrics",
        defect="every series twice: the headless Service is scraped, too",
    ),
    Mutant(
        "the node probe is scraped twice",
        template(
            "_servicemonitor.tpl", "    - port: probe\n", "    - {port: probe, path: /metrics}\n    - port: probe\n"
        ),
        by="metrics_are_scraped_once",
        defect="every series twice",
    ),
    Mutant(
        "the consensus client is not scraped",
        template("_servicemonitor.tpl", ' "beacon-metrics" "consensus"', ""),
        by="metrics_are_scraped_once",
        defect="no monitor where a port is declared for it",
    ),
    Mutant(
        "users may change the node",
        Edit(GETH, '--http.api={{ join "," .node.rpc.namespaces }}', "--http.api=eth,net,admin"),
        by="users_get_no_administration",
        defect="admin, engine and debug on a public RPC",
    ),
    Mutant(
        "users of production may change the node",
        Edit("values/ethereum/production.yaml", "namespaces: [eth, net, web3]", "namespaces: [eth, net, web3, admin]"),
        by=SCHEMA,
        case="production",
        defect="admin, engine and debug on a public RPC",
    ),
)

ENGINE = (
    Mutant(
        "the Engine API listens for everybody",
        Edit(GETH, "--authrpc.addr=127.0.0.1", "--authrpc.addr=0.0.0.0"),
        by="engine_listens_on_loopback",
        defect="the Engine API is open to the cluster",
    ),
    Mutant(
        "the Engine API of another client listens for everybody",
        Edit("values/clients/nethermind.yaml", "--JsonRpc.EngineHost=127.0.0.1", "--JsonRpc.EngineHost=0.0.0.0"),
        by="engine_listens_on_loopback",
        case="clients",
        defect="the Engine API is open to the cluster",
    ),
    Mutant(
        "the consensus client calls another pod's Engine API",
        Edit(PRYSM, "http://127.0.0.1:{{ .enginePort }}", "http://geth-engine:{{ .enginePort }}"),
        by="engine_listens_on_loopback",
    ),
    Mutant(
        "a Service leads to the Engine API",
        template(
            "_services.tpl",
            '(dict "name" "rpc" "port" $ports.execution.rpc)',
            '(dict "name" "rpc" "port" $ports.execution.engine)',
        ),
        by="nothing_leads_to_the_engine",
        defect="the Engine API is open to the cluster",
    ),
    Mutant(
        "a policy opens the Engine API",
        template(
            "_networkpolicies.tpl",
            "        - {port: {{ $ports.execution.metrics }}, protocol: TCP}\n",
            "        - {port: {{ $ports.execution.metrics }}, protocol: TCP}\n"
            "        - {port: {{ $ports.execution.engine }}, protocol: TCP}\n",
        ),
        by="nothing_leads_to_the_engine",
    ),
    Mutant(
        "the JWT secret is on a disk",
        template("_volumes.tpl", "{medium: Memory, sizeLimit: 1Mi}", "{sizeLimit: 1Mi}"),
        by="jwt_lives_in_memory",
    ),
    Mutant(
        "nobody makes the JWT secret",
        template("_init.tpl", '{{- if eq (include "ethereum.jwtSource" .) "generate" -}}', "{{- if false -}}"),
        by="jwt_lives_in_memory",
    ),
    Mutant(
        "the clients read different JWT secrets",
        Edit(PRYSM, "--jwt-secret={{ .paths.jwt }}", "--jwt-secret={{ .dataDir }}/jwt.hex"),
        by="clients_share_one_secret",
        defect="the defaults of the two charts are different secrets",
    ),
    Mutant(
        "the JWT secret is mounted elsewhere",
        template(
            "_consensus.tpl",
            "- {name: jwt, mountPath: {{ dir $paths.jwt }}, readOnly: true}",
            "- {name: jwt, mountPath: /secrets, readOnly: true}",
        ),
        by="paths_are_mounted",
    ),
    Mutant(
        "the JWT secret is in the template",
        template(
            "_scope.tpl",
            "- name: POD_IP\n",
            f'- {{name: ENGINE_SECRET, value: "{"5e" * 32}"}}\n- name: POD_IP\n',
        ),
        by="secrets_are_in_no_manifest",
        defect="one public JWT secret as the default of 13 charts",
    ),
    Mutant(
        "the JWT secret is in the values",
        Edit(LOCAL, "  defaults:\n", f'  defaults:\n    jwt: {{fromLiteral: "{"5e" * 32}"}}\n'),
        by=SCHEMA,
        defect="a JWT secret in values",
    ),
    Mutant(
        "the JWT secret is generated and given",
        Edit(LOCAL, "  defaults:\n", "  defaults:\n    jwt: {existingSecret: {name: engine, key: jwt}}\n"),
        by=CHECKS,
    ),
    Mutant(
        "an execution client has two consensus clients",
        template(
            "_pod.tpl",
            '    {{- include "ethereum.consensusContainer" . | nindent 4 }}\n',
            '    {{- include "ethereum.consensusContainer" . | nindent 4 }}\n'
            '    {{- include "ethereum.consensusContainer" . | replace "name: consensus\\n  image" '
            '"name: second\\n  image" | nindent 4 }}\n',
        ),
        by="nodes_are_pairs",
    ),
    Mutant(
        "nobody knows which client a node runs",
        template("_labels.tpl", "ethinfra.io/client: {{ .node.execution.client }}\n", ""),
        by="nodes_name_their_clients",
    ),
)

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
            "startup: {periodSeconds: 2, timeoutSeconds: 3, failureThreshold: 300}",
            "startup: {periodSeconds: 2, timeoutSeconds: 3, failureThreshold: 30}",
        ),
        by="clients_have_time_to_start",
    ),
    Mutant(
        "clients are restarted after ten seconds of silence",
        Edit(
            f"{CHART}/values.yaml",
            "      liveness: {periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6}",
            "      liveness: {periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 1}",
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
        by="the_probe_understands_its_flags",
    ),
)

STOPPING = (
    Mutant(
        "nodes are killed after a minute",
        template(
            "_pod.tpl",
            "terminationGracePeriodSeconds: {{ $node.gracePeriodSeconds }}",
            "terminationGracePeriodSeconds: 60",
        ),
        by="clients_get_their_time_to_stop",
        defect="a grace period of 60 s",
    ),
    Mutant(
        "values give less time than the clients need",
        Edit(LOCAL, "    gracePeriodSeconds: 120\n", "    gracePeriodSeconds: 60\n"),
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

POLICIES = (
    Mutant(
        "namespaces deny nothing",
        Edit(
            "charts/infrastructure/templates/policies/default-deny.yaml",
            "policyTypes: [Ingress, Egress]",
            "policyTypes: [Ingress]",
        ),
        by="namespaces_deny_by_default",
        defect="no network policies",
    ),
    Mutant(
        "a policy has an empty list",
        Edit(
            "charts/infrastructure/templates/policies/default-deny.yaml",
            "policyTypes: [Ingress, Egress]\n",
            "policyTypes: [Ingress, Egress]\n  ingress: []\n",
        ),
        by="policies_have_no_empty_lists",
    ),
    Mutant(
        "a policy selects nobody",
        template(
            "network/genesis-networkpolicy.yaml",
            '"name" (include "ethereum.network.genesis" .Values.network)) | nindent 6',
            '"name" "genesis-job") | nindent 6',
        ),
        by="policies_select_pods",
    ),
    Mutant(
        "a policy opens a port that nobody has",
        template(
            "_networkpolicies.tpl",
            "{port: {{ $ports.consensus.metrics }}, protocol: TCP}",
            "{port: 5054, protocol: TCP}",
        ),
        by="policies_admit_to_ports_that_exist",
    ),
    Mutant(
        "no policy opens the metrics of the consensus client",
        template("_networkpolicies.tpl", "        - {port: {{ $ports.consensus.metrics }}, protocol: TCP}\n", ""),
        by="services_are_let_in",
    ),
    Mutant(
        "the internet may call the RPC",
        template(
            "_networkpolicies.tpl",
            "        - namespaceSelector: {{ toJson .root.Values.networkPolicy.rpcClients.namespaceSelector }}\n"
            "          podSelector: {{ toJson .root.Values.networkPolicy.rpcClients.podSelector }}\n",
            "        - ipBlock: {cidr: 0.0.0.0/0}\n",
        ),
        by="policies_name_whom_they_admit",
    ),
    Mutant(
        "nodes may not call each other's Beacon API",
        template(
            "_networkpolicies.tpl",
            "{{- with $client.consensus -}}{{- $others = append $others (.ports.beacon | int) -}}{{- end -}}\n",
            "",
        ),
        by="peers_may_call_each_other",
    ),
    Mutant(
        "a namespace is privileged without a reason",
        Edit(
            "values/infrastructure/common.yaml",
            "  ethereum:\n    podSecurity: restricted\n",
            "  ethereum:\n    podSecurity: privileged\n",
        ),
        by=CHECKS,
    ),
    Mutant(
        "namespaces enforce nothing",
        Edit(
            "charts/infrastructure/templates/namespaces/namespace.yaml",
            "    pod-security.kubernetes.io/enforce: {{ $namespace.podSecurity }}\n",
            "",
        ),
        by="namespaces_enforce_pod_security",
    ),
)

OBJECTS = (
    Mutant(
        "an API version is gone from Kubernetes",
        template("_statefulset.tpl", "apiVersion: policy/v1\n", "apiVersion: policy/v1beta1\n"),
        by=KUBERNETES,
        defect="disruption budgets of policy/v1beta1 in ten charts",
    ),
    Mutant(
        "a field is misspelt",
        template("_services.tpl", "publishNotReadyAddresses: true", "publishNotReadyAdresses: true"),
        by=KUBERNETES,
    ),
    Mutant(
        "a number is a text",
        template("_statefulset.tpl", "replicas: {{ .node.replicas }}", "replicas: {{ .node.replicas | quote }}"),
        by=KUBERNETES,
    ),
    Mutant(
        "two objects have one name",
        template("_services.tpl", '(printf "%s-%s" $scope.node.name .purpose)', "$scope.node.name"),
        by="objects_are_unique",
    ),
    Mutant(
        "a workload takes another's pods",
        template(
            "_statefulset.tpl",
            'matchLabels: {{- include "ethereum.selector" (dict "root" .root "name" $name) | nindent 6 }}',
            "matchLabels: {app.kubernetes.io/part-of: ethereum-node-infra}",
        ),
        by="workloads_select_their_own_pods",
    ),
    Mutant(
        "a value is misspelt",
        Edit(LOCAL, "    gracePeriodSeconds: 120\n", "    graceSeconds: 120\n"),
        by=SCHEMA,
        defect="a documented key that no template reads is ignored",
    ),
    Mutant(
        "values are one level too high",
        Edit(LOCAL, "    gracePeriodSeconds: 120\n", "  gracePeriodSeconds: 120\n"),
        by=SCHEMA,
        defect="values that are indented wrongly are ignored",
    ),
    Mutant(
        "a client has a key that no template reads",
        Edit(
            GETH,
            "      metrics:\n        path: /debug",
            "      metricsPath: /metrics\n      metrics:\n        path: /debug",
        ),
        by=SCHEMA,
    ),
    Mutant(
        "a network contradicts itself",
        Edit("values/networks/devnet.yaml", "  chainId: 32382\n  public", "  chainId: 32383\n  public"),
        by=CHECKS,
    ),
    Mutant(
        "a client cannot have the chain's epochs",
        Edit(
            PRYSM,
            "presets: {mainnet: 32, minimal: 8, interop: 6}\n      anyPreset: true",
            "presets: {mainnet: 32, minimal: 8}\n      anyPreset: false",
        ),
        by=CHECKS,
    ),
)

UPGRADES = (
    Mutant(
        "selectors are other labels",
        template(
            "_labels.tpl",
            "app.kubernetes.io/instance: {{ .root.Release.Name }}\n",
            "app.kubernetes.io/instance: {{ .root.Release.Name }}\n"
            "app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}\n",
        ),
        by=UPGRADE,
    ),
    Mutant(
        "the StatefulSet's Service is another one",
        template("_statefulset.tpl", "serviceName: {{ $name }}-p2p", "serviceName: {{ $name }}-beacon"),
        by=UPGRADE,
    ),
    Mutant(
        "claims grow in the StatefulSet",
        Edit(
            LOCAL,
            "size: 2Gi}\n    gracePeriodSeconds",
            "size: 3Gi}\n    gracePeriodSeconds",
        ),
        by=UPGRADE,
    ),
    Mutant(
        "a headless Service gets an address",
        template("_services.tpl", '"purpose" "p2p" "headless" true', '"purpose" "p2p"'),
        by=UPGRADE,
    ),
)

ENVIRONMENTS = (
    Mutant(
        "production has fewer replicas",
        Edit("values/ethereum/production.yaml", "replicas: 3", "replicas: 1"),
        by=ORDER,
        case="production",
    ),
    Mutant(
        "production keeps replicas apart less strictly",
        Edit("values/ethereum/production.yaml", "antiAffinity: required", "antiAffinity: preferred"),
        by=ORDER,
        case="production",
    ),
    Mutant(
        "production is ready with fewer peers",
        Edit("values/ethereum/production.yaml", "minPeers: 10", "minPeers: 1"),
        by=ORDER,
        case="production",
    ),
    Mutant(
        "production offers more namespaces",
        Edit("values/ethereum/production.yaml", "namespaces: [eth, net, web3]", "namespaces: [eth, net, web3, txpool]"),
        by=ORDER,
        case="production",
        defect="admin, engine and debug on a public RPC",
    ),
    Mutant(
        "production has less memory",
        Edit(
            "values/ethereum/production.yaml", 'limits: {cpu: "16", memory: 32Gi}', 'limits: {cpu: "16", memory: 12Gi}'
        ),
        by=ORDER,
        case="production",
    ),
    Mutant(
        "production has smaller volumes",
        Edit("values/ethereum/production.yaml", "size: 2Ti", "size: 200Gi"),
        by=ORDER,
        case="production",
    ),
    Mutant(
        "production deletes its volumes",
        Edit("values/ethereum/production.yaml", "size: 500Gi}\n", "size: 500Gi}\n      whenDeleted: Delete\n"),
        by=ORDER,
        case="production",
    ),
    Mutant(
        "production stops its clients faster",
        Edit("values/ethereum/production.yaml", "gracePeriodSeconds: 600", "gracePeriodSeconds: 180"),
        by=ORDER,
        case="production",
    ),
    Mutant(
        "staging runs fewer nodes",
        Edit("values/ethereum/staging.yaml", "replicas: 2", "replicas: 1"),
        by=ORDER,
        case="staging",
    ),
)

MUTANTS = (
    *PERMISSIONS,
    *RESOURCES,
    *IMAGES,
    *FLAGS,
    *PORTS,
    *ENGINE,
    *PROBES,
    *STOPPING,
    *DATA,
    *POLICIES,
    *OBJECTS,
    *UPGRADES,
    *ENVIRONMENTS,
)
