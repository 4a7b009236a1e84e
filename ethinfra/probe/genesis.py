"""The facts of a devnet that are fixed once, in its cluster, and never change: when it began, and who its bootnode is.

- Secret     `nodekey` (devp2p) and `p2p-key` (libp2p) of the first node
- ConfigMap  `genesis-time` (Unix seconds), `bootnode-enode-id`, `bootnode-peer-id`

The Secret is created first and the ConfigMap from what the Secret then holds, so that they agree at every moment: after
a crash between the two, and with two jobs at once, of which each creates what the other has not. Nothing is updated:
who wants another chain deletes both, and the volumes.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from ethinfra.probe.keys import PrivateKey, enode_id, peer_id
from ethinfra.probe.kubernetes import Object


class GenesisError(Exception):
    """What is in the cluster does not fit together."""


class Objects(Protocol):
    """Where the two objects are kept; `kubernetes.Api` is one."""

    def get(self, resource: str, namespace: str, name: str) -> Object | None: ...

    def create(self, resource: str, namespace: str, body: Object) -> Object | None: ...


@dataclass(frozen=True)
class Genesis:
    """time: Unix seconds of slot 0."""

    time: int
    enode_id: str
    peer_id: str

    def as_data(self) -> dict[str, str]:
        return {
            "genesis-time": str(self.time),
            "bootnode-enode-id": self.enode_id,
            "bootnode-peer-id": self.peer_id,
        }


def ensure(
    api: Objects, namespace: str, *, configmap: str, secret: str, delay: float, labels: Mapping[str, str] | None = None
) -> Genesis:
    """Return the devnet's genesis, and create it if there is none yet. delay: seconds from now to slot 0."""
    metadata = {"namespace": namespace, "labels": dict(labels or {})}
    known = api.get("configmaps", namespace, configmap)
    stored = api.get("secrets", namespace, secret)
    if stored is None:
        if known is not None:
            raise GenesisError(
                f"ConfigMap {namespace}/{configmap} is there but Secret {namespace}/{secret} is gone: the bootnode's"
                " identity cannot be made again. Restore it, or delete the ConfigMap and the volumes for a new chain"
            )
        stored = _create_or_read(api, "secrets", namespace, _secret(metadata | {"name": secret}))
    node_key, p2p_key = (_key(stored, secret, name) for name in ("nodekey", "p2p-key"))
    fresh = Genesis(int(time.time() + delay), enode_id(node_key.public()), peer_id(p2p_key.public()))
    if known is None:
        known = _create_or_read(api, "configmaps", namespace, _configmap(metadata | {"name": configmap}, fresh))
    return _checked(known, fresh, f"{namespace}/{configmap}")


def _secret(metadata: Object) -> Object:
    data = {name: base64.b64encode(PrivateKey.new().hex().encode()).decode() for name in ("nodekey", "p2p-key")}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "data": data}


def _configmap(metadata: Object, genesis: Genesis) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": genesis.as_data()}


def _create_or_read(api: Objects, resource: str, namespace: str, body: Object) -> Object:
    stored = api.create(resource, namespace, body) or api.get(resource, namespace, body["metadata"]["name"])
    if stored is None:
        raise GenesisError(f"{resource} {namespace}/{body['metadata']['name']} was deleted while it was being read")
    return stored


def _key(secret: Object, name: str, entry: str) -> PrivateKey:
    try:
        return PrivateKey.parse(base64.b64decode((secret.get("data") or {})[entry], validate=True).decode("ascii"))
    except (KeyError, ValueError, binascii.Error):
        raise GenesisError(f"Secret {name} has no secp256k1 key in {entry}") from None


def _checked(configmap: Object, expected: Genesis, name: str) -> Genesis:
    data = configmap.get("data") or {}
    if not str(data.get("genesis-time", "")).isdecimal():
        raise GenesisError(f"ConfigMap {name} has no genesis-time")
    found = Genesis(int(data["genesis-time"]), data.get("bootnode-enode-id", ""), data.get("bootnode-peer-id", ""))
    if (found.enode_id, found.peer_id) != (expected.enode_id, expected.peer_id):
        raise GenesisError(f"ConfigMap {name} names a bootnode whose keys are not in the Secret")
    return found
