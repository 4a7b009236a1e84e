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
            "size: 2Gi}\n    # A head",
            "size: 3Gi}\n    # A head",
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
    laxer(
        "production has fewer replicas",
        "production",
        "replicas: 3",
        "replicas: 1\n      snapshots: {allowDowntime: true}",
    ),
    laxer(
        "production keeps replicas apart less strictly",
        "production",
        "antiAffinity: required\n      spread: DoNotSchedule\n      # No zone",
        "antiAffinity: preferred\n      spread: DoNotSchedule\n      # No zone",
    ),
    laxer(
        "production is ready with fewer peers",
        "production",
        "minPeers: 10\n    snapshots",
        "minPeers: 1\n    snapshots",
    ),
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
        '        limits: {cpu: "8", memory: 16Gi}\n    rpc',
        '        limits: {cpu: "8", memory: 6Gi}\n    rpc',
    ),
    laxer(
        "production has smaller volumes",
        "production",
        "className: chain-data, size: 2Ti",
        "className: chain-data, size: 200Gi",
    ),
    laxer(
        "production deletes its volumes",
        "production",
        "className: chain-data, size: 500Gi}\n",
        "className: chain-data, size: 500Gi}\n      whenDeleted: Delete\n",
    ),
    laxer(
        "production stops its clients faster",
        "production",
        "gracePeriodSeconds: 600\n    minPeers: 10\n    snapshots",
        "gracePeriodSeconds: 180\n    minPeers: 10\n    snapshots",
    ),
    laxer("staging runs fewer nodes", "staging", "replicas: 2", "replicas: 1"),
)
