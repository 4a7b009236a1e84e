"""Names a build of Go programs by everything that it is made from, so that a change of any of it is another build."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from ethinfra.errors import ToolchainError
from ethinfra.toolchain.families import GoFamily, GoTool
from ethinfra.toolchain.go import Go, settings

#: `path v1.2.3` in a require block or line; a replacement's arrow keeps its lines from matching.
_REQUIRED = re.compile(r"^\s*(?:require\s+)?([^\s=()]+)\s+(v\d\S*)", re.M)


def module_version(go_mod: str, package: str) -> str:
    """The version at which a go.mod requires the module that holds a package."""
    holding = [
        (module, version)
        for module, version in _REQUIRED.findall(go_mod)
        if package == module or package.startswith(f"{module}/")
    ]
    if not holding:
        raise ToolchainError(f"no module in go.mod holds {package}", todo=f"go get -tool {package}@VERSION")
    version: str = max(holding, key=lambda found: len(found[0]))[1]
    return version


def flags(family: GoFamily, tool: GoTool, go_mod: str) -> tuple[str, ...]:
    """The arguments of `go build` for one tool."""
    version = module_version(go_mod, tool.package)
    major, minor, *_ = version.removeprefix("v").split(".")
    known = {"version": version, "release": version.removeprefix("v"), "major": major, "minor": minor}
    link = [f"-X {stamp.format(**known)}" for stamp in tool.stamp]
    link += ["-s", "-w"]
    if family.cgo:
        link += ["-linkmode external", "-extldflags -static"]
    tags = (f"-tags={','.join(tool.tags)}",) if tool.tags else ()
    return (*tags, f"-ldflags={' '.join(link)}")


def build_key(family: GoFamily, sources: Path, go: Go) -> str:
    """16 hexadecimal digits; the same for the same sources, Go and flags, wherever the checkout is.

    The C compiler is not part of it: an update of it changes no behaviour that we rely on, and would cost minutes.
    """
    go_mod = (sources / "go.mod").read_text()
    made_from = {
        "format": 1,
        "go.mod": go_mod,
        "go.sum": (sources / "go.sum").read_text() if (sources / "go.sum").exists() else "",
        "go": go.version,
        "pinned": go.pinned,
        "settings": settings(cgo=family.cgo, cflags=family.cflags),
        "tools": {tool.name: [tool.package, *flags(family, tool, go_mod)] for tool in family.tools},
    }
    return hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()[:16]
