"""Steps about the registry."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_bdd import given, parsers, then, when

from ethinfra.environment import Environment
from ethinfra.kube import Kube, Object
from ethinfra.registry import NAMESPACE, POD
from ethinfra.registry.secrets import Account
from ethinfra.trial import restart
from ethinfra.trial.artifacts import MEBIBYTE, Artifact, TrialArtifacts
from ethinfra.trial.pods import TrialPods


@dataclass(frozen=True)
class Pushed:
    """An artifact, another one that stays, and what the usage was around it (bytes)."""

    artifact: Artifact
    stays: Artifact | None
    before: int
    after: int


@when(parsers.parse("an artifact of {size:d} MiB is pushed with the push account"), target_fixture="pushed")
def artifact_is_pushed(size: int, artifacts: TrialArtifacts) -> Pushed:
    """Random bytes, so that nothing of it was there before."""
    before = artifacts.stored_bytes()
    artifact = artifacts.push(size * MEBIBYTE)
    return Pushed(artifact, None, before, artifacts.stored_bytes())


@then("the list of repositories names it")
def list_names_it(pushed: Pushed, artifacts: TrialArtifacts) -> None:
    assert pushed.artifact.repository in artifacts.repositories()


@then(parsers.parse("the reported usage grows by at least {size:d} MiB"))
def usage_grows(size: int, pushed: Pushed) -> None:
    assert pushed.after - pushed.before >= size * MEBIBYTE


@given(parsers.parse("an artifact of {size:d} MiB was pushed, and another one that stays"), target_fixture="pushed")
def two_artifacts(size: int, artifacts: TrialArtifacts) -> Pushed:
    stays = artifacts.push(MEBIBYTE)
    before = artifacts.stored_bytes()
    artifact = artifacts.push(size * MEBIBYTE)
    return Pushed(artifact, stays, before, artifacts.stored_bytes())


@when("the tag of the first is deleted and garbage is collected")
def delete_and_collect(pushed: Pushed, artifacts: TrialArtifacts) -> None:
    artifacts.delete(pushed.artifact)
    artifacts.collect()


@then(parsers.parse("the reported usage shrinks by at least {size:d} MiB"))
def usage_shrinks(size: int, pushed: Pushed, artifacts: TrialArtifacts) -> None:
    now = artifacts.stored_bytes()
    assert pushed.after - now >= size * MEBIBYTE, f"{pushed.after} bytes before the collection, {now} after it"


@then("the artifact that stays is still pulled with its digest")
def still_pulled(pushed: Pushed, artifacts: TrialArtifacts) -> None:
    """Every byte, compared with its digest."""
    assert pushed.stays is not None
    assert artifacts.pulled_digest(pushed.stays) == pushed.stays.digest


@when(parsers.parse("{account} tries to {action} an artifact"), target_fixture="answer")
def account_tries(account: str, action: str, artifacts: TrialArtifacts) -> str:
    """`the push account`, `the pull account` or `nobody`; with what it would need to succeed otherwise."""
    return artifacts.attempt(account, action)


@then(parsers.parse('the registry\'s answer is "{expected}"'))
def registry_answers(answer: str, expected: str) -> None:
    assert answer == expected


@then("the management page asks for a login")
def page_asks_for_login(artifacts: TrialArtifacts) -> None:
    """Status 401."""
    assert artifacts.page_status(None) == 401


@then("the management page is shown to the pull account")
def page_is_shown(artifacts: TrialArtifacts) -> None:
    assert artifacts.page_status(Account.PULL) == 200


@given("an image that no node has is stored in the registry under an upstream name", target_fixture="stored_image")
def image_is_stored(artifacts: TrialArtifacts) -> tuple[str, str]:
    return artifacts.store_under_upstream_name()


@when("a pod is created with that upstream name", target_fixture="pod_status")
def pod_with_upstream_name(stored_image: tuple[str, str], trial_pods: TrialPods, kube: Kube) -> Object:
    """The name that values use; the node finds it through its mirror."""
    pod = trial_pods.start("mirror", image=stored_image[0])
    status: Object = (kube.get("Pod", pod.name, pod.namespace) or {})["status"]
    pod.delete()
    return status


@when("a pod is created with that upstream name on each node", target_fixture="pod_statuses")
def pods_with_upstream_name(stored_image: tuple[str, str], trial_pods: TrialPods, kube: Kube) -> dict[str, Object]:
    """Node → what its pod says."""
    statuses = {}
    for node in kube.list("Node"):
        name = node["metadata"]["name"]
        pod = trial_pods.start("mirror", image=stored_image[0], node=name)
        statuses[name] = (kube.get("Pod", pod.name, pod.namespace) or {})["status"]
        pod.delete()
    return statuses


@then("each pod runs with the digest that was pushed")
def pods_run_digest(pod_statuses: dict[str, Object], stored_image: tuple[str, str]) -> None:
    """As each node's container runtime reports it."""
    running = {node: status["containerStatuses"][0]["imageID"] for node, status in pod_statuses.items()}
    assert len(running) > 1, f"nodes: {list(running)}"
    assert all(image.endswith(stored_image[1]) for image in running.values()), running


@then("the pod runs with the digest that was pushed")
def pod_runs_digest(pod_status: Object, stored_image: tuple[str, str]) -> None:
    """As the node's container runtime reports it."""
    assert pod_status["containerStatuses"][0]["imageID"].endswith(stored_image[1])


@when("the registry's pod is deleted and a new one is ready")
def registry_restarts(kube: Kube, env: Environment) -> None:
    restart.replace_pod(kube, NAMESPACE, POD, within=env.timeout("pod"))
