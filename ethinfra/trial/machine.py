"""What an embedded cluster shows of itself on the machine that carries it."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

from ethinfra.cluster.embedded.footprint import take
from ethinfra.cluster.embedded.plan import cluster_id, load_plan
from ethinfra.cluster.provider import Cluster
from ethinfra.errors import ClusterError


@dataclass(frozen=True)
class Traces:
    """links: network links in the machine's own namespace. rules: packet filter rules and sets there."""

    links: tuple[str, ...]
    rules: tuple[str, ...]


def traces_of(cluster: Cluster) -> Traces:
    """Links with an address or a route of the cluster's range, and rules that name the range or the cluster."""
    plan = load_plan(cluster_id(cluster.name))
    if plan is None:
        raise ClusterError(f"cluster {cluster.name} does not exist")
    things = take().things
    links = {
        text.rpartition(" dev ")[2]
        for text in things["address"]
        if ip_address(text.split()[0].split("/")[0]) in plan.network
    }
    prefix = ".".join(str(plan.network).split(".")[:2]) + "."
    filters = [*things["iptables rule"], *things["nftables rule"], *things["ipset"]]
    rules = [rule for rule in filters if prefix in rule or plan.id in rule]
    return Traces(tuple(sorted(links | {plan.machine_link} & things["link"].keys())), tuple(rules))
