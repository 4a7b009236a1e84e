"""HTTP to a registry: connections that are kept, whoever we are, redirects, and what is worth another try.

urllib3, because chunks of megabytes go through it: it hands the socket's bytes on in one piece, where clients with an
own event loop copy them in pieces of 64 KiB under the interpreter's lock.
"""

from __future__ import annotations

import json
import random
import re
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

import urllib3

from ethinfra.errors import ImageError
from ethinfra.registry.tokens import Account, Authorizer

#: Connections that are kept open. More may be used at a time.
_KEPT = 16
#: Redirects that are followed: registries in clouds hand blobs out from a store beside them.
_REDIRECTS = 5
#: Seconds before the second try, and the longest between two.
_FIRST_DELAY, _LONGEST_DELAY = 0.25, 10.0
#: Bytes of an answer that is no content.
_SMALL = 1 << 26

Content = bytes | bytearray | memoryview | Iterator[bytes]
Result = TypeVar("Result")


class RegistryRefused(ImageError):
    """The registry answered with another status than the request needs.

    full:        it has no room left
    retry_after: seconds that it asks to be left alone for
    """

    def __init__(self, request: str, status: int, answer: str, retry_after: float = 0, *, todo: str = "") -> None:
        self.status = status
        self.full = status == 507 or "no space left on device" in answer
        self.retry_after = retry_after
        todo = todo or {
            401: "check the account and its password",
            403: "the pull account may only read; use the push account",
            503: "wait for garbage collection to end, or end it: `ethinfra registry gc`",
        }.get(status, "see the gateway's log: kubectl -n local-registry logs registry-0 -c gateway")
        if self.full:
            todo = "make room: delete tags, then `ethinfra registry gc`"
        super().__init__(f"the registry refused {request}", seen=f"status {status} {answer[:400]}".rstrip(), todo=todo)

    @property
    def passing(self) -> bool:
        """Whether it may be different in a moment: too many requests, a restart, garbage collection."""
        return not self.full and (self.status == 429 or self.status in (500, 502, 503, 504))


class RegistryUnreachable(ImageError):
    """No answer at all. passing: False where another try cannot help, as with a certificate that is not trusted."""

    def __init__(self, subject: str, *, seen: str = "", todo: str = "", passing: bool = True) -> None:
        self.passing = passing
        super().__init__(subject, seen=seen, todo=todo)


@dataclass(frozen=True)
class Answer:
    """Header names in lower case."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode(errors="replace")

    @property
    def retry_after(self) -> float:
        """Seconds to be left alone for, 0 where nothing is said."""
        said = self.headers.get("retry-after", "")
        return float(said) if said.isdecimal() else 0.0

    @property
    def next(self) -> str | None:
        """Where the next page is, if there is one."""
        found = re.search(r'<([^>]*)>\s*;[^,]*rel="?next"?', self.headers.get("link", ""))
        return found[1] if found else None

    def json(self) -> Any:
        return json.loads(self.content)


class Transport:
    """Requests to one registry. Safe to share between threads."""

    def __init__(
        self, url: str, *, authority: str | None, account: Account | None, timeout: float, patience: float
    ) -> None:
        """authority: the certificate to trust, in PEM, None for those of the machine; timeout: seconds without a byte;
        patience: seconds for which what may pass is tried again."""
        self.url = url.rstrip("/")
        self.patience = patience
        self._pool = urllib3.PoolManager(
            maxsize=_KEPT,
            ssl_context=ssl.create_default_context(cadata=authority),
            timeout=urllib3.Timeout(connect=min(timeout, 10), read=timeout),
            retries=False,
        )
        self._authorizer = Authorizer(account, self._token)

    def close(self) -> None:
        self._pool.clear()

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: Content | None = None,
        limit: int = _SMALL,
    ) -> Answer:
        """One request, its redirects and its authentication. RegistryUnreachable if there is no answer.

        path:  or a whole URL
        limit: bytes of the answer; of a longer one, one more byte is read, so that the caller sees it
        """
        place = urljoin(f"{self.url}/", path)
        try:
            answer = self._authorized(method, place, dict(headers or {}), content, limit)
            for _ in range(_REDIRECTS):
                if answer.status_code not in (301, 302, 303, 307, 308) or method not in ("GET", "HEAD"):
                    return answer
                place = urljoin(place, answer.headers["location"])
                answer = self._authorized(method, place, dict(headers or {}), content, limit)
            return answer
        except (urllib3.exceptions.HTTPError, OSError, KeyError) as reason:
            raise RegistryUnreachable(
                f"no answer from the registry at {self.url}: {method} {path}",
                seen=f"{type(reason).__name__}: {reason}",
                passing="certificate verify failed" not in str(reason),
            ) from reason

    def patiently(self, attempt: Callable[[], Result]) -> Result:
        """Try until it works, until it fails for good, or until `patience` has passed; then the last failure is
        raised."""
        deadline, delay = time.monotonic() + self.patience, _FIRST_DELAY
        while True:
            try:
                return attempt()
            except (RegistryRefused, RegistryUnreachable) as failed:
                asked = failed.retry_after if isinstance(failed, RegistryRefused) else 0.0
                # Not all at the same moment, where many wait for one registry.
                pause = max(asked, delay * random.uniform(0.7, 1.3))  # noqa: S311
                if not failed.passing or time.monotonic() + pause > deadline:
                    raise
            time.sleep(pause)
            delay = min(delay * 2, _LONGEST_DELAY)

    def _authorized(
        self, method: str, place: str, headers: dict[str, str], content: Content | None, limit: int
    ) -> Answer:
        if _origin(place) != _origin(self.url):
            # Whoever we are is between us and the registry; its store has its own signature in the URL.
            return self._send(method, place, headers, content, limit)
        shown = self._authorizer.header(method, place)
        answer = self._send(method, place, _with(headers, shown), content, limit)
        if answer.status_code != 401 or isinstance(content, Iterator):
            return answer
        if not self._authorizer.learn(answer.headers.get("www-authenticate", ""), method, place, shown):
            return answer
        return self._send(method, place, _with(headers, self._authorizer.header(method, place)), content, limit)

    def _send(self, method: str, place: str, headers: dict[str, str], content: Content | None, limit: int) -> Answer:
        # Any buffer will do, whatever its annotation says.
        body: Any = content
        response = self._pool.request(
            method, place, body=body, headers=headers, preload_content=False, decode_content=False, redirect=False
        )
        whole = False
        try:
            found = {name.lower(): value for name, value in response.headers.items()}
            expected = int(found["content-length"]) if found.get("content-length", "").isdecimal() else None
            read = b""
            if method != "HEAD":
                read = _read(response, limit + 1 if expected is None else min(expected, limit + 1))
                if expected is not None and len(read) < min(expected, limit + 1):
                    raise urllib3.exceptions.IncompleteRead(len(read), expected - len(read))
            whole = len(read) <= limit
            return Answer(response.status, found, read)
        finally:
            # A connection with unread bytes is of no use to the next request.
            if whole:
                response.drain_conn()
                response.release_conn()
            else:
                response.close()

    def _token(self, url: str, headers: dict[str, str]) -> tuple[int, bytes]:
        answer = self._send("GET", url, headers, None, 1 << 20)
        if answer.status_code == 429 or answer.status_code >= 500:
            # It says nothing about the account: as when the registry itself is busy.
            raise RegistryRefused(
                f"a token: GET {url.partition('?')[0]}",
                answer.status_code,
                answer.text,
                answer.retry_after,
                todo="wait for the service that gives out the registry's tokens",
            )
        return answer.status_code, answer.content


def _read(response: urllib3.BaseHTTPResponse, size: int) -> bytes:
    """So many bytes, or all if there are fewer."""
    first = response.read(size)
    if len(first) == size or not first:
        return first
    parts = [first]
    missing = size - len(first)
    while missing and (part := response.read(missing)):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def _with(headers: dict[str, str], authorization: str | None) -> dict[str, str]:
    return {**headers, "Authorization": authorization} if authorization else headers


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)
