"""Images of upstream's releases: downloaded from a real server, compared with a real lock, built by buildah."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ethinfra.errors import ImageError, MissingCapability
from ethinfra.images import Image, Where, archive_of, catalogue, find_image, lock, release
from ethinfra.images.catalogue import Release
from ethinfra.images.content import content_of
from ethinfra.images.layout import read_config, read_files
from ethinfra.images.lock import Entry, Lock, Source, write_lock
from ethinfra.images.store import images_dir
from ethinfra.progress import silent
from tests.images.servers import file_server, free_port

FILES = {"thing-1.2/bin/thing": b"\x7fELF program", "thing-1.2/share/a.txt": b"a", "thing-1.2/LICENSE": b"free"}
PLACES = (("thing-*/bin/thing", "bin/thing"), ("thing-1.2/share", "rootfs/usr/share/thing"))

#: Downloaded Debian packages, by their digests: the same for every cache.
PACKAGES = images_dir() / "packages"

DOCKERFILE = """\
FROM scratch
ARG VERSION
LABEL org.opencontainers.image.version="${VERSION}"
COPY rootfs /
COPY bin/thing /usr/local/bin/thing
USER 10001:10001
ENTRYPOINT ["thing"]
"""


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[str]:
    """A server with thing.tar.gz; what a test adds to the folder is served too."""
    (tmp_path / "served").mkdir()
    write_tar(tmp_path / "served" / "thing.tar.gz", FILES)
    with file_server(tmp_path / "served") as url:
        yield url


@pytest.fixture
def lock_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Write the upstream lock of a checkout of its own."""
    (tmp_path / "docker").mkdir()
    monkeypatch.setattr(lock, "ROOT", tmp_path)

    def write(url: str, content: bytes | None) -> None:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}" if content is not None else None
        write_lock(Lock({}, {url: Entry(digest)}), Source.UPSTREAM)

    return write


def write_tar(path: Path, files: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o755 if "/bin/" in name else 0o644
            tar.addfile(member, io.BytesIO(data))


def image(folder: Path, url: str, *, architecture: str = "") -> Image:
    (folder / "recipe").mkdir(exist_ok=True)
    (folder / "recipe" / "Dockerfile").write_text(DOCKERFILE)
    return Image(
        key="thing",
        name="docker.io/acme/thing",
        tag="v1.2",
        folder=folder / "recipe",
        where=Where.REGISTRY,
        built_from="release",
        releases=(Release(url, PLACES),),
        architecture=architecture,
    )


def like(upstream: Release, folder: Path) -> str:
    """Write an archive with the names that an image takes from upstream's; returns the archive's name."""
    files = {}
    for pattern, place in upstream.files:
        inside = pattern.replace("*", "1.2")
        # What has no suffix and goes to bin/ is a program; the rest are folders, but for files with a suffix.
        is_file = place.startswith("bin/") or Path(inside).suffix in (".config", ".json")
        files[inside if is_file else f"{inside}/some.txt"] = f"{inside} of {upstream.url}".encode()
    name = Path(upstream.url).name.replace("%2B", "+")
    if name.endswith(".zip"):
        with zipfile.ZipFile(folder / name, "w") as archive:
            for member, data in files.items():
                archive.writestr(member, data)
    else:
        write_tar(folder / name, files)
    return name


def digest_of_file(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def test_file_that_the_lock_knows_is_kept_and_not_asked_for_again(
    upstream: str, tmp_path: Path, lock_file: Callable[..., None]
):
    url = f"{upstream}/thing.tar.gz"
    served = tmp_path / "served" / "thing.tar.gz"
    lock_file(url, served.read_bytes())
    first = release.fetch(Release(url, PLACES), tmp_path / "kept")
    served.unlink()

    assert release.fetch(Release(url, PLACES), tmp_path / "kept") == first
    assert hashlib.sha256(first.read_bytes()).hexdigest() == first.name


def test_another_file_than_the_locked_one_is_refused_and_not_kept(
    upstream: str, tmp_path: Path, lock_file: Callable[..., None]
):
    url = f"{upstream}/thing.tar.gz"
    lock_file(url, b"what upstream released")

    with pytest.raises(ImageError, match=r"thing\.tar\.gz is not the file that the lock knows") as refused:
        release.fetch(Release(url, PLACES), tmp_path / "kept")

    assert hashlib.sha256(b"what upstream released").hexdigest() in refused.value.expected
    assert left(tmp_path / "kept") == []


def test_file_that_ends_early_is_refused_and_not_kept(upstream: str, tmp_path: Path, lock_file: Callable[..., None]):
    url = f"{upstream}/cut/thing.tar.gz"
    lock_file(url, (tmp_path / "served" / "thing.tar.gz").read_bytes())

    with pytest.raises(ImageError, match="not downloaded whole"):
        release.fetch(Release(url, PLACES), tmp_path / "kept")

    assert left(tmp_path / "kept") == []


def test_file_that_is_not_there_is_told_with_its_status(upstream: str, tmp_path: Path, lock_file: Callable[..., None]):
    url = f"{upstream}/thing-1.3.tar.gz"
    lock_file(url, b"")

    with pytest.raises(ImageError, match="status 404"):
        release.fetch(Release(url, PLACES), tmp_path / "kept")


def test_host_that_cannot_be_reached_is_a_lack_of_this_machine(tmp_path: Path, lock_file: Callable[..., None]):
    url = f"http://127.0.0.1:{free_port()}/thing.tar.gz"
    lock_file(url, b"")

    with pytest.raises(MissingCapability, match=r"needs 127\.0\.0\.1, which this machine cannot reach"):
        release.fetch(Release(url, PLACES), tmp_path / "kept")

    assert release.obstacle(image(tmp_path, url), tmp_path / "kept") == (
        "needs 127.0.0.1, which this machine cannot reach"
    )


def test_nothing_is_in_the_way_of_what_is_kept_or_can_be_reached(
    upstream: str, tmp_path: Path, lock_file: Callable[..., None]
):
    url, unreachable = f"{upstream}/thing.tar.gz", f"http://127.0.0.1:{free_port()}/thing.tar.gz"
    lock_file(url, b"")
    assert release.obstacle(image(tmp_path, url), tmp_path / "kept") == ""

    lock_file(unreachable, b"content")
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / hashlib.sha256(b"content").hexdigest()).write_bytes(b"content")
    assert release.obstacle(image(tmp_path, unreachable), tmp_path / "kept") == ""


@pytest.mark.parametrize("locked", [True, False])
def test_checksum_that_nobody_has_seen_is_not_made_up(upstream: str, lock_file: Callable[..., None], locked: bool):
    url = f"{upstream}/thing.tar.gz"
    lock_file(url if locked else "https://elsewhere/", None)

    with pytest.raises(ImageError, match="ethinfra images lock"):
        release.checksum(Release(url, PLACES))


def test_only_what_is_named_gets_into_the_context(tmp_path: Path):
    write_tar(tmp_path / "thing.tar.gz", FILES)
    (tmp_path / "context").mkdir()
    release.unpack(Release("u", PLACES), tmp_path / "thing.tar.gz", tmp_path / "context")

    files = {path.relative_to(tmp_path / "context").as_posix() for path in (tmp_path / "context").rglob("*.*")}
    assert files == {"rootfs/usr/share/thing/a.txt"}
    assert (tmp_path / "context" / "bin" / "thing").stat().st_mode & 0o100


def test_zip_keeps_modes(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "thing.zip", "w") as archive:
        for name, mode in (("run", 0o755), ("read", 0o644)):
            member = zipfile.ZipInfo(name)
            member.external_attr = mode << 16
            archive.writestr(member, name)
    (tmp_path / "context").mkdir()
    places = (("run", "bin/run"), ("read", "rootfs/read"))
    release.unpack(Release("u", places), tmp_path / "thing.zip", tmp_path / "context")

    assert (tmp_path / "context" / "bin" / "run").stat().st_mode & 0o100
    assert not (tmp_path / "context" / "rootfs" / "read").stat().st_mode & 0o100


def test_pattern_that_fits_nothing_lists_the_archive(tmp_path: Path):
    write_tar(tmp_path / "thing.tar.gz", FILES)
    (tmp_path / "context").mkdir()

    with pytest.raises(ImageError, match=r"0; the archive has thing-1\.2"):
        release.unpack(Release("u", (("other", "bin/x"),)), tmp_path / "thing.tar.gz", tmp_path / "context")


@pytest.mark.parametrize("content", [b"no archive", b""])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes):
    (tmp_path / "thing.tar.gz").write_bytes(content)
    (tmp_path / "context").mkdir()

    with pytest.raises(ImageError, match="no archive"):
        release.unpack(Release("u", PLACES), tmp_path / "thing.tar.gz", tmp_path / "context")


def test_archive_cannot_write_outside_of_its_folder(tmp_path: Path):
    write_tar(tmp_path / "thing.tar.gz", {"../../outside": b"x"})
    (tmp_path / "context").mkdir()

    with pytest.raises(ImageError, match="OutsideDestination"):
        release.unpack(Release("u", PLACES), tmp_path / "thing.tar.gz", tmp_path / "context")

    assert not (tmp_path / "outside").exists()


def test_files_for_another_machine_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(release.platform, "machine", lambda: "aarch64")

    with pytest.raises(MissingCapability, match="arm64"):
        content_of(image(tmp_path, "http://u/", architecture="amd64"))


def test_content_key_has_the_checksum(tmp_path: Path, lock_file: Callable[..., None]):
    keys = set()
    for content in (b"one", b"two"):
        lock_file("http://u/thing.tar.gz", content)
        keys.add(content_of(image(tmp_path, "http://u/thing.tar.gz")).key)

    assert len(keys) == 2


class TestBuild:
    """With buildah, in a cache of its own."""

    @pytest.fixture(autouse=True)
    def cache(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ETHINFRA_CACHE", str(tmp_path / "cache"))

    def test_image_of_a_release(self, upstream: str, tmp_path: Path, lock_file: Callable[..., None]):
        url = f"{upstream}/thing.tar.gz"
        lock_file(url, (tmp_path / "served" / "thing.tar.gz").read_bytes())
        archive = archive_of(image(tmp_path, url), silent())
        labels = read_config(archive.path)["config"]["Labels"]

        assert dict(read_files(archive.path)) == {
            "usr/local/bin/thing": FILES["thing-1.2/bin/thing"],
            "usr/share/thing/a.txt": FILES["thing-1.2/share/a.txt"],
        }
        assert labels["org.opencontainers.image.version"] == "v1.2"
        assert labels["ethinfra.io/release-files"] == f"{url}@sha256:{release.checksum(Release(url, PLACES))}"

    @pytest.mark.parametrize("key", [image.key for image in catalogue() if image.releases])
    def test_recipe_builds_from_archives_like_upstream_s(
        self, key: str, upstream: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        """Places, packages and Dockerfile fit together; upstream's own bytes are all that is missing."""
        (tmp_path / "cache" / "images").mkdir(parents=True)
        PACKAGES.mkdir(parents=True, exist_ok=True)
        (tmp_path / "cache" / "images" / "packages").symlink_to(PACKAGES)
        known = find_image(key)
        monkeypatch.setattr(
            release, "locked_checksum", lambda url: digest_of_file(tmp_path / "served" / Path(url).name)
        )
        monkeypatch.setattr(release.platform, "machine", lambda: "x86_64")
        local = tuple(replace(one, url=f"{upstream}/{like(one, tmp_path / 'served')}") for one in known.releases)
        archive = archive_of(replace(known, releases=local), silent())
        config, files = read_config(archive.path)["config"], {path for path, _ in read_files(archive.path)}

        assert config["User"] == "10001:10001"
        assert config["Labels"]["org.opencontainers.image.version"] == known.tag
        program = config["Entrypoint"][0]
        assert {program.lstrip("/"), f"usr/local/bin/{program}"} & files
        for one in known.releases:
            for _, place in one.files:
                if place.startswith("rootfs/"):
                    assert [path for path in files if path.startswith(place.removeprefix("rootfs/"))]
        assert not {Path(path).name for path in files} & {"sh", "bash", "dash", "busybox"}

    def test_unreachable_host_is_said_as_it_is(self, tmp_path: Path, lock_file: Callable[..., None]):
        url = f"http://127.0.0.1:{free_port()}/thing.tar.gz"
        lock_file(url, b"")

        with pytest.raises(MissingCapability, match="cannot reach"):
            archive_of(image(tmp_path, url), silent())

    def test_forged_file_builds_nothing(self, upstream: str, tmp_path: Path, lock_file: Callable[..., None]):
        url = f"{upstream}/thing.tar.gz"
        lock_file(url, b"another")

        with pytest.raises(ImageError, match="is not the file that the lock knows"):
            archive_of(image(tmp_path, url), silent())

        assert not list((tmp_path / "cache").rglob("image.tar"))

    def test_secret_in_the_recipe_builds_nothing(self, upstream: str, tmp_path: Path, lock_file: Callable[..., None]):
        url = f"{upstream}/thing.tar.gz"
        lock_file(url, (tmp_path / "served" / "thing.tar.gz").read_bytes())
        planted = image(tmp_path, url)
        (planted.folder / "jwt.hex").write_text(os.urandom(32).hex())

        with pytest.raises(ImageError, match=r"jwt\.hex:1: file of 64 hex digits"):
            archive_of(planted, silent())

        assert not list((tmp_path / "cache").rglob("image.tar"))
