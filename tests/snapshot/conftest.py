"""Stores, trees to put into them, and a chunk cache in between."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ethinfra.snapshot.cache import ChunkCache
from tests.registry.loopback import Loopback, running
from tests.snapshot import tree
from tests.snapshot.cached import MEGABYTE, Restores
from tests.snapshot.memory_store import MemoryStore
from tests.snapshot.registries import Crane, crane


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loopback]:
    with running(tmp_path_factory.mktemp("gateway")) as started:
        yield started


@pytest.fixture(scope="session")
def second_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crane]:
    with crane(tmp_path_factory.mktemp("second") / "blobs") as started:
        yield started


@pytest.fixture(autouse=True)
def no_power_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests kill processes, which lose nothing that was written; waiting for the disk would take minutes."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A data directory of geth, stopped."""
    return tree.make(tmp_path / "source", seed=1)


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    """Where a snapshot is restored to; empty."""
    made = tmp_path / "volume"
    made.mkdir()
    return made


@pytest.fixture
def cache(tmp_path: Path) -> ChunkCache:
    (tmp_path / "cache").mkdir()
    return ChunkCache(tmp_path / "cache", 100 * MEGABYTE)


@pytest.fixture
def restores(store: MemoryStore, source: Path, tmp_path: Path, cache: ChunkCache) -> Restores:
    return Restores(store, source, tmp_path, cache)
