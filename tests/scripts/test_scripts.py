"""The scripts are thin entries to the same commands, from any directory. Nothing here gets as far as doing anything."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ethinfra.paths import ROOT

SCRIPTS = sorted(path for path in (ROOT / "scripts").glob("*.sh") if path.name != "lib.sh")

#: Each script with the command that it is an entry to.
ENTRIES = {
    "cleanup.sh": "ethinfra down",
    "configure-environment.sh": "ethinfra env check",
    "deploy-all.sh": "ethinfra up",
    "install-dependencies.sh": "requirements.lock",
    "setup-local-k8s.sh": "ethinfra up --env local --cluster-only",
    "test-rpc-endpoints.sh": "pytest features/rpc",
    "test-scaling.sh": "pytest features/serving",
    "validate-deployment.sh": "ethinfra validate",
}


def call(script: Path, *arguments: str, within: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([script, *arguments], cwd=within, capture_output=True, text=True, timeout=60)


def test_every_script_is_here() -> None:
    assert [path.name for path in SCRIPTS] == sorted(ENTRIES)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_help_says_what_it_is_an_entry_to(script: Path, tmp_path: Path) -> None:
    for wish in ("--help", "-h"):
        done = call(script, wish, within=tmp_path)

        assert done.returncode == 0
        assert done.stderr == ""
        assert ENTRIES[script.name] in done.stdout
        assert script.name in done.stdout
        assert "#!" not in done.stdout


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_unknown_option_is_refused_before_anything_is_done(script: Path, tmp_path: Path) -> None:
    done = call(script, "--moon", within=tmp_path)

    assert done.returncode == 2
    assert "--moon" in done.stderr
    assert "Traceback" not in done.stderr
    assert "checking what is installed" not in done.stderr


def test_unknown_environment_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    done = call(ROOT / "scripts" / "configure-environment.sh", "moon", within=tmp_path)

    assert done.returncode == 2
    assert "one of: local, production, staging" in done.stderr


def test_second_option_of_the_installer_is_not_ignored(tmp_path: Path) -> None:
    done = call(ROOT / "scripts" / "install-dependencies.sh", "--python-only", "--moon", within=tmp_path)

    assert done.returncode == 2
    assert "unknown option: --python-only --moon" in done.stderr


def test_without_its_environment_a_script_says_how_to_make_it(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    for name in ("lib.sh", "validate-deployment.sh"):
        (tmp_path / "scripts" / name).write_bytes((ROOT / "scripts" / name).read_bytes())
    (tmp_path / "scripts" / "validate-deployment.sh").chmod(0o755)

    done = call(tmp_path / "scripts" / "validate-deployment.sh", within=tmp_path)

    assert done.returncode == 2
    assert f"{tmp_path}/scripts/install-dependencies.sh" in done.stderr
