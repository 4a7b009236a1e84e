"""What scenarios do with images: build them again elsewhere, plant secrets in what they are made of, push them."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from ethinfra.cluster.provider import Cluster
from ethinfra.deploy.helmfile import surroundings
from ethinfra.environment import Environment
from ethinfra.errors import ImageError, MissingCapability, ToolchainError
from ethinfra.images import Archive, Image, archive_of, catalogue, find_image
from ethinfra.images.release import obstacle
from ethinfra.images.store import images_dir, recorded
from ethinfra.kube import Kube
from ethinfra.paths import ROOT, cache_dir
from ethinfra.process import run
from ethinfra.progress import Progress
from ethinfra.registry.client import RegistryClient
from ethinfra.registry.connect import connected
from ethinfra.registry.secrets import Account

#: Seconds for one command of the project's: the largest image that is pushed or built here takes ten.
COMMAND_WITHIN = 300


@dataclass(frozen=True)
class BuiltImages:
    """Archives of all images that this machine can build. missing: why there is none of the others, by reference."""

    archives: tuple[Archive, ...]
    missing: dict[str, str] = field(hash=False)


def built_images() -> BuiltImages:
    """Builds what is missing, but for images of upstream's releases: those are downloaded by whoever names them."""
    archives, missing = [], {}
    for image in catalogue():
        try:
            archive = recorded(image) if image.releases else archive_of(image, Progress(quiet=True))
            reason = "" if archive else obstacle(image, images_dir() / "releases") or "nobody has asked for it"
        except (ImageError, MissingCapability, ToolchainError) as cause:
            archive, reason = None, str(cause)
        if archive:
            archives.append(archive)
        else:
            missing[image.reference] = reason
    return BuiltImages(tuple(archives), missing)


def built_elsewhere(image: Image) -> str:
    """The digest of an image built anew: by another process, in another folder, with another cache and umask."""
    with tempfile.TemporaryDirectory(prefix="ethinfra-elsewhere-") as temporary:
        cache = Path(temporary) / "another" / "cache"
        (cache / "images").mkdir(parents=True)
        # What an image is made of is the same; what is made of it is not there.
        for shared in ("tools", "images/packages", "images/releases"):
            if (cache_dir() / shared).exists():
                (cache / shared).symlink_to(cache_dir() / shared)
        command = ["sh", "-c", 'umask 077; exec "$@"', "sh", *_command("build", image.key, "--json")]
        done = run(command, env={"ETHINFRA_CACHE": str(cache)}, within=COMMAND_WITHIN, cwd=ROOT)
        (built,) = json.loads(done.stdout)
        digest: str = built["digest"]
        return digest


def refusal_with(secret: str) -> str:
    """What a build says when a file with the secret lies beside a recipe; empty if it builds.

    Once without it: a copy that is refused anyway would prove nothing.
    """
    image = find_image("pause")
    with tempfile.TemporaryDirectory(prefix="ethinfra-planted-") as temporary:
        copy = replace(image, folder=Path(temporary) / "recipe")
        shutil.copytree(image.folder, copy.folder)
        archive_of(copy, Progress(quiet=True))
        (copy.folder / "planted").write_text(secret)
        try:
            archive_of(copy, Progress(quiet=True))
        except ImageError as refused:
            return str(refused)
    return ""


@dataclass
class TrialPush:
    """One image in the cluster's registry, as `ethinfra images push` left it."""

    archive: Archive
    client: RegistryClient

    def tags(self) -> list[str]:
        return self.client.tags(self.archive.image.name)

    def pulled(self, tag: str) -> str:
        """The digest of the manifest behind a tag; configuration and layers are pulled, and each digest is checked."""
        name = self.archive.image.name
        stored = self.client.manifest(name, tag)
        for blob in (stored.content["config"], *stored.content["layers"]):
            self.client.blob(name, blob["digest"])
        return stored.digest


@contextmanager
def pushed(image: Image, environment: Environment, cluster: Cluster) -> Iterator[TrialPush]:
    """Push an image by the project's command; the tags that were not there before are removed at the end."""
    with connected(Kube.of(cluster), Account.PUSH) as client:
        before = client.tags(image.name)
        try:
            run(
                _command("push", image.key, "--env", environment.name),
                env=surroundings(cluster),
                within=COMMAND_WITHIN,
                cwd=ROOT,
            )
            yield TrialPush(archive_of(image, Progress(quiet=True)), client)
        finally:
            for tag in set(client.tags(image.name)) - set(before):
                client.delete_tag(image.name, tag)


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "ethinfra", "images", *arguments]
