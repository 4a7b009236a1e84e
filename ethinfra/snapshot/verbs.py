"""What the verbs do that people type: each takes its options, says what it did, and returns the exit code."""

from __future__ import annotations

import argparse
import json
import signal
import threading
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

from ethinfra import __version__
from ethinfra.errors import BadInput
from ethinfra.snapshot.access import open_store
from ethinfra.snapshot.cache import ChunkCache
from ethinfra.snapshot.compatibility import Expected
from ethinfra.snapshot.errors import FAILED
from ethinfra.snapshot.layout_store import LayoutStore
from ethinfra.snapshot.listing import LATEST, State, listing, resolve
from ethinfra.snapshot.manifest import ANNOTATION_BYTES
from ethinfra.snapshot.model import (
    Block,
    Client,
    Database,
    Description,
    Finalized,
    Network,
    Owner,
    Producer,
)
from ethinfra.snapshot.progress import amount, shown
from ethinfra.snapshot.promote import fail, pin, promote, unpin
from ethinfra.snapshot.push import push
from ethinfra.snapshot.reader import glance
from ethinfra.snapshot.restore import Restored, restore, restore_newest
from ethinfra.snapshot.retention import Policy, plan, prune, pushed_at
from ethinfra.snapshot.store import SnapshotStore
from ethinfra.snapshot.verify import verify


def push_directory(options: argparse.Namespace) -> int:
    if (options.finalized is None) != (options.finalized_hash is None):
        raise BadInput("--finalized and --finalized-hash", expected="both or none")
    status = options.source.stat()
    description = Description(
        Client(*options.client),
        Network(options.network, options.chain_id, options.genesis_hash),
        Block(options.block, options.block_hash, options.state_root, options.block_time),
        Finalized(options.finalized, options.finalized_hash) if options.finalized is not None else None,
        Database(options.scheme, tuple(options.include), tuple(options.exclude)),
        Owner(status.st_uid, status.st_gid),
        Producer(options.revision, __version__),
        datetime.now(UTC).replace(microsecond=0),
    )
    with shown() as progress:
        pushed = push(
            options.source,
            _store(options),
            description,
            volume=options.volume,
            chunk_size=options.chunk_size,
            level=options.level,
            workers=options.workers,
            progress=progress,
        )
    print(
        f"{pushed.tag} {pushed.digest}\n{amount(pushed.bytes)} in {pushed.files} files and {pushed.chunks} chunks; "
        f"{amount(pushed.read_bytes)} read, {amount(pushed.sent_bytes)} sent, {pushed.seconds:.1f} s"
    )
    return 0


def pull_snapshot(options: argparse.Namespace) -> int:
    name, version = options.client or (None, None)
    expected = Expected(name, version, options.network, options.chain_id, options.genesis_hash, options.scheme)
    cache = ChunkCache(options.cache, options.cache_limit) if options.cache else None
    store = _store(options)
    with shown() as progress:
        if options.snapshot:
            restored = restore(
                store,
                resolve(store, options.snapshot),
                options.into,
                expected,
                over=options.over,
                cache=cache,
                workers=options.workers,
                progress=progress,
            )
        else:
            restored = restore_newest(
                store,
                options.into,
                expected,
                attempts=options.attempts,
                over=options.over,
                cache=cache,
                workers=options.workers,
                progress=progress,
            )
    print(_told(restored, options.into))
    return 0


def verify_snapshot(options: argparse.Namespace) -> int:
    store = _store(options)
    with shown() as progress:
        found = verify(
            store,
            resolve(store, options.snapshot),
            quick=options.quick,
            workers=options.workers,
            progress=progress,
        )
    for problem in found.problems:
        print(problem)
    how = "existence and sizes" if options.quick else "all bytes"
    result = f"{len(found.problems)} are damaged" if found.problems else "whole"
    print(f"{found.id}: {found.chunks} chunks, {amount(found.bytes)}, {how} in {found.seconds:.1f} s: {result}")
    return FAILED if found.problems else 0


def list_snapshots(options: argparse.Namespace) -> int:
    store = _store(options)
    found = []
    for one in listing(store):
        if options.all or one.state is State.PROMOTED:
            said = glance(store, one)
            found.append((replace(one, problem=said.problem or one.problem), int(said.number(ANNOTATION_BYTES) or 0)))
    if options.json:
        facts = [{**asdict(one), "created": one.created.isoformat(), "bytes": size} for one, size in found]
        print(json.dumps(facts, indent=1))
        return 0
    for one, size in found:
        extra = [LATEST] * one.latest + [f"pin {name}" for name in one.pins] + [one.problem]
        told = ", ".join(filter(None, extra))
        print(f"{one.id}  {one.state:<9}  {amount(size):>8}  {one.digest or '-'}  {told}".rstrip())
    return 0


def prune_snapshots(options: argparse.Namespace) -> int:
    store = _store(options)
    policy = Policy(options.count, options.age)
    listed = listing(store)
    pushed = pushed_at(store, listed)
    decided = plan(listed, policy, now=datetime.now(UTC), used=set(options.used), pushed=pushed)
    for verdict in decided.verdicts:
        print(f"{'keep' if verdict.keep else 'remove'}  {verdict.snapshot.id}  {verdict.reason}")
    if options.dry_run:
        print(f"{len(decided.removed)} would be removed")
        return 0
    removed = prune(store, decided)
    print(f"{len(removed)} removed; `ethinfra registry gc` gives their space back")
    return 0


def promote_snapshot(options: argparse.Namespace) -> int:
    store = _store(options)
    if options.fail:
        fail(store, options.snapshot, print)
        print(f"{options.snapshot} is marked as failed")
    elif options.pin:
        print(f"{options.snapshot} is kept: {pin(store, resolve(store, options.snapshot), options.pin)}")
    elif options.unpin:
        unpin(store, options.unpin)
        print(f"no pin {options.unpin} any more")
    else:
        print(f"{options.snapshot} is promoted: {promote(store, options.snapshot, print)}")
    return 0


def tend_cache(options: argparse.Namespace) -> int:
    cache = ChunkCache(options.directory, options.limit)
    if options.do == "scrub":
        return FAILED if _scrub(cache) else 0
    if options.do == "keep":
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        while not stop.is_set():
            _scrub(cache)
            print(f"{amount(cache.evict())} removed to make room; again in {options.every:g} s", flush=True)
            stop.wait(options.every)
        return 0
    if options.do == "evict":
        print(f"{amount(cache.evict())} removed")
    usage = cache.usage()
    print(f"{usage.chunks} chunks, {amount(usage.bytes)} of at most {amount(options.limit)}")
    return 0


def _store(options: argparse.Namespace) -> SnapshotStore:
    if options.layout:
        # A name that was mistyped is nothing to read from.
        return LayoutStore(options.layout, make=options.run is push_directory)
    if not options.repository:
        raise BadInput("--registry without --repository", expected="a path in it, like snapshots/hoodi/geth")
    return open_store(
        options.registry,
        options.repository,
        config=options.registry_config,
        authority=options.ca,
        patience=options.patience,
    )


def _told(restored: Restored, directory: Path) -> str:
    marker = restored.marker
    if not restored.done:
        return f"{directory} was restored from {marker.id} already; nothing done (--over replaces it)"
    return (
        f"{directory} holds {marker.id}, block {marker.block_number} of {marker.network}: {amount(restored.bytes)} in "
        f"{restored.seconds:.1f} s; {restored.counts}"
    )


def _scrub(cache: ChunkCache) -> int:
    """Read everything; how many chunks were bad, and are removed where that can be."""
    scrubbed = cache.scrub()
    for name in scrubbed.removed:
        print(f"removed {name}: it had other bytes than its name says")
    for name in scrubbed.left:
        print(f"{name} has other bytes than its name says, and cannot be removed")
    left = f", {len(scrubbed.left)} bad ones left" if scrubbed.left else ""
    print(
        f"{scrubbed.checked} chunks read, {amount(scrubbed.bytes)}, {len(scrubbed.removed)} removed{left}", flush=True
    )
    return len(scrubbed.bad)
