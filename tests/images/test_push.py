"""Pushing: what is missing, in the right order, and nothing twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ethinfra.images import Archive, archive_of, find_image, store
from ethinfra.images.layout import write_archive
from ethinfra.images.push import push, push_elsewhere, push_one
from ethinfra.images.relock import published_digest
from ethinfra.paths import ROOT
from ethinfra.process import run
from ethinfra.progress import silent
from tests.images.servers import anonymous_registry
from tests.images.test_layout import built


class Registry:
    """Remembers what it was sent, in order."""

    url = "https://localhost:0"

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[tuple[str, str], str] = {}

    def digest(self, repository: str, tag: str) -> str | None:
        return self.manifests.get((repository, tag))

    def has_blob(self, _repository: str, digest: str) -> bool:
        return digest in self.blobs

    def push_blob(self, _repository: str, digest: str, size: int, content: Iterator[bytes]) -> None:
        self.blobs[digest] = b"".join(content)
        assert len(self.blobs[digest]) == size
        self.sent.append("blob")

    def push_manifest(self, repository: str, tag: str, raw: bytes) -> None:
        from ethinfra.images.layout import digest_of

        self.manifests[repository, tag] = digest_of(raw)
        self.sent.append(tag)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    manifest = write_archive(built(tmp_path / "built"), "docker.io/a/b:1", tmp_path / "image.tar")
    image = find_image("geth")
    return Archive(image, tmp_path / "image.tar", "key", manifest.digest, manifest.size, 0.1, "v1.17.5")


def test_layers_go_before_the_tag(archive: Archive):
    registry = Registry()
    pushed = push_one(archive, registry)

    assert registry.sent == ["blob", "blob", *archive.tags]
    assert registry.manifests == {("docker.io/ethereum/client-go", tag): archive.digest for tag in archive.tags}
    assert pushed.sent == archive.size


def test_what_the_registry_has_is_not_sent_again(archive: Archive):
    registry = Registry()
    push([archive], registry, silent())
    registry.sent.clear()

    (pushed,) = push([archive], registry, silent())

    assert registry.sent == []
    assert pushed.sent == 0


def test_tag_of_other_content_is_replaced(archive: Archive):
    registry = Registry()
    registry.manifests["docker.io/ethereum/client-go", "v1.17.5"] = "sha256:other"

    push_one(archive, registry)

    assert registry.manifests["docker.io/ethereum/client-go", "v1.17.5"] == archive.digest


def test_tags_are_the_version_and_the_commit(archive: Archive, monkeypatch: pytest.MonkeyPatch):
    version, commit = archive.tags
    # The recipe or the toolchain's pins of geth, whichever changed last.
    paths = (archive.image.folder, ROOT / "toolchain" / "geth")
    last = run(["git", "-C", ROOT, "log", "-1", "--format=%h", "--abbrev=12", "--", *paths]).stdout

    assert version == "v1.17.5"
    assert commit.removesuffix("-dirty") == f"v1.17.5-g{last}"

    monkeypatch.setattr(store, "recipe_revision", lambda _: "")
    assert archive.tags == ("v1.17.5",)


def test_image_goes_to_another_registry_with_its_digest_and_tags(tmp_path: Path):
    archive = archive_of(find_image("pause"), silent())
    with anonymous_registry(tmp_path) as host:
        names = push_elsewhere(archive, f"{host}/acme")

        assert names == [f"{host}/acme/pause:{tag}" for tag in archive.tags]
        assert {published_digest(name) for name in names} == {archive.digest}
