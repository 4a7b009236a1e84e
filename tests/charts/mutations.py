"""Ways to break what is rendered for `local`, each with the rule that must notice and the object that it names.

They try the branches of a rule, on objects and alone; that careless edits of a source come to a rule at all is tried by
tests/mutants, and no edit of there is repeated here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ethinfra.deploy.rules import (
    Rule,
    access,
    containers,
    engine,
    nodes,
    objects,
    platform,
    policies,
    ports,
    probes,
    scaling,
    services,
)
from tests.charts.draft import Draft

GETH = "StatefulSet ethereum/geth"
VALIDATORS = "StatefulSet ethereum/validators"
REGISTRY = "StatefulSet local-registry/registry"
KEDA = "Role keda/keda-operator"


@dataclass(frozen=True)
class Mutation:
    """A change of a draft, and what must come of it.

    rule:  complains then; whoever else does is not asked, since one broken end has two sides
    named: the object that all its complaints are about
    """

    change: Callable[[Draft], None]
    rule: Rule
    named: str

    def __str__(self) -> str:
        return self.change.__name__


MUTATIONS: list[Mutation] = []


def breaks(rule: Rule, named: str) -> Callable[[Callable[[Draft], None]], Callable[[Draft], None]]:
    def add(change: Callable[[Draft], None]) -> Callable[[Draft], None]:
        MUTATIONS.append(Mutation(change, rule, named))
        return change

    return add


# What a container may do


@breaks(containers.containers_run_as_non_root, VALIDATORS)
def init_container_runs_as_root(draft: Draft) -> None:
    draft.container(VALIDATORS, "genesis")["securityContext"]["runAsUser"] = 0


@breaks(containers.containers_run_as_non_root, REGISTRY)
def pod_names_no_user(draft: Draft) -> None:
    del draft.pod(REGISTRY)["securityContext"]["runAsUser"]


@breaks(containers.root_file_systems_are_read_only, REGISTRY)
def nobody_says_whether_the_image_is_writable(draft: Draft) -> None:
    del draft.container(REGISTRY, "gateway")["securityContext"]["readOnlyRootFilesystem"]


@breaks(containers.privileges_do_not_grow, VALIDATORS)
def container_is_privileged(draft: Draft) -> None:
    draft.container(VALIDATORS, "validator")["securityContext"]["privileged"] = True


@breaks(containers.privileges_do_not_grow, GETH)
def init_container_may_gain_privileges(draft: Draft) -> None:
    del draft.container(GETH, "jwt")["securityContext"]["allowPrivilegeEscalation"]


@breaks(containers.capabilities_are_dropped, GETH)
def capability_is_added(draft: Draft) -> None:
    draft.container(GETH, "consensus")["securityContext"]["capabilities"]["add"] = ["NET_ADMIN"]


@breaks(containers.capabilities_are_dropped, REGISTRY)
def only_some_capabilities_are_dropped(draft: Draft) -> None:
    draft.container(REGISTRY, "registry")["securityContext"]["capabilities"]["drop"] = ["NET_RAW"]


@breaks(containers.system_calls_are_filtered, GETH)
def pod_has_no_seccomp_profile(draft: Draft) -> None:
    del draft.pod(GETH)["securityContext"]["seccompProfile"]


@breaks(containers.pods_stay_off_the_host, GETH)
def container_takes_a_port_of_the_host(draft: Draft) -> None:
    draft.container(GETH, "execution")["ports"][0]["hostPort"] = 8545


@breaks(containers.resources_are_stated, GETH)
def memory_has_no_limit(draft: Draft) -> None:
    del draft.container(GETH, "execution")["resources"]["limits"]["memory"]


@breaks(containers.resources_are_stated, REGISTRY)
def container_requests_nothing(draft: Draft) -> None:
    del draft.container(REGISTRY, "registry")["resources"]["requests"]


@breaks(containers.images_are_named_exactly, GETH)
def image_is_the_latest(draft: Draft) -> None:
    draft.container(GETH, "execution")["image"] = "docker.io/ethereum/client-go:latest"


@breaks(containers.images_are_named_exactly, GETH)
def image_has_no_tag(draft: Draft) -> None:
    draft.container(GETH, "execution")["image"] = "registry.example:5000/ethereum/client-go"


@breaks(containers.images_are_named_exactly, VALIDATORS)
def image_has_no_registry(draft: Draft) -> None:
    draft.container(VALIDATORS, "execution")["image"] = "ethereum/client-go:v1.17.5"


# The Engine API and its secret


@breaks(engine.engine_listens_on_loopback, GETH)
def engine_listens_everywhere_by_a_later_flag(draft: Draft) -> None:
    draft.container(GETH, "execution")["args"] += ["--authrpc.addr", "0.0.0.0"]  # noqa: S104 -- in a manifest


@breaks(engine.engine_listens_on_loopback, VALIDATORS)
def engine_listens_where_the_client_likes(draft: Draft) -> None:
    draft.container(VALIDATORS, "execution")["args"].remove("--authrpc.addr=127.0.0.1")


@breaks(engine.nothing_leads_to_the_engine, GETH)
def engine_port_is_declared(draft: Draft) -> None:
    draft.container(GETH, "execution")["ports"].append({"name": "engine", "containerPort": 8551})


@breaks(engine.nothing_leads_to_the_engine, "Service ethereum/geth-rpc")
def service_leads_to_the_engine(draft: Draft) -> None:
    draft["Service ethereum/geth-rpc"]["spec"]["ports"].append({"name": "engine", "port": 8551, "targetPort": 8551})


@breaks(engine.nothing_leads_to_the_engine, "Service ethereum/geth-rpc")
def service_leads_to_the_engine_from_another_port(draft: Draft) -> None:
    draft["Service ethereum/geth-rpc"]["spec"]["ports"].append({"name": "admin", "port": 80, "targetPort": 8551})


@breaks(engine.nothing_leads_to_the_engine, "NetworkPolicy ethereum/geth-rpc")
def policy_opens_a_range_around_the_engine(draft: Draft) -> None:
    draft["NetworkPolicy ethereum/geth-rpc"]["spec"]["ingress"][0]["ports"][0]["endPort"] = 8600


@breaks(engine.nothing_leads_to_the_engine, "NetworkPolicy ethereum/geth-nodes")
def policy_opens_every_port(draft: Draft) -> None:
    del draft["NetworkPolicy ethereum/geth-nodes"]["spec"]["ingress"][0]["ports"]


@breaks(engine.jwt_lives_in_memory, GETH)
def jwt_is_in_a_config_map(draft: Draft) -> None:
    volume = draft.volume(GETH, "jwt")
    del volume["emptyDir"]
    volume["configMap"] = {"name": "devnet-chain"}


@breaks(engine.jwt_lives_in_memory, GETH)
def probe_sees_the_jwt(draft: Draft) -> None:
    draft.container(GETH, "probe")["volumeMounts"] = [{"name": "jwt", "mountPath": "/jwt", "readOnly": True}]


@breaks(engine.jwt_lives_in_memory, GETH)
def client_may_write_the_jwt(draft: Draft) -> None:
    mount = next(one for one in draft.container(GETH, "consensus")["volumeMounts"] if one["name"] == "jwt")
    del mount["readOnly"]


@breaks(engine.secrets_are_in_no_manifest, GETH)
def jwt_is_a_flag(draft: Draft) -> None:
    draft.container(GETH, "execution")["args"].append("--authrpc.jwt=0x" + "5e" * 32)


@breaks(engine.secrets_are_in_no_manifest, GETH)
def jwt_is_a_variable(draft: Draft) -> None:
    draft.container(GETH, "consensus")["env"].append({"name": "JWT", "value": "5e" * 32})


@breaks(engine.secrets_are_in_no_manifest, GETH)
def jwt_is_a_variable_from_a_secret(draft: Draft) -> None:
    source = {"secretKeyRef": {"name": "jwt", "key": "jwt"}}
    draft.container(GETH, "execution")["env"].append({"name": "JWT", "valueFrom": source})


@breaks(engine.secrets_are_in_no_manifest, "Secret ethereum/jwt")
def secret_is_rendered(draft: Draft) -> None:
    draft.add("jwt", like="ConfigMap ethereum/devnet-chain", kind="Secret", data={"jwt": "NWU="})


@breaks(engine.secrets_are_in_no_manifest, "ConfigMap ethereum/devnet-chain")
def jwt_is_in_a_rendered_config_map(draft: Draft) -> None:
    draft["ConfigMap ethereum/devnet-chain"]["data"]["jwt.hex"] = "5e" * 32 + "\n"


# Nodes of the chain


@breaks(nodes.nodes_name_their_clients, VALIDATORS)
def node_has_a_client_that_nobody_knows(draft: Draft) -> None:
    draft[VALIDATORS]["spec"]["template"]["metadata"]["labels"]["ethinfra.io/consensus-client"] = "lighthouse"


@breaks(probes.health_is_the_probes_verdict, VALIDATORS)
def node_has_no_startup_probe(draft: Draft) -> None:
    del draft.container(VALIDATORS, "execution")["startupProbe"]


@breaks(probes.health_is_the_probes_verdict, GETH)
def consensus_client_is_restarted_when_it_lags(draft: Draft) -> None:
    draft.container(GETH, "consensus")["livenessProbe"]["httpGet"] = {"path": "/readyz", "port": 9500}


@breaks(nodes.clients_get_their_time_to_stop, VALIDATORS)
def grace_period_is_kubernetes_own(draft: Draft) -> None:
    del draft.pod(VALIDATORS)["terminationGracePeriodSeconds"]


@breaks(nodes.disruptions_are_budgeted, GETH)
def budget_is_missing(draft: Draft) -> None:
    draft.remove("PodDisruptionBudget ethereum/geth")


@breaks(nodes.disruptions_are_budgeted, REGISTRY)
def budget_selects_nobody(draft: Draft) -> None:
    selector = draft["PodDisruptionBudget local-registry/registry"]["spec"]["selector"]
    selector["matchLabels"]["app.kubernetes.io/name"] = "regsitry"


@breaks(nodes.disruptions_are_budgeted, "PodDisruptionBudget ethereum/geth")
def budget_lets_all_replicas_go(draft: Draft) -> None:
    draft["PodDisruptionBudget ethereum/geth"]["spec"]["maxUnavailable"] = "100%"


@breaks(nodes.replicas_avoid_each_other, GETH)
def replicas_avoid_somebody_else(draft: Draft) -> None:
    (term,) = draft.pod(GETH)["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    term["podAffinityTerm"]["labelSelector"]["matchLabels"]["app.kubernetes.io/name"] = "besu"


@breaks(nodes.replicas_avoid_each_other, GETH)
def replicas_are_spread_over_zones_only(draft: Draft) -> None:
    draft.pod(GETH)["topologySpreadConstraints"][0]["topologyKey"] = "topology.kubernetes.io/zone"


@breaks(nodes.nodes_start_side_by_side, GETH)
def nodes_wait_for_each_other(draft: Draft) -> None:
    draft[GETH]["spec"]["podManagementPolicy"] = "OrderedReady"


@breaks(nodes.chain_data_is_on_claims, GETH)
def claim_is_mounted_elsewhere(draft: Draft) -> None:
    for mount in draft.container(GETH, "execution")["volumeMounts"]:
        if mount["name"] == "execution":
            mount["mountPath"] = "/var/lib/elsewhere"


# What autoscalers decide


def scaler(draft: Draft, name: str, **spec: object) -> None:
    """An autoscaler for the sync nodes."""
    target = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "geth"}
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
    }
    whole = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 4, "metrics": [metric], **spec}
    draft.add(name, like="PodDisruptionBudget ethereum/geth", kind="HorizontalPodAutoscaler", spec=whole)
    draft[GETH]["spec"].pop("replicas")


@breaks(scaling.autoscaled_workloads_state_no_replicas, "HorizontalPodAutoscaler ethereum/late")
def autoscaler_scales_nobody(draft: Draft) -> None:
    scaler(draft, "late", scaleTargetRef={"apiVersion": "apps/v1", "kind": "Deployment", "name": "geth"})


@breaks(scaling.autoscalers_have_one_way_to_go, "HorizontalPodAutoscaler ethereum/geth")
def autoscaler_has_no_room(draft: Draft) -> None:
    scaler(draft, "geth", minReplicas=5)


@breaks(scaling.autoscalers_know_what_is_used, "HorizontalPodAutoscaler ethereum/geth")
def autoscaler_goes_by_nothing(draft: Draft) -> None:
    scaler(draft, "geth", metrics=[])


# Ports, flags and probes


@breaks(ports.opened_ports_are_declared, GETH)
def flag_of_the_operators_opens_a_port(draft: Draft) -> None:
    draft.container(GETH, "execution")["args"] += ["--pprof", "--pprof.addr=0.0.0.0", "--pprof.port=6061"]


@breaks(ports.calls_inside_the_pod_arrive, GETH)
def probe_asks_a_port_of_nobody(draft: Draft) -> None:
    draft.argument(GETH, "probe", "--execution=http://127.0.0.1:8545", "--execution=http://127.0.0.1:8540")


@breaks(ports.ports_are_opened_once, GETH)
def port_has_the_name_of_another(draft: Draft) -> None:
    draft.container(GETH, "probe")["ports"][0]["name"] = "rpc"


@breaks(containers.paths_are_mounted, GETH)
def client_writes_where_no_volume_is(draft: Draft) -> None:
    draft.argument(GETH, "execution", "--ipcpath=/tmp/geth.ipc", "--ipcpath=/run/geth.ipc")


@breaks(containers.shells_hand_over, REGISTRY)
def shell_ends_with_a_program_of_its_own(draft: Draft) -> None:
    draft.container(REGISTRY, "registry")["command"] = ["/bin/bash", "-ec", "exec 3>&1; registry serve"]


@breaks(containers.pods_stay_off_the_host, GETH)
def volume_is_a_network_file_system(draft: Draft) -> None:
    volume = draft.volume(GETH, "execution-tmp")
    del volume["emptyDir"]
    volume["nfs"] = {"server": "files.example", "path": "/"}


@breaks(containers.privileges_do_not_grow, GETH)
def container_sees_the_kernels_files(draft: Draft) -> None:
    draft.container(GETH, "consensus")["securityContext"]["procMount"] = "Unmasked"


@breaks(containers.caches_fit_in_memory, GETH)
def cache_of_the_operators_is_too_large(draft: Draft) -> None:
    draft.argument(GETH, "execution", "--cache=128", "--cache=768")


@breaks(engine.clients_share_one_secret, GETH)
def secret_is_another_file_of_the_volume(draft: Draft) -> None:
    draft.argument(GETH, "consensus", "--jwt-secret=/jwt/jwt.hex", "--jwt-secret=/jwt/other.hex")


@breaks(engine.nodes_are_pairs, GETH)
def sidecar_drives_the_execution_client(draft: Draft) -> None:
    second = draft.container(GETH, "consensus") | {"name": "second"}
    draft.pod(GETH)["containers"].append(second)


@breaks(probes.the_probe_judges_the_chain, GETH)
def node_has_no_probe(draft: Draft) -> None:
    draft.pod(GETH)["containers"].remove(draft.container(GETH, "probe"))


@breaks(probes.clients_have_time_to_start, GETH)
def client_may_be_restarted_while_it_starts(draft: Draft) -> None:
    del draft.container(GETH, "consensus")["startupProbe"]


# Services


@breaks(services.services_lead_to_ports, "Service ethereum/validators-metrics")
def service_selects_nobody(draft: Draft) -> None:
    draft["Service ethereum/validators-metrics"]["spec"]["selector"]["app.kubernetes.io/name"] = "validator"


@breaks(services.services_lead_to_ports, "Service ethereum/geth-metrics")
def service_selects_everybody(draft: Draft) -> None:
    draft["Service ethereum/geth-metrics"]["spec"]["selector"] = {"app.kubernetes.io/part-of": "ethereum-node-infra"}


@breaks(services.services_lead_to_ports, "Service ethereum/validators-beacon")
def service_leads_to_no_port(draft: Draft) -> None:
    draft["Service ethereum/validators-beacon"]["spec"]["ports"][0]["targetPort"] = "beacon-api"


@breaks(services.services_lead_to_ports, "Service ethereum/validators-p2p")
def service_speaks_another_protocol(draft: Draft) -> None:
    for port in draft["Service ethereum/validators-p2p"]["spec"]["ports"]:
        if port["name"] == "beacon-udp":
            port["protocol"] = "TCP"


@breaks(services.services_lead_to_ports, "Service ethereum/validators-beacon")
def service_names_its_port_by_number(draft: Draft) -> None:
    draft["Service ethereum/validators-beacon"]["spec"]["ports"][0]["targetPort"] = 3500


@breaks(services.services_lead_to_ports, "Service ethereum/validators-metrics")
def container_port_has_moved(draft: Draft) -> None:
    port = next(one for one in draft.container(VALIDATORS, "execution")["ports"] if one["name"] == "metrics")
    port["containerPort"] = 6061
    for one in draft["NetworkPolicy ethereum/validators-metrics"]["spec"]["ingress"][0]["ports"]:
        one["port"] = 6061 if one["port"] == 6060 else one["port"]


@breaks(services.services_are_let_in, "Service ethereum/geth-rpc")
def policy_forgets_websocket(draft: Draft) -> None:
    ports = draft["NetworkPolicy ethereum/geth-rpc"]["spec"]["ingress"][0]["ports"]
    ports[:] = [port for port in ports if port["port"] != 8546]


@breaks(services.services_are_let_in, "Service local-registry/registry")
def policy_of_the_registry_is_missing(draft: Draft) -> None:
    draft.remove("NetworkPolicy local-registry/registry")


@breaks(services.sync_nodes_are_found, GETH)
def service_is_missing(draft: Draft) -> None:
    draft.remove("Service ethereum/geth-beacon")


@breaks(services.only_ready_nodes_answer_users, "Service ethereum/geth-p2p")
def peers_find_ready_nodes_only(draft: Draft) -> None:
    del draft["Service ethereum/geth-p2p"]["spec"]["publishNotReadyAddresses"]


@breaks(services.only_ready_nodes_answer_users, "Service ethereum/devnet-bootnode")
def bootnode_is_hidden_until_it_is_ready(draft: Draft) -> None:
    draft["Service ethereum/devnet-bootnode"]["spec"]["publishNotReadyAddresses"] = False


# Policies


@breaks(policies.namespaces_deny_by_default, "Namespace ethereum")
def namespace_denies_nothing(draft: Draft) -> None:
    draft.remove("NetworkPolicy ethereum/default-deny")


@breaks(policies.namespaces_deny_by_default, "Namespace observability")
def denial_is_of_no_direction(draft: Draft) -> None:
    draft["NetworkPolicy observability/default-deny"]["spec"]["policyTypes"] = []


@breaks(policies.policies_admit_to_ports_that_exist, "NetworkPolicy ethereum/geth-p2p")
def policy_opens_a_port_that_nobody_has(draft: Draft) -> None:
    draft["NetworkPolicy ethereum/geth-p2p"]["spec"]["ingress"][0]["ports"].append({"port": 30304})


@breaks(policies.policies_admit_to_ports_that_exist, "NetworkPolicy local-registry/registry")
def policy_opens_a_named_port_that_nobody_has(draft: Draft) -> None:
    draft["NetworkPolicy local-registry/registry"]["spec"]["ingress"][0]["ports"].append({"port": "registry"})


@breaks(policies.policies_admit_to_ports_that_exist, "NetworkPolicy ethereum/validators-p2p")
def policy_opens_the_other_protocol(draft: Draft) -> None:
    ports = draft["NetworkPolicy ethereum/validators-p2p"]["spec"]["ingress"][0]["ports"]
    ports.append({"port": 13000, "protocol": "UDP"})


@breaks(policies.policies_name_whom_they_admit, "NetworkPolicy ethereum/geth-rpc")
def policy_admits_everybody(draft: Draft) -> None:
    del draft["NetworkPolicy ethereum/geth-rpc"]["spec"]["ingress"][0]["from"]


@breaks(policies.policies_name_whom_they_admit, "NetworkPolicy ethereum/allow-dns")
def policy_lets_everybody_out(draft: Draft) -> None:
    draft["NetworkPolicy ethereum/allow-dns"]["spec"]["egress"].append({})


@breaks(policies.policies_have_no_empty_lists, "NetworkPolicy local-registry/registry")
def policy_has_an_empty_list(draft: Draft) -> None:
    draft["NetworkPolicy local-registry/registry"]["spec"]["egress"] = []


# The platform


@breaks(platform.namespaces_enforce_pod_security, "Namespace local-registry")
def namespace_enforces_less_without_a_reason(draft: Draft) -> None:
    labels = draft["Namespace local-registry"]["metadata"]["labels"]
    labels["pod-security.kubernetes.io/enforce"] = "baseline"


@breaks(platform.namespaces_enforce_pod_security, "Namespace ethereum")
def namespace_does_not_warn(draft: Draft) -> None:
    draft["Namespace ethereum"]["metadata"]["labels"]["pod-security.kubernetes.io/warn"] = "privileged"


@breaks(platform.namespaces_enforce_pod_security, "Namespace ethereum")
def namespace_goes_with_its_claims(draft: Draft) -> None:
    del draft["Namespace ethereum"]["metadata"]["annotations"]["helm.sh/resource-policy"]


@breaks(platform.namespaces_enforce_pod_security, "Namespace local-registry")
def namespace_is_made_by_nobody(draft: Draft) -> None:
    draft.remove("Namespace local-registry")


@breaks(platform.namespaces_have_limits, "Namespace ethereum")
def namespace_has_no_quota(draft: Draft) -> None:
    draft.remove("ResourceQuota ethereum/namespace")


@breaks(platform.namespaces_have_limits, "Namespace local-registry")
def namespace_has_no_limit_range(draft: Draft) -> None:
    draft.remove("LimitRange local-registry/containers")


@breaks(platform.quotas_hold_what_is_rendered, "ResourceQuota ethereum/namespace")
def more_replicas_than_the_quota_has_room_for(draft: Draft) -> None:
    draft[GETH]["spec"]["replicas"] = 40


@breaks(platform.quotas_hold_what_is_rendered, "ResourceQuota local-registry/namespace")
def quota_is_too_small_for_the_claim(draft: Draft) -> None:
    draft["ResourceQuota local-registry/namespace"]["spec"]["hard"]["requests.storage"] = "19Gi"


@breaks(platform.priorities_exist, GETH)
def pod_has_no_priority(draft: Draft) -> None:
    del draft.pod(GETH)["priorityClassName"]


@breaks(platform.priorities_exist, REGISTRY)
def priority_is_missing(draft: Draft) -> None:
    draft.remove("PriorityClass platform-critical")


@breaks(platform.storage_classes_exist, REGISTRY)
def storage_class_is_missing(draft: Draft) -> None:
    draft.remove("StorageClass snapshots")


@breaks(platform.storage_classes_exist, GETH)
def claim_names_no_class(draft: Draft) -> None:
    del draft[GETH]["spec"]["volumeClaimTemplates"][0]["spec"]["storageClassName"]


# Accounts and rights


@breaks(access.tokens_are_where_rights_are, VALIDATORS)
def token_is_kubernetes_own_choice(draft: Draft) -> None:
    del draft.pod(VALIDATORS)["automountServiceAccountToken"]


@breaks(access.tokens_are_where_rights_are, "ServiceAccount ethereum/geth")
def account_mounts_its_token_everywhere(draft: Draft) -> None:
    del draft["ServiceAccount ethereum/geth"]["automountServiceAccountToken"]


@breaks(access.tokens_are_where_rights_are, REGISTRY)
def pod_runs_as_the_default_account(draft: Draft) -> None:
    del draft.pod(REGISTRY)["serviceAccountName"]


@breaks(access.roles_name_what_they_grant, "Role ethereum/devnet-genesis")
def role_reads_every_secret(draft: Draft) -> None:
    del draft["Role ethereum/devnet-genesis"]["rules"][1]["resourceNames"]


@breaks(access.roles_name_what_they_grant, "ClusterRole ethinfra-operator-view")
def operators_may_impersonate(draft: Draft) -> None:
    draft["ClusterRole ethinfra-operator-view"]["rules"][0]["verbs"].append("impersonate")


@breaks(access.roles_name_what_they_grant, KEDA)
def role_looks_at_secrets_and_does_not_say_why(draft: Draft) -> None:
    del draft[KEDA]["metadata"]["annotations"]["ethinfra.io/secrets-reason"]


@breaks(access.roles_name_what_they_grant, KEDA)
def reason_to_look_at_secrets_serves_to_delete_them(draft: Draft) -> None:
    draft[KEDA]["rules"].append({"apiGroups": [""], "resources": ["secrets"], "verbs": ["delete"]})


@breaks(access.roles_name_what_they_grant, "ClusterRole keda-operator")
def reason_of_one_namespace_is_given_for_all(draft: Draft) -> None:
    everywhere = draft["ClusterRole keda-operator"]
    everywhere["metadata"]["annotations"] = draft[KEDA]["metadata"]["annotations"]
    everywhere["rules"].append({"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]})


@breaks(access.bindings_lead_to_roles, "RoleBinding ethereum/devnet-genesis")
def binding_is_for_an_account_that_is_missing(draft: Draft) -> None:
    like = draft["RoleBinding ethereum/devnet-genesis"]["subjects"]
    like.append(like[0] | {"name": "default"})


# Objects among each other


@breaks(objects.workloads_select_their_own_pods, REGISTRY)
def workload_does_not_select_its_pods(draft: Draft) -> None:
    draft[REGISTRY]["spec"]["selector"]["matchLabels"]["app.kubernetes.io/instance"] = "registry-2"


@breaks(objects.workloads_select_their_own_pods, GETH)
def workload_selects_anothers_pods(draft: Draft) -> None:
    draft[GETH]["spec"]["selector"]["matchLabels"] = {"ethinfra.io/client": "geth"}


@breaks(objects.pods_find_what_they_mount, REGISTRY)
def mount_has_no_volume(draft: Draft) -> None:
    draft.pod(REGISTRY)["volumes"].remove(draft.volume(REGISTRY, "tmp"))


@breaks(objects.pods_find_what_they_mount, VALIDATORS)
def service_of_the_workload_is_missing(draft: Draft) -> None:
    draft.remove("Service ethereum/validators-p2p")
