"""The order of the environments: as they are, and with each field made laxer."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ethinfra.deploy.rules import Manifests
from ethinfra.deploy.rules.order import FIELDS, never_laxer
from tests.charts.draft import Draft

GETH = "StatefulSet ethereum/geth"

#: What is made laxer of production's manifests → what is said.
LAXER: dict[str, tuple[Callable[[Draft], None], str]] = {}


def laxer(said: str) -> Callable[[Callable[[Draft], None]], None]:
    def add(change: Callable[[Draft], None]) -> None:
        LAXER[change.__name__] = change, said

    return add


@laxer(f"{GETH}: replicas is 1, laxer than 2 of {GETH}")
def fewer_replicas(draft: Draft) -> None:
    draft[GETH]["spec"]["replicas"] = 1


@laxer("sync nodes: 0 replicas in sum, laxer than")
def fewer_in_sum(draft: Draft) -> None:
    for one in draft.kind("StatefulSet"):
        one["spec"]["replicas"] = 0


@laxer(f"{GETH}: requests of memory of container execution is 1Gi, laxer than 12Gi of {GETH}")
def less_memory_requested(draft: Draft) -> None:
    draft.container(GETH, "execution")["resources"]["requests"]["memory"] = "1Gi"


@laxer(f"{GETH}: limits of cpu of container consensus is 3.5, laxer than 4 of {GETH}")
def lower_limit(draft: Draft) -> None:
    draft.container(GETH, "consensus")["resources"]["limits"]["cpu"] = "3500m"


@laxer(f"{GETH}: claims is consensus, laxer than consensus, execution of {GETH}")
def fewer_claims(draft: Draft) -> None:
    claims = draft[GETH]["spec"]["volumeClaimTemplates"]
    claims[:] = [one for one in claims if one["metadata"]["name"] == "consensus"]


@laxer(f"{GETH}: size of claim of execution is 10Gi, laxer than 500Gi of {GETH}")
def smaller_claim(draft: Draft) -> None:
    claims = {one["metadata"]["name"]: one for one in draft[GETH]["spec"]["volumeClaimTemplates"]}
    claims["execution"]["spec"]["resources"]["requests"]["storage"] = "10Gi"


@laxer(f"{GETH}: retention of whenScaled is Delete, laxer than Retain of {GETH}")
def claims_go(draft: Draft) -> None:
    draft[GETH]["spec"]["persistentVolumeClaimRetentionPolicy"]["whenScaled"] = "Delete"


@laxer(f"{GETH}: share that disruptions may take is 1, laxer than 0.5 of {GETH}")
def no_budget(draft: Draft) -> None:
    draft.remove("PodDisruptionBudget ethereum/geth")


@laxer(f"{GETH}: anti-affinity is none, laxer than required of {GETH}")
def no_anti_affinity(draft: Draft) -> None:
    del draft.pod(GETH)["affinity"]


@laxer(f"{GETH}: spread of kubernetes.io/hostname is none, laxer than ScheduleAnyway of {GETH}")
def no_spread(draft: Draft) -> None:
    draft.pod(GETH)["topologySpreadConstraints"] = []


@laxer(f"{GETH}: grace period is 200, laxer than 310 of {GETH}")
def less_grace(draft: Draft) -> None:
    draft.pod(GETH)["terminationGracePeriodSeconds"] = 200


@laxer(f"{GETH}: peers for readiness is 0, laxer than 3 of {GETH}")
def ready_alone(draft: Draft) -> None:
    args = draft.container(GETH, "probe")["args"]
    args[args.index("--min-peers=10")] = "--min-peers=0"


@laxer(f"{GETH}: RPC namespaces is debug, eth, net, web3, laxer than eth, net, web3 of {GETH}")
def more_namespaces(draft: Draft) -> None:
    draft.argument(GETH, "execution", "--ws.api=eth,net,web3", "--ws.api=eth,net,web3,debug")


@laxer("Namespace ethereum: Pod Security is baseline, laxer than restricted")
def weaker_pod_security(draft: Draft) -> None:
    draft["Namespace ethereum"]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] = "baseline"


@laxer("LimitRange ethereum/containers: is missing")
def no_limit_range(draft: Draft) -> None:
    draft.remove("LimitRange ethereum/containers")


@laxer("Namespace ethereum: denies nothing by default")
def nothing_denied(draft: Draft) -> None:
    draft.remove("NetworkPolicy ethereum/default-deny")
    draft.remove("NetworkPolicy ethereum/allow-dns")


@pytest.mark.parametrize(("stricter", "other"), [("staging", "local"), ("production", "staging")])
def test_environments_are_never_laxer(stricter: str, other: str, manifests: Callable[[str], Manifests]) -> None:
    assert never_laxer(manifests(stricter), manifests(other)) == []


@pytest.mark.parametrize("name", LAXER)
def test_laxer_field_is_noticed(name: str, manifests: Callable[[str], Manifests]) -> None:
    change, said = LAXER[name]
    draft = Draft(manifests("production"))
    change(draft)

    assert any(line.startswith(said) for line in never_laxer(draft.manifests, manifests("staging")))


def test_an_image_without_a_digest_is_laxer(manifests: Callable[[str], Manifests]) -> None:
    draft, other = Draft(manifests("production")), Draft(manifests("staging"))
    image = draft.container(GETH, "execution")["image"].partition("@")[0]
    draft.container(GETH, "execution")["image"] = image
    other.container(GETH, "execution")["image"] = f"{image}@sha256:{'ab' * 32}"

    said = never_laxer(draft.manifests, other.manifests)

    assert f"{GETH}: pinning by digest of container execution is False, laxer than True of {GETH}" in said


def test_what_staging_encrypts_production_encrypts(manifests: Callable[[str], Manifests]) -> None:
    draft = Draft(manifests("staging"))
    draft.container(GETH, "execution")["args"].append("--rpc-ws-tls-enabled=true")

    said = never_laxer(manifests("production"), draft.manifests)

    assert said == [f"{GETH}: TLS is nothing, laxer than execution --rpc-ws-tls-enabled of {GETH}"]


def test_a_class_that_deletes_volumes_is_laxer(manifests: Callable[[str], Manifests]) -> None:
    draft, other = Draft(manifests("production")), Draft(manifests("staging"))
    draft["StorageClass chain-data"]["reclaimPolicy"] = "Delete"
    other["StorageClass chain-data"]["reclaimPolicy"] = "Retain"

    said = never_laxer(draft.manifests, other.manifests)

    assert said == ["StorageClass chain-data: reclaimPolicy is Delete, laxer than Retain"]


def test_a_node_of_another_name_is_compared_by_its_client(manifests: Callable[[str], Manifests]) -> None:
    draft = Draft(manifests("production"))
    draft[GETH]["metadata"]["name"] = "mainnet-1"
    draft["StatefulSet ethereum/mainnet-1"]["spec"]["replicas"] = 1

    said = never_laxer(draft.manifests, manifests("staging"))

    assert f"StatefulSet ethereum/mainnet-1: replicas is 1, laxer than 2 of {GETH}" in said


def test_every_field_is_made_laxer() -> None:
    """A field that is never violated here may compare nothing."""
    said = " ".join(text for _, text in LAXER.values()) + " pinning by digest TLS"

    assert [field.name for field in FIELDS if f" {field.name}" not in said] == []
