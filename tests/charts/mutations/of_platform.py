"""The platform: namespaces, storage, accounts and rights, and objects among each other."""

from __future__ import annotations

from ethinfra.deploy.rules import access, objects, platform
from tests.charts.draft import Draft
from tests.charts.mutations.mutation import GETH, KEDA, REGISTRY, VALIDATORS, breaks


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
