"""The launcher of Java clients: what it starts, and with which arguments."""

from __future__ import annotations

from pathlib import Path

import pytest

from ethinfra.paths import ROOT
from ethinfra.process import CommandFailed, run

SOURCE = ROOT / "docker" / "clients" / "java" / "launcher.c"


@pytest.fixture(scope="module")
def besu(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The launcher under a client's name; in place of java something that prints its arguments, one a line."""
    folder = tmp_path_factory.mktemp("launcher")
    java = folder / "java"
    java.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
    java.chmod(0o755)
    run(["gcc", "-Wall", "-Wextra", "-Werror", f'-DJAVA="{java}"', "-o", folder / "besu", SOURCE])
    return folder / "besu"


def started(program: Path, *arguments: str, **environment: str) -> list[str]:
    return run([program, *arguments], env={"JAVA_OPTS": "", "BESU_OPTS": "", **environment}).stdout.splitlines()


def test_arguments_are_passed_as_they_are(besu: Path):
    assert started(besu, "--network=hoodi", "", "two words", "@file") == [
        "@/etc/besu/java.args",
        "@/etc/besu/main.args",
        "--network=hoodi",
        "",
        "two words",
        "@file",
    ]


def test_options_of_the_environment_go_before_the_program(besu: Path):
    """Behind the image's own, so that the operator's win."""
    assert started(besu, "--version", JAVA_OPTS="-Xmx2g", BESU_OPTS="  -Da=b\t-Dc=d\n") == [
        "@/etc/besu/java.args",
        "-Xmx2g",
        "-Da=b",
        "-Dc=d",
        "@/etc/besu/main.args",
        "--version",
    ]


def test_name_decides_whose_files_and_options_are_read(besu: Path):
    teku = besu.with_name("teku")
    teku.symlink_to(besu)

    assert started(teku, BESU_OPTS="-Da=b", TEKU_OPTS="-Dc=d") == [
        "@/etc/teku/java.args",
        "-Dc=d",
        "@/etc/teku/main.args",
    ]


def test_image_without_java_says_so(besu: Path):
    run(["gcc", '-DJAVA="/nowhere/java"', "-o", besu.with_name("broken"), SOURCE])

    with pytest.raises(CommandFailed, match="/nowhere/java: No such file") as failed:
        run([besu.with_name("broken")])

    assert failed.value.code == 127
