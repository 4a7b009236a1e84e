"""Load on a Service from a pod in the cluster, every answer compared (see `loader`)."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eth_utils.crypto import keccak

from ethinfra.chain.node import Node
from ethinfra.errors import ChainError
from ethinfra.trial import loader
from ethinfra.trial.loader import Second
from ethinfra.trial.pods import TrialPod
from ethinfra.waiting import eventually

#: Final blocks that are asked for, at most.
_BLOCKS = 20

#: Different calls that `work` makes.
_CALLS = 16

#: An address that has no code; a call can bring its own.
_PLACE = "0x" + "c0de".rjust(40, "0")

#: Hash the word at 0 as often as the first argument says, and return it:
#: PUSH0 CALLDATALOAD; JUMPDEST PUSH1 32 PUSH0 KECCAK256 PUSH0 MSTORE; PUSH1 1 SWAP1 SUB DUP1 PUSH1 2 JUMPI;
#: PUSH1 32 PUSH0 RETURN
_ROUNDS = "0x5f355b60205f205f52600190038060025760205ff3"


@dataclass
class Load:
    """Load that runs; `seconds` grows while it does."""

    seconds: list[Second] = field(default_factory=list)

    @property
    def answered(self) -> int:
        return sum(one.answered for one in self.seconds)

    @property
    def notes(self) -> list[str]:
        return [note for one in self.seconds for note in one.notes]

    def rate(self, last: int) -> float:
        """Verified answers per second over the last so many seconds."""
        window = self.seconds[-last:]
        return sum(one.answered for one in window) / max(len(window), 1)

    def must_be_right(self, *, back: int) -> None:
        """ChainError if nothing was answered, something was wrong, or a head went back by more than `back` blocks."""
        wrong, worst = sum(one.wrong for one in self.seconds), max((one.back for one in self.seconds), default=0)
        if wrong or worst > back or not self.answered:
            raise ChainError(
                "answers of the Service under load",
                expected=f"no wrong one, and no head back by more than {back} blocks",
                seen=f"{self.answered} right, {wrong} wrong, back by {worst}; {self.notes}",
            )

    def must_not_fail(self) -> None:
        """ChainError if a request had no answer."""
        failed = sum(one.failed for one in self.seconds)
        if failed or not self.answered:
            raise ChainError(
                "requests to the Service under load",
                expected="none that failed",
                seen=f"{failed} failed of {failed + self.answered}; {self.notes}",
            )


def questions(node: Node, final: int, accounts: Sequence[str]) -> list[dict[str, Any]]:
    """What does not change any more, with the node's answers, up to the block `final`; and the head."""
    asked: list[tuple[str, list[Any]]] = []
    for number in range(max(final - _BLOCKS, 1), final + 1):
        asked.append(("eth_getBlockByNumber", [hex(number), False]))
        asked.append(("eth_getLogs", [{"fromBlock": hex(number), "toBlock": hex(number)}]))
        asked += [("eth_getBalance", [account, hex(number)]) for account in accounts[:2]]
    known: list[dict[str, Any]] = [
        {"method": method, "params": given, "expected": node.rpc.call(method, *given)} for method, given in asked
    ]
    heads: list[dict[str, Any]] = [
        {"method": "eth_blockNumber", "params": []},
        {"method": "eth_getBlockByNumber", "params": ["latest", False]},
    ]
    # The head is asked for as often as anything else.
    return [one for number, fact in enumerate(known) for one in (fact, heads[number % 2])]


def work(rounds: int) -> list[dict[str, Any]]:
    """Calls that cost a node's processor about as much as each other, and no database. rounds: of Keccak-256 in each

    The answers are calculated here, so no node is believed. 2,000 rounds take geth about a millisecond.
    """
    hashes = [bytes(32)]
    for _ in range(rounds + _CALLS):
        hashes.append(keccak(hashes[-1]))
    return [
        {
            "method": "eth_call",
            "params": [{"to": _PLACE, "data": f"0x{count:064x}"}, "latest", {_PLACE: {"code": _ROUNDS}}],
            "expected": f"0x{hashes[count].hex()}",
        }
        for count in range(rounds, rounds + _CALLS)
    ]


@contextmanager
def running(
    pod: TrialPod,
    url: str,
    asked: list[dict[str, Any]],
    *,
    clients: int = 4,
    batch: int = 10,
    pause: float = 0.0,
    within: float = 30,
) -> Iterator[Load]:
    """Load on `url` from the pod for as long as the block lasts; it has begun when the first answers are there.

    ChainError at its end if the load ended before: what it did not ask cannot have failed.
    """
    source = Path(loader.__file__).read_text(encoding="utf-8")
    load = Load()
    argv = [url, f"--clients={clients}", f"--batch={batch}", f"--pause={pause}"]
    child = pod.start_python(source, *argv)
    assert child.stdin is not None
    child.stdin.write(json.dumps(asked).encode() + b"\n")
    child.stdin.flush()
    reader = threading.Thread(target=_read, args=(child, load), daemon=True)
    reader.start()
    try:
        eventually(
            f"the first answers of {url}",
            lambda: _begun(child, load),
            within=within,
            hint="the loader's pod must be admitted by the policies of the Service's pods",
        )
        yield load
        _must_run(child)
    finally:
        child.stdin.close()
        try:
            child.wait(timeout=20)
        except subprocess.TimeoutExpired:
            child.kill()
        reader.join(5)


def _begun(child: subprocess.Popen[bytes], load: Load) -> bool:
    _must_run(child)
    return load.answered > 0


def _must_run(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is not None:
        raise ChainError(
            "the loader ended by itself", expected="load until it is told", seen=f"code {child.returncode}"
        )


def _read(child: subprocess.Popen[bytes], load: Load) -> None:
    for line in child.stdout or ():
        load.seconds.append(Second(**json.loads(line)))
