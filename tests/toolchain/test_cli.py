from __future__ import annotations

import json
import os

import pytest
from typer.testing import CliRunner

from ethinfra.cli import tools
from ethinfra.errors import ToolchainError
from ethinfra.progress import silent
from ethinfra.toolchain.install import install


@pytest.fixture
def command(store, monkeypatch):
    """`ethinfra tools …` on the small toolchain; returns what it printed."""
    monkeypatch.setattr(tools, "default_store", lambda: store)

    def call(*arguments: str) -> str:
        done = CliRunner().invoke(tools.app, arguments, catch_exceptions=False)
        assert done.exit_code == 0
        return done.stdout

    return call


def test_install_then_list_path_and_verify(command, store):
    command("install", "--keep-go-cache")

    (listed,) = json.loads(command("list", "--json"))
    assert (listed["family"], listed["version"], listed["state"]) == ("greeters", "v1.2.3", "installed")
    assert command("path", "hello").strip() == str(store.binary("hello").path)
    assert "greeters: installed" in command("verify")
    assert "greeters" in command("list")


def test_verify_fails_on_what_is_corrupt(command, store):
    install(store, (), silent(), keep_go_caches=True)
    os.truncate(store.binary("hello").path, 1000)

    with pytest.raises(ToolchainError, match="ethinfra tools install greeters"):
        command("verify")


def test_verify_fails_on_a_named_family_that_is_absent(command):
    with pytest.raises(ToolchainError, match="greeters"):
        command("verify", "greeters")


def test_list_shows_what_is_absent(command):
    (listed,) = json.loads(command("list", "--json"))

    assert listed["state"] == "absent"
    assert listed["path"] is None
