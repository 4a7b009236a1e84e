"""The command line of `python3 -m ethinfra.snapshot`: its verbs, their arguments, and what an argument may be."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from ethinfra.snapshot.access import PATIENCE
from ethinfra.snapshot.chunks import DEFAULT_LEVEL
from ethinfra.snapshot.listing import LATEST
from ethinfra.snapshot.verbs import (
    list_snapshots,
    promote_snapshot,
    prune_snapshots,
    pull_snapshot,
    push_directory,
    tend_cache,
    verify_snapshot,
)

Verbs = argparse._SubParsersAction


def parser(arguments: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Reads at least `arguments`. Only where these begin with a verb by hand are the pods' programs left out."""
    parser = argparse.ArgumentParser(
        prog="python3 -m ethinfra.snapshot", description="Snapshots of a node's database in an OCI registry."
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    _push_verb(verbs)
    _pull_verb(verbs)
    _store_verbs(verbs)
    _cache_verb(verbs)
    if not arguments or arguments[0] not in verbs.choices:
        # The pods' programs bring the Kubernetes API's client with them; verbs by hand start twice as fast without.
        from ethinfra.snapshot.job.commands import add_to

        add_to(verbs)
    return parser


def _push_verb(verbs: Verbs[argparse.ArgumentParser]) -> None:
    one = _verb(verbs, "push", push_directory, "make a candidate of a directory that nobody writes to")
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
    one = _verb(verbs, "pull", pull_snapshot, "restore into a directory: the newest promoted one, or a certain one")
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
    one = _verb(verbs, "verify", verify_snapshot, "read everything of a stored snapshot, without restoring it")
    one.add_argument("snapshot", nargs="?", default=LATEST, metavar="TAG|DIGEST|ID", help="default: latest")
    one.add_argument("--quick", action="store_true", help="only whether each chunk is there, with its size")

    one = _verb(verbs, "list", list_snapshots, "what is stored")
    one.add_argument("--all", action="store_true", help="candidates and failed ones too")
    one.add_argument("--json", action="store_true")

    one = _verb(
        verbs, "prune", prune_snapshots, "remove old snapshots; the registry's garbage collection gives the space back"
    )
    one.add_argument("--count", type=_count, default=3, metavar="N", help="newest that stay (default: 3)")
    one.add_argument("--age", type=_age, default=timedelta(days=7), metavar="AGE", help="younger ones stay: 7d, 12h")
    one.add_argument("--used", action="append", default=[], metavar="DIGEST|ID", help="a pod runs on it; repeatable")
    one.add_argument("--dry-run", action="store_true", help="only say what would be removed, and why")

    one = _verb(
        verbs, "promote", promote_snapshot, "make a candidate the one that restores take, after a node has proved it"
    )
    one.add_argument("snapshot", metavar="ID")
    other = one.add_mutually_exclusive_group()
    other.add_argument("--fail", action="store_true", help="it did not prove itself: restores never take it")
    other.add_argument("--pin", metavar="NAME", help="keep it, whatever its age")
    other.add_argument("--unpin", metavar="NAME", help="take a pin away")


def _cache_verb(verbs: Verbs[argparse.ArgumentParser]) -> None:
    one = verbs.add_parser(
        "cache", help="a machine's chunk cache: what it holds; read it all again; make room; keep doing both"
    )
    one.set_defaults(run=tend_cache)
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
