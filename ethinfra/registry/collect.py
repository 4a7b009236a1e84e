"""Garbage collection: remove from the volume what no tag needs any more.

Collection reads which blobs are referenced and then removes the others; a push in between would lose its layers. So
writes are refused meanwhile, and those that are under way are waited for. Reads go on.

Writes are taken again whatever happens. Where it is not certain that the collecting process has ended (this program
was interrupted, or the connection to it broke), the pod is replaced first, which ends it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ethinfra.kube import Kube
from ethinfra.process import CommandFailed
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
#: Seconds for the old pod to go: its grace period, and some.
REPLACE_WITHIN = 120

#: What kubectl says when the program in the container ended with a code; anything else leaves its end open.
_ENDED_BY_ITSELF = "command terminated with exit code"


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
            found = eligible(_run(kube, namespace, "--dry-run"))
            gone = {digest: before[digest] for digest in found if digest in before}
            return Collected(len(gone), sum(gone.values()), sum(before.values()) - sum(gone.values()), dry_run=True)
        with _writes_suspended(client, kube, namespace) as process:
            with progress.step("waiting for pushes under way to end", within=DRAIN_WITHIN):
                eventually(
                    "no request is in progress at the registry",
                    client.requests_in_progress,
                    until=lambda count: count <= 0,
                    within=DRAIN_WITHIN,
                    hint=f"kubectl -n {namespace} logs {POD} -c gateway --since=5m",
                )
            before = client.stored()
            with progress.step("collecting what no tag needs", within=COLLECT_WITHIN), process:
                _run(kube, namespace)
            after = client.stored()
    freed = {digest: size for digest, size in before.items() if digest not in after}
    return Collected(len(freed), sum(freed.values()), sum(after.values()), dry_run=False)


def eligible(output: str) -> list[str]:
    """Digests that `registry garbage-collect` says it removes: blobs by name, manifests as lines of their own."""
    found = re.findall(r"^(?:blob|manifest) eligible for deletion: (sha256:[0-9a-f]{64})", output, re.M)
    return list(dict.fromkeys(found))


class _Process:
    """Whether the collecting process may still be running in the pod, as far as can be told from here."""

    def __init__(self) -> None:
        self.may_run = False

    def __enter__(self) -> None:
        self.may_run = True

    def __exit__(self, _kind: object, failure: BaseException | None, _trace: object) -> None:
        ended = isinstance(failure, CommandFailed) and _ENDED_BY_ITSELF in failure.output
        self.may_run = failure is not None and not ended


@contextmanager
def _writes_suspended(client: RegistryClient, kube: Kube, namespace: str) -> Iterator[_Process]:
    process = _Process()
    client.suspend_writes()
    try:
        yield process
    finally:
        if process.may_run:
            # Ends the process, and with the pod's memory goes the mark that suspends writes.
            timeout = f"--timeout={REPLACE_WITHIN}s"
            kube.kubectl("delete", "pod", POD, "-n", namespace, "--wait", timeout, within=REPLACE_WITHIN + 10)
        else:
            # The port-forward may have died with whatever went wrong; a new one is cheap and certain.
            with connected(kube, Account.PUSH, namespace) as again:
                again.resume_writes()


def _run(kube: Kube, namespace: str, *options: str) -> str:
    command = ("registry", "garbage-collect", "--delete-untagged", *options, "/etc/distribution/config.yml")
    return kube.exec(namespace, POD, "registry", *command, within=COLLECT_WITHIN).stdout
