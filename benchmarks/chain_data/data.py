"""A made database, and how it comes about.

Layout of its folder, which is geth's `--datadir`:

    making.json   written first: whoever finds it without the next may remove the folder
    genesis.json
    geth/…        of which `geth/chaindata` and `geth/triedb` are what a snapshot takes
    made.json     written last: the database is complete and geth has ended

How many blocks a size takes is known, so that the chain depends on seed and size alone.

Blocks are added in two starts of geth. In the first, state stays in memory and final blocks reach the freezer once a
minute. It ends with `QUIET` blocks that hold little, because a clean stop leaves a journal of the last 128 blocks'
state, which is written anew each time: of a mainnet node it is less than a thousandth, here it would be a twentieth and
hide what changes really cost. At the start of the second, geth freezes what is final by now, which is all but the quiet
blocks; a few more of them make it write the state out.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from benchmarks.chain_data import client, content, contract, measure, signing
from benchmarks.chain_data.client import Geth, Memory
from ethinfra.chain.jsonrpc import Block
from ethinfra.chain.networks import load_network, network_values
from ethinfra.chain.quantities import number
from ethinfra.errors import BadInput, MissingCapability
from ethinfra.paths import cache_dir
from ethinfra.process import run
from ethinfra.progress import Progress
from ethinfra.waiting import eventually

SIZE = 2 << 30
SEED = 1
#: Raised when the same seed and size would give another chain: one that is kept must not be taken for it.
RECIPE = 1
#: At the end of a chain: geth's journal has the state of 128 blocks (triedb/pathdb: maxDiffLayers).
QUIET = 130
#: Of the second start: the state of some blocks has to leave the 128.
SETTLE = 8
#: What a busy block adds to the files, at a chain of a gigabyte; measured. A little less, so that one round is enough.
BYTES_PER_BLOCK = 950_000
#: Below this, genesis and journal are most of it.
SMALLEST = 1 << 20

#: The network whose rules and chain id the made chain has: Prague from the genesis on.
NETWORK = "devnet"
#: Of block 0; any time that is past.
_GENESIS_TIME = 1_764_000_000
_BALANCE = 10**30

#: In the first start of geth, and in the second: little, as a mainnet node's memory is against its database.
_FAST, _SMALL = Memory(cache=1024, writes=64), Memory(cache=96, writes=4)
_MARKER, _BEGUN = "made.json", "making.json"
#: Blocks between two lines that tell how far it is.
_TOLD = 250
#: Seconds for the freezer, which moves about a gigabyte in ten.
_FREEZE = 120.0


@dataclass(frozen=True)
class ChainData:
    """A complete database that no client has open. size: bytes that were asked for, or 0 of one that grew."""

    folder: Path
    seed: int
    size: int
    geth: str
    blocks: int
    head: str

    @property
    def files(self) -> dict[Path, int]:
        """Sizes in bytes by path within `folder`, of what a snapshot includes."""
        return measure.files(self.folder)

    def report(self) -> measure.Report:
        """Reads everything once: seconds for each gigabyte."""
        found = self.files
        size = sum(found.values())
        return measure.Report(
            files=len(found),
            bytes=size,
            freezer=sum(length for path, length in found.items() if "ancient" in path.parts),
            blocks=self.blocks,
            ratio=measure.compressed(self.folder / path for path in found) / size,
        )

    def grow(self, into: Path, fraction: float, progress: Progress) -> ChainData:
        """A copy that has gone on by more blocks, by about this fraction of the bytes: what a next snapshot sees.

        More than that fraction changes, as on any node: the write-ahead log holds new blocks before the freezer does,
        and state is rewritten by compactions. At 2 GiB, 0.004 changes 1.1 % of the bytes and 0.01 changes 2.5 %.

        The same seed continues, so two copies that grow alike hold the same chain. This one stays as it is.
        """
        if not 0 < fraction <= 1:
            raise BadInput(f"growth by {fraction}", expected="a fraction above 0, at most 1")
        _begin(into, {"grownFrom": str(self.folder), "fraction": fraction})
        before = self.files
        with progress.step(f"copying {sum(before.values()) >> 20} MiB"):
            run(["cp", "-a", "--reflink=auto", self.folder / "geth", into], within=600)
        head = _advance(into, self.seed, _blocks(fraction * sum(before.values())), progress)
        return _finish(ChainData(into, self.seed, 0, self.geth, head.number, head.hash))

    def go_on_in(self, folder: Path, fraction: float, progress: Progress) -> None:
        """Let a copy of this database, which is nobody else's, go on by more blocks where it is.

        As `grow`, but files that geth does not touch stay the same files.
        """
        _advance(folder, self.seed, _blocks(fraction * sum(self.files.values())), progress)


def ensure(size: int, progress: Progress, *, seed: int = SEED) -> ChainData:
    """The database of this size in the project's cache; made if it is not there, anew if that was interrupted.

    size: bytes of the files that a snapshot includes, at least
    """
    name = f"geth-{client.version()}-recipe{RECIPE}-seed{seed}-{size}"
    lock = cache_dir() / "locks" / f"chain-data-{name}.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    held = FileLock(lock)
    try:
        held.acquire(timeout=0)
    except Timeout:
        progress.note(f"another program makes {name}; waiting for it")
        held.acquire()
    try:
        return make(cache_dir() / "chain-data" / name, size, progress, seed=seed)
    finally:
        held.release()


def make(folder: Path, size: int, progress: Progress, *, seed: int = SEED) -> ChainData:
    """The database in this folder: the one that is there, if it is of this size and seed, or a new one."""
    if size < SMALLEST:
        raise BadInput(f"a database of {size} bytes", expected=f"at least {SMALLEST}")
    wanted = {"seed": seed, "size": size, "geth": client.version()}
    found = load(folder)
    if found is not None:
        there = {"seed": found.seed, "size": found.size, "geth": found.geth}
        if there != wanted:
            raise BadInput(f"{folder} holds another database", expected=str(wanted), seen=str(there))
        return found
    _begin(folder, wanted)
    free = shutil.disk_usage(folder).free
    # Blocks are in the key-value store and in the freezer until the former is compacted.
    if free < 2 * size + (1 << 30):
        raise MissingCapability(
            f"too little disk for a database of {size >> 20} MiB",
            expected=f"{(2 * size >> 20) + 1024} MiB free at {folder}",
            seen=f"{free >> 20} MiB",
        )
    with progress.step(f"making a chain of {size >> 20} MiB"):
        (folder / "genesis.json").write_text(json.dumps(genesis(seed)))
        client.initialize(folder, folder / "genesis.json")
        missing = size
        while missing > 0:
            head = _advance(folder, seed, _blocks(missing), progress)
            with progress.step("compacting"):
                client.compact(folder)
            missing = size - measure.total(folder)
    return _finish(ChainData(folder, seed, size, client.version(), head.number, head.hash))


def load(folder: Path) -> ChainData | None:
    """What is in a folder; None where nothing was made, or not to its end."""
    try:
        told = json.loads((folder / _MARKER).read_text())
    except FileNotFoundError:
        return None
    return ChainData(folder, **told)


def genesis(seed: int) -> dict[str, Any]:
    """The devnet's, with room in the blocks, senders that have ether, and the contracts."""
    made: dict[str, Any] = copy.deepcopy(network_values(NETWORK)["genesis"]["execution"])
    made |= {"gasLimit": hex(content.BLOCK_GAS), "timestamp": hex(_GENESIS_TIME)}
    for index in range(content.SENDERS):
        made["alloc"][_hex(signing.address(content.sender_key(seed, index)))] = {"balance": hex(_BALANCE)}
    for index in range(content.CONTRACTS):
        made["alloc"][_hex(content.contract_address(seed, index))] = {"balance": "0x0", "code": _hex(contract.STORE)}
    return made


def _begin(folder: Path, wanted: dict[str, Any]) -> None:
    """An empty folder with the mark that it is ours. BadInput if it holds anything that we did not begin."""
    if (folder / _BEGUN).is_file() and not (folder / _MARKER).exists():
        # The mark goes last, so that what an interrupted removal leaves is still ours.
        for path in sorted(folder.iterdir(), key=lambda one: one.name == _BEGUN):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise BadInput(f"{folder} is not empty", expected="no folder, or one that an interrupted run began")
    (folder / _BEGUN).write_text(json.dumps(wanted))


def _finish(made: ChainData) -> ChainData:
    """Write the marker, last and whole."""
    told = {key: value for key, value in asdict(made).items() if key != "folder"}
    unnamed = made.folder / f"{_MARKER}.part"
    with unnamed.open("w") as file:
        json.dump(told, file)
        file.flush()
        os.fsync(file.fileno())
    unnamed.rename(made.folder / _MARKER)
    return made


def _advance(folder: Path, seed: int, busy: int, progress: Progress) -> Block:
    """Add so many busy blocks and the quiet ones after them, in two starts of geth; the head."""
    with client.running(folder, _chain_id(), _FAST) as geth:
        with progress.step(f"{busy} blocks from {geth.head.number + 1} on"):
            _extend(geth, seed, busy, progress)
        with progress.step(f"{QUIET} quiet blocks"):
            _extend(geth, seed, QUIET, progress, quiet=True)
    with progress.step("freezing what is final"), client.running(folder, _chain_id(), _SMALL) as geth:
        _freeze(geth)
        _extend(geth, seed, SETTLE, progress, quiet=True)
        return geth.head


def _blocks(size: float) -> int:
    """How many busy blocks make so many bytes."""
    return max(1, round(size / BYTES_PER_BLOCK))


def _extend(geth: Geth, seed: int, count: int, progress: Progress, *, quiet: bool = False) -> None:
    """Add so many blocks."""
    keys = [content.sender_key(seed, index) for index in range(content.SENDERS)]
    signer = signing.Signer(_chain_id(), keys, _nonces(geth, seed))

    def prepare(block: int) -> list[bytes]:
        return [signer.sign(call) for call in content.calls(seed, block, quiet=quiet)]

    first = geth.head.number + 1
    # One block is signed while geth executes the one before.
    with ThreadPoolExecutor(1) as aside:
        ahead = aside.submit(prepare, first)
        for block in range(first, first + count):
            transactions, ahead = ahead.result(), aside.submit(prepare, block + 1)
            geth.extend(transactions)
            if (block - first) % _TOLD == _TOLD - 1:
                progress.note(f"block {block} of {first + count - 1}")


def _nonces(geth: Geth, seed: int) -> list[int]:
    addresses = [_hex(signing.address(content.sender_key(seed, one))) for one in range(content.SENDERS)]
    answers = geth.rpc.batch([("eth_getTransactionCount", (one, "latest")) for one in addresses])
    return [number(answer, "eth_getTransactionCount") for answer in answers]


def _freeze(geth: Geth) -> None:
    """Wait until all final blocks are in the freezer; geth looks at its start, and then once a minute."""
    final = geth.rpc.finalized()
    if final is None or final.number == 0:
        return
    eventually(
        f"blocks up to {final.number} are in the freezer",
        geth.frozen,
        until=lambda count: count > final.number,
        within=_FREEZE,
        every=0.2,
    )


def _chain_id() -> int:
    return load_network(NETWORK).chain_id


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
