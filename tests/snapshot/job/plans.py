"""A plan as the chart writes it, to be changed by tests."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from ethinfra.snapshot.plan import Plan, parse_plan

DOCUMENT: dict[str, Any] = {
    "node": "geth",
    "replicas": 2,
    "client": {"name": "geth", "version": "1.17.5"},
    "network": {"name": "devnet", "chainId": 32382, "genesisHash": ""},
    "database": {
        "scheme": "path",
        "include": ["geth/chaindata", "geth/triedb"],
        "exclude": ["geth/nodekey", "*/LOCK"],
        "immutable": ["geth/chaindata/*.sst"],
        "changes": [{"version": "1.15.0", "rollback": False, "what": "the path scheme's journal"}],
    },
    "ports": {"rpc": 8545, "probe": 9500},
    "owner": {"uid": 10001, "gid": 10001},
    "registry": {
        "url": "https://registry.local-registry.svc:5000",
        "prefix": "snapshots",
        "config": "/registry/config.json",
        "authority": "/registry-authority/ca.crt",
    },
    "references": ["http://geth-rpc:8545"],
    "cache": {"directory": "/cache", "limitBytes": 53687091200},
    "job": {
        "method": "reflink",
        "allowDowntime": True,
        "minimumIntervalSeconds": 3600,
        "quietAfterRestoreSeconds": 1800,
        "holdPatienceSeconds": 20,
        "stopSeconds": 300,
        "startSeconds": 600,
        "testSeconds": 600,
        "chunkSizeBytes": 0,
        "level": 3,
        "workers": 0,
        "maxLayers": 10000,
        "retention": {"count": 3, "ageSeconds": 604800},
    },
}


def changed(path: str, value: object) -> dict[str, Any]:
    """The document with one value replaced, by its path in dots; `...` removes it."""
    document = deepcopy(DOCUMENT)
    *parents, last = path.split(".")
    place = document
    for part in parents:
        place = place[part]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return document


def plan_with(**changes: object) -> Plan:
    """The plan with values replaced; `__` stands for the dot of a path."""
    document = deepcopy(DOCUMENT)
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = document
        for part in parents:
            place = place[part]
        place[last] = value
    return parse_plan(document)
