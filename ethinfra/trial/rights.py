"""What a service account may do: the list that the API server gives, and real requests made in its name."""

from __future__ import annotations

import json
from collections.abc import Iterable

from ethinfra.errors import ClusterError
from ethinfra.kube import Kube, Object

#: Rules that every authenticated account has by upstream's defaults (system:basic-user, system:discovery).
_EVERYBODY = {"selfsubjectreviews", "selfsubjectaccessreviews", "selfsubjectrulesreviews"}

#: Objects that a try creates (with a server-side dry run, so nothing is left) or deletes.
_SUBJECT = "trial-of-rights"


def listed(kube: Kube, account: str, namespaces: Iterable[str]) -> dict[str, set[str]]:
    """Rights of `namespace/name`: resource → verbs, without those that everybody has.

    Restricted to resource names or not: both count, because the verb is what the list is about. What it may do in other
    ones of the namespaces stands there as `resource in namespace`.
    """
    home, _, name = account.partition("/")
    rights: dict[str, set[str]] = {}
    for namespace in {home, *namespaces}:
        review = kube.create_as(
            f"system:serviceaccount:{home}:{name}",
            {
                "apiVersion": "authorization.k8s.io/v1",
                "kind": "SelfSubjectRulesReview",
                "spec": {"namespace": namespace},
            },
        )
        for rule in review["status"].get("resourceRules", []):
            for resource in set(rule.get("resources", [])) - _EVERYBODY:
                where = resource if namespace == home else f"{resource} in {namespace}"
                rights.setdefault(where, set()).update(rule["verbs"])
    return rights


def attempt(kube: Kube, account: str, verb: str, resource: str, namespace: str) -> str:
    """Make a real request in the name of `namespace/name`; returns `allowed` or `denied`.

    Writing is tried as a server-side dry run: authorization comes before it, so the answer is the real one.
    """
    service_account, _, name = account.partition("/")
    who = f"--as=system:serviceaccount:{service_account}:{name}"
    match verb:
        case "list":
            done = kube.kubectl("get", resource, "-n", namespace, who, check=False)
        case "get":
            done = kube.kubectl("get", resource, _SUBJECT, "-n", namespace, who, check=False)
        case "delete":
            done = kube.kubectl("delete", resource, _SUBJECT, "-n", namespace, who, "--dry-run=server", check=False)
        case "create":
            done = kube.kubectl(
                "create", "-f", "-", "-n", namespace, who, "--dry-run=server", stdin=_manifest(resource), check=False
            )
        case _:
            raise ClusterError(f"cannot try to {verb} {resource}", expected="list, get, create or delete")
    if " is forbidden: User" in done.stderr:
        return "denied"
    # Past authorization there is nothing of that name, or admission refuses the object, whoever sends it.
    if done.ok or "(NotFound)" in done.stderr or "(Forbidden)" in done.stderr:
        return "allowed"
    raise ClusterError(f"{account} tries to {verb} {resource}", expected="an answer", seen=done.stderr)


def service_accounts(kube: Kube, namespaces: list[str]) -> list[str]:
    """Every service account of some namespaces, as `namespace/name`."""
    return sorted(
        f"{found['metadata']['namespace']}/{found['metadata']['name']}"
        for namespace in namespaces
        for found in kube.list("ServiceAccount", namespace)
    )


def _manifest(resource: str) -> str:
    kinds: dict[str, Object] = {
        "configmaps": {"kind": "ConfigMap", "data": {}},
        "secrets": {"kind": "Secret", "data": {}},
        "pods": {
            "kind": "Pod",
            "spec": {"containers": [{"name": "trial", "image": "registry.k8s.io/pause:3.10.1"}]},
        },
    }
    return json.dumps({"apiVersion": "v1", "metadata": {"name": _SUBJECT}, **kinds[resource]})
