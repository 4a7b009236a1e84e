"""What every rendered manifest keeps to, as functions from manifests to complaints.

A *rule* is a pure function that takes the `Manifests` of one environment and returns sentences, each beginning with the
object that breaks it (`StatefulSet ethereum/geth: …`); none where all is well. Its name is its id and says what holds.
Rules know Kubernetes and the table of clients (values/clients), no client by name and no chart. One that finds nothing
to look at is content, so each is tried on manifests that were broken for it (tests/charts).

- `manifests`   what rules look at: objects, pods, clients
- `containers`  what a container may do, and what it may use
- `engine`      the Engine API and its secret
- `nodes`       time to stop, budgets, places, data of the chain's nodes
- `probes`      what the kubelet asks of them
- `flags`       whether clients have the flags that they get
- `ports`       who opens a node's ports, who declares them, who calls them
- `services`    where Services lead
- `monitors`    what Prometheus scrapes
- `policies`    who may reach whom
- `scaling`     who decides how many pods there are
- `builder`     the snapshot builder in manifests
- `snapshots`   the jobs that take snapshots, and the nodes that they stop
- `serving`     nodes that start from a snapshot and answer RPC
- `platform`    namespaces, quotas, priorities, storage classes
- `access`      service accounts and their rights
- `objects`     whatever refers to something else, or is there twice

Three more look at more than one set of manifests: `order` (environments), `upgrade` (the release before) and `releases`
(the order in which a layer is applied).
"""

from ethinfra.deploy.rules import (
    access,
    containers,
    engine,
    flags,
    monitors,
    nodes,
    objects,
    platform,
    policies,
    ports,
    probes,
    scaling,
    services,
    serving,
    snapshots,
)
from ethinfra.deploy.rules.manifests import Manifests, Rule

#: Every rule, by its id.
RULES: dict[str, Rule] = {
    rule.__name__: rule
    for module in (
        containers,
        engine,
        nodes,
        probes,
        flags,
        ports,
        services,
        monitors,
        policies,
        scaling,
        snapshots,
        serving,
        platform,
        access,
        objects,
    )
    for rule in module.RULES
}


def complaints(manifests: Manifests) -> dict[str, list[str]]:
    """What every broken rule has to say, by the rule's id; empty if the manifests keep to all of them."""
    said = {name: rule(manifests) for name, rule in RULES.items()}
    return {name: lines for name, lines in said.items() if lines}


__all__ = ["RULES", "Manifests", "Rule", "complaints"]
