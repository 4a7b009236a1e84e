"""What is handed out of a network, what is made of it, and what counts as a refused genesis state."""

from __future__ import annotations

import hashlib
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from ethinfra.chain.beacon import Peer as ConsensusPeer
from ethinfra.chain.discovery import Peer as ExecutionPeer
from ethinfra.chain.discovery import enode_id
from ethinfra.chain.network_import import Files, Told, as_yaml, values_of
from ethinfra.errors import ChainError, ClusterError
from ethinfra.kube import Kube, Object
from ethinfra.process import CommandFailed
from ethinfra.trial.own_network import (
    HandedOut,
    genesis_state,
    import_network,
    instead,
    must_have_fetched,
    must_have_joined,
    must_refuse,
    with_digest,
)
from ethinfra.waiting import NotInTime
from tests.chain.network_files import UserFiles, enode, enr, write_files

PROMISED, THERE = "aa" * 32, "bb" * 32
REFUSAL = f"no genesis: asked http://10.0.0.1:8080/genesis.ssz; expected SHA-256 {PROMISED}; seen {THERE} (9 bytes)"
WAITING: Object = {"state": {"waiting": {"reason": "PodInitializing"}}, "restartCount": 0}
RUNNING: Object = {"state": {"running": {}}, "restartCount": 0}


def ended(code: int) -> Object:
    return {"state": {"terminated": {"exitCode": code}}, "restartCount": 0}


@dataclass
class Pod:
    """A pod's containers and the log of the one that fetches the state."""

    genesis: Object
    init: Object = field(default_factory=lambda: WAITING)
    execution: Object = field(default_factory=lambda: WAITING)
    log: str = REFUSAL

    def get(self, _kind: str, _name: str, _namespace: str) -> Object:
        before = [{"name": "jwt", **ended(0)}, {"name": "genesis", **self.genesis}, {"name": "init", **self.init}]
        return {
            "status": {"initContainerStatuses": before, "containerStatuses": [{"name": "execution", **self.execution}]}
        }

    def logs(self, _namespace: str, _pod: str, _container: str) -> str:
        return self.log


def refused(pod: Pod) -> str:
    kube: Any = pod
    found: Kube = kube
    return must_refuse(found, "ethereum", "guest-0", PROMISED, THERE, within=0.1)


@pytest.mark.parametrize(
    "genesis",
    [
        pytest.param(ended(1), id="just now"),
        pytest.param(
            {**WAITING, "restartCount": 1, "lastState": {"terminated": {"exitCode": 1}}}, id="before a new try"
        ),
    ],
)
def test_a_refusal_names_both_digests(genesis: Object) -> None:
    assert REFUSAL in refused(Pod(genesis))


@pytest.mark.parametrize(
    "pod",
    [
        pytest.param(Pod(ended(0)), id="accepted"),
        pytest.param(Pod(RUNNING), id="not yet"),
        pytest.param(Pod(ended(1), log="no genesis: asked http://10.0.0.1; seen no answer in time"), id="not fetched"),
        pytest.param(Pod(ended(1), log=REFUSAL.replace(THERE, "another one")), id="says one digest only"),
    ],
)
def test_what_is_no_refusal_is_waited_for_in_vain(pod: Pod) -> None:
    with pytest.raises(NotInTime, match="refuses the state"):
        refused(pod)


@pytest.mark.parametrize(
    ("pod", "started"),
    [
        pytest.param(Pod(ended(1), init=ended(0)), "init", id="the database was made"),
        pytest.param(Pod(ended(1), execution=RUNNING), "execution", id="the client runs"),
        pytest.param(
            Pod(ended(1), execution={**WAITING, "restartCount": 2}), "execution", id="the client has run before"
        ),
    ],
)
def test_a_client_that_was_started_is_noticed(pod: Pod, started: str) -> None:
    with pytest.raises(ClusterError, match=f"started: {started}"):
        refused(pod)


@pytest.mark.parametrize(
    "said", ["", f"/genesis/genesis.ssz: is there already, sha256 {THERE}", f"genesis.ssz: fetched, sha256 {PROMISED}"]
)
def test_a_state_that_was_not_fetched_is_noticed(said: str) -> None:
    """Nothing said, there before, or another one."""
    node: Any = Asked(log=said)

    with pytest.raises(ClusterError, match=THERE):
        must_have_fetched(node, THERE)


def test_a_node_that_gives_no_state_is_named() -> None:
    """Its answer counts by its status: an error in JSON is no state."""
    node: Any = Asked(status=404)

    with pytest.raises(ChainError, match="HTTP 404"):
        genesis_state(node)


class Asked:
    """A node that answers everything in one way, and its own Kubernetes."""

    namespace, pod, name = "ethereum", "guest-0", "guest-0"

    def __init__(self, *, log: str = "", status: int = 200) -> None:
        self.kube = self.beacon = self.link = self
        self.status, self.body = status, b"{}"
        self._log = log

    def logs(self, _namespace: str, _pod: str, _container: str) -> str:
        return self._log

    def send(self, _method: str, _path: str, *, headers: dict[str, str]) -> Asked:
        assert headers
        return self


class Connected:
    """A node of the network, or one that joins it: what it is, and whom its two clients are connected to."""

    namespace, pod, name = "ethereum", "guest-0", "guest-0"

    def __init__(self, *, peer_id: str = "", execution: tuple[str, ...] = (), consensus: tuple[str, ...] = ()) -> None:
        self.beacon = self
        self.peer_id = peer_id
        self._execution, self._consensus = execution, consensus

    def identity(self) -> Connected:
        return self

    def execution_peers(self) -> list[Any]:
        return [ExecutionPeer(one, "10.0.0.9:30303", inbound=False) for one in self._execution]

    def peers(self) -> list[Any]:
        return [ConsensusPeer(one, "/ip4/10.0.0.9/tcp/13000", "outbound") for one in self._consensus]


HOST = enode_id(enode())


@pytest.mark.parametrize(
    ("execution", "consensus", "joined"),
    [
        pytest.param((HOST, "cc" * 64), ("stranger", "host"), True, id="to it and to others"),
        pytest.param((HOST,), ("stranger",), False, id="by the execution client alone"),
        pytest.param(("cc" * 64,), ("host",), False, id="by the consensus client alone"),
        pytest.param((), (), False, id="to nobody"),
    ],
)
def test_both_clients_are_connected_to_what_was_handed_out(
    execution: tuple[str, ...], consensus: tuple[str, ...], joined: bool, tmp_path: Path
) -> None:
    node: Any = Connected(execution=execution, consensus=consensus)
    host: Any = Connected(peer_id="host")
    given = HandedOut(tmp_path, tmp_path, tmp_path, enodes=(enode(),), records=(enr(),))

    with nullcontext() if joined else pytest.raises(NotInTime, match="connected to nodes that were handed out"):
        must_have_joined(node, [host], given, within=0.1)


def handed_out(files: UserFiles) -> HandedOut:
    return HandedOut(files.genesis, files.config, files.state, enodes=(enode(),), records=(enr(),))


def test_a_network_is_imported_by_the_users_command(tmp_path: Path) -> None:
    """The digest is that of the state, and the address is where nodes will fetch it."""
    given = handed_out(write_files(tmp_path))

    network = yaml.safe_load(import_network("abroad", given, "http://10.0.0.1:8080/genesis.ssz", tmp_path).read_text())

    state = network["network"]["genesis"]["state"]
    assert state == {"url": "http://10.0.0.1:8080/genesis.ssz", "sha256": given.digest}


def test_files_of_two_networks_are_refused(tmp_path: Path) -> None:
    given = handed_out(write_files(tmp_path))
    given.state.write_bytes(given.state.read_bytes()[:4096])

    with pytest.raises(CommandFailed, match="does not hold"):
        import_network("abroad", given, "http://10.0.0.1:8080/genesis.ssz", tmp_path)


def test_another_digest_changes_nothing_else(tmp_path: Path) -> None:
    files = write_files(tmp_path)
    values = values_of("abroad", Files(files.genesis, files.config, files.state), Told(state_url="http://10.0.0.1/a"))
    file = tmp_path / "abroad.yaml"
    file.write_text(as_yaml(values, said="A network."))

    other = yaml.safe_load(with_digest(file, PROMISED).read_text())["network"]

    assert values["genesis"]["state"]["sha256"] == hashlib.sha256(files.state.read_bytes()).hexdigest()
    values["genesis"]["state"]["sha256"] = PROMISED
    assert other == values


def test_nothing_of_the_environments_network_remains() -> None:
    """helm merges maps: without the first, accounts and times of the one would be in the other."""
    assert instead(Path("abroad.yaml"))[0] == {"network": None}
