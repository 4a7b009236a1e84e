"""A client is started only if its source of finality is there, of its chain, and has finality; or if it needs none."""

from __future__ import annotations

import datetime
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from ethinfra.probe import checkpoint, trust
from ethinfra.probe.__main__ import main
from ethinfra.registry.certificate import make_certificate
from tests.probe.http import Answer, reply, reply_json, serving, unused_port

CHAIN = 560048
ROOT = "0x" + "ab" * 32


def beacon(chain: int = CHAIN, epoch: int = 50_688) -> Answer:
    """A Beacon API that answers the two questions and nothing else, like a server of checkpoints."""
    answers: dict[str, Any] = {
        "/eth/v1/config/deposit_contract": {"chain_id": str(chain), "address": "0x" + "42" * 20},
        "/eth/v1/beacon/states/head/finality_checkpoints": {
            name: {"epoch": str(epoch), "root": ROOT}
            for name in ("previous_justified", "current_justified", "finalized")
        },
    }

    def answer(handler: BaseHTTPRequestHandler) -> None:
        found = answers.get(handler.path)
        reply_json(handler, {"data": found} if found else {"code": 404}, 200 if found else 404)

    return answer


def asked(url: str, data: Path, *, patience: float = 0.1, timeout: float = 5, peers: Path | None = None) -> int:
    return main(
        [
            "checkpoint",
            f"--url={url}",
            f"--chain-id={CHAIN}",
            f"--data={data}",
            f"--patience={patience}",
            f"--timeout={timeout}",
            *([f"--peers-file={peers}"] if peers else []),
        ]
    )


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(checkpoint.must_serve.__kwdefaults__, "pause", 0.05)


@pytest.mark.parametrize(
    ("record", "written"), [("enr:-MK4QPfgfo8", '["enr:-MK4QPfgfo8"]\n'), ("", "[]\n"), (None, "[]\n")]
)
def test_record_of_the_source_is_the_first_peer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], record: str | None, written: str
):
    usual, peers = beacon(), tmp_path / ".first-peers.yaml"

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/eth/v1/node/identity" and record is not None:
            reply_json(handler, {"data": {"peer_id": "16Uiu2", "enr": record}})
        else:
            usual(handler)

    with serving(answer) as url:
        assert asked(url, tmp_path, peers=peers) == 0

    assert peers.read_text() == written
    assert not checkpoint.has_database(tmp_path), "what is written must not look like the client's"
    assert (record or "does not say which it is") in capsys.readouterr().out


def test_record_is_asked_for_again_where_there_is_a_database(tmp_path: Path):
    """Pods come back with other addresses."""
    (tmp_path / "beaconchaindata").mkdir()
    peers = tmp_path / ".first-peers.yaml"
    peers.write_text('["enr:-old"]')

    assert asked(f"http://127.0.0.1:{unused_port()}", tmp_path, peers=peers) == 0

    assert peers.read_text() == "[]\n"


def test_good_source_lets_the_client_start(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    with serving(beacon()) as url:
        assert asked(url, tmp_path) == 0

    assert capsys.readouterr().out.strip() == f"{url}: chain {CHAIN}, finalized epoch 50688, block {ROOT}"


def test_path_of_a_provider_is_kept_for_the_question_and_out_of_the_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """Some providers have the customer's key in it."""
    paths = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        paths.append(handler.path)
        handler.path = handler.path.removeprefix("/planted-key")
        beacon()(handler)

    with serving(answer) as url:
        assert asked(f"{url}/planted-key/", tmp_path) == 0

    assert all(path.startswith("/planted-key/eth/v1/") for path in paths)
    assert "planted" not in str(capsys.readouterr())


def test_wrong_chain_is_refused_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    started = time.monotonic()
    with serving(beacon(chain=1)) as url:
        assert asked(url, tmp_path, patience=60) == 1

    assert time.monotonic() - started < 10
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"asked {url}/eth/v1/config/deposit_contract; expected chain id {CHAIN}; seen 1; do: " in said


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        (beacon(epoch=0), "expected a finalized epoch; seen none but genesis"),
        (lambda handler: reply(handler, b"gone", 404), "/eth/v1/config/deposit_contract: HTTP 404"),
        (lambda handler: reply(handler, b"", 301, Location="https://elsewhere.example"), "HTTP 301"),
        (lambda handler: reply(handler, b"<html>"), "no JSON: '<html>'"),
        (lambda handler: reply_json(handler, {"data": {}}), "the answer has no chain_id"),
        (lambda handler: handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"), "cut off"),
    ],
    ids=["nothing-final", "404", "moved", "no-json", "no-chain-id", "cut-off"],
)
def test_unfit_source_is_refused_with_what_was_seen(
    answer: Answer, seen: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    with serving(answer) as url:
        assert asked(url, tmp_path) == 1

    said = capsys.readouterr().err
    assert said.startswith(f"no checkpoint: asked {url}")
    assert seen in said
    assert "checkpointSyncUrl" in said


def test_nobody_there_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert asked(f"http://127.0.0.1:{unused_port()}", tmp_path) == 1

    assert "Connection refused" in capsys.readouterr().err


def test_hung_source_is_refused_in_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    hold = threading.Event()
    started = time.monotonic()
    with serving(lambda _: bool(hold.wait(20))) as url:
        assert asked(url, tmp_path, timeout=0.3) == 1
        hold.set()

    assert time.monotonic() - started < 10
    assert "no complete answer within 0.3s" in capsys.readouterr().err


def test_source_that_comes_up_late_is_waited_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """In a cluster both come up together. What is waited for is said once, not at each try."""
    tries: list[str] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        tries.append(handler.path)
        beacon()(handler) if len(tries) > 3 else reply(handler, b"", 503)

    with serving(answer) as url:
        assert asked(url, tmp_path, patience=20) == 0

    assert capsys.readouterr().out.count("waiting: ") == 1


@pytest.mark.parametrize("name", ["beaconchaindata", "beacon.sqlite"])
def test_client_that_has_a_database_asks_nobody(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A node that has been up must come up again, whatever became of its checkpoint's source."""
    (tmp_path / name).mkdir()

    assert asked(f"http://127.0.0.1:{unused_port()}", tmp_path) == 0
    assert "holds a database" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["lost+found", ".snapshot"])
def test_what_a_file_system_brings_along_is_no_database(name: str, tmp_path: Path):
    (tmp_path / name).mkdir()

    assert asked(f"http://127.0.0.1:{unused_port()}", tmp_path) == 1


def test_folder_that_does_not_exist_is_no_database(tmp_path: Path):
    assert asked(f"http://127.0.0.1:{unused_port()}", tmp_path / "missing") == 1


class TestTls:
    """The image has authorities only as the package's single files."""

    @pytest.fixture
    def server(self, tmp_path: Path) -> ssl.SSLContext:
        made = make_certificate("beacon.example", datetime.datetime.now(datetime.UTC))
        (tmp_path / "certificate").write_text(made.certificate)
        (tmp_path / "key").write_text(made.key)
        (tmp_path / "authorities").mkdir()
        (tmp_path / "authorities" / "own.crt").write_text(made.authority)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "certificate", tmp_path / "key")
        return context

    @pytest.fixture(autouse=True)
    def _as_in_the_image(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none"))
        monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))

    def test_authorities_of_the_package_are_believed(
        self, server: ssl.SSLContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(trust, "AUTHORITIES", tmp_path / "authorities")

        with serving(beacon(), tls=server) as url:
            assert asked(url, tmp_path / "data") == 0

    def test_server_of_no_known_authority_is_refused(
        self,
        server: ssl.SSLContext,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ):
        monkeypatch.setattr(trust, "AUTHORITIES", tmp_path / "none")

        with serving(beacon(), tls=server) as url:
            assert asked(url, tmp_path / "data") == 1

        assert "certificate" in capsys.readouterr().err.lower()
