"""The genesis of a network that exists already: whole and of the right digest, or not there at all."""

from __future__ import annotations

import hashlib
import os
import resource
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from ethinfra.probe import state
from ethinfra.probe.__main__ import main
from ethinfra.waiting import eventually
from tests.probe.http import Answer, reply, serving, unused_port

STATE = bytes(range(256)) * 20_000
SHA256 = hashlib.sha256(STATE).hexdigest()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "_PAUSE", 0.05)


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    """Files as a ConfigMap's volume has them: links into a folder that is exchanged as a whole."""
    folder = tmp_path / "chain"
    (folder / "..2026").mkdir(parents=True)
    (folder / "..data").symlink_to("..2026")
    for name in ("config.yaml", "genesis.json", "deposit_contract_block.txt"):
        (folder / "..2026" / name).write_text(f"content of {name}")
        (folder / name).symlink_to(f"..data/{name}")
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "genesis"


def flags(
    url: str, chain: Path, out: Path, *, sha256: str = SHA256, patience: float = 0.1, stall: float = 5
) -> list[str]:
    return [
        "fetch-genesis", f"--state-url={url}", f"--state-sha256={sha256}", f"--chain={chain}", f"--out={out}",
        f"--patience={patience}", f"--stall={stall}",
    ]  # fmt: skip


def good(handler: BaseHTTPRequestHandler) -> None:
    reply(handler, STATE)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_state_is_fetched_and_all_files_are_copied(chain: Path, out: Path, capsys: pytest.CaptureFixture[str]):
    with serving(good) as url:
        assert main(flags(f"{url}/genesis.ssz", chain, out)) == 0

    assert (out / "genesis.ssz").read_bytes() == STATE
    assert (out / "genesis.json").read_text() == "content of genesis.json"
    assert names(out) == ["config.yaml", "deposit_contract_block.txt", "genesis.json", "genesis.ssz"]
    assert not (out / "genesis.json").is_symlink()
    assert capsys.readouterr().out.strip() == f"{out}/genesis.ssz: fetched, sha256 {SHA256}"


def test_state_that_is_there_already_is_not_fetched_again(chain: Path, out: Path, capsys: pytest.CaptureFixture[str]):
    out.mkdir()
    (out / "genesis.ssz").write_bytes(STATE)

    assert main(flags(f"http://127.0.0.1:{unused_port()}", chain, out)) == 0

    assert "is there already" in capsys.readouterr().out
    assert (out / "config.yaml").exists()


def test_state_of_another_chain_is_replaced(chain: Path, out: Path):
    out.mkdir()
    (out / "genesis.ssz").write_bytes(b"of an earlier chain")

    with serving(good) as url:
        assert main(flags(url, chain, out)) == 0

    assert (out / "genesis.ssz").read_bytes() == STATE


def test_redirection_is_followed(chain: Path, out: Path):
    def answer(handler: BaseHTTPRequestHandler) -> None:
        good(handler) if handler.path == "/there" else reply(handler, b"", 302, Location="/there")

    with serving(answer) as url:
        assert main(flags(url, chain, out)) == 0


def test_wrong_digest_is_refused_with_both(chain: Path, out: Path, capsys: pytest.CaptureFixture[str]):
    """At once: the file will not become another one."""
    tries = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        tries.append(handler.path)
        good(handler)

    with serving(answer) as url:
        assert main(flags(f"{url}/g.ssz?token=planted", chain, out, sha256="0" * 64, patience=60)) == 1

    said = capsys.readouterr().err
    assert f"asked {url}/g.ssz; expected SHA-256 {'0' * 64}; seen {SHA256} ({len(STATE)} bytes)" in said
    assert "planted" not in said
    assert len(tries) == 1
    assert not [name for name in names(out) if "ssz" in name]


def half(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(STATE)))
    handler.end_headers()
    handler.wfile.write(STATE[: len(STATE) // 2])


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        (lambda handler: reply(handler, b"", 404), "HTTP 404 Not Found"),
        (lambda handler: reply(handler, b"", 503), "HTTP 503 Service Unavailable"),
        (half, f"{len(STATE) // 2} of {len(STATE)} bytes"),
        (lambda handler: handler.wfile.write(b"not http\r\n\r\n"), "not HTTP (BadStatusLine)"),
    ],
    ids=["404", "503", "truncated", "not-http"],
)
def test_failure_of_the_server_is_said_and_leaves_nothing(
    answer: Answer, seen: str, chain: Path, out: Path, capsys: pytest.CaptureFixture[str]
):
    with serving(answer) as url:
        assert main(flags(url, chain, out)) == 1

    said = capsys.readouterr().err
    assert said.startswith(f"no genesis: asked {url}")
    assert seen in said
    assert not [name for name in names(out) if "ssz" in name]


def test_nobody_there_is_said(chain: Path, out: Path, capsys: pytest.CaptureFixture[str]):
    assert main(flags(f"http://127.0.0.1:{unused_port()}", chain, out)) == 1

    assert "Connection refused" in capsys.readouterr().err


@pytest.mark.parametrize("begun", [False, True], ids=["before-the-answer", "in-the-middle"])
def test_hung_server_is_given_up(begun: bool, chain: Path, out: Path, capsys: pytest.CaptureFixture[str]):
    hold = threading.Event()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if begun:
            half(handler)
        hold.wait(20)

    with serving(answer) as url:
        assert main(flags(url, chain, out, stall=0.3)) == 1
        hold.set()

    assert "no answer in time" in capsys.readouterr().err
    assert not [name for name in names(out) if "ssz" in name]


def test_truncated_answer_is_tried_again(chain: Path, out: Path):
    tries = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        tries.append(handler.path)
        half(handler) if len(tries) == 1 else good(handler)

    with serving(answer) as url:
        assert main(flags(url, chain, out, patience=20)) == 0

    assert (out / "genesis.ssz").read_bytes() == STATE


def test_interrupted_fetch_starts_anew(chain: Path, out: Path):
    """Killed in the middle: the state has no name yet, and the next run is not led astray by what lies there."""
    hold = threading.Event()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        half(handler)
        hold.wait(20)

    with serving(answer) as url:
        command = [sys.executable, "-I", "-m", "ethinfra.probe", *flags(url, chain, out, stall=20)]
        child = subprocess.Popen(command)
        part = out / "genesis.ssz.part"
        try:
            eventually("half of it is there", lambda: part.exists() and part.stat().st_size > 0, within=20, every=0.02)
        finally:
            child.send_signal(signal.SIGKILL)
            child.wait()
        hold.set()
    assert not (out / "genesis.ssz").exists()
    assert part.exists()

    with serving(good) as url:
        assert main(flags(url, chain, out)) == 0

    assert (out / "genesis.ssz").read_bytes() == STATE
    assert not part.exists()


def test_full_disk_is_said(chain: Path, out: Path):
    """A limit on the size of files stands for the volume's: the error comes from the same write."""
    with serving(good) as url:
        done = subprocess.run(
            [sys.executable, "-I", "-m", "ethinfra.probe", *flags(url, chain, out)],
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20)),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert done.returncode == 1
    assert f"{out} is full" in done.stderr
    assert "sizeLimit" in done.stderr
    assert not [name for name in names(out) if "ssz" in name]


def test_folder_that_is_missing_is_said(tmp_path: Path, out: Path, capsys: pytest.CaptureFixture[str]):
    with serving(good) as url:
        assert main(flags(url, tmp_path / "nowhere", out)) == 1

    assert f"{tmp_path}/nowhere: No such file or directory" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong", [["--state-url=file:///etc/passwd"], ["--state-sha256=abc"], ["--state-url=ftp://host/state"]]
)
def test_bad_arguments_are_refused(wrong: list[str], chain: Path, out: Path):
    with pytest.raises(SystemExit) as refused:
        main([*flags("http://127.0.0.1:1", chain, out), *wrong])

    assert refused.value.code == 2
    assert not out.exists()
    assert os.listdir(chain)  # noqa: PTH208 - and nothing was moved
