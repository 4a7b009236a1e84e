"""Who a request is from: an account by Basic authentication, or by the tokens that a registry's own service gives out.

A registry that wants tokens (Docker Hub, GHCR, Harbor) answers 401 and names a service and a scope. There the account
is shown once, and the token that comes back is good for this scope for some minutes. Without an account a token may be
had too, for what is public.
"""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

#: A token is used for this part of its life, so that none ends on the way.
_SHARE = 0.8
#: Seconds, where the service does not say: the specification's default.
_DEFAULT_LIFE = 60.0


@dataclass(frozen=True)
class Account:
    """A name and its password, at one registry."""

    username: str
    password: str = field(repr=False)

    @property
    def basic(self) -> str:
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


#: Asks a URL with these headers; returns status and body.
Fetch = Callable[[str, dict[str, str]], tuple[int, bytes]]


@dataclass(frozen=True)
class _Token:
    value: str
    until: float


class Authorizer:
    """Remembers tokens for the repositories of one registry. Safe to share between threads."""

    def __init__(self, account: Account | None, fetch: Fetch) -> None:
        self._account = account
        self._fetch = fetch
        self._tokens: dict[tuple[str, bool], _Token] = {}
        self._lock = threading.Lock()

    def header(self, method: str, path: str) -> str | None:
        """The Authorization of a request, as far as it is known what the registry wants."""
        token = self._tokens.get(_kind(method, path))
        if token is not None and time.monotonic() < token.until:
            return f"Bearer {token.value}"
        return self._account.basic if self._account else None

    def learn(self, challenge: str, method: str, path: str, refused: str | None) -> bool:
        """Read a 401's challenge; True if the request should be tried once more, because there is a token now.

        refused: the Authorization that was not accepted
        """
        scheme, _, rest = challenge.partition(" ")
        if scheme.lower() != "bearer":
            return False
        fields = dict(re.findall(r'(\w+)="([^"]*)"', rest))
        realm = urlsplit(fields.get("realm", ""))
        # An account is shown to nobody who listens on the way.
        if realm.scheme != "https" and not (realm.scheme == "http" and is_loopback(realm.hostname)):
            return False
        kind = _kind(method, path)
        with self._lock:
            known = self._tokens.get(kind)
            if known is not None and f"Bearer {known.value}" != refused and time.monotonic() < known.until:
                return True
            self._tokens.pop(kind, None)
            token = self._ask(fields, kind)
            if token is None:
                return False
            self._tokens[kind] = token
        return True

    def _ask(self, fields: dict[str, str], kind: tuple[str, bool]) -> _Token | None:
        repository, writes = kind
        scope = fields.get("scope") or f"repository:{repository}:{'pull,push' if writes else 'pull'}"
        query = {key: value for key, value in (("service", fields.get("service")), ("scope", scope)) if value}
        headers = {"Authorization": self._account.basic} if self._account else {}
        join = "&" if "?" in fields["realm"] else "?"
        status, body = self._fetch(f"{fields['realm']}{join}{urlencode(query)}", headers)
        if status != 200:
            return None
        try:
            answer = json.loads(body)
            value = answer.get("token") or answer["access_token"]
            life = float(answer.get("expires_in") or _DEFAULT_LIFE)
        except (ValueError, TypeError, KeyError, AttributeError):
            return None
        return _Token(str(value), time.monotonic() + life * _SHARE)


def _kind(method: str, path: str) -> tuple[str, bool]:
    """What a token is for: the repository, and whether it is written to."""
    found = re.match(r"/v2/(.+?)/(?:blobs|manifests|tags|referrers)/", urlsplit(path).path)
    return (found[1] if found else "", method not in ("GET", "HEAD"))


def is_loopback(host: str | None) -> bool:
    return host in ("localhost", "127.0.0.1", "::1")
