"""A registry that is killed and comes back while bytes move: the push and the restore go on by themselves."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ethinfra.registry.client import Answer, RegistryUnreachable
from ethinfra.snapshot import restore as restoring
from ethinfra.snapshot.compatibility import Expected
from ethinfra.snapshot.marker import read_marker
from ethinfra.snapshot.promote import promote
from ethinfra.snapshot.push import push
from ethinfra.snapshot.registry_store import RegistryStore
from ethinfra.snapshot.restore import restore_newest
from ethinfra.snapshot.store import Data
from tests.snapshot import tree
from tests.snapshot.registries import Crane, crane


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Crane]:
    with crane(tmp_path / "blobs") as started:
        yield started


class Interrupted(RegistryStore):
    """Kills the registry before its n-th chunk is moved, and starts it again when somebody got no answer."""

    def __init__(self, store: RegistryStore, registry: Crane, after: int, *, returns: bool = True) -> None:
        self.__dict__.update(store.__dict__)
        self._registry, self._left, self._returns = registry, after, returns
        self._once = threading.Lock()
        self._missed = threading.Event()
        transport = self._client._transport
        transport.request = self._watched(transport.request)  # type: ignore[method-assign]

    def put_blob(self, digest: str, data: Data) -> None:
        self._count()
        super().put_blob(digest, data)

    def blob(self, digest: str, size: int) -> bytes | None:
        self._count()
        return super().blob(digest, size)

    def _count(self) -> None:
        with self._once:
            self._left -= 1
            if self._left == 0:
                self._registry.stop()
                if self._returns:
                    threading.Thread(target=self._return).start()

    def _watched(self, request: Callable[..., Answer]) -> Callable[..., Answer]:
        def requesting(*arguments: Any, **options: Any) -> Answer:
            try:
                return request(*arguments, **options)
            except RegistryUnreachable:
                self._missed.set()
                raise

        return requesting

    def _return(self) -> None:
        assert self._missed.wait(10), "nobody misses the registry"
        self._registry.start()


def test_push_goes_on_when_the_registry_is_back(registry: Crane, source: Path, volume: Path) -> None:
    repository = f"snapshots/away/{secrets.token_hex(4)}"
    store = registry.store(repository)

    pushed = push(source, Interrupted(store, registry, 10), tree.description(), chunk_size=tree.CHUNK)
    promote(store, pushed.id)
    restore_newest(store, volume, Expected())

    assert tree.database_of(volume) == tree.database_of(source)


def test_restore_goes_on_when_the_registry_is_back(registry: Crane, source: Path, volume: Path) -> None:
    store = registry.store(f"snapshots/away/{secrets.token_hex(4)}")
    promote(store, push(source, store, tree.description(), chunk_size=tree.CHUNK).id)

    restored = restore_newest(Interrupted(store, registry, 10), volume, Expected())

    assert restored.done
    assert tree.database_of(volume) == tree.database_of(source)


def test_registry_that_does_not_come_back_ends_both_clearly(registry: Crane, source: Path, volume: Path) -> None:
    repository = f"snapshots/away/{secrets.token_hex(4)}"
    store = registry.store(repository, patience=0.5)
    promote(store, push(source, store, tree.description(), chunk_size=tree.CHUNK).id)

    with pytest.raises(RegistryUnreachable):
        restore_newest(Interrupted(store, registry, 10, returns=False), volume, Expected())
    with pytest.raises(RegistryUnreachable):
        push(source, store, tree.description(200), chunk_size=tree.CHUNK)

    assert read_marker(volume) is None
    assert restoring.markers.unfinished(volume)
