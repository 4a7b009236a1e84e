"""The chain library and the node probe against real clients: geth and Prysm on loopback, a minute and a half.

    pytest tests/chain -m live

In the order of the file, since a chain takes its time: what needs finality stands last.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from ethinfra.chain.accounts import address_of, funded_account
from ethinfra.chain.engine import EngineDoor, knock
from ethinfra.chain.networks import load_network
from ethinfra.chain.quantities import Address, Wei
from ethinfra.chain.transactions import must_have_same_receipt, send_transfer
from ethinfra.chain.watch import watch_heads
from ethinfra.waiting import eventually
from tests.chain.devnet import Devnet, LoopbackNode, running
from tests.probe.conftest import Probe, running_probe

pytestmark = pytest.mark.live

#: Seconds of patience; blocks come every two, epochs are twelve.
SOON = 60


@pytest.fixture(scope="module")
def devnet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Devnet]:
    with running(tmp_path_factory.mktemp("devnet")) as started:
        yield started


@pytest.fixture(scope="module")
def probe(devnet: Devnet) -> Iterator[Probe]:
    """Beside the second node."""
    two = devnet.second
    with running_probe(
        f"--execution=http://127.0.0.1:{two.ports['rpc']}",
        f"--consensus=http://127.0.0.1:{two.ports['beacon']}",
        f"--reference=http://127.0.0.1:{devnet.first.ports['rpc']}",
        f"--chain-id={devnet.chain_id}",
        "--max-head-age=12",
        "--interval=1",
        "--timeout=2",
    ) as beside:
        yield beside


def test_second_node_follows_the_first(devnet: Devnet):
    devnet.first.node.must_advance(2, within=SOON)
    devnet.second.node.must_follow_head([devnet.first.node], spread=2, within=SOON)


def test_probe_calls_the_honest_node_ready(devnet: Devnet, probe: Probe):
    """With a real Prysm: it is not offline, not optimistic, and both clients agree on the head."""
    probe.must_say("ready", within=SOON)
    assert probe.asked("/livez").status == 200
    assert probe.asked("/status").body["view"]["references"][0]["number"] is not None
    assert devnet.second.node.beacon.syncing().execution_offline is False


def test_clients_agree_on_what_is_asked(devnet: Devnet):
    for one in (devnet.first.node, devnet.second.node):
        assert one.rpc.chain_id() == devnet.chain_id
        assert one.rpc.peers() >= 1
        assert one.beacon.peers()
        assert one.beacon.identity().peer_id.startswith("16Uiu2")
        assert "Prysm" in one.beacon.version()
        assert "Geth" in one.rpc.client_version()
        head = one.beacon.execution_block()
        assert eventually(f"{one.name} has {head}", partial(one.rpc.block, head.hash), within=SOON)


def test_engine_answers_only_with_the_right_token(devnet: Devnet):
    two = devnet.second
    assert knock(two.link("engine")) is EngineDoor.ASKS_FOR_TOKEN
    assert knock(two.link("engine"), secret=devnet.first.secret) is EngineDoor.ASKS_FOR_TOKEN
    assert knock(two.link("engine"), secret=two.secret) is EngineDoor.OPEN
    assert knock(two.link("rpc")) is EngineDoor.SOMETHING_ELSE


def test_transaction_has_one_receipt(devnet: Devnet):
    nodes = [devnet.second.node, devnet.first.node]
    sender = funded_account(load_network("devnet"), 3)
    to = Address("0x00000000000000000000000000000000000000aa")

    sent = send_transfer(nodes[0], sender, to, Wei(12345))
    receipt = must_have_same_receipt(nodes, sent, within=SOON)

    assert [node.rpc.balance(to, receipt.number) for node in nodes] == [12345, 12345]
    assert nodes[1].rpc.nonce(address_of(sender)) == 1


@pytest.mark.parametrize(
    ("client", "code", "live"), [("beacon", "consensus-unreachable", 200), ("geth", "execution-unreachable", 503)]
)
def test_frozen_client_is_noticed_until_it_continues(client: str, code: str, live: int, devnet: Devnet, probe: Probe):
    """SIGSTOP: the port still accepts, nobody answers. Only a frozen execution client is a reason to restart."""
    probe.must_say("ready", within=SOON)
    frozen: LoopbackNode = devnet.second
    frozen.freeze(client)
    try:
        probe.must_say(code, within=30)
        assert probe.asked("/livez").status == live
    finally:
        frozen.thaw(client)
    probe.must_say("ready", within=SOON)


def test_blocks_become_final_and_heads_stay_together(devnet: Devnet):
    nodes = [devnet.first.node, devnet.second.node]
    for node in nodes:
        node.must_finalize(within=2 * SOON)
    assert nodes[0].beacon.finality().finalized.epoch >= 1

    watch = watch_heads(nodes, seconds=15, every=1)

    watch.must_stay_together(3)
    watch.must_not_contradict()
