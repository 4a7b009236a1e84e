"""The flags that a client's release has, from its own help: by asking the program, or as recorded for its version.

A recorded list is a file of values/clients/flags, `<program>: {version, source, recorded, flags}`. `recorded: help` is
what the program printed; `recorded: source` was read in its sources, where the program cannot be had.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ethinfra.clients.table import FOLDER, Program, programs
from ethinfra.errors import BadInput
from ethinfra.process import run
from ethinfra.toolchain import default_store

#: A flag where a help text begins to explain it: at the start of a line, or after another name of the same.
_FLAG = re.compile(r"(?:^[ \t]*|,[ \t]*|/)(?:-\w,[ \t]*)?(--?[A-Za-z][\w.-]*[\w])", re.M)


@dataclass(frozen=True)
class RecordedFlags:
    """What a file says of one program. recorded: help or source."""

    version: str
    source: str
    recorded: str
    flags: frozenset[str]


@cache
def recorded_flags(client: str, folder: Path = FOLDER / "flags") -> dict[str, RecordedFlags]:
    """By program; empty where nothing is recorded. BadInput names the file and what is wrong with it."""
    path = folder / f"{client}.yaml"
    if not path.exists():
        return {}
    document: dict[str, Any] = yaml.safe_load(path.read_text())
    found = {}
    for program, raw in document.items():
        if not isinstance(raw, dict) or set(raw) != {"version", "source", "recorded", "flags"}:
            raise BadInput(f"{path}: {program}", expected="version, source, recorded, flags")
        found[program] = RecordedFlags(
            str(raw["version"]), raw["source"].strip(), raw["recorded"], frozenset(raw["flags"])
        )
    return found


def installed(program: Program) -> Path | None:
    """The program's own file, where this version of it is built here; None where it cannot be had.

    ToolchainError where it could be had and is absent or damaged: nobody takes that for a program that cannot.
    """
    try:
        binary = default_store().binary(program.command)
    except BadInput:
        return None
    # Go modules carry a v that the table leaves out. Of some clients another version than the deployed one is built.
    return binary.path if binary.version.removeprefix("v") == program.version else None


def disagreements(program: Program) -> list[str]:
    """Where what is recorded is not what the program of this version says, or is of another version.

    Of a program that cannot be had here, only that its list is of the version that is deployed.
    """
    where = f"values/clients/flags/{program.client}.yaml: {program.name}"
    recorded = recorded_flags(program.client).get(program.name)
    if recorded is None:
        return [
            f"{where} is missing; `ethinfra clients flags {program.client} --record` writes it where it can be asked"
        ]
    if recorded.version != program.version:
        return [f"{where} is of version {recorded.version}, and {program.version} is deployed: record it again"]
    file = installed(program)
    if file is None:
        return []
    said = ask_for_flags(program, file)
    return [
        f"{where} lists {flag}, which {program.version} does not have" for flag in sorted(recorded.flags - said)
    ] + [f"{where} lacks {flag}, which {program.version} has" for flag in sorted(said - recorded.flags)]


def record(client: str, folder: Path = FOLDER / "flags") -> list[str]:
    """Write the lists of those programs of a client that can be asked here; says which were written.

    What was read in sources stays, for programs that cannot be had.
    """
    path = folder / f"{client}.yaml"
    document: dict[str, Any] = yaml.safe_load(path.read_text()) if path.exists() else {}
    written = []
    for program in (one for one in programs() if one.client == client):
        file = installed(program)
        if file is None or "help" not in program.known:
            continue
        flags = sorted(ask_for_flags(program, file))
        asked = ", ".join(" ".join([program.command, *words]) for words in program.known["help"])
        document[program.name] = {"version": program.version, "source": asked, "recorded": "help", "flags": flags}
        written.append(program.name)
    if written:
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump(document, sort_keys=False, width=120, default_flow_style=None))
    return written


def ask_for_flags(program: Program, file: Path) -> frozenset[str]:
    """What the program prints when it is asked for help, in each of the ways that its file names (`help`)."""
    found: set[str] = set()
    for arguments in program.known["help"]:
        done = run([file, *arguments], within=30, check=False)
        found |= flags_in(done.stdout + done.stderr)
    if program.known.get("negates"):
        found |= {f"--no-{flag.removeprefix('--')}" for flag in found}
    if not found:
        raise BadInput(f"{program.client} {program.name}: help", expected="flags", seen="none in what it printed")
    return frozenset(found)


def flags_in(text: str) -> set[str]:
    """The flags that a help text explains; what it only mentions is left out."""
    return set(_FLAG.findall(text))
