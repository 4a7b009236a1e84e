"""The recorded flags are the program's own, of the version that is deployed."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ethinfra.clients import Program, disagreements, find_program, flags, installed, programs, recorded_flags
from ethinfra.clients.flags import ask_for_flags, flags_in
from ethinfra.errors import BadInput, ToolchainError
from ethinfra.toolchain import Binary

HELP = """
   --http.addr value      (default: "localhost")   ($CLIENT_HTTP_ADDR)
          Listening address; see --ws.addr for WebSocket
   --datadir value, -d value
   -v, --verbose
       --p2p-port, --port=<PORT>  Port
   [default: --none]
"""


def test_flags_are_those_that_a_help_explains() -> None:
    assert flags_in(HELP) >= {"--http.addr", "--datadir", "--verbose", "--p2p-port", "--port"}
    assert not flags_in(HELP) & {"--ws.addr", "--none"}


@pytest.fixture
def printing(tmp_path: Path) -> Path:
    """A program whose help is known."""
    file = tmp_path / "client"
    file.write_text("#!/bin/sh\necho '  --alpha value'\necho '  --beta'\n")
    file.chmod(0o755)
    return file


def program(**known: object) -> Program:
    return Program("made-up", "execution", {"version": "2.0.0", "command": ["client"], "help": [["--help"]], **known})


def write(folder: Path, **document: object) -> None:
    (folder / "made-up.yaml").write_text(yaml.safe_dump({"execution": document}))


def said(monkeypatch: pytest.MonkeyPatch, folder: Path, file: Path | None) -> list[str]:
    recorded_flags.cache_clear()
    monkeypatch.setattr(flags, "recorded_flags", lambda client: recorded_flags(client, folder))
    monkeypatch.setattr(flags, "installed", lambda _: file)
    return disagreements(program())


def test_a_program_is_asked_for_its_flags(printing: Path) -> None:
    assert ask_for_flags(program(), printing) == {"--alpha", "--beta"}


def test_a_program_that_explains_nothing_is_refused(printing: Path) -> None:
    # Not /bin/true or its like: some of them explain their own two flags.
    printing.write_text("#!/bin/sh\n")

    with pytest.raises(BadInput, match="made-up execution: help"):
        ask_for_flags(program(), printing)


class OneTool:
    """A store with one tool in it."""

    def __init__(self, version: str) -> None:
        self.tool = Binary("client", "family", version, Path("/store/client"), "", 0)

    def binary(self, name: str) -> Binary:
        if name != self.tool.name:
            raise BadInput(f"unknown tool {name}")
        return self.tool


@pytest.mark.parametrize(
    ("version", "command", "expected"),
    [
        pytest.param("v2.0.0", "client", Path("/store/client"), id="a Go module of that version"),
        pytest.param("2.0.0", "client", Path("/store/client"), id="a package of that version"),
        pytest.param("v1.9.7-0.20250627051334-b48bd312b712", "client", None, id="a commit"),
        pytest.param("v2.0.1", "client", None, id="another version"),
        pytest.param("v2.0.0", "other", None, id="not built"),
    ],
)
def test_only_the_deployed_version_is_there_to_be_asked(
    version: str, command: str, expected: Path | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is built here may be another version: its flags say nothing about the deployed one."""
    monkeypatch.setattr(flags, "default_store", lambda: OneTool(version))

    assert installed(program(command=[command])) == expected


def test_lists_that_agree_are_silent(tmp_path: Path, printing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, version="2.0.0", source="help", recorded="help", flags=["--alpha", "--beta"])

    assert said(monkeypatch, tmp_path, printing) == []


def test_a_flag_too_many_and_a_flag_too_few_are_named(
    tmp_path: Path, printing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, version="2.0.0", source="help", recorded="help", flags=["--alpha", "--gamma"])

    first, second = said(monkeypatch, tmp_path, printing)

    assert "lists --gamma, which 2.0.0 does not have" in first
    assert "lacks --beta, which 2.0.0 has" in second


@pytest.mark.parametrize(
    ("version", "expected"), [("1.9.0", "is of version 1.9.0, and 2.0.0 is deployed"), (None, "is missing")]
)
def test_a_version_without_its_list_is_named_where_nobody_can_be_asked(
    version: str | None, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if version:
        write(tmp_path, version=version, source="sources", recorded="source", flags=["--alpha"])

    (line,) = said(monkeypatch, tmp_path, None)

    assert expected in line


def test_a_file_with_a_key_missing_is_refused(tmp_path: Path) -> None:
    write(tmp_path, version="2.0.0", flags=[])
    recorded_flags.cache_clear()

    with pytest.raises(BadInput, match=r"made-up.yaml: execution"):
        recorded_flags("made-up", tmp_path)


@pytest.mark.parametrize("one", programs(), ids=lambda one: f"{one.client}-{one.name}")
def test_what_is_recorded_is_what_the_pinned_program_says(one: Program) -> None:
    assert disagreements(find_program(one.client, one.name)) == []


def test_a_program_that_could_be_had_and_is_damaged_is_not_taken_for_one_that_cannot(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An absent tool must not make a comparison pass."""
    monkeypatch.setenv("ETHINFRA_CACHE", str(tmp_path))

    with pytest.raises(ToolchainError, match="geth is not installed"):
        disagreements(find_program("geth", "execution"))
