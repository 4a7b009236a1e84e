"""What pages are followed in: a copy of the checkout, with the commands that they use."""

from __future__ import annotations

import shutil
import stat
import sys
from pathlib import Path

import pytest

from ethinfra.paths import ROOT
from ethinfra.process import run

#: What commands of pages read and change.
FOLDERS = (
    "charts", "docker", "docs", "environments", "ethinfra", "features", "fixtures", "helmfiles", "steps", "tests",
    "toolchain", "values",
)  # fmt: skip
FILES = (".gitignore", "conftest.py", "helmfile.yaml", "pyproject.toml", "requirements.lock")

#: Command → the Python module that it is.
COMMANDS = {"ethinfra": "ethinfra", "pytest": "pytest"}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A private copy of the checkout, as its first commit; `ethinfra` and `pytest` in its `bin` work in no other."""
    folder = tmp_path / "checkout"
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, folder)
    programs = folder / "bin"
    programs.mkdir()
    for name, module in COMMANDS.items():
        command = programs / name
        command.write_text(
            f'#!/bin/sh\ncd "{folder}" && PYTHONPATH="{folder}" exec "{sys.executable}" -m {module} "$@"\n'
        )
        command.chmod(command.stat().st_mode | stat.S_IXUSR)
    for words in (
        ["init", "--quiet"],
        ["add", "--all"],
        ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org", "commit", "--quiet", "--message=As it is"],
    ):
        run(["git", "-C", folder, *words])
    return folder
