"""A few megabytes made by a real geth."""

from __future__ import annotations

import json

import psutil
import pytest

from benchmarks.chain_data import client, content, data, signing
from benchmarks.chain_data.data import ChainData
from ethinfra.chain.networks import load_network
from ethinfra.errors import BadInput, ChainError
from ethinfra.process import CommandFailed
from ethinfra.progress import silent

SIZE = 8 << 20
CHAIN = load_network(data.NETWORK).chain_id
SMALL = client.Memory(cache=96, writes=4)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> ChainData:
    return data.make(tmp_path_factory.mktemp("chain") / "made", SIZE, silent())


@pytest.fixture
def empty(tmp_path):
    """A database with the genesis alone."""
    (tmp_path / "genesis.json").write_text(json.dumps(data.genesis(data.SEED)))
    client.initialize(tmp_path, tmp_path / "genesis.json")
    return tmp_path


def block(number: int, nonces: int = 0) -> list[bytes]:
    keys = [content.sender_key(data.SEED, index) for index in range(content.SENDERS)]
    signer = signing.Signer(CHAIN, keys, [nonces] * content.SENDERS)
    return [signer.sign(call) for call in content.calls(data.SEED, number)]


def test_made_database_is_of_the_size_and_starts_again_at_its_head(made):
    """Final blocks are in the freezer; state, logs and codes are there; nobody runs."""
    report = made.report()

    assert report.bytes >= SIZE
    assert report.freezer > 0.3 * report.bytes
    assert 0.5 < report.ratio < 1
    with client.running(made.folder, CHAIN, SMALL) as geth:
        assert (geth.head.number, geth.head.hash) == (made.blocks, made.head)
        assert geth.frozen() > made.blocks - client.FINALITY - data.SETTLE - 1
        assert int(geth.rpc.call("eth_getBlockByNumber", "latest", False)["gasLimit"], 16) == content.BLOCK_GAS
        receipts = geth.rpc.call("eth_getBlockReceipts", hex(1))
        assert {one["status"] for one in receipts} == {"0x1"}
        assert sum(len(one["logs"]) for one in receipts) > 100
        assert any(one["contractAddress"] for one in receipts)
    assert "Unclean shutdown" not in (made.folder / "geth.log").read_text()


def test_made_database_is_taken_as_it_is(made, monkeypatch):
    monkeypatch.setattr(client, "initialize", None)
    assert data.make(made.folder, SIZE, silent()) == made


def test_same_seed_makes_the_same_chain(made, empty):
    """A second geth comes to the first one's block."""
    with client.running(empty, CHAIN, SMALL) as geth:
        fresh = geth.extend(block(1))
    with client.running(made.folder, CHAIN, SMALL) as geth:
        assert geth.rpc.block(1).hash == fresh.hash


def test_growth_is_of_more_blocks_and_leaves_the_original(made, tmp_path):
    before = made.files

    grown = made.grow(tmp_path / "grown", 0.1, silent())

    assert made.files == before
    assert grown.blocks > made.blocks
    assert sum(grown.files.values()) > sum(before.values())
    assert data.load(tmp_path / "grown") == grown
    with pytest.raises(BadInput, match="not empty"):
        made.grow(tmp_path / "grown", 0.1, silent())
    with pytest.raises(BadInput, match="fraction"):
        made.grow(tmp_path / "other", 0, silent())


def test_block_that_cannot_be_is_refused_and_said(empty):
    """Nonces that are not the senders' next ones; and a head that nobody knows."""
    with client.running(empty, CHAIN, SMALL) as geth:
        with pytest.raises(ChainError, match="geth refused block 1") as refused:
            geth.extend(block(1, nonces=7))
        assert "nonce" in refused.value.seen
        with pytest.raises(ChainError, match="geth refused head 0x11"):
            geth.tell("0x" + "11" * 32, "0x" + "00" * 32)
        assert geth.rpc.head().number == 0


def test_interrupted_making_leaves_no_marker_and_no_geth_and_is_begun_anew(tmp_path, monkeypatch):
    whole = content.calls

    def interrupted(seed: int, number: int, *, quiet: bool = False) -> list[content.Call]:
        if number == 4:
            raise KeyboardInterrupt
        return whole(seed, number, quiet=quiet)

    monkeypatch.setattr(content, "calls", interrupted)
    with pytest.raises(KeyboardInterrupt):
        data.make(tmp_path / "made", SIZE, silent())

    assert data.load(tmp_path / "made") is None
    assert (tmp_path / "made" / "geth" / "chaindata").is_dir()
    assert not [one for one in psutil.Process().children(recursive=True) if one.name() == "geth"]
    (tmp_path / "made" / "geth" / "left").write_text("by the first")
    with pytest.raises(KeyboardInterrupt):
        data.make(tmp_path / "made", SIZE, silent())
    assert not (tmp_path / "made" / "geth" / "left").exists()


def test_geth_that_dies_is_said_with_the_end_of_its_log(empty):

    def use() -> None:
        with client.running(empty, CHAIN, SMALL) as geth:
            [process] = [one for one in psutil.Process().children() if one.name() == "geth"]
            process.kill()
            process.wait()
            geth.extend(block(1))

    with pytest.raises(CommandFailed, match="geth") as died:
        use()
    assert "HTTP server started" in died.value.output


def test_geth_that_does_not_start_is_said_at_once(tmp_path):
    """A data directory that is no database, for one."""
    (tmp_path / "geth").write_text("a file")
    with pytest.raises(CommandFailed, match="geth"), client.running(tmp_path, CHAIN, SMALL):
        pass
