"""Builds with the real builder, of the smallest image and of the one that is hardest to reproduce."""

from __future__ import annotations

import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ethinfra.errors import ImageError, MissingCapability
from ethinfra.images import archive_of, builder, find_image
from ethinfra.images.layout import read_config, read_manifest
from ethinfra.paths import cache_dir
from ethinfra.progress import silent


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Switch to a cache of its own, so that nothing is found there."""

    def switch(name: str) -> Path:
        monkeypatch.setenv("ETHINFRA_CACHE", str(tmp_path / name))
        return tmp_path / name

    return switch


@pytest.mark.parametrize("key", ["pause", "geth", "snapshot-builder"])
def test_two_builds_in_different_roots_give_the_same_bytes(cache: Callable[[str], Path], key: str):
    """Of a program that is compiled here, a client, compiled Python: no time, path or id of the builder gets in."""
    tools = cache_dir() / "tools"
    archives = []
    for name in ("one", "a/longer/path/two"):
        root = cache(name)
        root.mkdir(parents=True)
        (root / "tools").symlink_to(tools)
        archives.append(archive_of(find_image(key), silent()))

    first, second = archives
    assert first.path != second.path
    assert first.digest == second.digest
    assert first.path.read_bytes() == second.path.read_bytes()


def test_image_is_as_its_dockerfile_says(cache: Callable[[str], Path]):
    cache("one")
    archive = archive_of(find_image("pause"), silent())
    config = read_config(archive.path)

    assert config["created"] == "1970-01-01T00:00:00Z"
    assert config["config"]["User"] == "65535:65535"
    assert config["config"]["StopSignal"] == "SIGTERM"
    assert config["config"]["Labels"]["org.opencontainers.image.version"] == "3.10.1"
    assert config["config"]["Labels"]["ethinfra.io/built-from"] == "source"
    assert archive.tags[0] == "3.10.1"


def test_what_is_built_is_found_again(cache: Callable[[str], Path]):
    root = cache("one")
    first = archive_of(find_image("pause"), silent())
    times = first.path.stat().st_mtime_ns

    assert archive_of(find_image("pause"), silent()) == first
    assert first.path.stat().st_mtime_ns == times
    assert not list((root / "images").glob("build-*"))


def test_damaged_archive_is_built_again(cache: Callable[[str], Path]):
    cache("one")
    first = archive_of(find_image("pause"), silent())
    first.path.write_bytes(first.path.read_bytes()[:1000])

    assert read_manifest(archive_of(find_image("pause"), silent()).path).digest == first.digest


def test_concurrent_builds_build_once(cache: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch):
    cache("one")
    builds = []
    real = builder.build
    monkeypatch.setattr(builder, "build", lambda *args: builds.append(args) or real(*args))
    with ThreadPoolExecutor(3) as pool:
        archives = list(pool.map(lambda _: archive_of(find_image("pause"), silent()), range(3)))

    assert len(builds) == 1
    assert len({archive.digest for archive in archives}) == 1


def test_failed_build_leaves_nothing_and_names_the_image(cache: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch):
    root = cache("one")

    def fail(*_: object) -> Path:
        raise ImageError("no space left")

    monkeypatch.setattr(builder, "build", fail)
    with pytest.raises(ImageError, match=r"registry\.k8s\.io/pause"):
        archive_of(find_image("pause"), silent())

    assert not list((root / "images").glob("build-*"))
    assert not list((root / "images" / "pause").glob("*/image.tar"))


def test_missing_builder_is_said_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(MissingCapability, match="buildah"):
        builder.check(builder.Builder.BUILDAH)


def test_context_has_the_same_modes_whatever_the_umask(cache: Callable[[str], Path], tmp_path: Path):
    from ethinfra.images.content import content_of, prepare

    cache("one")
    prepare(content_of(find_image("pause")), tmp_path / "context", tmp_path / "kept")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "context").rglob("*")}

    assert modes["pause"] == modes["bin"] == 0o755
    assert modes["pause.c"] == modes["Dockerfile"] == 0o644


def test_a_builder_without_root_says_what_it_lacks(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(builder.os, "geteuid", lambda: 1000)

    with pytest.raises(MissingCapability, match="needs root"):
        builder.check(builder.Builder.BUILDAH)
