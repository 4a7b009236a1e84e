"""Accounts and certificate of the registry: two Secrets, made once and never changed by this code.

    registry-tls       tls.crt, tls.key: the gateway's; ca.crt: for clients
    registry-accounts  push-username, push-password, pull-username, pull-password: for clients
                       push.htpasswd, all.htpasswd: the same for the gateway
                       http-secret: distribution signs the state of uploads with it

To replace them: delete the Secret, then `ethinfra registry prepare`, restart the pod, `ethinfra registry mirror`.

What pods of other namespaces need is copied there, and follows what it is copied of:

    snapshot-registry-push, -pull  .dockerconfigjson: the account, for the programs that make and restore snapshots
    snapshot-registry-authority    ca.crt: whom to believe that it is the registry

Values travel on standard input and in memory only, never in an argument list, and are registered for redaction.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from enum import StrEnum

from ethinfra.errors import LayerUnhealthy
from ethinfra.kube import Kube, Object
from ethinfra.redact import redact
from ethinfra.registry import HOST, NAMESPACE, PORT
from ethinfra.registry.certificate import make_certificate

TLS = "registry-tls"
ACCOUNTS = "registry-accounts"
AUTHORITY = "snapshot-registry-authority"

_LABELS = {
    "app.kubernetes.io/name": "registry",
    "app.kubernetes.io/part-of": "ethereum-node-infra",
    "app.kubernetes.io/managed-by": "ethinfra",
}


class Account(StrEnum):
    """The names are part of the gateway's configuration (charts/registry/files/nginx.conf)."""

    PULL = "pull"
    PUSH = "push"


@dataclass(frozen=True)
class Access:
    """How to reach the registry as each account; certificates in PEM."""

    authority: str
    certificate: str
    passwords: dict[Account, str] = field(repr=False)

    def password(self, account: Account) -> str:
        return self.passwords[account]


def prepare(kube: Kube, namespace: str = NAMESPACE) -> list[str]:
    """Make the Secrets that are missing; returns their names. What exists is never changed."""
    if kube.get("Namespace", namespace) is None:
        raise LayerUnhealthy(
            f"namespace {namespace} does not exist",
            todo="apply the infrastructure layer first: it makes the namespaces",
        )
    wanted = {TLS: tls_secret, ACCOUNTS: accounts_secret}
    return [
        name
        for name, make in wanted.items()
        if kube.get("Secret", name, namespace) is None and _create(kube, make(namespace))
    ]


def share(kube: Kube, into: str, namespace: str = NAMESPACE) -> list[str]:
    """Copy accounts and authority to a namespace whose pods use the registry; returns the names of what changed.

    Secrets of these names that somebody else made are left alone: they are for another registry.
    """
    if kube.get("Namespace", into) is None:
        raise LayerUnhealthy(
            f"namespace {into} does not exist", todo="apply the infrastructure layer first: it makes the namespaces"
        )
    access = read_access(kube, namespace)
    wanted = [
        *(docker_secret(into, account, access, host_of(namespace)) for account in Account),
        _secret(into, AUTHORITY, "Opaque", {"ca.crt": access.authority}),
    ]
    changed = []
    for manifest in wanted:
        name = manifest["metadata"]["name"]
        there = kube.get("Secret", name, into)
        data = {key: base64.b64encode(value.encode()).decode() for key, value in manifest.pop("stringData").items()}
        if there is not None and (_is_foreign(there) or there.get("data") == data):
            continue
        kube.apply({**manifest, "data": data})
        changed.append(name)
    return changed


def docker_secret(namespace: str, account: Account, access: Access, host: str) -> Object:
    """An account as programs read it that speak to registries: Docker's configuration, with one entry."""
    password = access.password(account)
    login = base64.b64encode(f"{account}:{password}".encode()).decode()
    redact.register(login)
    entry = {"username": str(account), "password": password, "auth": login}
    config = json.dumps({"auths": {f"{host}:{PORT}": entry}})
    return _secret(
        namespace, f"snapshot-registry-{account}", "kubernetes.io/dockerconfigjson", {".dockerconfigjson": config}
    )


def host_of(namespace: str) -> str:
    """The registry's name in the cluster, where it runs in that namespace."""
    return HOST.replace(f".{NAMESPACE}.", f".{namespace}.")


def _is_foreign(secret: Object) -> bool:
    labels = secret["metadata"].get("labels") or {}
    return labels.get("app.kubernetes.io/managed-by") != _LABELS["app.kubernetes.io/managed-by"]


def read_access(kube: Kube, namespace: str = NAMESPACE) -> Access:
    """What `prepare` made. LayerUnhealthy if it has not run."""
    tls, accounts = _read(kube, namespace, TLS), _read(kube, namespace, ACCOUNTS)
    passwords = {account: accounts[f"{account}-password"] for account in Account}
    for value in (*passwords.values(), accounts["http-secret"], tls["tls.key"]):
        redact.register(value)
    return Access(tls["ca.crt"], tls["tls.crt"], passwords)


def tls_secret(namespace: str) -> Object:
    """A Secret with a new certificate."""
    made = make_certificate(host_of(namespace))
    redact.register(made.key)
    data = {"tls.crt": made.certificate, "tls.key": made.key, "ca.crt": made.authority}
    return _secret(namespace, TLS, "kubernetes.io/tls", data)


def accounts_secret(namespace: str) -> Object:
    """A Secret with new passwords."""
    passwords = {account: secrets.token_urlsafe(32) for account in Account}
    lines = {account: f"{account}:{ssha(password)}\n" for account, password in passwords.items()}
    data = {
        "push.htpasswd": lines[Account.PUSH],
        "all.htpasswd": lines[Account.PULL] + lines[Account.PUSH],
        "http-secret": secrets.token_urlsafe(32),
    }
    for account, password in passwords.items():
        redact.register(password)
        data |= {f"{account}-username": str(account), f"{account}-password": password}
    redact.register(data["http-secret"])
    return _secret(namespace, ACCOUNTS, "Opaque", data)


def ssha(password: str, salt: bytes | None = None) -> str:
    """A line's second half in an htpasswd file, as nginx reads it: base64 of SHA-1(password + salt) + salt.

    A slow hash would protect weak passwords and cost the gateway 100 ms per request; these have 256 random bits.
    """
    salt = salt or secrets.token_bytes(8)
    digest = hashlib.sha1(password.encode() + salt, usedforsecurity=False).digest()
    return f"{{SSHA}}{base64.b64encode(digest + salt).decode()}"


def _secret(namespace: str, name: str, kind: str, data: dict[str, str]) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace, "labels": _LABELS},
        "type": kind,
        "stringData": data,
    }


def _create(kube: Kube, manifest: Object) -> bool:
    """Create, not apply: of two that prepare at once one wins, and the other leaves the winner's values alone."""
    done = kube.kubectl("create", "-f", "-", stdin=json.dumps(manifest), check=False)
    if done.ok:
        return True
    if "AlreadyExists" in done.stderr:
        return False
    raise LayerUnhealthy(f"Secret {manifest['metadata']['name']} could not be made", seen=redact(done.stderr))


def _read(kube: Kube, namespace: str, name: str) -> dict[str, str]:
    found = kube.get("Secret", name, namespace)
    if found is None:
        raise LayerUnhealthy(f"Secret {namespace}/{name} does not exist", todo="run `ethinfra registry prepare`")
    return {key: base64.b64decode(value).decode() for key, value in (found.get("data") or {}).items()}
