"""Network policies."""

from __future__ import annotations

from ethinfra.deploy.rules import policies
from tests.charts.draft import Draft
from tests.charts.mutations.mutation import breaks


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
