"""The whole way with a real client: geth's database, copied while it is stopped, is what geth starts with elsewhere.

What a scripted node cannot show: that the first answer after a clean stop is the head that the copy has, and that the
files of the client table are all that geth needs. No consensus client, as in the restore test.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ethinfra.clients import known_clients
from ethinfra.snapshot.job.errors import HeadMismatch
from ethinfra.snapshot.job.node import rpc_of
from ethinfra.snapshot.job.place import Place
from ethinfra.snapshot.job.promote import must_be_the_recorded_node, promote
from ethinfra.snapshot.job.push import push
from ethinfra.snapshot.job.restore import restore
from ethinfra.snapshot.job.run import Run
from ethinfra.snapshot.job.take import take
from ethinfra.snapshot.layout_store import LayoutStore
from ethinfra.snapshot.listing import State, listing
from ethinfra.toolchain import tool
from ethinfra.waiting import eventually
from tests.probe.http import unused_port
from tests.snapshot.job.conftest import place_of
from tests.snapshot.job.scripted import ScriptedCluster, ScriptedNode

#: geth's own network of one, which makes a block for each transaction and none without.
DEV_CHAIN = 1337
#: Its blocks are final after an epoch of 32.
BLOCKS = 70


class Geth(ScriptedNode):
    """A geth in place of the scripted RPC. options: beside those that every one has."""

    def __init__(self, data: Path, *options: str) -> None:
        super().__init__()
        self.data = data
        self.options = options
        self.process: subprocess.Popen[bytes] | None = None

    def start_rpc(self) -> None:
        log = self.data.with_name(f"{self.data.name}.log").open("ab")
        self.process = subprocess.Popen(
            [
                *(tool("geth"), f"--datadir={self.data}", "--state.scheme=path", "--ipcdisable", "--nodiscover"),
                *("--http", f"--http.port={self.rpc_port}", "--port=0", f"--authrpc.port={unused_port()}"),
                *("--cache=64", "--maxpeers=0", *self.options),
            ],
            stdout=log,
            stderr=log,
        )

    def stop(self) -> None:
        super().stop()
        if self.process is not None:
            self.process.terminate()
            self.process.wait(60)
            self.process = None

    def ask(self, method: str, *params: object) -> Any:
        call = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.rpc_port}", call, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - our own address
            return json.loads(answer.read())["result"]


def make_blocks(geth: Geth, count: int) -> None:
    (sender,) = eventually("geth answers", lambda: geth.ask("eth_accounts"), within=60)
    for number in range(count):
        before = geth.ask("eth_blockNumber")
        geth.ask("eth_sendTransaction", {"from": sender, "to": f"0x{number + 0x10000:040x}", "value": "0x1"})
        eventually("a block", lambda at=before: geth.ask("eth_blockNumber") != at, within=10, every=0.02)


@pytest.fixture
def node(volume: Path) -> Iterator[Geth]:
    """A sync node with a chain that is partly final."""
    geth = Geth(volume, "--dev")
    geth.start()
    try:
        make_blocks(geth, BLOCKS)
        yield geth
    finally:
        geth.stop()


@pytest.fixture
def cluster(volume: Path, node: Geth, tmp_path: Path) -> Iterator[ScriptedCluster]:
    (tmp_path / "token").write_text("a-token")
    scripted = ScriptedCluster(volume, node, tmp_path / "token", patience=30)
    yield scripted
    scripted.close()


@pytest.fixture
def place(cluster: ScriptedCluster, tmp_path: Path) -> Place:
    """With what the client table says of geth."""
    known = known_clients()["geth"]["execution"]["snapshot"]
    waits = {"job__holdPatienceSeconds": 30, "job__stopSeconds": 60, "job__startSeconds": 60, "job__testSeconds": 60}
    table = {"database__include": known["include"], "database__exclude": known["exclude"]}
    return place_of(cluster, tmp_path, network__chainId=DEV_CHAIN, **waits, **table)


def test_geth_starts_from_its_snapshot_with_the_recorded_head(
    place: Place, cluster: ScriptedCluster, node: Geth, store: LayoutStore, tmp_path: Path
):
    last = node.ask("eth_getBlockByNumber", "latest", False)
    run = take(place, cluster.api(), store)
    assert isinstance(run, Run)
    assert run.recorded_head().hash == last["hash"]
    # The node goes on, and what it writes is not in the copy.
    make_blocks(node, 3)
    into = tmp_path / "restored"
    into.mkdir()
    run = push(place, cluster.api(), store, run)
    restore(dataclasses.replace(place, data=into), cluster.api(), store, run)
    restored = Geth(into, f"--networkid={DEV_CHAIN}")
    restored.start()
    try:
        promote(place, cluster.api(), store, run, rpc_of("127.0.0.1", restored.rpc_port))
        # The control: the node itself has gone on, so it is not the node that was recorded.
        with pytest.raises(HeadMismatch):
            must_be_the_recorded_node(rpc_of("127.0.0.1", node.rpc_port), run, within=2)
    finally:
        restored.stop()

    assert [one.state for one in listing(store)] == [State.PROMOTED]
    log = into.with_name(f"{into.name}.log").read_text()
    assert "Unclean shutdown" not in log
    assert "Rewinding" not in log
