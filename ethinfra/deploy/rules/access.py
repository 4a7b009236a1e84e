"""Service accounts and their rights (PLAT-06)."""

from __future__ import annotations

from ethinfra.deploy.render import title
from ethinfra.deploy.rules.manifests import Manifests, Pods
from ethinfra.kube import Object

_ROLES = ("Role", "ClusterRole")

_BINDINGS = ("RoleBinding", "ClusterRoleBinding")

#: Whoever may do these may do everything.
_SELF_SERVICE = frozenset({"bind", "escalate", "impersonate"})

#: Why a Role looks at all Secrets of its namespace.
_SECRETS_REASON = "ethinfra.io/secrets-reason"
_LOOKING = frozenset({"create", "get", "list", "watch"})


def tokens_are_where_rights_are(manifests: Manifests) -> list[str]:
    """Pods have an account of their own; its token is mounted where a binding gives the account something to do: in all
    containers, or by a volume in those that need it."""
    accounts = {(one["metadata"]["namespace"], one["metadata"]["name"]) for one in manifests.of_kind("ServiceAccount")}
    bound = {
        (subject.get("namespace"), subject["name"])
        for binding in manifests.of_kind(*_BINDINGS)
        for subject in binding.get("subjects", [])
        if subject["kind"] == "ServiceAccount"
    }
    said = [
        f"{title(one)}: mounts its token wherever it is used"
        for one in manifests.of_kind("ServiceAccount")
        if one.get("automountServiceAccountToken") is not False
    ]
    for pods in manifests.pods:
        account = (pods.namespace, pods.spec.get("serviceAccountName", "default"))
        if account not in accounts:
            said.append(f"{pods.title}: runs as {account[1]!r}, an account that is not rendered")
        elif _has_token(pods) is not (account in bound):
            rights = "has rights and no token" if account in bound else "has a token and no rights"
            said.append(f"{pods.title}: {rights}")
    return said


def roles_name_what_they_grant(manifests: Manifests) -> list[str]:
    """No wildcards, no way to more rights, and Secrets by name, or to look at in one namespace for a reason."""
    said = []
    for role in manifests.of_kind(*_ROLES):
        for rule in role.get("rules") or []:
            verbs, resources = set(rule.get("verbs", [])), set(rule.get("resources", []))
            words = verbs | resources | set(rule.get("apiGroups", [])) | set(rule.get("nonResourceURLs", []))
            if any("*" in word for word in words):
                said.append(f"{title(role)}: grants a wildcard: {rule}")
            if verbs & _SELF_SERVICE:
                said.append(f"{title(role)}: may give itself rights: {rule}")
            some = rule.get("resourceNames") or (verbs <= _LOOKING and _has_reason(role))
            if resources & {"secrets", "*"} and verbs - {"create"} and not some:
                said.append(f"{title(role)}: reaches every Secret: {rule}")
    return said


def bindings_lead_to_roles(manifests: Manifests) -> list[str]:
    """What is bound is rendered too, and so are the accounts that it is bound to."""
    known = {(one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"]) for one in manifests.objects}
    said = []
    for binding in manifests.of_kind(*_BINDINGS):
        role, namespace = binding["roleRef"], binding["metadata"].get("namespace")
        if (role["kind"], None if role["kind"] == "ClusterRole" else namespace, role["name"]) not in known:
            said.append(f"{title(binding)}: binds {role['kind']} {role['name']}, which is not rendered")
        for subject in binding.get("subjects", []):
            account = ("ServiceAccount", subject.get("namespace"), subject["name"])
            if subject["kind"] == "ServiceAccount" and account not in known:
                said.append(f"{title(binding)}: is for ServiceAccount {subject['name']}, which is not rendered")
    return said


def _has_token(pods: Pods) -> bool:
    """A token for all containers, or a volume with one for some."""
    projected = (
        source for one in pods.spec.get("volumes", []) for source in one.get("projected", {}).get("sources", [])
    )
    return pods.spec.get("automountServiceAccountToken") is not False or any(
        "serviceAccountToken" in one for one in projected
    )


def _has_reason(role: Object) -> bool:
    """To look at the Secrets of its own namespace; nothing is a reason to look at everybody's."""
    return role["kind"] == "Role" and bool((role["metadata"].get("annotations") or {}).get(_SECRETS_REASON))


RULES = (tokens_are_where_rights_are, roles_name_what_they_grant, bindings_lead_to_roles)
