"""`python3 -m ethinfra.snapshot`: push, pull, verify, list, prune, promote, cache; in pods: job, pod, export.

Exit codes: 0 done; 1 refused or failed; 2 bad input; 3 out of space; 4 the registry does not answer or refuses; 70 a
defect.
"""

from __future__ import annotations

import argparse
import json
import re
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ethinfra import __version__
from ethinfra.errors import BadInput, EthinfraError
from ethinfra.snapshot.access import PATIENCE, open_store
from ethinfra.snapshot.cache import ChunkCache
from ethinfra.snapshot.chunks import DEFAULT_LEVEL
from ethinfra.snapshot.compatibility import Expected
from ethinfra.snapshot.errors import FAILED, exit_code
from ethinfra.snapshot.layout_store import LayoutStore
from ethinfra.snapshot.listing import LATEST, Listed, State, listing
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

INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    """Run a verb; the exit code is returned."""
    options = parser(arguments).parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except KeyboardInterrupt:
        print("interrupted; run it again, and it goes on", file=sys.stderr)
        return INTERRUPTED
    except (EthinfraError, OSError) as error:
        print(error, file=sys.stderr)
        return exit_code(error)
    except Exception as error:
        traceback.print_exc()
        return exit_code(error)


def parser(arguments: list[str] | None = None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 -m ethinfra.snapshot", description="Snapshots of a node's database in an OCI registry."
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    _push_verb(verbs)
    _pull_verb(verbs)
    _store_verbs(verbs)
    _cache_verb(verbs)
    asked = (sys.argv[1:] if arguments is None else arguments)[:1]
    if not asked or asked[0] not in verbs.choices:
        # The pods' programs bring the Kubernetes API's client with them; verbs by hand start twice as fast without.
        from ethinfra.snapshot.job.commands import add_to

        add_to(verbs)
    return parser


Verbs = argparse._SubParsersAction


def _push_verb(verbs: Verbs[argparse.ArgumentParser]) -> None:
    one = _verb(verbs, "push", _push, "make a candidate of a directory that nobody writes to")
    one.add_argument("--source", type=Path, required=True, metavar="DIR", help="the client's data directory, or a copy")
    one.add_argument("--client", required=True, metavar="NAME:VERSION", type=_pair, help="who wrote it: geth:1.17.5")
    one.add_argument("--network", required=True, metavar="NAME")
    one.add_argument("--chain-id", required=True, type=_count)
    one.add_argument("--genesis-hash", required=True, type=_hash, metavar="0x…")
    one.add_argument("--block", required=True, type=_count, metavar="N", help="the head that the data has")
    one.add_argument("--block-hash", required=True, type=_hash, metavar="0x…")
    one.add_argument("--state-root", required=True, type=_hash, metavar="0x…")
    one.add_argument("--block-time", required=True, type=_count, metavar="S", help="the block's timestamp")
    one.add_argument("--finalized", type=_count, metavar="N")
    one.add_argument("--finalized-hash", type=_hash, metavar="0x…")
    one.add_argument("--scheme", default="", help="how states are stored, where the client has several ways")
    one.add_argument(
        "--include", action="append", default=[], metavar="PATTERN", help="repeatable; default: everything"
    )
    one.add_argument("--exclude", action="append", default=[], metavar="PATTERN", help="repeatable")
    one.add_argument("--volume", default="", metavar="ID", help="files of this volume are read only if they changed")
    one.add_argument("--chunk-size", type=_size, default=0, metavar="BYTES", help="default: the parent's, or 8M")
    one.add_argument("--level", type=int, choices=range(1, 20), default=DEFAULT_LEVEL, metavar="1..19", help="of zstd")
    one.add_argument("--revision", default="by hand", help="of the source of who makes it")


def _pull_verb(verbs: Verbs[argparse.ArgumentParser]) -> None:
    one = _verb(verbs, "pull", _pull, "restore into a directory: the newest promoted one, or a certain one")
    one.add_argument("--into", type=Path, required=True, metavar="DIR")
    one.add_argument("--snapshot", metavar="TAG|DIGEST|ID", help="default: the newest promoted, or the one before")
    one.add_argument(
        "--attempts", type=_count, default=3, metavar="N", help="how many damaged ones are tried (default: 3)"
    )
    one.add_argument("--over", action="store_true", help="replace the data that is there")
    one.add_argument("--cache", type=Path, metavar="DIR", help="chunks that this machine has")
    one.add_argument("--cache-limit", type=_size, default=50 << 30, metavar="BYTES", help="default: 50G")
    one.add_argument(
        "--client",
        metavar="NAME[:VERSION]",
        type=_client,
        help="refuse those of another; with VERSION, of another release too, as it is not known here which ones "
        "changed the database (`ethinfra snapshot restore` knows it from the node's plan)",
    )
    one.add_argument("--network", metavar="NAME", help="refuse those of another")
    one.add_argument("--chain-id", type=_count)
    one.add_argument("--genesis-hash", type=_hash, metavar="0x…")
    one.add_argument("--scheme")


def _store_verbs(verbs: Verbs[argparse.ArgumentParser]) -> None:
    one = _verb(verbs, "verify", _verify, "read everything of a stored snapshot, without restoring it")
    one.add_argument("snapshot", nargs="?", default=LATEST, metavar="TAG|DIGEST|ID", help="default: latest")
    one.add_argument("--quick", action="store_true", help="only whether each chunk is there, with its size")

    one = _verb(verbs, "list", _list, "what is stored")
    one.add_argument("--all", action="store_true", help="candidates and failed ones too")
    one.add_argument("--json", action="store_true")

    one = _verb(verbs, "prune", _prune, "remove old snapshots; the registry's garbage collection gives the space back")
    one.add_argument("--count", type=_count, default=3, metavar="N", help="newest that stay (default: 3)")
    one.add_argument("--age", type=_age, default=timedelta(days=7), metavar="AGE", help="younger ones stay: 7d, 12h")
    one.add_argument("--used", action="append", default=[], metavar="DIGEST|ID", help="a pod runs on it; repeatable")
    one.add_argument("--dry-run", action="store_true", help="only say what would be removed, and why")

    one = _verb(verbs, "promote", _promote, "make a candidate the one that restores take, after a node has proved it")
    one.add_argument("snapshot", metavar="ID")
    other = one.add_mutually_exclusive_group()
    other.add_argument("--fail", action="store_true", help="it did not prove itself: restores never take it")
    other.add_argument("--pin", metavar="NAME", help="keep it, whatever its age")
    other.add_argument("--unpin", metavar="NAME", help="take a pin away")


def _cache_verb(verbs: Verbs[argparse.ArgumentParser]) -> None:
    one = verbs.add_parser(
        "cache", help="a machine's chunk cache: what it holds; read it all again; make room; keep doing both"
    )
    one.set_defaults(run=_cache)
    one.add_argument("do", choices=("show", "scrub", "evict", "keep"))
    one.add_argument("--every", type=float, default=86400, metavar="S", help="seconds between two rounds of `keep`")
    one.add_argument("--directory", type=Path, required=True, metavar="DIR")
    one.add_argument("--limit", type=_size, default=50 << 30, metavar="BYTES", help="default: 50G")


def _verb(
    verbs: Verbs[argparse.ArgumentParser], name: str, run: Callable[[argparse.Namespace], int], about: str
) -> argparse.ArgumentParser:
    """A verb on a repository of a registry, or on an image layout."""
    one = verbs.add_parser(name, help=about, description=about)
    one.set_defaults(run=run)
    where = one.add_mutually_exclusive_group(required=True)
    where.add_argument("--registry", metavar="URL", help="https://host:port")
    where.add_argument("--layout", type=Path, metavar="DIR", help="an OCI image layout instead of a registry")
    one.add_argument("--repository", metavar="PATH", help="in the registry: snapshots/hoodi/geth")
    one.add_argument("--registry-config", type=Path, metavar="FILE", help="docker configuration with the account")
    one.add_argument("--ca", type=Path, metavar="FILE", help="certificate to trust, in PEM")
    one.add_argument("--patience", type=float, default=PATIENCE, metavar="S", help="for a registry that is away")
    one.add_argument("--workers", type=_count, default=0, metavar="N", help="default: by cores and memory")
    return one


def _store(options: argparse.Namespace) -> SnapshotStore:
    if options.layout:
        # A name that was mistyped is nothing to read from.
        return LayoutStore(options.layout, make=options.run is _push)
    if not options.repository:
        raise BadInput("--registry without --repository", expected="a path in it, like snapshots/hoodi/geth")
    return open_store(
        options.registry,
        options.repository,
        config=options.registry_config,
        authority=options.ca,
        patience=options.patience,
    )


def _push(options: argparse.Namespace) -> int:
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


def _pull(options: argparse.Namespace) -> int:
    name, version = options.client or (None, None)
    expected = Expected(name, version, options.network, options.chain_id, options.genesis_hash, options.scheme)
    cache = ChunkCache(options.cache, options.cache_limit) if options.cache else None
    store = _store(options)
    with shown() as progress:
        if options.snapshot:
            restored = restore(
                store,
                _reference(store, options.snapshot),
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


def _told(restored: Restored, directory: Path) -> str:
    marker, counts = restored.marker, restored.counts
    if not restored.done:
        return f"{directory} was restored from {marker.id} already; nothing done (--over replaces it)"
    return (
        f"{directory} holds {marker.id}, block {marker.block_number} of {marker.network}: {amount(restored.bytes)} in "
        f"{restored.seconds:.1f} s; chunks: {counts.kept} were there, {counts.shared} shared with the cache, "
        f"{counts.copied} copied from it, {counts.fetched} fetched ({amount(counts.fetched_bytes)})"
    )


def _verify(options: argparse.Namespace) -> int:
    store = _store(options)
    with shown() as progress:
        found = verify(
            store,
            _reference(store, options.snapshot),
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


def _list(options: argparse.Namespace) -> int:
    store = _store(options)
    listed = [one for one in listing(store) if options.all or one.state is State.PROMOTED]
    if options.json:
        print(json.dumps([{**asdict(one), "created": one.created.isoformat()} for one in listed], indent=1))
        return 0
    for one in listed:
        said = glance(store, one)
        size = amount(int(said.number(ANNOTATION_BYTES) or 0))
        extra = [LATEST] * one.latest + [f"pin {name}" for name in one.pins] + [said.problem or one.problem]
        print(f"{one.id}  {one.state:<9}  {size:>8}  {one.digest or '-'}  {', '.join(filter(None, extra))}".rstrip())
    return 0


def _prune(options: argparse.Namespace) -> int:
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


def _promote(options: argparse.Namespace) -> int:
    store = _store(options)
    if options.fail:
        fail(store, options.snapshot, print)
        print(f"{options.snapshot} is marked as failed")
    elif options.pin:
        print(f"{options.snapshot} is kept: {pin(store, _reference(store, options.snapshot), options.pin)}")
    elif options.unpin:
        unpin(store, options.unpin)
        print(f"no pin {options.unpin} any more")
    else:
        print(f"{options.snapshot} is promoted: {promote(store, options.snapshot, print)}")
    return 0


def _cache(options: argparse.Namespace) -> int:
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


def _scrub(cache: ChunkCache) -> int:
    """Read everything; how many chunks were bad, and are removed."""
    scrubbed = cache.scrub()
    for name in scrubbed.bad:
        print(f"removed {name}: its bytes were others")
    print(f"{scrubbed.checked} chunks read, {amount(scrubbed.bytes)}, {len(scrubbed.bad)} removed", flush=True)
    return len(scrubbed.bad)


def _reference(store: SnapshotStore, text: str) -> str:
    """A tag or digest as it is; an id stands for its snapshot in whatever state it is."""
    found: Listed | None = next((one for one in listing(store) if one.id == text), None)
    return found.digest if found is not None and found.digest else text


def _pair(text: str) -> tuple[str, str]:
    name, colon, version = text.partition(":")
    if not (name and colon and version):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME:VERSION")
    return name, version


def _client(text: str) -> tuple[str, str | None]:
    return _pair(text) if ":" in text else (text, None)


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def _hash(text: str) -> str:
    if not re.fullmatch(r"0x[0-9a-fA-F]{64}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a hash of 32 bytes")
    return text.lower()


def _size(text: str) -> int:
    found = re.fullmatch(r"(\d+)([KMGT]?)", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size like 4M or 50G (powers of 1024)")
    return int(found[1]) << {"": 0, "K": 10, "M": 20, "G": 30, "T": 40}[found[2]]


def _age(text: str) -> timedelta:
    found = re.fullmatch(r"(\d+)([smhd])", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is not an age like 12h or 7d")
    try:
        return timedelta(seconds=int(found[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[found[2]])
    except OverflowError:
        raise argparse.ArgumentTypeError(f"{text!r} is more than there are days") from None


if __name__ == "__main__":
    sys.exit(main())
