"""Files of Debian packages as a root file system, without dependencies, maintainer scripts or a package manager.

Exactly the named packages are unpacked, and of them only what the catalogue keeps: an image then has no shell, no
package database and no cache, and its bytes depend on the packages alone. apt has verified each package against the
signed index, and its SHA-256 is part of the image's content key.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import astuple, dataclass
from functools import cache
from pathlib import Path

from filelock import FileLock

from ethinfra.errors import ImageError
from ethinfra.paths import cache_dir
from ethinfra.process import run

#: apt's lists of what its sources offer.
INDEX = Path("/var/lib/apt/lists")

#: Never wanted in an image that runs one program.
_NEVER = ("usr/share/doc/**", "usr/share/man/**", "usr/share/lintian/**", "lib/systemd/**")


@dataclass(frozen=True)
class Package:
    """A package as the machine's package index offers it now."""

    name: str
    version: str
    sha256: str


@cache
def resolve(names: tuple[str, ...]) -> tuple[Package, ...]:
    """What the package index offers under these names; asks no network. ImageError if a name is not in it."""
    found = {one.name: one for one in _shown(names)}
    missing = [name for name in names if name not in found]
    if missing:
        raise ImageError(
            "Debian packages for an image are not in this machine's package index",
            seen=f"missing: {', '.join(missing)}",
            todo="run `apt-get update`; the images are made of Debian 12's packages",
        )
    return tuple(found[name] for name in names)


def _shown(names: tuple[str, ...]) -> list[Package]:
    """What `apt-cache show` says; remembered as long as the index is the same, because apt takes seconds to read it."""
    index = [(one.name, one.stat().st_size, one.stat().st_mtime_ns) for one in sorted(INDEX.glob("*_Packages*"))]
    key = hashlib.sha256(json.dumps([names, index]).encode()).hexdigest()
    remembered = cache_dir() / "images" / "packages" / f"index-{key}.json"
    if remembered.exists():
        return [Package(*one) for one in json.loads(remembered.read_text())]
    shown = run(["apt-cache", "show", "--no-all-versions", *names], check=False)
    found = []
    for stanza in shown.stdout.split("\n\n"):
        fields = dict(re.findall(r"^(Package|Version|SHA256): (.*)$", stanza, re.M))
        if len(fields) == 3:
            found.append(Package(fields["Package"], fields["Version"], fields["SHA256"]))
    if len(found) == len(names):
        remembered.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=remembered.parent, delete=False) as partial:
            json.dump([astuple(one) for one in found], partial)
        Path(partial.name).replace(remembered)
    return found


def unpack(packages: tuple[Package, ...], into: Path, kept: Path) -> None:
    """Unpack packages over each other. `kept` holds downloaded packages between builds, by digest."""
    kept.mkdir(parents=True, exist_ok=True)
    with FileLock(kept / "lock"):
        _download([package for package in packages if not (kept / package.sha256).exists()], kept)
    into.mkdir(parents=True, exist_ok=True)
    for package in packages:
        run(["dpkg-deb", "--extract", kept / package.sha256, into], within=120)


def prune(root: Path, keep: tuple[str, ...], drop: tuple[str, ...]) -> None:
    """Remove each file that no `keep` pattern matches, or a `drop` pattern does; then the folders left empty."""
    kept = keeper(keep, drop)
    for path in sorted(root.rglob("*"), reverse=True):
        inside = path.relative_to(root).as_posix()
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif not kept(inside):
            path.unlink()


def keeper(keep: tuple[str, ...], drop: tuple[str, ...]) -> Callable[[str], bool]:
    """Whether a path in the packages is one that an image keeps."""
    wanted = [_pattern(one) for one in keep]
    unwanted = [_pattern(one) for one in (*_NEVER, *drop)]
    return lambda path: any(one.fullmatch(path) for one in wanted) and not any(one.fullmatch(path) for one in unwanted)


def ca_bundle(root: Path) -> None:
    """Join the unpacked certificates of `ca-certificates` to the file that TLS libraries look for."""
    parts = sorted((root / "usr/share/ca-certificates/mozilla").glob("*.crt"))
    bundle = root / "etc/ssl/certs/ca-certificates.crt"
    bundle.parent.mkdir(parents=True, exist_ok=True)
    bundle.write_text("".join(part.read_text().rstrip("\n") + "\n" for part in parts))
    shutil.rmtree(root / "usr/share/ca-certificates")


def applets(busybox: Path) -> None:
    """Link every applet of a busybox beside it, so that `sh` and `mkdir` are found by their names."""
    for applet in run([busybox, "--list"]).stdout.split():
        if applet != busybox.name:
            (busybox.parent / applet).symlink_to(busybox.name)


def _download(packages: list[Package], kept: Path) -> None:
    if not packages:
        return
    folder = kept / "partial"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    run(["apt-get", "download", *(f"{one.name}={one.version}" for one in packages)], cwd=folder, within=300)
    digests = {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in folder.glob("*.deb")}
    for package in packages:
        if package.sha256 not in digests:
            raise ImageError(
                f"Debian package {package.name} {package.version}",
                expected=f"SHA-256 {package.sha256}, as the package index says",
                seen=", ".join(digests) or "nothing was downloaded",
                todo="run `apt-get update` and build again",
            )
        digests[package.sha256].rename(kept / package.sha256)
    shutil.rmtree(folder)


@cache
def _pattern(glob: str) -> re.Pattern[str]:
    """`*` stays within a folder, `**` crosses folders, `{a,b}` is a choice; fnmatch knows no such difference."""
    meaning = {"**": ".*", "*": "[^/]*", "{": "(?:", "}": ")", ",": "|"}
    return re.compile("".join(meaning.get(part, re.escape(part)) for part in re.split(r"(\*\*|[*{},])", glob)))
