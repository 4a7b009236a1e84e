"""Secrets that scenarios plant to see them found. Each is made anew; nothing ever uses one."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from eth_account.hdaccount.mnemonic import Mnemonic

from ethinfra.deploy.render import title
from ethinfra.deploy.rules import Manifests
from ethinfra.errors import unknown_name
from ethinfra.kube import Object


@dataclass(frozen=True)
class Planted:
    """text: the secret; kind: what a finding calls it."""

    text: str
    kind: str

    def shown_in(self, findings: str) -> bool:
        """Whether findings say more of it than its beginning: as it is, or in base64."""
        return any(part in findings for form in (self.text, _encoded(self.text)) for part in _long_parts(form))


def made(name: str) -> Planted:
    """A new secret, by what features call it."""
    if name not in _SECRETS:
        raise unknown_name("secret", name, list(_SECRETS))
    make, kind = _SECRETS[name]
    return Planted(make(), kind)


def planted_in(manifests: Manifests, place: str, secret: str) -> tuple[Manifests, str]:
    """A copy of manifests that has the secret, and the title of the object that has it."""
    if place not in _PLACES:
        raise unknown_name("place", place, list(_PLACES))
    objects = deepcopy(list(manifests.objects))
    changed = _PLACES[place](objects, secret)
    return replace(manifests, objects=tuple(objects)), title(changed)


def _jwt() -> str:
    return secrets.token_hex(32)


def _key() -> str:
    key = ed25519.Ed25519PrivateKey.generate()
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*form).decode()


def _mnemonic() -> str:
    return str(Mnemonic().generate(12))


_SECRETS: dict[str, tuple[Callable[[], str], str]] = {
    "a JWT secret": (_jwt, "64 hex digits"),
    "a private key": (_key, "private key (PEM)"),
    "a mnemonic": (_mnemonic, "mnemonic"),
}


def _flag(objects: list[Object], secret: str) -> Object:
    node = _first(objects, "StatefulSet")
    node["spec"]["template"]["spec"]["containers"][0].setdefault("args", []).append(f"--jwt-secret={secret}")
    return node


def _environment(objects: list[Object], secret: str) -> Object:
    node = _first(objects, "StatefulSet")
    node["spec"]["template"]["spec"]["containers"][0].setdefault("env", []).append({"name": "PHRASE", "value": secret})
    return node


def _config_map(objects: list[Object], secret: str) -> Object:
    found = _first(objects, "ConfigMap")
    found["data"]["planted"] = secret
    return found


def _secret(objects: list[Object], secret: str) -> Object:
    namespace = _first(objects, "StatefulSet")["metadata"]["namespace"]
    made: Object = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "planted", "namespace": namespace},
        "data": {"planted": _encoded(secret)},
    }
    objects.append(made)
    return made


_PLACES: dict[str, Callable[[list[Object], str], Object]] = {
    "a flag": _flag,
    "the environment": _environment,
    "a ConfigMap": _config_map,
    "a Secret's data": _secret,
}


def _first(objects: list[Object], kind: str) -> Object:
    return next(one for one in objects if one["kind"] == kind)


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _long_parts(text: str) -> list[str]:
    """Its lines, but for the first characters that a finding may show."""
    return [line[8:] for line in text.splitlines() if len(line) > 16 and "PRIVATE KEY" not in line]
