"""Artifacts that scenarios push into the registry, and what the accounts may do with them."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ethinfra.errors import unknown_name
from ethinfra.images import archive_of, find_image
from ethinfra.images.push import push_one
from ethinfra.kube import Kube
from ethinfra.progress import Progress
from ethinfra.registry.client import RegistryRefused
from ethinfra.registry.collect import Collected, collect
from ethinfra.registry.connect import connected
from ethinfra.registry.secrets import Account

#: Bytes.
MEBIBYTE = 1024 * 1024

#: What a status of the registry means for whoever asked.
ANSWERS = {401: "unauthorized", 403: "forbidden"}


@dataclass(frozen=True)
class Artifact:
    """One manifest with one layer of random bytes."""

    repository: str
    tag: str
    digest: str


@dataclass
class TrialArtifacts:
    """Artifacts of one scenario under `trial/`; their tags are deleted when it ends."""

    kube: Kube
    made: list[Artifact] = field(default_factory=list)

    def push(self, size: int, *, tag: str = "trial") -> Artifact:
        """Push `size` random bytes with the push account: random, so that nothing of it is there already."""
        repository = f"trial/{secrets.token_hex(4)}"
        with connected(self.kube, Account.PUSH) as client:
            artifact = Artifact(repository, tag, client.push_small(repository, tag, secrets.token_bytes(size)))
        self.made.append(artifact)
        return artifact

    def delete(self, artifact: Artifact) -> None:
        """Delete its tag."""
        with connected(self.kube, Account.PUSH) as client:
            client.delete_tag(artifact.repository, artifact.tag)
        self.made.remove(artifact)

    def pulled_digest(self, artifact: Artifact) -> str:
        """Pull manifest and layers with the pull account; every digest is checked."""
        with connected(self.kube, Account.PULL) as client:
            stored = client.manifest(artifact.repository, artifact.tag)
            for layer in stored.content["layers"]:
                client.blob(artifact.repository, layer["digest"])
        return stored.digest

    def repositories(self) -> list[str]:
        """What the list of repositories says."""
        with connected(self.kube, Account.PULL) as client:
            return client.repositories()

    def stored_bytes(self) -> int:
        """What the reported usage says is on the volume."""
        with connected(self.kube, Account.PULL) as client:
            return client.usage().stored

    def collect(self) -> Collected:
        """Collect garbage."""
        return collect(self.kube, Progress(quiet=True))

    def attempt(self, account: str, action: str) -> str:
        """Let an account (`the push account`, `the pull account`, `nobody`) push, pull or delete an artifact."""
        accounts = {"the push account": Account.PUSH, "the pull account": Account.PULL, "nobody": None}
        if account not in accounts:
            raise unknown_name("account", account, list(accounts))
        target = self.push(1024)
        with connected(self.kube, accounts[account]) as client:
            actions: dict[str, Callable[[], object]] = {
                "push": lambda: client.push_small(f"trial/{secrets.token_hex(4)}", "trial", secrets.token_bytes(1024)),
                "pull": lambda: client.manifest(target.repository, target.tag),
                "delete": lambda: client.delete_tag(target.repository, target.tag),
            }
            if action not in actions:
                raise unknown_name("action", action, list(actions))
            try:
                actions[action]()
            except RegistryRefused as refused:
                return ANSWERS.get(refused.status, f"status {refused.status}")
        if action == "delete":
            self.made.remove(target)
        return "allowed"

    def page_status(self, account: Account | None) -> int:
        """The status with which the management page answers an account, or nobody."""
        with connected(self.kube, account) as client:
            return client.status("GET", "/ui/")

    def store_under_upstream_name(self) -> tuple[str, str]:
        """Store the node probe's image under an upstream name that no node has; returns reference and digest."""
        archive = archive_of(find_image("node-probe"))
        name = f"docker.io/trial/{secrets.token_hex(4)}"
        renamed = replace(archive, image=replace(archive.image, name=name, tag="1", built_from="source"))
        with connected(self.kube, Account.PUSH) as client:
            push_one(renamed, client)
        self.made.append(Artifact(name, "1", archive.digest))
        return renamed.image.reference, archive.digest

    def remove_all(self) -> None:
        """Delete the tags that are left."""
        with connected(self.kube, Account.PUSH) as client:
            while self.made:
                artifact = self.made.pop()
                client.delete_tag(artifact.repository, artifact.tag)
