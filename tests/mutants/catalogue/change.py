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
            "size: 2Gi}\n    drainSeconds",
            "size: 3Gi}\n    drainSeconds",
        ),
        by=UPGRADE,
    ),
    Mutant(
        "a headless Service gets an address",
        template("_services.tpl", '"purpose" "p2p" "headless" true', '"purpose" "p2p"'),
        by=UPGRADE,
    ),
)

ENVIRONMENTS = (
    Mutant(
        "production has fewer replicas",
        Edit("values/ethereum/production.yaml", "replicas: 3", "replicas: 1\n      snapshots: {allowDowntime: true}"),
        by=ORDER,
        case="production",
    ),
    Mutant(
        "production keeps replicas apart less strictly",
        Edit(
            "values/ethereum/production.yaml",
            "antiAffinity: required\n      spread: DoNotSchedule\n      # No zone",
            "antiAffinity: preferred\n      spread: DoNotSchedule\n      # No zone",
        ),
        by=ORDER,
        case="production",
    ),
    Mutant(
        "production is ready with fewer peers",
        Edit("values/ethereum/production.yaml", "minPeers: 10\n    snapshots", "minPeers: 1\n    snapshots"),
        by=ORDER,
        case="production",
    ),
    Mutant(
        "production offers more namespaces",
        Edit("values/ethereum/production.yaml", "namespaces: [eth, net, web3]", "namespaces: [eth, net, web3, txpool]"),
        by=ORDER,
        case="production",
        defect="admin, engine and debug on a public RPC",
    ),
    Mutant(
        "production has less memory",
        Edit(
            "values/ethereum/production.yaml",
            '        limits: {cpu: "8", memory: 16Gi}\n    rpc',
            '        limits: {cpu: "8", memory: 6Gi}\n    rpc',
        ),
        by=ORDER,
        case="production",
    ),
    Mutant(
        "production has smaller volumes",
        Edit(
            "values/ethereum/production.yaml", "className: chain-data, size: 2Ti", "className: chain-data, size: 200Gi"
        ),
        by=ORDER,
        case="production",
    ),
    Mutant(
        "production deletes its volumes",
        Edit(
            "values/ethereum/production.yaml",
            "className: chain-data, size: 500Gi}\n",
            "className: chain-data, size: 500Gi}\n      whenDeleted: Delete\n",
        ),
        by=ORDER,
        case="production",
    ),
    Mutant(
        "production stops its clients faster",
        Edit(
            "values/ethereum/production.yaml",
            "gracePeriodSeconds: 600\n    minPeers: 10\n    snapshots",
            "gracePeriodSeconds: 180\n    minPeers: 10\n    snapshots",
        ),
        by=ORDER,
        case="production",
    ),
    Mutant(
        "staging runs fewer nodes",
        Edit("values/ethereum/staging.yaml", "replicas: 2", "replicas: 1"),
        by=ORDER,
        case="staging",
    ),
)
