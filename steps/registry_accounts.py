"""Steps about who has which account for the registry."""

from __future__ import annotations

import base64
import json

from pytest_bdd import then

from ethinfra.kube import Kube
from ethinfra.registry.secrets import read_access
from ethinfra.trial.snapshots import Snapshots
from fixtures.evidence import Evidence


@then("every account for the registry that a pod of the layer has comes from a Secret")
def accounts_from_secrets(snapshots: Snapshots, kube: Kube) -> None:
    """No password of the registry stands in an object of the namespace that is no Secret."""
    passwords = read_access(kube).passwords.values()
    for kind in ("Pod", "ConfigMap", "CronJob", "Job", "Deployment", "StatefulSet"):
        for one in kube.list(kind, snapshots.namespace):
            text = json.dumps(one, default=str)
            named = one["metadata"]["name"]
            assert not any(password in text for password in passwords), f"{kind} {named} holds a password"


@then("only the pods that push or prune snapshots have the push account's")
def only_jobs_push(snapshots: Snapshots, kube: Kube, evidence: Evidence) -> None:
    """By the Secrets that they mount; and that Secret has another account than the serve nodes'."""
    found: dict[str, list[str]] = {}
    for kind, place in (
        ("CronJob", ("jobTemplate", "spec", "template")),
        ("Deployment", ("template",)),
        ("StatefulSet", ("template",)),
    ):
        for one in kube.list(kind, snapshots.namespace):
            template = one["spec"]
            for key in place:
                template = template[key]
            for volume in template["spec"].get("volumes") or []:
                secret = (volume.get("secret") or {}).get("secretName", "")
                if secret.startswith("snapshot-registry"):
                    found.setdefault(secret, []).append(f"{kind}/{one['metadata']['name']}")
    evidence.attach("who mounts what", found)
    pushing = [
        name
        for secret, names in found.items()
        if accounts_in(kube, snapshots.namespace, secret) & {"push"}
        for name in names
    ]
    assert pushing
    assert all(name.startswith(("CronJob/snapshot-", "CronJob/prune-")) for name in pushing), pushing
    pulling = [
        name
        for secret, names in found.items()
        if accounts_in(kube, snapshots.namespace, secret) == {"pull"}
        for name in names
    ]
    assert any(name.startswith("Deployment/") for name in pulling), pulling


def accounts_in(kube: Kube, namespace: str, secret: str) -> set[str]:
    """The accounts of a docker configuration in a Secret; empty for a Secret without one."""
    data = (kube.get("Secret", secret, namespace) or {}).get("data") or {}
    if ".dockerconfigjson" not in data:
        return set()
    entries = json.loads(base64.b64decode(data[".dockerconfigjson"]))["auths"].values()
    return {base64.b64decode(one["auth"]).decode().partition(":")[0] for one in entries}
