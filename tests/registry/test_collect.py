"""Garbage collection: what it counts, and that it always lets pushes in again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from ethinfra.process import CommandFailed
from ethinfra.progress import silent
from ethinfra.registry import collect as subject
from ethinfra.registry.collect import collect, eligible

BLOB = "sha256:" + "ab" * 32
MANIFEST = "sha256:" + "cd" * 32
KEPT = "sha256:" + "ef" * 32

OUTPUT = f"""docker.io/library/any
docker.io/library/any: marking manifest {KEPT}

1 blobs marked, 2 blobs and 1 manifests eligible for deletion
blob eligible for deletion: {BLOB}
blob eligible for deletion: {MANIFEST}
"""


class Registry:
    """A registry that records in which order it was asked, and loses what is collected."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.busy = 2
        self.blobs = {BLOB: 100, MANIFEST: 10, KEPT: 1000}

    def suspend_writes(self) -> None:
        self.calls.append("suspend")

    def resume_writes(self) -> None:
        self.calls.append("resume")

    def requests_in_progress(self) -> int:
        self.busy -= 1
        return self.busy

    def stored(self) -> dict[str, int]:
        return dict(self.blobs)


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    made = Registry()

    @contextmanager
    def connected(*_: object) -> Iterator[Registry]:
        yield made

    monkeypatch.setattr(subject, "connected", connected)
    return made


def cluster(registry: Registry, *, failure: BaseException | None = None) -> SimpleNamespace:
    def execute(*command: str, within: float) -> SimpleNamespace:  # noqa: ARG001
        registry.calls.append("dry run" if "--dry-run" in command else "collect")
        if failure:
            raise failure
        if "--dry-run" not in command:
            registry.blobs = {KEPT: 1000}
        return SimpleNamespace(stdout=OUTPUT)

    def kubectl(*command: str, within: float) -> None:  # noqa: ARG001
        registry.calls.append(" ".join(command[:3]))

    return SimpleNamespace(exec=execute, kubectl=kubectl)


def test_collecting_waits_for_pushes_and_lets_them_in_again(registry: Registry):
    done = collect(cluster(registry), silent())

    assert registry.calls == ["suspend", "collect", "resume"]
    assert registry.busy <= 0
    assert (done.blobs, done.bytes, done.kept_bytes) == (2, 110, 1000)


def test_failed_collection_lets_pushes_in_again(registry: Registry):
    """A collection that ended by itself leaves nobody who could remove what is pushed next."""
    failure = CommandFailed(["kubectl", "exec"], 1, "no space\ncommand terminated with exit code 1")
    with pytest.raises(CommandFailed):
        collect(cluster(registry, failure=failure), silent())

    assert registry.calls == ["suspend", "collect", "resume"]


@pytest.mark.parametrize(
    "failure",
    [
        CommandFailed(["kubectl", "exec"], None, "", seen="not finished within 900s"),
        CommandFailed(["kubectl", "exec"], 1, "error: connection lost"),
        KeyboardInterrupt(),
    ],
    ids=["late", "connection lost", "interrupted"],
)
def test_collection_that_may_still_run_is_ended_with_its_pod(registry: Registry, failure: BaseException):
    """It would remove layers of whoever pushes next; the new pod takes pushes."""
    with pytest.raises(type(failure)):
        collect(cluster(registry, failure=failure), silent())

    assert registry.calls == ["suspend", "collect", "delete pod registry-0"]


def test_dry_run_refuses_no_push_and_tells_what_would_go(registry: Registry):
    done = collect(cluster(registry), silent(), dry_run=True)

    assert registry.calls == ["dry run"]
    assert (done.blobs, done.bytes, done.kept_bytes) == (2, 110, 1000)


def test_each_digest_counts_once():
    assert eligible(OUTPUT + f"manifest eligible for deletion: {MANIFEST}\n") == [BLOB, MANIFEST]
