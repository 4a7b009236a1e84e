"""Promoted snapshots of a tree, for whoever restores them."""

from __future__ import annotations

from pathlib import Path

from ethinfra.snapshot.promote import promote
from ethinfra.snapshot.push import Pushed, push
from tests.snapshot import tree
from tests.snapshot.memory_store import MemoryStore


def push_promoted(source: Path, store: MemoryStore, block: int = 100, **about: object) -> Pushed:
    pushed = push(source, store, tree.description(block, **about), chunk_size=tree.CHUNK)
    promote(store, pushed.id)
    return pushed
