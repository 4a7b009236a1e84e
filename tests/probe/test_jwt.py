"""The Engine API's secret: written once, whole, and never over another."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest

from ethinfra.probe import jwt
from ethinfra.probe.__main__ import main


def test_secret_is_32_random_bytes_that_the_group_may_read(tmp_path: Path):
    path = tmp_path / "new" / "jwt.hex"

    assert main(["jwt", f"--out={path}"]) == 0

    assert re.fullmatch(r"[0-9a-f]{64}", path.read_text())
    assert path.stat().st_mode & 0o777 == 0o440
    assert [entry.name for entry in path.parent.iterdir()] == ["jwt.hex"]


def test_existing_secret_is_left(tmp_path: Path):
    """Its container was restarted; the client beside it still runs with the first one."""
    path = tmp_path / "jwt.hex"
    jwt.ensure(path)
    before = path.read_text()

    assert jwt.ensure(path) is False

    assert path.read_text() == before


@pytest.mark.parametrize("text", ["0x" + "ab" * 32 + "\n", "AB" * 32])
def test_secret_in_another_spelling_counts(text: str, tmp_path: Path):
    """As geth writes it, and as an operator may have put it into a Secret."""
    path = tmp_path / "jwt.hex"
    path.write_text(text)

    assert jwt.ensure(path) is False


@pytest.mark.parametrize("text", ["", "ab" * 31, "ab" * 33, "hello", "0x"])
def test_something_else_is_neither_used_nor_overwritten(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "jwt.hex"
    path.write_text(text)

    assert main(["jwt", f"--out={path}"]) == 1

    assert path.read_text() == text
    assert "remove it" in capsys.readouterr().err


def test_secret_is_never_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "jwt.hex"
    main(["jwt", f"--out={path}"])
    main(["jwt", f"--out={path}"])

    said = capsys.readouterr()
    assert path.read_text() not in said.out + said.err


def test_many_at_once_agree_on_one_secret(tmp_path: Path):
    path, start, written = tmp_path / "jwt.hex", threading.Barrier(16), []

    def write() -> None:
        start.wait(10)
        written.append(jwt.ensure(path))

    threads = [threading.Thread(target=write) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert sorted(written) == [False] * 15 + [True]
    assert [entry.name for entry in tmp_path.iterdir()] == ["jwt.hex"]


def test_mode_can_be_chosen(tmp_path: Path):
    main(["jwt", f"--out={tmp_path}/jwt.hex", "--mode=0600"])

    assert (tmp_path / "jwt.hex").stat().st_mode & 0o777 == 0o600
