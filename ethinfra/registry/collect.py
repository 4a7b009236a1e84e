"""Garbage collection: remove from the volume what no tag needs any more.

Collection reads which blobs are referenced and then removes the others; a push in between would lose its layers. So
writes are refused meanwhile, and those that are under way are waited for. Reads go on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ethinfra.kube import Kube
from ethinfra.progress import Progress
from ethinfra.registry import NAMESPACE, POD
from ethinfra.registry.client import RegistryClient
from ethinfra.registry.connect import connected
from ethinfra.registry.secrets import Account
from ethinfra.waiting import eventually

#: Seconds for collecting; it reads every manifest and removes files, about a thousand a second.
COLLECT_WITHIN = 900
#: Seconds for uploads under way to end.
DRAIN_WITHIN = 300


@dataclass(frozen=True)
class Collected:
    """What was removed, or with `dry_run` would be. Sizes in bytes on the volume."""

    blobs: int
    bytes: int
    kept_bytes: int
    dry_run: bool


def collect(kube: Kube, progress: Progress, *, dry_run: bool = False, namespace: str = NAMESPACE) -> Collected:
    """Collect; afterwards pushes are taken again, whatever happened. A dry run changes nothing and refuses no push."""
    with connected(kube, Account.PUSH, namespace) as client:
        if dry_run:
            before = client.stored()
            gone = {
                digest: before[digest] for digest in eligible(_run(kube, namespace, "--dry-run")) if digest in before
            }
            return Collected(len(gone), sum(gone.values()), sum(before.values()) - sum(gone.values()), dry_run=True)
        with _writes_suspended(client, kube, namespace):
            with progress.step("waiting for pushes under way to end", within=DRAIN_WITHIN):
                eventually(
                    "no request is in progress at the registry",
                    client.requests_in_progress,
                    until=lambda count: count <= 0,
                    within=DRAIN_WITHIN,
                    hint=f"kubectl -n {namespace} logs {POD} -c gateway --since=5m",
                )
            before = client.stored()
            with progress.step("collecting what no tag needs", within=COLLECT_WITHIN):
                _run(kube, namespace)
            after = client.stored()
    freed = {digest: size for digest, size in before.items() if digest not in after}
    return Collected(len(freed), sum(freed.values()), sum(after.values()), dry_run=False)


def eligible(output: str) -> list[str]:
    """Digests that `registry garbage-collect` says it removes: blobs by name, manifests as lines of their own."""
    found = re.findall(r"^(?:blob|manifest) eligible for deletion: (sha256:[0-9a-f]{64})", output, re.M)
    return list(dict.fromkeys(found))


@contextmanager
def _writes_suspended(client: RegistryClient, kube: Kube, namespace: str) -> Iterator[None]:
    client.suspend_writes()
    try:
        yield
    finally:
        # The port-forward may have died with whatever went wrong; a new one is cheap and certain.
        with connected(kube, Account.PUSH, namespace) as again:
            again.resume_writes()


def _run(kube: Kube, namespace: str, *options: str) -> str:
    command = ("registry", "garbage-collect", "--delete-untagged", *options, "/etc/distribution/config.yml")
    return kube.exec(namespace, POD, "registry", *command, within=COLLECT_WITHIN).stdout
