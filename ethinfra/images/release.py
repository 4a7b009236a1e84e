"""Upstream's release files: downloaded once, compared with the lock's checksum, taken apart into a build context.

Nothing of a file is used before all of it was compared: what a server answers is not what upstream released until the
checksum says so. A checksum comes from `docker/upstream.lock.yaml` and is never taken from the file itself.
"""

from __future__ import annotations

import hashlib
import platform
import shutil
import tarfile
import tempfile
import zipfile
from functools import cache
from pathlib import Path, PurePosixPath

import httpx
from filelock import FileLock

from ethinfra.errors import ImageError, MissingCapability
from ethinfra.images.catalogue import Image, Release
from ethinfra.images.lock import locked_checksum

#: Seconds without a byte, after which a server is given up.
SILENCE = 30
#: Seconds that a server may take to accept a connection; hosts that a firewall swallows answer never.
CONNECT = 8

#: What machines and Debian call an architecture.
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def checksum(release: Release) -> str:
    """SHA-256 in hex, from the lock; ImageError if the lock has none."""
    known = locked_checksum(release.url)
    if known is None:
        raise ImageError(
            f"no checksum of {PurePosixPath(release.url).name} is locked",
            seen=f"pending: nobody who wrote the lock could reach {release.url}",
            todo="ethinfra images lock --source upstream, where it can be reached; review and commit the lock",
        )
    return known


def check_architecture(image: Image) -> None:
    """MissingCapability if upstream's files are for another architecture than this machine's."""
    here = _ARCHITECTURES.get(platform.machine(), platform.machine())
    if image.architecture and image.architecture != here:
        raise MissingCapability(
            f"image {image.reference} is made of upstream's files for {image.architecture}",
            seen=f"this machine is {here}",
            todo="build it on a machine of that architecture",
        )


def obstacle(image: Image, kept: Path) -> str:
    """Why the files of an image cannot be had here; empty if they can, or are already kept. Asks the network."""
    for release in image.releases:
        if not (kept / checksum(release)).exists() and not _reachable(_origin(release.url)):
            return f"needs {httpx.URL(release.url).host}, which this machine cannot reach"
    return ""


def fetch(release: Release, kept: Path) -> Path:
    """The release file, by its checksum in `kept`; downloads it if it is not there.

    MissingCapability if the host cannot be reached, ImageError for any answer that is not the locked file.
    """
    wanted = checksum(release)
    file = kept / wanted
    kept.mkdir(parents=True, exist_ok=True)
    with FileLock(kept / f"{wanted}.lock"):
        if not file.exists():
            with tempfile.TemporaryDirectory(prefix="partial-", dir=kept) as temporary:
                partial = Path(temporary) / "file"
                seen = download(release.url, partial)
                if seen != wanted:
                    raise ImageError(
                        f"{release.url} is not the file that the lock knows",
                        expected=f"SHA-256 {wanted}",
                        seen=f"SHA-256 {seen}, {partial.stat().st_size} bytes",
                        todo="a release never changes: find out who changed it before the lock is written again",
                    )
                partial.rename(file)
    return file


def download(url: str, into: Path) -> str:
    """Stream a URL to a file; returns its SHA-256 in hex. Through the operator's proxies, if there are any."""
    digest = hashlib.sha256()
    try:
        with (
            httpx.stream("GET", url, follow_redirects=True, timeout=httpx.Timeout(SILENCE, connect=CONNECT)) as answer,
            into.open("wb") as file,
        ):
            if answer.status_code != 200:
                raise ImageError(
                    f"{url} cannot be downloaded",
                    expected="status 200",
                    seen=f"status {answer.status_code}",
                    todo="compare `releases` in docker/images.yaml with upstream's list of releases",
                )
            for chunk in answer.iter_bytes():
                digest.update(chunk)
                file.write(chunk)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as reason:
        raise MissingCapability(
            f"{url} needs {httpx.URL(url).host}, which this machine cannot reach",
            seen=f"{type(reason).__name__}: {reason}",
            todo="build this image where the host can be reached, or behind a proxy (HTTPS_PROXY)",
        ) from reason
    except httpx.HTTPError as reason:
        raise ImageError(
            f"{url} was not downloaded whole", seen=f"{type(reason).__name__}: {reason}", todo="try again"
        ) from reason
    return digest.hexdigest()


def unpack(release: Release, archive: Path, context: Path) -> None:
    """Put the named files and folders of an archive into a build context. Nothing else of the archive gets there."""
    with tempfile.TemporaryDirectory(prefix="release-", dir=context.parent) as temporary:
        content = Path(temporary)
        try:
            if zipfile.is_zipfile(archive):
                _unzip(archive, content)
            else:
                with tarfile.open(archive) as tar:
                    # Refuses members outside of the folder, links that lead out of it, and devices.
                    tar.extractall(content, filter="data")
        except (tarfile.TarError, zipfile.BadZipFile, OSError, EOFError) as reason:
            raise ImageError(
                f"{release.url} is no archive that can be unpacked", seen=f"{type(reason).__name__}: {reason}"
            ) from reason
        for pattern, place in release.files:
            target = context / place
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(_only(release, content, pattern), target)


def _unzip(archive: Path, into: Path) -> None:
    """`zipfile` keeps members inside of the folder, but forgets their modes."""
    with zipfile.ZipFile(archive) as files:
        for member in files.infolist():
            written = Path(files.extract(member, into))
            if member.external_attr >> 16 & 0o100:
                written.chmod(0o755)


def _only(release: Release, content: Path, pattern: str) -> Path:
    found = sorted(content.glob(pattern))
    if len(found) != 1:
        top = ", ".join(sorted(path.relative_to(content).as_posix() for path in content.glob("*"))[:20])
        raise ImageError(
            f"{release.url}: {pattern}",
            expected="one file or folder in the archive",
            seen=f"{len(found)}; the archive has {top or 'nothing'}",
            todo="set `files` of the release in docker/images.yaml",
        )
    return found[0]


def _origin(url: str) -> str:
    return str(httpx.URL(url).copy_with(raw_path=b"/"))


@cache
def _reachable(origin: str) -> bool:
    try:
        httpx.head(origin, timeout=CONNECT)
    except httpx.HTTPError:
        return False
    return True
