"""The bill of materials: everything that is in an image, and the same for the same image."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from ethinfra.images import Archive, find_image
from ethinfra.images.layout import digest_of, write_archive
from ethinfra.images.sbom import sbom
from ethinfra.toolchain import tool

LABELS = {
    "ethinfra.io/debian-packages": "libc6=2.36-9+deb12u10 zlib1g=1:1.2.13.dfsg-1",
    "ethinfra.io/release-files": "https://example.org/thing-1.2.tar.gz@sha256:" + "a" * 64,
}


def jar(properties: dict[str, str] | None = None) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "")
        if properties:
            text = "".join(f"{key}={value}\n" for key, value in properties.items())
            archive.writestr("META-INF/maven/g/a/pom.properties", text)
    return data.getvalue()


FILES = {
    "usr/local/bin/crane": lambda: tool("crane").read_bytes(),
    "etc/config.yaml": lambda: b"a: 1\n",
    "app/node_modules/@a/b/package.json": lambda: b'{"name": "@a/b", "version": "1.2.3"}',
    "app/node_modules/@a/b/esm/package.json": lambda: b'{"type": "module"}',
    "app/node_modules/@a/b/index.js": lambda: b"",
    "opt/lib/a-1.0.jar": lambda: jar({"groupId": "g", "artifactId": "a", "version": "1.0"}),
    "opt/lib/plain-2.3.4.jar": jar,
}


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """An archive with something of each kind in its layer."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        for name, content in FILES.items():
            data = content()
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    config = {"architecture": "amd64", "os": "linux", "config": {"Labels": LABELS}}
    built = tmp_path / "built"
    built.mkdir()
    parts = {}
    for name, data in (("config", json.dumps(config).encode()), ("layer", layer.getvalue())):
        (built / hashlib.sha256(data).hexdigest()).write_bytes(data)
        parts[name] = {"mediaType": name, "digest": digest_of(data), "size": len(data)}
    document = {"schemaVersion": 2, "mediaType": "m", "config": parts["config"], "layers": [parts["layer"]]}
    (built / "manifest.json").write_text(json.dumps(document))
    manifest = write_archive(built, "docker.io/a/b:1", tmp_path / "image.tar")
    return Archive(find_image("geth"), tmp_path / "image.tar", "key", manifest.digest, manifest.size, 0.1, "v1.17.5")


@pytest.fixture
def components(archive: Archive) -> dict[str, dict[str, Any]]:
    return {one["bom-ref"]: one for one in json.loads(sbom(archive))["components"]}


def test_everything_in_the_image_is_listed(components: dict[str, dict[str, Any]]):
    expected = {
        "pkg:deb/debian/libc6@2.36-9%2Bdeb12u10?arch=amd64&distro=debian-12",
        "pkg:deb/debian/zlib1g@1:1.2.13.dfsg-1?arch=amd64&distro=debian-12",
        "https://example.org/thing-1.2.tar.gz",
        "pkg:npm/%40a/b@1.2.3",
        "pkg:maven/g/a@1.0",
        "opt/lib/plain-2.3.4.jar",
        "file:/etc/config.yaml",
        "file:/usr/local/bin/crane",
    }

    assert expected <= components.keys()
    go = {one.partition("@")[0] for one in components if one.startswith("pkg:golang/")}
    assert {"pkg:golang/github.com/google/go-containerregistry", "pkg:golang/stdlib"} <= go
    # Files of npm packages are their packages'.
    assert not [one for one in components if "index.js" in one]


def test_files_have_their_digests(components: dict[str, dict[str, Any]]):
    (digest,) = components["file:/etc/config.yaml"]["hashes"]

    assert digest == {"alg": "SHA-256", "content": hashlib.sha256(b"a: 1\n").hexdigest()}
    assert components["opt/lib/plain-2.3.4.jar"]["version"] == "2.3.4"


def test_document_is_valid_cyclonedx(archive: Archive):
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(sbom(archive)) is None
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str('{"bomFormat": "x"}') is not None


def test_same_image_gives_the_same_document_and_another_image_another(archive: Archive):
    first = sbom(archive)

    assert sbom(archive) == first
    assert json.loads(first)["metadata"]["timestamp"] == "1970-01-01T00:00:00+00:00"
    other = replace(archive, digest="sha256:" + "b" * 64)
    assert json.loads(sbom(other))["serialNumber"] != json.loads(first)["serialNumber"]
