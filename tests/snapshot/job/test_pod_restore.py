"""A serving node's volume is brought to the newest snapshot that its network knows."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import threading
import urllib.error
import urllib.request
from datetime import timedelta
from pathlib import Path

import pytest

from ethinfra.errors import BadInput
from ethinfra.probe import marker as probe_marker
from ethinfra.snapshot import marker
from ethinfra.snapshot.errors import DirectoryInUse, NoSuchSnapshot, NoUsableSnapshot
from ethinfra.snapshot.job import commands, pod_restore
from ethinfra.snapshot.job.pod_restore import restore, standing_on
from ethinfra.snapshot.layout_store import LayoutStore
from ethinfra.snapshot.paths import OWN_NAMES
from ethinfra.snapshot.plan import Plan
from ethinfra.snapshot.selection import Selection
from ethinfra.waiting import NotInTime, eventually
from tests.probe.http import unused_port
from tests.snapshot.job.plans import plan_with
from tests.snapshot.job.scripted import ScriptedNode, block
from tests.snapshot.job.stored import stored


@pytest.fixture
def plan(node: ScriptedNode) -> Plan:
    return plan_with(
        job=None,
        cache=None,
        ports__probe=unused_port(),
        references=[f"http://127.0.0.1:{node.rpc_port}"],
        owner__uid=os.getuid(),
        owner__gid=os.getgid(),
    )


@pytest.fixture
def source(tmp_path: Path) -> Path:
    for name in ("geth/chaindata/000001.sst", "geth/triedb/merkle.journal"):
        path = tmp_path / "source" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(os.urandom(50_000))
    return tmp_path / "source"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def ask(plan: Plan, path: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{plan.ports.probe}{path}", timeout=5) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()


def test_newest_is_restored(plan: Plan, store: LayoutStore, source: Path, data: Path):
    stored(store, source, plan, block(90), age=timedelta(days=1))
    name, digest = stored(store, source, plan, block(100))

    restored = restore(plan, store, data, host="127.0.0.1")

    assert restored.marker.id == name
    assert (data / "geth/chaindata/000001.sst").read_bytes() == (source / "geth/chaindata/000001.sst").read_bytes()
    # What the node probe tells afterwards, of the file that the restore wrote.
    assert probe_marker.read(data) == probe_marker.Restored(digest, name, 100)
    assert standing_on(data) == {"digest": digest, "id": name, "block": 100, "state": "restored"}


def test_pod_that_starts_again_is_left_as_it_is(plan: Plan, store: LayoutStore, source: Path, data: Path):
    """Also when there is a newer one, and nobody to ask."""
    stored(store, source, plan, block(90), age=timedelta(days=1))
    restore(plan, store, data, host="127.0.0.1")
    (data / "geth/chaindata/000001.sst").write_bytes(b"the client went on")
    stored(store, source, plan, block(100))

    assert not restore(plan, store, data, host="127.0.0.1", patience=0.1).done

    assert (data / "geth/chaindata/000001.sst").read_bytes() == b"the client went on"


def test_volume_of_another_network_is_not_taken_for_restored(plan: Plan, store: LayoutStore, source: Path, data: Path):
    """Its client would start on the data of a chain that is not its own."""
    stored(store, source, plan, block(90))
    restore(plan, store, data, host="127.0.0.1")
    moved = dataclasses.replace(plan, network=dataclasses.replace(plan.network, name="mainnet"))

    with pytest.raises(DirectoryInUse, match="devnet"):
        restore(moved, store, data, host="127.0.0.1")


def test_snapshot_of_a_block_that_the_network_does_not_have_is_passed_over(
    plan: Plan, store: LayoutStore, source: Path, data: Path
):
    """Its node was on a branch that lost."""
    good, _ = stored(store, source, plan, block(90), age=timedelta(days=1))
    bad, _ = stored(store, source, plan, block(100, fork="lost"))

    restored = restore(plan, store, data, host="127.0.0.1")

    assert restored.marker.id == good
    assert "for http://127.0.0.1" in str(restored.refusals[bad])


def test_snapshot_ahead_of_the_reference_is_taken(plan: Plan, store: LayoutStore, source: Path, data: Path):
    name, _ = stored(store, source, plan, block(5000, fork="not known yet"))

    assert restore(plan, store, data, host="127.0.0.1").marker.id == name


@pytest.mark.parametrize(
    "before",
    [
        {"database__include": ["geth/chaindata", "geth/triedb", "geth/jwt"]},
        {"database__include": ["geth"], "database__exclude": []},
        {"database__include": ["geth/chaindata"], "database__exclude": ["*.journal"]},
    ],
    ids=["one more", "more by a wider pattern", "less"],
)
def test_snapshot_from_before_the_lists_of_files_changed_is_restored_as_it_was_made(
    plan: Plan, store: LayoutStore, source: Path, data: Path, before: dict[str, object]
):
    """Who edits the client's table must not keep every node from starting until there is a new snapshot."""
    (source / "geth/jwt").write_bytes(b"of the table before")
    earlier = plan_with(owner__uid=os.getuid(), owner__gid=os.getgid(), **before)
    name, _ = stored(store, source, earlier, block(100))

    restored = restore(plan, store, data, host="127.0.0.1")

    assert restored.marker.id == name
    lists = Selection(earlier.database.include, earlier.database.exclude)
    held = {path for path in files_of(source) if lists.holds(path)}
    assert files_of(data) == held


def files_of(top: Path) -> set[str]:
    return {
        str(path.relative_to(top))
        for path in top.rglob("*")
        if path.is_file() and not path.name.startswith(".ethinfra-")
    }


def test_snapshots_of_another_chain_are_refused(
    plan: Plan, store: LayoutStore, source: Path, data: Path, node: ScriptedNode
):
    """By block 0 of the reference: nobody else knows the genesis of a network that was made here."""
    stored(store, source, plan, block(100))
    node.blocks[0] = block(0, fork="other")

    with pytest.raises(NoUsableSnapshot, match="genesis"):
        restore(plan, store, data, host="127.0.0.1")

    assert list(data.iterdir()) == []


def test_without_an_answer_of_the_network_nothing_is_restored(
    plan: Plan, store: LayoutStore, source: Path, data: Path, node: ScriptedNode
):
    stored(store, source, plan, block(100))
    node.stop()

    with pytest.raises(NotInTime, match="which genesis"):
        restore(plan, store, data, host="127.0.0.1", patience=0.2)

    assert list(data.iterdir()) == []


def test_known_genesis_needs_no_answer(store: LayoutStore, source: Path, data: Path, node: ScriptedNode, plan: Plan):
    """An outage of the nodes that sync must not keep serving nodes from starting."""
    known = plan_with(
        job=None,
        cache=None,
        ports__probe=plan.ports.probe,
        references=list(plan.references),
        owner__uid=os.getuid(),
        owner__gid=os.getgid(),
        network__genesisHash=block(0).hash,
    )
    name, _ = stored(store, source, plan, block(100))
    node.stop()

    assert restore(known, store, data, host="127.0.0.1", patience=0.2).marker.id == name


def test_empty_registry_is_said(plan: Plan, store: LayoutStore, data: Path):
    with pytest.raises(NoSuchSnapshot):
        restore(plan, store, data, host="127.0.0.1")


def test_empty_registry_is_no_failure_where_a_client_may_start_without(
    plan: Plan, store: LayoutStore, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The control: one that is there and cannot be used is a failure all the same. What the client has made is its own,
    also when snapshots are there at the next start of the pod's containers."""
    monkeypatch.setattr(commands, "read_plan", lambda _: plan)
    monkeypatch.setattr(commands, "_store", lambda _: store)
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir(), second.mkdir()

    def run(data: Path, *, or_empty: bool = True) -> int:
        return commands._pod_restore(argparse.Namespace(plan=Path("plan.json"), data=data, or_empty=or_empty))

    with pytest.raises(NoSuchSnapshot):
        run(first, or_empty=False)
    assert run(first) == 0

    assert all(one.name.startswith(OWN_NAMES) for one in first.iterdir())
    stored(store, source, plan, block(100, fork="lost"))
    made = first / "geth/chaindata/000001.sst"
    made.parent.mkdir(parents=True)
    made.write_text("by the client")
    assert run(first) == 0
    assert made.read_text() == "by the client"
    with pytest.raises(NoUsableSnapshot):
        run(second)


def test_it_tells_what_it_restores_while_it_works(
    plan: Plan, store: LayoutStore, source: Path, data: Path, monkeypatch: pytest.MonkeyPatch
):
    """The cleanup asks, and the kubelet; the node probe takes the port over when it is done."""
    _, digest = stored(store, source, plan, block(100))
    go_on = threading.Event()
    real = store.blob

    def slow(wanted: str, size: int) -> bytes | None:
        if marker.unfinished(data) is not None:
            assert go_on.wait(20)
        return real(wanted, size)

    monkeypatch.setattr(store, "blob", slow)
    working = threading.Thread(target=restore, args=(plan, store, data), kwargs={"host": "127.0.0.1"})
    working.start()
    try:
        said = eventually("it restores", lambda: json.loads(ask(plan, "/status")[1])["snapshot"], within=10, every=0.05)

        assert said == {"digest": digest, "id": None, "block": None, "state": "restoring"}
        assert ask(plan, "/readyz")[0] == 503
        assert ask(plan, "/livez")[0] == 200
        assert ask(plan, "/nothing")[0] == 404
        page = ask(plan, "/metrics")[1].decode()
        assert "\nethinfra_restore_bytes 100000\n" in page
        assert "\nethinfra_restore_done_bytes 0\n" in page
    finally:
        go_on.set()
        working.join(20)

    assert standing_on(data)["state"] == "restored"
    with pytest.raises(urllib.error.URLError):
        ask(plan, "/status")


def test_interrupted_restore_goes_on(
    plan: Plan, store: LayoutStore, source: Path, data: Path, monkeypatch: pytest.MonkeyPatch
):
    name, _ = stored(store, source, plan, block(100))
    with monkeypatch.context() as killed:
        killed.setattr("ethinfra.snapshot.restore.finish_directories", _killed)
        with pytest.raises(KeyboardInterrupt):
            restore(plan, store, data, host="127.0.0.1")
    assert marker.read_marker(data) is None

    restored = restore(plan, store, data, host="127.0.0.1")

    assert restored.marker.id == name
    assert restored.counts.kept == 2
    assert restored.counts.fetched == 0


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_journal_without_a_digest_is_not_taken_for_nothing(data: Path):
    (data / marker.WORK).mkdir()
    (data / marker.JOURNAL).write_text("{")

    assert standing_on(data) == {"digest": None, "id": None, "block": None, "state": "restoring"}


def test_taken_port_is_said(plan: Plan, store: LayoutStore, data: Path):
    with pod_restore.serving(("127.0.0.1", plan.ports.probe), {}), pytest.raises(BadInput, match="cannot listen"):
        restore(plan, store, data, host="127.0.0.1")
