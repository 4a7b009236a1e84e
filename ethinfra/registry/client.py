"""The registry's interface over HTTP: the OCI distribution API, and the gateway's own paths.

Every answer other than the expected one becomes a RegistryRefused with its status, so that callers and tests branch
on the number.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode, urljoin

from ethinfra.errors import ImageError
from ethinfra.registry.tokens import Account
from ethinfra.registry.transport import Answer, Content, RegistryRefused, RegistryUnreachable, Transport

__all__ = [
    "Answer",
    "DigestMismatch",
    "RegistryClient",
    "RegistryRefused",
    "RegistryUnreachable",
    "Repository",
    "Stored",
    "Usage",
]

_DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
INDEX_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFEST_TYPES = (*INDEX_TYPES, "application/vnd.oci.image.manifest.v1+json", _DOCKER_MANIFEST)

#: Requests at a time, where many small ones are needed.
_PARALLEL = 8


class DigestMismatch(ImageError):
    """What the registry sent has another digest than it was asked for: it is damaged there."""


@dataclass(frozen=True)
class Stored:
    """A manifest as the registry has it."""

    digest: str
    raw: bytes

    @property
    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.raw)
        return content


@dataclass(frozen=True)
class Repository:
    """`size` is the bytes of all that its tags need, each blob counted once."""

    name: str
    tags: tuple[str, ...]
    size: int


@dataclass(frozen=True)
class Usage:
    """Bytes. referenced: what tags need; stored: what is on the volume; the difference can be collected."""

    repositories: tuple[Repository, ...]
    referenced: int
    stored: int

    @property
    def collectable(self) -> int:
        return max(self.stored - self.referenced, 0)


class RegistryClient:
    """One account at one registry; without an account, whoever has none. Safe to share between threads."""

    def __init__(
        self,
        url: str,
        *,
        authority: str | None,
        username: str = "",
        password: str = "",
        timeout: float = 60,
        patience: float = 0,
    ) -> None:
        """authority: the certificate to trust, in PEM, None for those that the machine trusts; timeout: seconds without
        a byte; patience: seconds for which a registry that is away, busy or read-only is asked again."""
        self.url = url
        account = Account(username, password) if username else None
        self._transport = Transport(url, authority=authority, account=account, timeout=timeout, patience=patience)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._transport.close()

    def ask(self, method: str, path: str, *, expect: Iterable[int] = (200,), **options: Any) -> Answer:
        """One request. RegistryRefused if the status is not expected, RegistryUnreachable if there is no answer.

        options: headers, content, limit (`Transport.request`)
        """
        if isinstance(options.get("content"), Iterator):
            return self._once(method, path, expect, **options)
        return self._transport.patiently(lambda: self._once(method, path, expect, **options))

    def _once(self, method: str, path: str, expect: Iterable[int], **options: Any) -> Answer:
        answer = self._transport.request(method, path, **options)
        if answer.status_code not in tuple(expect):
            raise RegistryRefused(f"{method} {path}", answer.status_code, answer.text, answer.retry_after)
        return answer

    def status(self, method: str, path: str, **options: Any) -> int:
        """Only the status of a request, whatever it is: for trying what an account may do."""
        return self.ask(method, path, expect=range(100, 600), **options).status_code

    # What is there

    def login(self) -> None:
        """RegistryRefused (401) if the account is not accepted."""
        self.ask("GET", "/v2/")

    def repositories(self) -> list[str]:
        """Names of all repositories, also of those whose tags have all been deleted."""
        return list(self._pages("/v2/_catalog?n=100", "repositories"))

    def tags(self, repository: str) -> list[str]:
        """Sorted; empty if there is no such repository."""
        try:
            return sorted(self._pages(f"/v2/{repository}/tags/list?n=100", "tags"))
        except RegistryRefused as refused:
            if refused.status == 404:
                return []
            raise

    def digest(self, repository: str, reference: str) -> str | None:
        """Digest of the manifest behind a tag or digest, or None."""
        answer = self.ask("HEAD", _manifest_path(repository, reference), headers=_ACCEPT, expect=(200, 404))
        if answer.status_code == 404:
            return None
        # Not every registry says it without being asked for the bytes.
        return answer.headers.get("docker-content-digest") or self.manifest(repository, reference).digest

    def manifest(self, repository: str, reference: str) -> Stored:
        """A manifest or index. DigestMismatch if its digest is not the one that was asked for, or came with it."""
        answer = self.ask("GET", _manifest_path(repository, reference), headers=_ACCEPT)
        stored = Stored(_digest_of(answer.content), answer.content)
        expected = answer.headers.get("docker-content-digest", stored.digest)
        if ":" in reference:
            expected = reference
        if stored.digest != expected:
            raise DigestMismatch(f"manifest of {repository}:{reference}", expected=expected, seen=stored.digest)
        return stored

    def has_blob(self, repository: str, digest: str) -> bool:
        return self.blob_size(repository, digest) is not None

    def blob_size(self, repository: str, digest: str) -> int | None:
        """Bytes of a blob, None if there is none."""
        answer = self.ask("HEAD", _blob_path(repository, digest), expect=(200, 404))
        return int(answer.headers.get("content-length", -1)) if answer.status_code == 200 else None

    def blob(self, repository: str, digest: str) -> bytes:
        """A blob in memory. DigestMismatch if its bytes are others."""
        data = self.ask("GET", _blob_path(repository, digest)).content
        if _digest_of(data) != digest:
            raise DigestMismatch(f"blob of {repository}", expected=digest, seen=_digest_of(data))
        return data

    def unchecked_blob(self, repository: str, digest: str, limit: int) -> bytes | None:
        """At most `limit` + 1 bytes of a blob, None if there is none. For callers that check a digest of their own."""
        answer = self.ask("GET", _blob_path(repository, digest), expect=(200, 404), limit=limit)
        return answer.content if answer.status_code == 200 else None

    # Changing it

    def push_blob(self, repository: str, digest: str, size: int, content: Content) -> None:
        """Upload a blob in one request. The registry checks the digest."""
        if isinstance(content, Iterator):
            return self._upload(repository, digest, size, content)
        return self._transport.patiently(lambda: self._upload(repository, digest, size, content))

    def _upload(self, repository: str, digest: str, size: int, content: Content) -> None:
        # Not `ask`, which would repeat one half: an upload that broke off is begun again from its first request.
        path = f"/v2/{repository}/blobs/uploads/"
        begun = self._once("POST", path, (202,), headers={"Content-Length": "0"})
        if "location" not in begun.headers:
            raise RegistryRefused(
                f"POST {path}", begun.status_code, "without a Location: nobody knows where to send it"
            )
        place = urljoin(f"{self.url.rstrip('/')}{path}", begun.headers["location"])
        join = "&" if "?" in place else "?"
        headers = {"Content-Length": str(size), "Content-Type": "application/octet-stream"}
        try:
            self._once("PUT", f"{place}{join}{urlencode({'digest': digest})}", (201,), headers=headers, content=content)
        except RegistryRefused as refused:
            if refused.status in (404, 416):
                # The registry has forgotten the upload: it was restarted.
                raise RegistryUnreachable(f"the upload of {digest} was lost", seen=refused.seen) from refused
            raise

    def push_manifest(self, repository: str, reference: str, raw: bytes, media_type: str = _DOCKER_MANIFEST) -> str:
        """Returns the digest. All blobs that the manifest names must be there."""
        path = _manifest_path(repository, reference)
        self.ask("PUT", path, content=raw, headers={"Content-Type": media_type}, expect=(201,))
        return _digest_of(raw)

    def push_small(self, repository: str, tag: str, content: bytes) -> str:
        """Push an image of one layer with this content, for trying the registry; returns its digest."""
        config = b'{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[]}}'
        parts = []
        for kind, data in (("config.v1+json", config), ("layer.v1.tar", content)):
            if not self.has_blob(repository, _digest_of(data)):
                self.push_blob(repository, _digest_of(data), len(data), data)
            media_type = f"application/vnd.oci.image.{kind}"
            parts.append({"mediaType": media_type, "digest": _digest_of(data), "size": len(data)})
        media_type = "application/vnd.oci.image.manifest.v1+json"
        manifest = {"schemaVersion": 2, "mediaType": media_type, "config": parts[0], "layers": parts[1:]}
        return self.push_manifest(repository, tag, json.dumps(manifest).encode(), media_type)

    def delete_tag(self, repository: str, tag: str) -> None:
        """Remove a tag; what only it needed is freed by garbage collection. RegistryRefused (404) if there is none."""
        self.ask("DELETE", _manifest_path(repository, tag), expect=(202,))

    def delete_manifest(self, repository: str, digest: str) -> None:
        """Remove a manifest, and every tag that leads to it. RegistryRefused (404) if there is none."""
        self.ask("DELETE", _manifest_path(repository, digest), expect=(202,))

    # The gateway's own paths

    def ui(self) -> str:
        """The management page. RegistryRefused (401) without an account."""
        return self.ask("GET", "/ui/").text

    def suspend_writes(self) -> None:
        """From now on pushes are refused with 503. RegistryRefused (403) for the pull account."""
        self.ask("PUT", "/-/maintenance", content=b"", expect=(201, 204))

    def resume_writes(self) -> None:
        """Pushes are taken again; nothing to resume is not an error."""
        self.ask("DELETE", "/-/maintenance", expect=(204, 404))

    def writes_suspended(self) -> bool:
        return self.ask("GET", "/-/maintenance", expect=(200, 404)).status_code == 200

    def requests_in_progress(self) -> int:
        """Requests that the gateway is working on, other than this one."""
        text = self.ask("GET", "/-/status").text
        return sum(int(count) for count in re.findall(r"(?:Reading|Writing): (\d+)", text)) - 1

    def stored(self) -> dict[str, int]:
        """Bytes of every blob on the volume, also of those that nothing references any more."""
        blobs = [
            f"sha256/{prefix}/{digest}/"
            for prefix in self._folder("sha256/")
            for digest in self._folder(f"sha256/{prefix}/")
        ]
        sizes = self._each(lambda path: sum(one.get("size", 0) for one in self._listing(path)), blobs)
        return {f"sha256:{path.split('/')[2]}": size for path, size in zip(blobs, sizes, strict=True)}

    def usage(self) -> Usage:
        """Repositories with their tags and sizes, and what the volume holds."""
        names = self.repositories()
        needed: dict[str, int] = {}
        repositories = []
        for name, tags in zip(names, self._each(self.tags, names), strict=True):
            own: dict[str, int] = {}
            for blobs in self._each(partial(self._blobs_if_still_there, name), tags):
                own |= blobs
            needed |= own
            if tags:
                repositories.append(Repository(name, tuple(tags), sum(own.values())))
        return Usage(tuple(repositories), sum(needed.values()), sum(self.stored().values()))

    def blobs(self, repository: str, reference: str) -> dict[str, int]:
        """Bytes of all that a reference needs, by digest: manifest, configuration, layers; an index' images too."""
        stored = self.manifest(repository, reference)
        found = {stored.digest: len(stored.raw)}
        for part in (stored.content.get("config"), *stored.content.get("layers", ())):
            if part:
                found[part["digest"]] = part["size"]
        for child in stored.content.get("manifests", ()):
            found |= self.blobs(repository, child["digest"])
        return found

    def _blobs_if_still_there(self, repository: str, tag: str) -> dict[str, int]:
        """`blobs`, or nothing if somebody deleted the tag after it was listed."""
        try:
            return self.blobs(repository, tag)
        except RegistryRefused as refused:
            # A tag that is there and lacks a part is damage, and no deletion.
            if refused.status != 404 or self.digest(repository, tag) is not None:
                raise
            return {}

    def _folder(self, path: str) -> list[str]:
        return [entry["name"] for entry in self._listing(path)]

    def _listing(self, path: str) -> list[dict[str, Any]]:
        """A registry into which nothing was ever pushed has no such folder."""
        answer = self.ask("GET", f"/-/storage/{path}", expect=(200, 404))
        return answer.json() if answer.status_code == 200 else []

    def _pages(self, path: str, key: str) -> Iterator[str]:
        following: str | None = path
        while following:
            answer = self.ask("GET", following)
            yield from answer.json().get(key) or ()
            following = answer.next

    def _each(self, look: Callable[[str], Any], names: Iterable[str]) -> list[Any]:
        with ThreadPoolExecutor(_PARALLEL) as pool:
            return list(pool.map(look, names))


_ACCEPT = {"Accept": ", ".join(MANIFEST_TYPES)}


def _manifest_path(repository: str, reference: str) -> str:
    return f"/v2/{repository}/manifests/{reference}"


def _blob_path(repository: str, digest: str) -> str:
    return f"/v2/{repository}/blobs/{digest}"


def _digest_of(data: bytes) -> str:
    # Not the one of `ethinfra.images`: this module runs in images that hold only what it names.
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
