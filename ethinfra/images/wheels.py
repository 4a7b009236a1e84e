"""Packages of PyPI in an image: the versions that the project itself runs with, from wheels that its lock names.

`requirements.lock` has the SHA-256 of every wheel of a version; one that is not among them is refused. Nothing is
built, no dependency is added, and what an installer writes down about itself is left out.
"""

from __future__ import annotations

import platform
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ethinfra.errors import BadInput
from ethinfra.paths import ROOT
from ethinfra.process import run

LOCK = ROOT / "requirements.lock"
#: Where Debian's interpreter looks, below a root file system.
PLACE = "usr/lib/python3/dist-packages"
#: Of Debian 12.
PYTHON = "3.11"

_NOTES = ("INSTALLER", "RECORD", "REQUESTED", "direct_url.json", "uv_cache.json")


@dataclass(frozen=True)
class Wheel:
    """A package as the lock has it. lines: what the lock says, hashes included."""

    name: str
    version: str
    lines: str


@cache
def locked(names: tuple[str, ...], lock: Path = LOCK) -> tuple[Wheel, ...]:
    """Packages by their names. BadInput for one that the lock does not have."""
    found = {}
    for entry in re.finditer(r"^([a-z0-9][a-z0-9._-]*)==(\S+) \\\n((?:    --hash=.*\n?)+)", lock.read_text(), re.M):
        hashes = entry[3].rstrip()
        found[entry[1]] = Wheel(entry[1], entry[2], f"{entry[1]}=={entry[2]} \\\n{hashes}\n")
    missing = [name for name in names if name not in found]
    if missing:
        raise BadInput(
            f"{lock.name} has no {', '.join(missing)}, of which an image is made",
            todo="add it to pyproject.toml and run `make lock`, or correct `wheels` in docker/images.yaml",
        )
    return tuple(found[name] for name in names)


def unpack(wheels: tuple[Wheel, ...], root: Path) -> None:
    """Put packages into a root file system. CommandFailed if a wheel is not one that the lock names."""
    with tempfile.TemporaryDirectory(prefix="ethinfra-wheels-") as folder:
        requirements, target = Path(folder) / "requirements.txt", Path(folder) / "target"
        requirements.write_text("".join(wheel.lines for wheel in wheels))
        run(
            [
                *(sys.executable, "-m", "uv", "pip", "install", "--quiet", "--target", target),
                *("--no-deps", "--require-hashes", "--only-binary", ":all:", "--link-mode", "copy"),
                *("--python-version", PYTHON, "--python-platform", f"{platform.machine()}-unknown-linux-gnu"),
                *("-r", requirements),
            ],
            within=300,
        )
        place = root / PLACE
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(target, place, ignore=shutil.ignore_patterns(*_NOTES, ".lock", "__pycache__"))
