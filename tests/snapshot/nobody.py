"""Work in a process that modes bind: the tests are root's, whom they do not."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from pathlib import Path

from ethinfra.snapshot.model import Owner

NOBODY = Owner(65534, 65534)


def give(top: Path) -> None:
    """Make nobody the owner of all that is there."""
    for path in (top, *top.rglob("*")):
        os.lchown(path, NOBODY.uid, NOBODY.gid)


def as_nobody(top: Path, work: Callable[[], object]) -> str:
    """Work in `top`, with relative paths, as nobody could not walk to it; returns what was raised, or nothing."""
    top.chmod(0o755)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.chdir(top)
            os.setgroups([])
            os.setgid(NOBODY.gid)
            os.setuid(NOBODY.uid)
            work()
        except BaseException:
            os.write(writer, traceback.format_exc().encode()[-4000:])
        finally:
            os._exit(0)
    os.close(writer)
    with open(reader) as said:  # noqa: PTH123 - a descriptor
        text = said.read()
    os.waitpid(child, 0)
    return text
