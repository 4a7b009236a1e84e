"""Runs a Dockerfile: with buildah, which needs no daemon, or with Docker where it is asked for."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tarfile
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from ethinfra.errors import MissingCapability
from ethinfra.images.layout import MANIFEST_TYPE
from ethinfra.process import run

#: Seconds. The largest image takes two; a machine under load, and its disk, may be much slower.
BUILD_WITHIN = 600


class Builder(StrEnum):
    """The programs that can build. Each gives its own digests, so an archive belongs to the one that built it."""

    BUILDAH = "buildah"
    DOCKER = "docker"


def check(builder: Builder) -> None:
    """MissingCapability if the builder is not on this machine, or may not do what it must."""
    if shutil.which(builder) is None:
        raise MissingCapability(
            f"{builder} is needed to build images, and is not on PATH",
            todo="apt-get install buildah" if builder == Builder.BUILDAH else "install Docker, or build with buildah",
        )
    if builder == Builder.BUILDAH and os.geteuid() != 0:
        raise MissingCapability("buildah builds images in a chroot, which needs root", todo="run it as root")


def build(builder: Builder, context: Path, arguments: Mapping[str, str], labels: Mapping[str, str], work: Path) -> Path:
    """Build a context into a folder with manifest.json and blobs by digest; nothing is left outside `work`."""
    check(builder)
    built = work / "built"
    options = [
        *(f"--build-arg={key}={value}" for key, value in sorted(arguments.items())),
        *(f"--label={key}={value}" for key, value in sorted(labels.items())),
    ]
    if builder == Builder.BUILDAH:
        _buildah(context, options, work, built)
    else:
        _docker(context, options, work, built)
    return built


def _buildah(context: Path, options: list[str], work: Path, built: Path) -> None:
    scratch = work / "tmp"
    scratch.mkdir()
    run(
        [
            *("buildah", "--root", work / "root", "--runroot", work / "run", "--storage-driver", "vfs"),
            # Docker's format, because OCI's has no HEALTHCHECK.
            *("build", "--format", "docker", "--layers=false", "--disable-compression=false"),
            # Every time in the image is the same, and no label tells buildah's version.
            *("--timestamp", "0", "--identity-label=false", "--quiet", "--pull-never"),
            *options,
            *("--tag", f"dir:{built}", "--file", context / "Dockerfile", context),
        ],
        # chroot: no runc, no user namespace; none of our Dockerfiles runs a command anyway.
        env={"BUILDAH_ISOLATION": "chroot", "TMPDIR": str(scratch)},
        within=BUILD_WITHIN,
    )


def _docker(context: Path, options: list[str], work: Path, built: Path) -> None:
    """`docker save` gives the parts of an image, which then become what buildah would have written."""
    name = f"ethinfra-build:{os.getpid()}"
    archive = work / "docker.tar"
    environment = {"DOCKER_BUILDKIT": "1", "SOURCE_DATE_EPOCH": "0"}
    run(["docker", "build", "--quiet", *options, "--tag", name, context], env=environment, within=BUILD_WITHIN)
    try:
        run(["docker", "save", "--output", archive, name], within=BUILD_WITHIN)
    finally:
        run(["docker", "image", "rm", "--force", name], within=60, check=False)
    from_docker_archive(archive, built)


def from_docker_archive(archive: Path, built: Path) -> None:
    """Turn a `docker save` archive into manifest.json and blobs by digest. Layers stay uncompressed, as it has them."""
    built.mkdir()

    def keep(source: tarfile.TarFile, member: str) -> dict[str, object]:
        stream = source.extractfile(member)
        if stream is None:
            raise KeyError(member)
        data = stream.read()
        digest = hashlib.sha256(data).hexdigest()
        (built / digest).write_bytes(data)
        return {"digest": f"sha256:{digest}", "size": len(data)}

    with tarfile.open(archive) as saved:
        listing = saved.extractfile("manifest.json")
        if listing is None:
            raise KeyError("manifest.json")
        entry = json.load(listing)[0]
        document = {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": {"mediaType": "application/vnd.docker.container.image.v1+json", **keep(saved, entry["Config"])},
            "layers": [
                {"mediaType": "application/vnd.docker.image.rootfs.diff.tar", **keep(saved, layer)}
                for layer in entry["Layers"]
            ],
        }
    (built / "manifest.json").write_text(json.dumps(document))
