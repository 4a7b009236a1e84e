"""Compile the Python files of a root file system with that file system's own interpreter.

A pod's root is read-only, so Python could never keep what it compiles, and each start of the node probe would compile
its imports again. The compiled files carry the hash of their source instead of its time (so the same source gives the
same bytes) and are not checked against it when they are read (so a start reads one file per module, not two).
"""

from __future__ import annotations

import os
from pathlib import Path

from ethinfra.errors import ImageError
from ethinfra.images.wheels import PLACE
from ethinfra.process import run


def precompile(root: Path) -> None:
    """Compile `usr/lib/python3.*`, packages of PyPI and `app`, and give the interpreter its name `python3`."""
    interpreter = _only(root, "usr/bin/python3.*")
    (root / "usr/bin/python3").symlink_to(interpreter.name)
    loader = _only(root, "lib/*/ld-linux-*")
    triplet = loader.parent.name
    libraries = os.pathsep.join(str(root / folder / triplet) for folder in ("lib", "usr/lib"))
    run(
        [
            # The loader is named on the command line, so that not the machine's own libraries are used.
            *(loader, "--library-path", libraries, interpreter),
            *("-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash"),
            # Tracebacks show the path in the image.
            *("-s", root, "-p", "/"),
            *(place for place in (root / "usr/lib" / interpreter.name, root / PLACE, root / "app") if place.exists()),
        ],
        # Sets are written in the order of their hashes.
        env={"PYTHONHOME": str(root / "usr"), "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"},
        within=300,
    )


def _only(root: Path, pattern: str) -> Path:
    found = sorted(root.glob(pattern))
    if len(found) != 1:
        raise ImageError(
            f"{pattern} in the image's root", expected="one file", seen=", ".join(map(str, found)) or "none"
        )
    return found[0]
