"""The bill of materials of an image, CycloneDX, read from the image itself: what its layers hold, not what was meant.

- Debian packages, packages of PyPI and release files, as the build wrote them into the image's labels
- Go modules of each Go program, from the program's own build information
- npm packages, from each package.json below a node_modules
- Java archives, by their Maven coordinates where the archive tells them
- every other file with its SHA-256

The same image gives the same document: it is dated like the image, and its serial number is made of the digest.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import tempfile
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from ethinfra.images.layout import read_config, read_files
from ethinfra.images.store import Archive
from ethinfra.process import run
from ethinfra.toolchain.go import find_go

_ELF = b"\x7fELF"
#: Where Go's build information begins (debug/buildinfo).
_GO = b"\xff Go buildinf:"
_JAR = re.compile(r"(?P<name>.+?)-(?P<version>\d[\w.+-]*)\.jar")
_NPM = re.compile(r"(?:^|/)node_modules/(?:@[^/]+/)?[^/]+/package\.json$")


@dataclass(frozen=True)
class _Entry:
    """A regular file of an image. data: what it holds, for files that tell more than their digest."""

    path: str
    sha256: str
    data: bytes = b""


def sbom(archive: Archive) -> str:
    """The bill of materials as CycloneDX JSON."""
    bom = Bom(serial_number=uuid.uuid5(uuid.NAMESPACE_URL, f"{archive.image.name}@{archive.digest}"))
    bom.metadata.timestamp = datetime.fromtimestamp(0, UTC)
    bom.metadata.component = _image(archive)
    found: dict[str, Component] = {}
    for component in _components(archive):
        found.setdefault(str(component.bom_ref), component)
    bom.components.update(found.values())
    bom.register_dependency(bom.metadata.component, found.values())
    document = JsonV1Dot6(bom).output_as_string()
    return json.dumps(json.loads(document), indent=2, sort_keys=True) + "\n"


def _components(archive: Archive) -> Iterator[Component]:
    config = read_config(archive.path)
    labels = config["config"].get("Labels") or {}
    for package in labels.get("ethinfra.io/debian-packages", "").split():
        name, _, version = package.partition("=")
        qualifiers = {"arch": config["architecture"], "distro": "debian-12"}
        yield _library(PackageURL("deb", "debian", name, version, qualifiers))
    for package in labels.get("ethinfra.io/python-packages", "").split():
        name, _, version = package.partition("=")
        yield _library(PackageURL("pypi", None, name, version))
    for file in labels.get("ethinfra.io/release-files", "").split():
        url, _, digest = file.rpartition("@sha256:")
        yield Component(
            name=PurePosixPath(url).name,
            type=ComponentType.FILE,
            bom_ref=url,
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
            external_references=[ExternalReference(type=ExternalReferenceType.DISTRIBUTION, url=XsUri(url))],
        )
    for entry in (_entry(path, data) for path, data in read_files(archive.path)):
        if entry.data.startswith(_ELF):
            yield from _go_modules(entry)
        elif _NPM.search(entry.path):
            yield from _npm_package(entry)
        if entry.path.endswith(".jar"):
            yield _jar(entry)
        elif "/node_modules/" not in f"/{entry.path}":
            yield _file(entry)


def _entry(path: str, data: bytes) -> _Entry:
    telling = data.startswith(_ELF) or path.endswith(".jar") or _NPM.search(path)
    return _Entry(path, hashlib.sha256(data).hexdigest(), data if telling else b"")


def _go_modules(entry: _Entry) -> Iterator[Component]:
    """A program that was not built by Go has no build information, and gives nothing."""
    if _GO not in entry.data:
        return
    with tempfile.TemporaryDirectory(prefix="ethinfra-sbom-") as folder:
        program = Path(folder) / "program"
        program.write_bytes(entry.data)
        told = run(
            [find_go().path, "version", "-m", program], env={"GOENV": "off", "GOTOOLCHAIN": "local"}, check=False
        )
    lines = [line.split("\t")[1:] for line in told.stdout.splitlines() if line.startswith("\t")]
    for number, fields in enumerate(lines):
        # `=>` tells what was really built in place of the module above it.
        replaced = number + 1 < len(lines) and lines[number + 1][0] == "=>"
        if fields[0] in ("mod", "dep", "=>") and len(fields) > 2 and not replaced:
            namespace, _, name = fields[1].rpartition("/")
            yield _library(PackageURL("golang", namespace, name, fields[2]))
    if told.ok and ": go" in told.stdout:
        version = told.stdout.splitlines()[0].rpartition(": go")[2].split()[0]
        yield _library(PackageURL("golang", None, "stdlib", version))


def _npm_package(entry: _Entry) -> Iterator[Component]:
    """Folders of a package may have a package.json without a name, which only tells the kind of their modules."""
    facts: dict[str, Any] = json.loads(entry.data)
    if facts.get("name") and facts.get("version"):
        namespace, _, name = facts["name"].rpartition("/")
        yield _library(PackageURL("npm", namespace or None, name, facts["version"]))


def _jar(entry: _Entry) -> Component:
    file = PurePosixPath(entry.path).name
    hashes = [HashType(alg=HashAlgorithm.SHA_256, content=entry.sha256)]
    coordinates = _maven(entry.data)
    if coordinates is not None:
        return _library(PackageURL("maven", *coordinates), hashes)
    named = _JAR.fullmatch(file)
    name, version = (named["name"], named["version"]) if named else (file, None)
    return Component(name=name, version=version, type=ComponentType.LIBRARY, bom_ref=entry.path, hashes=hashes)


def _maven(data: bytes) -> tuple[str, str, str] | None:
    """Group, artifact and version; none for an archive without, or one that was joined from several."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as jar:
            told = [name for name in jar.namelist() if re.fullmatch(r"META-INF/maven/.*/pom\.properties", name)]
            if len(told) != 1:
                return None
            facts = dict(re.findall(r"^(\w+)=(.*?)\s*$", jar.read(told[0]).decode(errors="replace"), re.M))
    except zipfile.BadZipFile:
        return None
    parts = (facts.get("groupId"), facts.get("artifactId"), facts.get("version"))
    return (parts[0], parts[1], parts[2]) if parts[0] and parts[1] and parts[2] else None


def _file(entry: _Entry) -> Component:
    return Component(
        name=f"/{entry.path}",
        type=ComponentType.FILE,
        bom_ref=f"file:/{entry.path}",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=entry.sha256)],
    )


def _library(purl: PackageURL, hashes: list[HashType] | None = None) -> Component:
    return Component(
        name=purl.name,
        group=purl.namespace,
        version=purl.version,
        type=ComponentType.LIBRARY,
        bom_ref=purl.to_string(),
        purl=purl,
        hashes=hashes or [],
    )


def _image(archive: Archive) -> Component:
    image = archive.image
    return Component(
        name=image.name,
        version=image.tag,
        type=ComponentType.CONTAINER,
        bom_ref=f"{image.reference}@{archive.digest}",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=archive.digest.removeprefix("sha256:"))],
        properties=[Property(name="ethinfra.io/built-from", value=image.built_from)],
    )
