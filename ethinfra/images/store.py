"""The cache of image archives: `<cache>/images/<image>/<key>/image.tar`, and what is known of each beside it.

An archive appears whole or not at all (it is built elsewhere and moved), and a lock per image lets one process build
while the others wait for it.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from ethinfra.errors import EthinfraError, ImageError, MissingCapability
from ethinfra.images import builder, layout
from ethinfra.images.builder import Builder
from ethinfra.images.catalogue import Image, Where, select
from ethinfra.images.content import Content, content_of, prepare, recipe_revision
from ethinfra.images.secrets import findings_in_bytes, findings_in_folder, matches
from ethinfra.paths import cache_dir
from ethinfra.progress import Progress

#: Archives of one image that are kept; a second checkout or a branch may need an older one.
KEPT = 3


@dataclass(frozen=True)
class Archive:
    """A built image. `size` is bytes compressed, `seconds` what the build took when it was built."""

    image: Image
    path: Path
    key: str
    digest: str
    size: int
    seconds: float
    revision: str

    @property
    def tags(self) -> tuple[str, ...]:
        """Upstream's tag, which a rebuild moves, and one that tells the commit that it was built from."""
        commit = recipe_revision(self.image)
        return (self.image.tag, f"{self.image.tag}-g{commit}") if commit else (self.image.tag,)


def images_dir() -> Path:
    return cache_dir() / "images"


def archive_of(
    image: Image, progress: Progress | None = None, *, with_builder: Builder = Builder.BUILDAH, rebuild: bool = False
) -> Archive:
    """The archive of an image as the checkout describes it now; builds it if the cache has none.

    ToolchainError if a binary is not built yet, ImageError if the build fails.
    """
    content = content_of(image)
    folder = (
        images_dir() / image.key / (content.key if with_builder == Builder.BUILDAH else f"{content.key}-{with_builder}")
    )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.parent / "lock"):
        found = None if rebuild else _recorded(image, content, folder)
        if found is None:
            with (progress or Progress()).step(f"image {image.reference}", within=builder.BUILD_WITHIN):
                found = _build(content, folder, with_builder)
            _forget_old(folder.parent)
        os.utime(folder)
        return found


def recorded(image: Image) -> Archive | None:
    """The archive of an image as the checkout describes it now, or None if it is not built."""
    content = content_of(image)
    return _recorded(image, content, images_dir() / image.key / content.key)


def node_archives(names: Iterable[str] | None = None, progress: Progress | None = None) -> list[Path]:
    """Archives of the images that a node needs before the registry runs, built if need be.

    names: keys of the catalogue; without them, all that are marked `where: node`
    Each file is for `ctr -n k8s.io images import FILE`, and carries the name that pods use.
    """
    return [archive_of(image, progress).path for image in select(names, Where.NODE)]


def secrets_in(archive: Archive) -> list[str]:
    """Secrets in the files of a built image, as `secrets` words its findings."""
    # The context's rootfs/ is the image's root.
    published = [pattern.removeprefix("rootfs/") for pattern in content_of(archive.image).published]
    return [
        finding
        for path, data in layout.read_files(archive.path)
        for finding in findings_in_bytes(data, path, published=matches(path, published))
    ]


def _build(content: Content, folder: Path, with_builder: Builder) -> Archive:
    image = content.image
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="build-", dir=images_dir()) as temporary:
        work = Path(temporary)
        try:
            prepare(content, work / "context", images_dir())
            _refuse_secrets(content, work / "context")
            arguments = {"VERSION": image.tag, "REVISION": content.revision}
            built = builder.build(with_builder, work / "context", arguments, content.labels, work)
            result = work / "result"
            result.mkdir()
            manifest = layout.write_archive(built, image.reference, result / "image.tar")
        except MissingCapability:
            raise
        except (EthinfraError, OSError) as reason:
            raise ImageError(
                f"image {image.reference} could not be built", seen=str(reason), todo=f"see {image.folder}"
            ) from reason
        facts: dict[str, Any] = {
            "digest": manifest.digest,
            "size": manifest.size,
            "seconds": round(time.monotonic() - started, 2),
            "revision": content.revision,
        }
        (result / "image.json").write_text(json.dumps(facts))
        shutil.rmtree(folder, ignore_errors=True)
        result.rename(folder)
    return Archive(image, folder / "image.tar", content.key, **facts)


def _refuse_secrets(content: Content, context: Path) -> None:
    found = findings_in_folder(context, content.published)
    if found:
        raise ImageError(
            f"the build context of {content.image.reference} has secrets in it",
            seen="\n".join(found),
            todo="remove them, and change each: it may be in an older image already",
        )


def _recorded(image: Image, content: Content, folder: Path) -> Archive | None:
    """What the cache has, if it is whole: an archive that a crash or a full disk has cut is built again."""
    try:
        facts = json.loads((folder / "image.json").read_text())
        if layout.read_manifest(folder / "image.tar").digest != facts["digest"]:
            return None
        return Archive(image, folder / "image.tar", content.key, **facts)
    except (OSError, ValueError, TypeError, KeyError, ImageError):
        return None


def _forget_old(folder: Path) -> None:
    archives = sorted((one for one in folder.iterdir() if one.is_dir()), key=lambda one: one.stat().st_mtime)
    for old in archives[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def described(archive: Archive) -> dict[str, object]:
    """An archive as `--json` prints it and a run record stores it."""
    facts = asdict(archive)
    facts.pop("image")
    return {
        "image": archive.image.key,
        "reference": archive.image.reference,
        "where": str(archive.image.where),
        "builtFrom": archive.image.built_from,
        **facts,
        "path": str(archive.path),
    }
