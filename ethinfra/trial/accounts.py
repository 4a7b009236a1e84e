"""Who has which account for the registry: by the Secrets that pods refer to, and by what stands in other objects."""

from __future__ import annotations

import base64
import json
from typing import Any

from ethinfra.kube import Kube


def written(account: str, password: str) -> set[str]:
    """How a password may be written down."""
    pair = f"{account}:{password}".encode()
    return {password, *(base64.b64encode(one).decode().rstrip("=") for one in (pair, password.encode()))}


def secrets_of(part: Any) -> set[str]:
    """Names of all Secrets that a pod's specification refers to: volumes, projected ones too, and variables."""
    if isinstance(part, list):
        return {name for one in part for name in secrets_of(one)}
    if not isinstance(part, dict):
        return set()
    found = {name for one in part.values() for name in secrets_of(one)}
    for key, names in (("secret", ("secretName", "name")), ("secretKeyRef", ("name",)), ("secretRef", ("name",))):
        if isinstance(part.get(key), dict):
            found |= {part[key][name] for name in names if name in part[key]}
    return found


def accounts_in(kube: Kube, namespace: str, secret: str) -> set[str]:
    """The accounts of a docker configuration in a Secret; empty for a Secret without one."""
    data = (kube.get("Secret", secret, namespace) or {}).get("data") or {}
    if ".dockerconfigjson" not in data:
        return set()
    entries = json.loads(base64.b64decode(data[".dockerconfigjson"]))["auths"].values()
    return {base64.b64decode(one["auth"]).decode().partition(":")[0] for one in entries}
