"""`ethinfra network`: what it prints, what it writes, what it refuses, and with which exit code."""

from __future__ import annotations

import json
import shutil
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import yaml

from ethinfra import cli
from ethinfra.chain.definition import Definition
from ethinfra.paths import ROOT
from tests.chain.network_files import UserFiles, custom, enode, enr, write_files
from tests.cli.ended import Ended, Ethinfra
from tests.probe.http import Answer, reply_json, serving, unused_port

URL = "https://genesis.example/mine/genesis.ssz"


@pytest.fixture
def ethinfra(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Ethinfra:
    """`ethinfra network …` on a folder of networks of its own."""
    folder = tmp_path / "networks"
    folder.mkdir()
    for name in ("hoodi", "custom"):
        shutil.copy(ROOT / "values" / "networks" / f"{name}.yaml", folder)
    monkeypatch.setattr(cli.signal, "signal", lambda *_: None)

    def run(verb: str, *arguments: object) -> Ended:
        argv = ["ethinfra", "network", verb, *map(str, arguments), f"--folder={folder}"]
        monkeypatch.setattr(sys, "argv", argv)
        with pytest.raises(SystemExit) as left:
            cli.main()
        out, err = capsys.readouterr()
        return Ended(int(left.value.code or 0), out + err)

    return run


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> UserFiles:
    """What a user has."""
    return write_files(tmp_path_factory.mktemp("files"))


def arguments(files: UserFiles, *more: object) -> list[object]:
    return [
        f"--genesis={files.genesis}", f"--config={files.config}", f"--state={URL}", f"--state={files.state}",
        f"--bootnode={enode()}", f"--bootnode={enr()}", *more,
    ]  # fmt: skip


def written(tmp_path: Path, name: str) -> dict[str, object]:
    found: dict[str, object] = yaml.safe_load((tmp_path / "networks" / f"{name}.yaml").read_text())["network"]
    return found


def test_networks_are_listed_with_their_kind(ethinfra: Ethinfra):
    ended = ethinfra("list")

    assert ended.code == 0
    assert [line.split() for line in ended.said.splitlines()[1:]] == [
        ["custom", "8042026", "given", "12s", "384s", "bpo1"],
        ["hoodi", "560048", "known", "12s", "384s", "bpo2"],
    ]


def test_network_is_shown_for_people_and_for_scripts(ethinfra: Ethinfra):
    short, whole = ethinfra("show", "custom"), ethinfra("show", "custom", "--json")

    assert "characters)" in short.said
    assert json.loads(whole.said) == custom()


def test_files_become_the_same_network_again(ethinfra: Ethinfra, files: UserFiles, tmp_path: Path):
    """All that the example says comes out of its files: forks, hash, digest, every number."""
    example = custom()

    ended = ethinfra("import", "mine", *arguments(files, "--checkpoint=https://checkpoint.genesis.example"))

    assert ended.code == 0, ended.said
    assert "network: mine" in ended.said
    found = written(tmp_path, "mine")
    for values in (example, found):
        values["bootnodes"] = values["name"] = None
        values["genesis"]["state"] = values["genesis"]["state"]["sha256"]
        values["genesis"].pop("fork", None)
        values["genesis"].pop("validators", None)
    assert found == example
    assert ethinfra("check", "mine").code == 0


def test_digest_stands_for_a_state_that_is_not_here(ethinfra: Ethinfra, files: UserFiles, tmp_path: Path):
    given = [one for one in arguments(files) if one != f"--state={files.state}"]

    assert (
        ethinfra("import", "mine", *given, f"--sha256={files.sha256.upper()}", "--genesis-hash=0x" + "AB" * 32).code
        == 0
    )

    assert written(tmp_path, "mine")["genesis"]["state"]["sha256"] == files.sha256
    assert written(tmp_path, "mine")["genesisHash"] == "0x" + "ab" * 32


def test_other_clients_forms_go_along(ethinfra: Ethinfra, files: UserFiles, tmp_path: Path):
    (tmp_path / "chainspec.json").write_text('{"name": "mine"}')

    assert ethinfra("import", "mine", *arguments(files, f"--format=chainspec={tmp_path}/chainspec.json")).code == 0
    assert written(tmp_path, "mine")["genesis"]["formats"] == {"chainspec": {"name": "mine"}}

    refused = ethinfra("import", "other", *arguments(files, "--format=chainspec"))
    assert (refused.code, "NAME=FILE" in refused.said) == (2, True)


def test_every_problem_is_said_at_once_and_nothing_is_written(ethinfra: Ethinfra, tmp_path: Path):
    network = custom()
    network["genesis"]["execution"]["config"] |= {"chainId": 5, "osakaTime": 1}
    network["genesis"]["beaconConfig"]["FULU_FORK_VERSION"] = "0x06000000"
    broken = write_files(tmp_path)
    broken.genesis.write_text(json.dumps(network["genesis"]["execution"]))
    lines = [f"{key}: {text}\n" for key, text in network["genesis"]["beaconConfig"].items()]
    broken.config.write_text("".join(lines))

    ended = ethinfra(
        "import", "mine", *arguments(broken, f"--bootnode={enode('10.0.0.1:30303')}", "--sha256=" + "0" * 64)
    )

    assert ended.code == 2
    assert "network mine is not written" in ended.said
    for piece in (
        "geth refuses it",
        "genesis.beaconConfig.DEPOSIT_CHAIN_ID 8042026",
        "config.osakaTime is 1, and fulu is at epoch 2048",
        "0x06000000, a version of mainnet",
        "bootnodes.execution[0] is at 203.0.113.10, on the internet, and public is not true",
        f"genesis.state.sha256 is {'0' * 64}, and the file's is {broken.sha256}",
    ):
        assert piece in ended.said, piece
    assert not (tmp_path / "networks" / "mine.yaml").exists()


def test_network_that_is_there_is_not_replaced_by_accident(ethinfra: Ethinfra, files: UserFiles, tmp_path: Path):
    before = (tmp_path / "networks" / "custom.yaml").read_bytes()

    refused = ethinfra("import", "custom", *arguments(files))

    assert refused.code == 2
    assert "--force" in refused.said
    assert (tmp_path / "networks" / "custom.yaml").read_bytes() == before
    assert ethinfra("import", "custom", *arguments(files, "--force")).code == 0
    assert (tmp_path / "networks" / "custom.yaml").read_bytes() != before


def test_state_of_another_chain_is_refused(ethinfra: Ethinfra, files: UserFiles, tmp_path: Path):
    network = custom()
    network["genesis"]["execution"]["gasLimit"] = "0x3938701"
    foreign = write_files(tmp_path, network)

    ended = ethinfra("import", "mine", *arguments(UserFiles(files.genesis, files.config, foreign.state)))

    assert ended.code == 2
    assert f"genesis.state does not hold {custom()['genesisHash']}" in ended.said


def test_state_that_is_not_of_genesis_is_refused(ethinfra: Ethinfra, files: UserFiles, tmp_path: Path):
    """A finalized state of the same chain, and one of another fork."""
    content = bytearray(files.state.read_bytes())
    content[40:48] = (64).to_bytes(8, "little")
    content[52:56] = bytes.fromhex("70804202")
    (tmp_path / "late.ssz").write_bytes(content)

    ended = ethinfra("import", "mine", *arguments(UserFiles(files.genesis, files.config, tmp_path / "late.ssz")))

    assert ended.code == 2
    assert "genesis.state is at slot 64, not at genesis" in ended.said
    assert "fork version 0x70804202, and genesis.beaconConfig.ELECTRA_FORK_VERSION" in ended.said


def test_state_without_an_address_is_refused(ethinfra: Ethinfra, files: UserFiles):
    ended = ethinfra("import", "mine", *[one for one in arguments(files) if one != f"--state={URL}"])

    assert ended.code == 2
    assert "give its address too" in ended.said


def test_problems_are_printed_and_fail(ethinfra: Ethinfra, tmp_path: Path):
    path = tmp_path / "networks" / "hoodi.yaml"
    path.write_text(path.read_text().replace("chainId: 560048", "chainId: 1").replace("name: hoodi", "name: other"))

    ended = ethinfra("check", "hoodi")

    assert ended.code == 1
    assert "problem: chainId is 1, and hoodi has 560048" in ended.said
    assert "problem: name is 'other', and the file's is 'hoodi'" in ended.said
    assert "network hoodi: 2 problems" in ended.said


def test_unknown_network_is_bad_input(ethinfra: Ethinfra):
    ended = ethinfra("check", "goerli")

    assert ended.code == 2
    assert "one of: custom, hoodi" in ended.said


class TestOnline:
    """Sources and peers are asked for what they are, and each answer is told."""

    @pytest.fixture
    def with_sources(self, tmp_path: Path) -> Callable[..., None]:
        def write(urls: list[str], enodes: list[str]) -> None:
            network = custom() | {"checkpointSyncUrls": urls, "public": False}
            network["bootnodes"] = {"execution": enodes, "consensus": [enr("127.0.0.1", seed="nobody")]}
            (tmp_path / "networks" / "custom.yaml").write_text(yaml.safe_dump({"network": network}))

        return write

    @staticmethod
    def beacon(*, chain: int = 8042026, contract: str = "0x" + "42" * 20, behind: float = 3) -> Answer:
        definition = Definition(custom())
        epoch = int((time.time() - (definition.time_of(0) or 0)) / 384 - behind)
        answers = {
            "/eth/v1/config/deposit_contract": {"chain_id": str(chain), "address": contract},
            "/eth/v1/beacon/states/head/finality_checkpoints": {
                "finalized": {"epoch": str(max(epoch, 0)), "root": "0x" + "ab" * 32}
            },
        }

        def answer(handler: BaseHTTPRequestHandler) -> None:
            reply_json(handler, {"data": answers[handler.path]})

        return answer

    @pytest.fixture
    def serve(self) -> Iterator[Callable[[Answer], str]]:
        with ExitStack() as running:
            yield lambda answer: running.enter_context(serving(answer))

    def test_good_answers_are_said(
        self, ethinfra: Ethinfra, with_sources: Callable[..., None], serve: Callable[..., str]
    ):
        with listening() as port:
            with_sources([serve(self.beacon())], [enode(f"127.0.0.1:{port}")])

            ended = ethinfra("check", "custom", "--online", "--within=5")

        assert f"✓  127.0.0.1:{port} takes connections" in ended.said
        assert "✓  chain 8042026, finalized epoch" in ended.said
        # The record in the file is of nobody.
        assert (ended.code, "3 asked, 1 not usable" in ended.said) == (1, True)

    def test_each_fault_is_said_with_its_address(
        self, ethinfra: Ethinfra, with_sources: Callable[..., None], serve: Callable[..., str]
    ):
        gone = f"http://127.0.0.1:{unused_port()}"
        urls = {
            serve(self.beacon(chain=1)): "of another network: chain id 1, not 8042026",
            serve(self.beacon(contract="0x" + "43" * 20)): f"deposit contract 0x{'43' * 20}, not 0x4242",
            serve(self.beacon(behind=40)): "epochs old, more than 20",
            serve(self.beacon(behind=1e9)): "nothing is finalized but genesis",
            gone: "not usable: /eth/v1/config/deposit_contract: Connection refused",
        }
        closed = unused_port()
        with_sources(list(urls), [enode(f"127.0.0.1:{closed}")])

        ended = ethinfra("check", "custom", "--online", "--within=5")

        assert ended.code == 1
        for url, said in urls.items():
            line = next(line for line in ended.said.splitlines() if line.startswith(url))
            assert "✗" in line
            assert said in line
        assert f"✗  not reachable at 127.0.0.1:{closed}: Connection refused" in ended.said
        assert "7 asked, 7 not usable from this machine" in ended.said


@contextmanager
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]
