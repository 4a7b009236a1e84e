"""What changes from release to release and from one environment to the next."""

from __future__ import annotations

from tests.controls.sabotage import Edit
from tests.mutants.catalogue.edits import LOCAL, template
from tests.mutants.mutant import ORDER, UPGRADE, Mutant

UPGRADES = (
    Mutant(
        "selectors are other labels",
        template(
            "_labels.tpl",
            "app.kubernetes.io/instance: {{ .root.Release.Name }}\n",
            "app.kubernetes.io/instance: {{ .root.Release.Name }}\n"
            "app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}\n",
        ),
        by=UPGRADE,
    ),
    Mutant(
        "the StatefulSet's Service is another one",
        template("_statefulset.tpl", "serviceName: {{ $name }}-p2p", "serviceName: {{ $name }}-beacon"),
        by=UPGRADE,
    ),
    Mutant(
        "claims grow in the StatefulSet",
        Edit(
            LOCAL,
            "size: 2Gi}\n    gracePeriodSeconds",
            "size: 3Gi}\n    gracePeriodSeconds",
        ),
        by=UPGRADE,
    ),
    Mutant(
        "a headless Service gets an address",
        template("_services.tpl", '"purpose" "p2p" "headless" true', '"purpose" "p2p"'),
        by=UPGRADE,
    ),
)


def laxer(name: str, environment: str, old: str, new: str, defect: str = "") -> Mutant:
    """An environment becomes laxer than the one before it."""
    return Mutant(
        name, Edit(f"values/ethereum/{environment}.yaml", old, new), by=ORDER, case=environment, defect=defect
    )


ENVIRONMENTS = (
    laxer("production has fewer replicas", "production", "replicas: 3", "replicas: 1"),
    laxer(
        "production keeps replicas apart less strictly",
        "production",
        "antiAffinity: required",
        "antiAffinity: preferred",
    ),
    laxer("production is ready with fewer peers", "production", "minPeers: 10", "minPeers: 1"),
    laxer(
        "production offers more namespaces",
        "production",
        "namespaces: [eth, net, web3]",
        "namespaces: [eth, net, web3, txpool]",
        "admin, engine and debug on a public RPC",
    ),
    laxer(
        "production has less memory",
        "production",
        'limits: {cpu: "16", memory: 32Gi}',
        'limits: {cpu: "16", memory: 12Gi}',
    ),
    laxer("production has smaller volumes", "production", "size: 2Ti", "size: 200Gi"),
    laxer(
        "production deletes its volumes", "production", "size: 500Gi}\n", "size: 500Gi}\n      whenDeleted: Delete\n"
    ),
    laxer("production stops its clients faster", "production", "gracePeriodSeconds: 600", "gracePeriodSeconds: 180"),
    laxer("staging runs fewer nodes", "staging", "replicas: 2", "replicas: 1"),
)
