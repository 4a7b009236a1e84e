"""Steps about who has which account for the registry."""

from __future__ import annotations

import json
from functools import reduce

from pytest_bdd import then

from ethinfra.kube import Kube
from ethinfra.registry.secrets import read_access
from ethinfra.trial.accounts import accounts_in, secrets_of, written
from ethinfra.trial.snapshots import Snapshots
from fixtures.evidence import Evidence

#: Kind → where its pods' template is.
TEMPLATES = {
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
}

#: What begins the names of jobs that take snapshots, that push cuts of volumes, and that clean up.
PUSHING = ("CronJob/snapshot-", "CronJob/push-", "CronJob/prune-")


@then("every account for the registry that a pod of the layer has comes from a Secret")
def accounts_from_secrets(snapshots: Snapshots, kube: Kube) -> None:
    """No password of the registry stands in an object of the namespace that is no Secret, plain or as a docker
    configuration has it."""
    hidden = {form for account, one in read_access(kube).passwords.items() for form in written(str(account), one)}
    for kind in ("Pod", "ConfigMap", "CronJob", "Job", "Deployment", "StatefulSet"):
        for one in kube.list(kind, snapshots.namespace):
            text = json.dumps(one, default=str)
            named = one["metadata"]["name"]
            assert not any(form in text for form in hidden), f"{kind} {named} holds a password"


@then("only the pods that push or prune snapshots have the push account's")
def only_jobs_push(snapshots: Snapshots, kube: Kube, evidence: Evidence) -> None:
    """By all Secrets that their pods refer to; serve nodes have another account."""
    found: dict[str, list[str]] = {}
    for kind, place in TEMPLATES.items():
        for one in kube.list(kind, snapshots.namespace):
            template = reduce(lambda part, key: part[key], place, one)
            for secret in secrets_of(template["spec"]):
                found.setdefault(secret, []).append(f"{kind}/{one['metadata']['name']}")
    accounts = {secret: accounts_in(kube, snapshots.namespace, secret) for secret in found}
    evidence.attach("who has what", {name: [sorted(accounts[name]), users] for name, users in found.items()})
    pushing = [user for secret, users in found.items() if "push" in accounts[secret] for user in users]
    assert pushing
    assert all(user.startswith(PUSHING) for user in pushing), pushing
    pulling = [user for secret, users in found.items() if accounts[secret] == {"pull"} for user in users]
    assert any(user.startswith("Deployment/") for user in pulling), pulling
