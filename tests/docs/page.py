"""Sections of docs/extending.md, and following them."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ethinfra.paths import ROOT
from ethinfra.process import Completed, run

PAGE = ROOT / "docs" / "extending.md"


def section(title: str) -> str:
    """What stands below a heading, up to the next one of the same level or a higher one."""
    level = len(title) - len(title.lstrip("#"))
    _, found, rest = PAGE.read_text().partition(f"{title}\n")
    assert found, f"{PAGE} has no heading {title!r}"
    return re.split(rf"^#{{1,{level}}} ", rest, maxsplit=1, flags=re.M)[0]


def steps(title: str) -> str:
    """The commands of a section, which has one block of them."""
    (found,) = re.findall(r"^```sh\n(.*?)^```", section(title), re.S | re.M)
    return str(found)


def follow(title: str, checkout: Path, *, begin: str = "", **surroundings: str) -> Completed:
    """Run the commands of a section in a copy of the checkout; the first that fails ends it (CommandFailed).

    begin: the beginning of the first command that is run; all of them if none is named
    """
    commands = steps(title).splitlines(keepends=True)
    first = next((at for at, line in enumerate(commands) if line.startswith(begin)), None)
    assert first is not None, f"{title}: no command begins with {begin!r}"
    return run(
        # In one stream, in the order in which it was said.
        ["bash", "-euc", "".join(["exec 2>&1\n", *commands[first:]])],
        cwd=checkout,
        env={"PATH": f"{checkout / 'bin'}{os.pathsep}{os.environ['PATH']}", **surroundings},
        within=600,
    )
