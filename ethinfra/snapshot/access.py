"""Which registry, with whose credentials: as operators and pods have them, in files.

Credentials come from a docker configuration (`~/.docker/config.json`, or the `.dockerconfigjson` of a Secret), never
from an argument, which every process of the machine can read.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import ssl
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from ethinfra.errors import BadInput
from ethinfra.registry.client import RegistryClient
from ethinfra.registry.tokens import Account, is_loopback
from ethinfra.snapshot.registry_store import RegistryStore

#: Seconds for which a registry that is away or collects garbage is waited for.
PATIENCE = 120.0

_REPOSITORY = re.compile(r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*")


def open_store(
    url: str,
    repository: str,
    *,
    config: Path | None = None,
    authority: Path | None = None,
    patience: float = PATIENCE,
) -> RegistryStore:
    """A repository of a registry. BadInput if the files or names are not fit; nothing is asked yet.

    url:       https; http only on this machine itself
    config:    docker configuration with the account; None for nobody
    authority: file with the certificate to trust; None for those that the machine trusts
    patience:  seconds
    """
    parts = _parts(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise BadInput(f"registry {url}", expected="https://host[:port]")
    if not parts.netloc or parts.path.strip("/") or parts.username:
        raise BadInput(f"registry {url}", expected="https://host[:port], without a path or an account in it")
    if not _REPOSITORY.fullmatch(repository):
        raise BadInput(f"repository {repository!r}", expected="lower-case names, like snapshots/hoodi/geth")
    account = account_for(config, parts.netloc) if config else None
    client = RegistryClient(
        f"{parts.scheme}://{parts.netloc}",
        authority=_certificate(authority) if authority else None,
        username=account.username if account else "",
        password=account.password if account else "",
        patience=patience,
    )
    return RegistryStore(client, repository)


def account_for(config: Path, host: str) -> Account | None:
    """The account that a docker configuration has for a host (with its port), None if it has none. BadInput if the file
    cannot be read."""
    try:
        entries = json.loads(_text(config)).get("auths") or {}
        entry = next((value for key, value in entries.items() if _host(key) == host), None)
        if entry is None:
            return None
        if entry.get("auth"):
            username, colon, password = base64.b64decode(entry["auth"], validate=True).decode().partition(":")
            if not colon:
                raise ValueError("auth is not of the form user:password")
            return Account(username, password)
        return Account(entry["username"], entry["password"])
    except (ValueError, KeyError, AttributeError, binascii.Error) as reason:
        raise BadInput(
            f"{config} is no docker configuration with an account for {host}",
            expected='{"auths": {"host:port": {"auth": …}}}; helpers that keep credentials elsewhere are not asked',
            seen=type(reason).__name__,
        ) from None


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        _ = parts.port  # ValueError where it is none
    except ValueError as reason:
        raise BadInput(f"registry {url}", expected="https://host[:port]", seen=str(reason)) from reason
    return parts


def _certificate(path: Path) -> str:
    text = _text(path)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError, TypeError) as reason:
        raise BadInput(f"{path} holds no certificate", expected="one or more in PEM", seen=str(reason)) from reason
    return text


def _host(key: str) -> str:
    host = urlsplit(key if "://" in key else f"https://{key}").netloc
    # Docker Hub's entry has the name of its first service.
    return "registry-1.docker.io" if host == "index.docker.io" else host


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, ValueError) as reason:
        raise BadInput(f"{path} cannot be read", seen=str(reason)) from reason
