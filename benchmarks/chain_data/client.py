"""One geth, by default without peers, and this program in the place of its consensus client."""

from __future__ import annotations

import json
import re
import secrets
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.chain_data.content import BLOCK_GAS
from ethinfra.chain.engine import token
from ethinfra.chain.jsonrpc import Block, JsonRpc, RpcError
from ethinfra.chain.link import Answer, Headers, HttpLink
from ethinfra.chain.quantities import BlockNumber, Hash32, hash32, member
from ethinfra.errors import ChainError
from ethinfra.process import CommandFailed, run
from ethinfra.toolchain import tool
from ethinfra.waiting import eventually

#: Seconds for one answer: a compaction can hold a block up.
_ANSWER = 120.0
#: Seconds until the RPC answers, and until geth has written its state after SIGTERM.
_START, _STOP = 60.0, 120.0
#: Seconds from block to block, as on mainnet. Time stamps are the chain's own: nobody waits for them.
SLOT = 12
#: Blocks from the head to the last final one: two epochs of mainnet.
FINALITY = 64

#: Seconds for the compaction of some gigabytes.
_COMPACT = 600.0

_WAITS_FOR_SIGNALS = re.compile(r"^goroutine \d+ \[chan receive[^]]*\]:\n\S*/cmd/utils\.StartNode\.func", re.M)

_NOTHING = "0x" + "00" * 32
_NOBODY = "0x" + "00" * 20


@dataclass(frozen=True)
class Memory:
    """What geth may hold back from the disk, in MiB.

    cache:  all its caches
    writes: state that is not in the database yet; it is part of the journal that a clean stop leaves
    """

    cache: int
    writes: int

    @property
    def flags(self) -> list[str]:
        return [f"--cache={self.cache}", f"--cache.gc={max(1, 100 * self.writes // self.cache)}"]


class Geth:
    """A running client. Blocks are built, executed and made the head one at a time. head: the last of them."""

    def __init__(self, rpc: JsonRpc, engine: JsonRpc) -> None:
        self.rpc = rpc
        self.engine = engine
        self.head: Block = rpc.head()
        self._recent: list[Hash32] = []

    def extend(self, transactions: Sequence[bytes]) -> Block:
        """Put a block with these transactions, and no others, on the head; `FINALITY` blocks below it are not final.

        ChainError, with geth's reason, if one of them cannot stand in the block.
        """
        timestamp = self.head.timestamp + SLOT
        attributes = {
            "timestamp": hex(timestamp),
            "prevRandao": _NOTHING,
            "suggestedFeeRecipient": _NOBODY,
            "withdrawals": [],
            "parentBeaconBlockRoot": _NOTHING,
        }
        # Build, execute and insert in one request (geth, eth/catalyst/api_testing.go). Through the pool,
        # engine_getPayload and engine_newPayload, the same block takes a third more of the processors, because it is
        # written as JSON three times, and the pool would choose among the transactions.
        try:
            made = self.rpc.call("testing_commitBlockV1", attributes, ["0x" + one.hex() for one in transactions], "0x")
        except RpcError as refused:
            raise ChainError(
                f"geth refused block {self.head.number + 1}",
                expected=f"{len(transactions)} transactions in it",
                seen=refused.seen,
                todo="remove the database's folder; content and client do not fit together",
            ) from refused
        block = Block(
            BlockNumber(self.head.number + 1), hash32(made, "testing_commitBlockV1"), self.head.hash, timestamp
        )
        self._recent = [*self._recent[-FINALITY:], block.hash]
        self.tell(block.hash, self._recent[0] if len(self._recent) > FINALITY else self._final())
        self.head = block
        return block

    def tell(self, head: str, final: str) -> None:
        """Say by the Engine API what head and final block are. ChainError, with the answer, if geth does not follow."""
        status, answer = self._told(head, final)
        if status != "VALID":
            raise ChainError(
                f"geth refused head {head}",
                expected="status VALID",
                seen=answer,
                todo="remove the database's folder; the chain in it cannot go on",
            )

    def join(self, peer: Geth) -> None:
        """Connect with another one that has peers too, and stay connected."""
        self.rpc.call("admin_addPeer", str(member(peer.rpc.call("admin_nodeInfo"), "enode", what="admin_nodeInfo")))

    def follow(self, head: Block, *, within: float) -> None:
        """Be told of this head, which a peer has, as often as it takes until it is this one's too. Seconds."""
        eventually(
            f"geth follows to block {head.number}",
            lambda: self._told(head.hash, _NOTHING),
            until=lambda told: told[0] == "VALID",
            within=within,
            every=0.2,
        )
        self.head = self.rpc.head()

    def _told(self, head: str, final: str) -> tuple[str, str]:
        """What geth says to that: its status, and the whole of it."""
        answer = self.engine.call(
            "engine_forkchoiceUpdatedV3",
            {"headBlockHash": head, "safeBlockHash": final, "finalizedBlockHash": final},
            None,
        )
        status = member(answer, "payloadStatus", what="engine_forkchoiceUpdatedV3")
        return str(member(status, "status", what="engine_forkchoiceUpdatedV3")), json.dumps(status)

    def frozen(self) -> int:
        """How many blocks the freezer holds, the genesis among them."""
        count = self.rpc.call("debug_dbAncients")
        if not isinstance(count, int):
            raise ChainError("debug_dbAncients", expected="a number", seen=repr(count)[:80])
        return count

    def listens(self) -> bool:
        """Whether it waits for SIGTERM: it answers some time before that, and until then the signal just kills it.

        The goroutine that does is in cmd/utils/cmd.go, StartNode.
        """
        return _WAITS_FOR_SIGNALS.search(str(self.rpc.call("debug_stacks"))) is not None

    def _final(self) -> str:
        """What is final already, where too few blocks were made since the start to say so."""
        known = self.rpc.finalized()
        return known.hash if known else _NOTHING


@contextmanager
def running(
    data: Path, chain_id: int, memory: Memory, *, peers: bool = False, within: float = _START
) -> Iterator[Geth]:
    """Start geth on a data directory that has a genesis, and stop it cleanly, whatever happened meanwhile.

    peers: whether it can have some, on loopback, or has none

    Its log is `<data>/geth.log`, of this start only. CommandFailed if it does not start, ends by itself, or does not
    end after SIGTERM.
    """
    rpc_port, engine_port, peer_port = _free_ports(3)
    reached = ["--maxpeers=4", f"--port={peer_port}", "--nat=extip:127.0.0.1", "--netrestrict=127.0.0.0/8"]
    secret, log = data / "jwtsecret", data / "geth.log"
    secret.write_text(secrets.token_hex(32))
    command = [
        # Ends with this program even if that is killed; Ctrl-C is for this program alone, which stops geth itself.
        "setpriv", "--pdeathsig=TERM", str(tool("geth")),
        f"--datadir={data}", "--state.scheme=path", "--syncmode=full", f"--networkid={chain_id}",
        "--ipcdisable", "--nodiscover", *(reached if peers else ["--maxpeers=0", "--port=0", "--nat=none"]),
        *memory.flags,
        # It reads ahead what a block will need, with processors that are not there: 2 of them are busy anyway.
        "--cache.noprefetch",
        "--http", "--http.addr=127.0.0.1", f"--http.port={rpc_port}", "--http.api=eth,testing,debug,admin",
        # Or each block's limit moves by a thousandth towards geth's own of 60 million, until none of ours has room.
        f"--miner.gaslimit={BLOCK_GAS}",
        # MiB of one request: a block's transactions in hex.
        "--rpc.http-body-limit=64",
        "--authrpc.addr=127.0.0.1", f"--authrpc.port={engine_port}", f"--authrpc.jwtsecret={secret}",
    ]  # fmt: skip
    with log.open("wb") as output:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=data, start_new_session=True
        )
    rpc = HttpLink(f"http://127.0.0.1:{rpc_port}", name="geth", within=_ANSWER)
    engine = HttpLink(f"http://127.0.0.1:{engine_port}", name="geth's Engine API", within=_ANSWER)

    def look() -> Geth | int | None:
        """The client once it answers and can be stopped cleanly, or the code that it has ended with."""
        code = child.poll()
        if code is not None:
            return code
        node = Geth(JsonRpc(_Local(rpc)), JsonRpc(_Local(engine, secret.read_text())))
        return node if node.listens() else None

    try:
        found = eventually(
            "geth has started", look, until=lambda seen: seen is not None, within=within, every=0.05, hint=str(log)
        )
        if not isinstance(found, Geth):
            raise CommandFailed(command, found, log.read_text(errors="replace"))
        yield found
    finally:
        rpc.close()
        engine.close()
        _stop(child, command, log)


def initialize(data: Path, genesis: Path) -> None:
    """Make a database that holds the genesis and nothing else."""
    run([tool("geth"), "init", f"--datadir={data}", "--state.scheme=path", genesis], within=_START)


def compact(data: Path) -> None:
    """Have all that was deleted leave the key-value store; no client may be running."""
    run([tool("geth"), "db", "compact", f"--datadir={data}", "--cache=512"], within=_COMPACT)


def version() -> str:
    """Such as 1.17.5."""
    for line in run([tool("geth"), "version"]).stdout.splitlines():
        label, _, value = line.partition(":")
        if label == "Version":
            return value.strip().partition("-")[0]
    raise ChainError("geth version", expected="a line with Version:", seen="none")


class _Local:
    """A link on this machine, where compressed answers only cost: a fifth of geth's time for a block.

    secret: of the Engine API, for which each request gets a token of its own, because one is valid for a minute only
    """

    def __init__(self, link: HttpLink, secret: str = "") -> None:
        self.name = link.name
        self._link = link
        self._secret = secret

    def send(self, method: str, path: str, body: bytes | None = None, headers: Headers | None = None) -> Answer:
        more = {"Accept-Encoding": "identity"}
        if self._secret:
            more["Authorization"] = f"Bearer {token(self._secret)}"
        return self._link.send(method, path, body, {**(headers or {}), **more})

    def close(self) -> None:
        self._link.close()


def _stop(child: subprocess.Popen[bytes], command: list[str], log: Path) -> None:
    ended_by_itself = child.poll() is not None
    if not ended_by_itself:
        child.send_signal(signal.SIGTERM)
    try:
        code = child.wait(timeout=_STOP)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        seen = f"not ended within {_STOP:g}s of SIGTERM"
        raise CommandFailed(command, None, log.read_text(errors="replace"), seen=seen) from None
    if ended_by_itself or code != 0:
        raise CommandFailed(command, code, log.read_text(errors="replace"))


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()
