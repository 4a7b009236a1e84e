"""Archives: the same for the same image, whole, and named as nodes know it."""

from __future__ import annotations

import hashlib
import json
import tarfile
from pathlib import Path

import pytest

from ethinfra.errors import ImageError
from ethinfra.images.builder import from_docker_archive
from ethinfra.images.layout import digest_of, open_blob, read_config, read_manifest, write_archive

LAYER = b"layer" * 100


def built(folder: Path, *, container: str = "c0ffee", user: str = "10001:10001") -> Path:
    """What a builder leaves: a manifest, and blobs by digest."""
    folder.mkdir()
    config = {
        "architecture": "amd64",
        "os": "linux",
        "container": container,
        "container_config": {"Hostname": container},
        "config": {"Hostname": container, "User": user, "Healthcheck": {"Test": ["CMD", "x"]}},
        "rootfs": {"type": "layers", "diff_ids": [digest_of(LAYER)]},
    }
    parts = {}
    for name, data in (("config", json.dumps(config).encode()), ("layer", LAYER)):
        (folder / hashlib.sha256(data).hexdigest()).write_bytes(data)
        parts[name] = {"mediaType": name, "digest": digest_of(data), "size": len(data)}
    manifest = {"schemaVersion": 2, "mediaType": "m", "config": parts["config"], "layers": [parts["layer"]]}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def test_container_that_it_was_committed_from_does_not_matter(tmp_path: Path):
    """Builders write a random host name and container id into the configuration."""
    first = write_archive(built(tmp_path / "1", container="aaaa"), "docker.io/a/b:1", tmp_path / "1.tar")
    second = write_archive(built(tmp_path / "2", container="bbbb"), "docker.io/a/b:1", tmp_path / "2.tar")

    assert first.digest == second.digest
    assert (tmp_path / "1.tar").read_bytes() == (tmp_path / "2.tar").read_bytes()


def test_what_the_image_does_does_matter(tmp_path: Path):
    first = write_archive(built(tmp_path / "1"), "docker.io/a/b:1", tmp_path / "1.tar")
    second = write_archive(built(tmp_path / "2", user="0:0"), "docker.io/a/b:1", tmp_path / "2.tar")

    assert first.digest != second.digest


def test_archive_carries_the_name_that_pods_use(tmp_path: Path):
    write_archive(built(tmp_path / "b"), "registry.k8s.io/pause:3.10.1", tmp_path / "a.tar")
    with tarfile.open(tmp_path / "a.tar") as tar:
        (entry,) = json.load(tar.extractfile("index.json"))["manifests"]

    assert entry["annotations"]["io.containerd.image.name"] == "registry.k8s.io/pause:3.10.1"


def test_archive_gives_back_what_went_in(tmp_path: Path):
    written = write_archive(built(tmp_path / "b"), "docker.io/a/b:1", tmp_path / "a.tar")
    manifest = read_manifest(tmp_path / "a.tar")

    assert manifest == written
    assert read_config(tmp_path / "a.tar")["config"]["Healthcheck"] == {"Test": ["CMD", "x"]}
    with open_blob(tmp_path / "a.tar", manifest.layers[0]) as stream:
        assert stream.read() == LAYER


@pytest.mark.parametrize("cut", [0, 100, 1500])
def test_cut_archive_is_refused(tmp_path: Path, cut: int):
    """A full disk or a crash leaves half a file."""
    write_archive(built(tmp_path / "b"), "docker.io/a/b:1", tmp_path / "a.tar")
    (tmp_path / "a.tar").write_bytes((tmp_path / "a.tar").read_bytes()[:cut])

    with pytest.raises(ImageError):
        read_manifest(tmp_path / "a.tar")


def test_changed_manifest_is_refused(tmp_path: Path):
    write_archive(built(tmp_path / "b"), "docker.io/a/b:1", tmp_path / "a.tar")
    data = (tmp_path / "a.tar").read_bytes()
    assert data.count(b'"schemaVersion":2') == 2
    at = data.rindex(b'"schemaVersion":2')
    (tmp_path / "a.tar").write_bytes(data[:at] + b'"schemaVersion":3' + data[at + 17 :])

    with pytest.raises(ImageError, match="manifest"):
        read_manifest(tmp_path / "a.tar")


def test_docker_archive_becomes_what_buildah_writes(tmp_path: Path):
    """`docker save` names its parts by file; the digests are computed from their bytes."""
    source = built(tmp_path / "source")
    config = json.loads((source / "manifest.json").read_text())["config"]["digest"].removeprefix("sha256:")
    listing = tmp_path / "manifest.json"
    listing.write_text(json.dumps([{"Config": "config.json", "RepoTags": ["x:1"], "Layers": ["0/layer.tar"]}]))
    (tmp_path / "layer.tar").write_bytes(LAYER)
    with tarfile.open(tmp_path / "docker.tar", "w") as tar:
        tar.add(listing, "manifest.json")
        tar.add(source / config, "config.json")
        tar.add(tmp_path / "layer.tar", "0/layer.tar")

    from_docker_archive(tmp_path / "docker.tar", tmp_path / "built")
    manifest = write_archive(tmp_path / "built", "docker.io/a/b:1", tmp_path / "a.tar")

    assert [layer.digest for layer in manifest.layers] == [digest_of(LAYER)]
    assert read_config(tmp_path / "a.tar")["config"]["User"] == "10001:10001"
