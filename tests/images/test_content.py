"""The content key: changes with everything that goes into an image, and with nothing else."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from ethinfra.errors import ImageError
from ethinfra.images import Image, content, debian, find_image
from ethinfra.images.content import content_of, prepare
from ethinfra.images.debian import Package, prune
from ethinfra.toolchain import Binary


@pytest.fixture
def pause(tmp_path: Path) -> Image:
    """An image whose recipe may be changed."""
    image = find_image("pause")
    shutil.copytree(image.folder, tmp_path / "pause")
    return replace(image, folder=tmp_path / "pause")


def key(image: Image) -> str:
    return content_of(image).key


def test_key_does_not_depend_on_where_the_checkout_lies(pause: Image):
    assert key(pause) == key(find_image("pause"))


def test_key_changes_with_each_part_of_the_recipe(pause: Image):
    keys = {key(pause), key(replace(pause, tag="3.10.2"))}
    (pause.folder / "pause.c").write_text("int main(void) { return 0; }\n")
    keys.add(key(pause))
    pause.dockerfile.write_text("FROM scratch\n")
    keys.add(key(pause))

    assert len(keys) == 4


def test_compiled_python_beside_sources_is_no_content(pause: Image):
    before = key(pause)
    (pause.folder / "__pycache__").mkdir()
    (pause.folder / "__pycache__" / "x.cpython-311.pyc").write_bytes(b"x")

    assert key(pause) == before


def test_key_changes_with_a_package(monkeypatch: pytest.MonkeyPatch):
    image = find_image("busybox")
    keys = set()
    for digest in ("a" * 64, "b" * 64):
        monkeypatch.setattr(debian, "resolve", lambda names, digest=digest: (Package(names[0], "1:1.35.0-4", digest),))
        keys.add(key(image))

    assert len(keys) == 2


def test_tag_that_is_not_the_package_version_is_refused(monkeypatch: pytest.MonkeyPatch):
    """An image must not claim a version that is not in it."""
    monkeypatch.setattr(debian, "resolve", lambda names: (Package(names[0], "1:1.36.1-9", "a" * 64),))

    with pytest.raises(ImageError, match=r"1\.36\.1"):
        content_of(find_image("busybox"))


def test_tag_that_is_not_the_tool_version_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    class Store:
        def binary(self, name: str) -> object:
            return type("Binary", (), {"name": name, "version": "v1.16.0", "sha256": "a" * 64, "path": tmp_path})

    monkeypatch.setattr(content, "default_store", Store)

    with pytest.raises(ImageError, match=r"v1\.17\.5"):
        content_of(find_image("geth"))


def test_pruning_keeps_what_is_named_and_no_empty_folder(tmp_path: Path):
    for name in ("usr/bin/tool", "usr/share/doc/tool/copyright", "lib/a/deep/lib.so", "lib/a/test/t.so", "etc/x.conf"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "lib/a/link.so").symlink_to("deep/lib.so")

    prune(tmp_path, ("usr/bin/*", "usr/share/**", "lib/**"), ("lib/{b,a}/test/**",))

    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if not path.is_dir()}
    assert left == {"usr/bin/tool", "lib/a/deep/lib.so", "lib/a/link.so"}
    assert not (tmp_path / "etc").exists()


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Binary:
    """A tool of npm packages with two recorded files, and a third that nobody recorded."""
    lib = tmp_path / "lib"
    for name, mode in (("node", 0o755), ("node_modules/sing/index.js", 0o644), ("node_modules/sing/stray.js", 0o644)):
        (lib / name).parent.mkdir(parents=True, exist_ok=True)
        (lib / name).write_text(name)
        (lib / name).chmod(mode)
    files = ("node", "node_modules/sing/index.js")
    binary = Binary("sing", "singers", "1.2.3", tmp_path / "bin" / "sing", "a" * 64, 10, lib, files)
    monkeypatch.setattr(content, "default_store", lambda: SimpleNamespace(binary=lambda _name: binary))
    return binary


def test_a_tree_comes_with_its_recorded_files_and_modes(tree: Binary, pause: Image, tmp_path: Path):
    image = replace(pause, tag="1.2.3", compile=(), trees=((tree.name, "usr/local/lib/sing"),))

    prepare(content_of(image), tmp_path / "context", tmp_path / "kept")

    copied = tmp_path / "context" / "rootfs" / "usr" / "local" / "lib" / "sing"
    assert sorted(path.relative_to(copied).as_posix() for path in copied.rglob("*") if path.is_file()) == [*tree.files]
    assert (copied / "node").stat().st_mode & 0o777 == 0o755
    assert (copied / "node_modules/sing/index.js").stat().st_mode & 0o777 == 0o644


def test_key_changes_with_a_tree(tree: Binary, pause: Image, monkeypatch: pytest.MonkeyPatch):
    image = replace(pause, tag="1.2.3", trees=((tree.name, "usr/local/lib/sing"),))
    before = key(image)
    other = replace(tree, sha256="b" * 64)
    monkeypatch.setattr(content, "default_store", lambda: SimpleNamespace(binary=lambda _name: other))

    assert key(image) != before


def test_a_tag_that_is_not_the_trees_version_is_refused(tree: Binary, pause: Image):
    with pytest.raises(ImageError, match=r"sing 1\.2\.3"):
        content_of(replace(pause, tag="2.0.0", trees=((tree.name, "usr/local/lib/sing"),)))


def test_a_single_binary_is_no_tree(tree: Binary, pause: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    single = replace(tree, tree=None, files=())
    monkeypatch.setattr(content, "default_store", lambda: SimpleNamespace(binary=lambda _name: single))
    image = replace(pause, tag="1.2.3", compile=(), trees=((tree.name, "usr/local/lib/sing"),))

    with pytest.raises(ImageError, match="sing is one file"):
        prepare(content_of(image), tmp_path / "context", tmp_path / "kept")
