"""Packages of PyPI in an image, and the one image that has some: its programs run with nothing else around them."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from ethinfra.errors import BadInput
from ethinfra.images import find_image, wheels
from ethinfra.images.content import content_of, prepare
from ethinfra.paths import cache_dir
from ethinfra.process import CommandFailed, run

#: Every module of the packages that the image is for, and what they are built on.
IMPORTS = """
import importlib, pkgutil, sys
sys.path.insert(0, "/app")
for package in ("ethinfra.snapshot", "ethinfra.snapshot.job", "ethinfra.probe", "ethinfra.registry"):
    for one in pkgutil.iter_modules(importlib.import_module(package).__path__):
        if not one.name.startswith("__"):
            importlib.import_module(f"{package}.{one.name}")
import urllib3, zstandard
print(zstandard.backend, urllib3.__version__, zstandard.__version__)
"""

#: As `ENTRYPOINT` and `WORKDIR` have it.
PROGRAM = """
import runpy, sys
sys.path.insert(0, "/app")
runpy.run_module("ethinfra.snapshot", run_name="__main__", alter_sys=True)
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image's root file system."""
    context = tmp_path_factory.mktemp("builder") / "context"
    prepare(content_of(find_image("snapshot-builder")), context, cache_dir() / "images")
    return context / "rootfs"


def inside(root: Path, program: str, *arguments: str, check: bool = True):
    python = ["/usr/bin/python3", "-c", program, *arguments]
    return run(["chroot", "--userspec=10001:10001", root, *python], check=check, within=120)


def test_every_module_is_there_with_the_locked_versions(root: Path):
    locked = {wheel.name: wheel.version for wheel in wheels.locked(("urllib3", "zstandard"))}

    said = inside(root, IMPORTS).stdout.split()

    assert said == ["cext", locked["urllib3"], locked["zstandard"]]


@pytest.mark.parametrize(
    "verb",
    [
        *(["push"], ["pull"], ["verify"], ["list"], ["prune"], ["promote"], ["cache"], ["export"], ["pod", "restore"]),
        *(["job", part] for part in ("take", "push", "restore", "promote", "prune")),
    ],
    ids=" ".join,
)
def test_every_verb_is_known(root: Path, verb: list[str]):
    assert "usage: " in inside(root, PROGRAM, *verb, "--help").stdout


def test_unknown_verb_and_missing_plan_are_refused(root: Path):
    assert inside(root, PROGRAM, "explode", check=False).code == 2
    refused = inside(root, PROGRAM, "job", "take", check=False)
    assert refused.code == 2
    assert "plan /plan/plan.json" in refused.stderr


def test_snapshot_is_made_and_restored_by_the_image_alone(root: Path):
    """Into a layout: that compression, files and modes work needs no registry."""
    place = root / "tmp"
    (place / "data").mkdir(parents=True)
    (place / "restored").mkdir()
    content = os.urandom(100_000) + bytes(5_000_000)
    (place / "data/state").write_bytes(content)
    run(["chown", "-R", "10001:10001", place])
    about = [
        *("--client=geth:1.17.5", "--network=devnet", "--chain-id=32382", f"--genesis-hash=0x{64 * '0'}"),
        *("--block=42", f"--block-hash=0x{64 * '1'}", f"--state-root=0x{64 * '2'}", "--block-time=1700000000"),
    ]
    layout = "--layout=/tmp/layout"

    inside(root, PROGRAM, "push", layout, "--source=/tmp/data", *about)
    (candidate,) = json.loads(inside(root, PROGRAM, "list", layout, "--all", "--json").stdout)
    inside(root, PROGRAM, "promote", layout, candidate["id"])
    inside(root, PROGRAM, "pull", layout, "--into=/tmp/restored", "--client=geth:1.17.5", "--chain-id=32382")

    assert (place / "restored/state").read_bytes() == content
    refused = inside(root, PROGRAM, "pull", layout, "--into=/tmp/restored", "--over", "--chain-id=1", check=False)
    assert refused.code == 1
    assert "chain id" in refused.stderr


def test_package_that_the_lock_does_not_have_is_refused():
    with pytest.raises(BadInput, match="no left-pad"):
        wheels.locked(("urllib3", "left-pad"))


def test_wheel_with_other_bytes_than_the_lock_says_is_refused(tmp_path: Path):
    (wheel,) = wheels.locked(("urllib3",))
    forged = replace(wheel, lines=f"{wheel.name}=={wheel.version} --hash=sha256:{64 * '0'}\n")

    with pytest.raises(CommandFailed, match=r"(?i)hash"):
        wheels.unpack((forged,), tmp_path)

    assert not (tmp_path / wheels.PLACE).exists()


def test_same_wheels_give_the_same_files(tmp_path: Path):
    contents = []
    for name in ("one", "two"):
        wheels.unpack(wheels.locked(("urllib3", "zstandard")), tmp_path / name)
        place = tmp_path / name / wheels.PLACE
        contents.append({path.relative_to(place): path.read_bytes() for path in place.rglob("*") if path.is_file()})

    assert contents[0] == contents[1]
    assert not [path for path in contents[0] if path.name in ("RECORD", "INSTALLER") or "__pycache__" in path.parts]
