"""`ethinfra snapshot restore` accepts what a pod of the node accepts."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ethinfra.cli import snapshot
from ethinfra.errors import BadInput
from ethinfra.snapshot.compatibility import DatabaseChange
from ethinfra.snapshot.errors import Incompatible
from ethinfra.snapshot.model import Client, Owner
from ethinfra.snapshot.push import push
from tests.snapshot import tree
from tests.snapshot.job.plans import DOCUMENT
from tests.snapshot.memory_store import MemoryStore


def _planned(monkeypatch: pytest.MonkeyPatch, store: MemoryStore, plan: dict[str, Any]) -> snapshot.Planned:
    deployed = [{"metadata": {"name": "snapshot-geth"}, "data": {"plan.json": json.dumps(plan)}}]
    environment = SimpleNamespace(name="local", layer=lambda _: SimpleNamespace(namespace="ethereum"))
    there: Any = SimpleNamespace(environment=environment, kube=SimpleNamespace(list=lambda *_: deployed))

    @contextmanager
    def stored(*_: object) -> Iterator[MemoryStore]:
        yield store

    monkeypatch.setattr(snapshot, "reach", lambda *_: there)
    monkeypatch.setattr(snapshot.Planned, "store", stored)
    return snapshot.Planned(there, None)


def test_releases_that_changed_the_database_and_the_owner_are_the_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = _planned(monkeypatch, MemoryStore(), DOCUMENT).expected

    assert expected.changes == (DatabaseChange("1.15.0", what="the path scheme's journal"),)
    assert expected.owner == Owner(10001, 10001)
    assert (expected.network, expected.chain_id, expected.genesis_hash) == ("devnet", 32382, None)


def test_plan_of_another_release_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever deployed it had a chart that this program does not know."""
    with pytest.raises(BadInput, match="ConfigMap ethereum/snapshot-geth: weather"):
        _planned(monkeypatch, MemoryStore(), {**DOCUMENT, "weather": "fine"})


def test_snapshot_of_a_release_before_the_database_changed_is_refused(
    monkeypatch: pytest.MonkeyPatch, source: Path, volume: Path
) -> None:
    store = MemoryStore()
    old = push(source, store, tree.description(client=Client("geth", "1.14.0")), chunk_size=tree.CHUNK)
    _planned(monkeypatch, store, {**DOCUMENT, "owner": {"uid": os.geteuid(), "gid": os.getegid()}})

    with pytest.raises(Incompatible, match=r"1\.15\.0 changed it"):
        snapshot.restore_command(volume, "local", None, None, None, None, old.id)

    assert list(volume.iterdir()) == []


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tree.make(tmp_path / "source", seed=1)


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    (tmp_path / "volume").mkdir()
    return tmp_path / "volume"
