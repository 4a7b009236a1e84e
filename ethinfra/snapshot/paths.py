"""Which paths a snapshot may hold: whoever restores one writes where they say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

#: How names begin that a directory of data never hands on: what restores and jobs keep there themselves.
OWN_NAMES = ".ethinfra-"


def bad_path(path: str) -> str:
    """Why a path may not be in a snapshot, as the end of a sentence; empty if it may."""
    parts = path.split("/")
    if not path or path.startswith("/"):
        return "is not relative"
    if any(part in ("", ".", "..") for part in parts):
        return "does not lead straight into the directory"
    if any(ord(letter) < 32 or 0xD800 <= ord(letter) < 0xE000 or ord(letter) == 127 for letter in path):
        return "has characters that are no text"
    if parts[0].startswith(OWN_NAMES):
        return "is a name that this program keeps for itself"
    if len(path.encode()) > 4000 or any(len(part.encode()) > 255 for part in parts):
        return "is too long"
    return ""


def check_paths(directories: Sequence[str], files: Sequence[str], wrong: Callable[[str], Exception]) -> None:
    """Raise `wrong(sentence)` if a path is there twice, or lies in something that is no listed directory."""
    folders = set(directories)
    known = {*folders, *files}
    if len(known) != len(directories) + len(files):
        twice, _ = Counter([*directories, *files]).most_common(1)[0]
        raise wrong(f"path {twice!r} is there twice")
    for path in known:
        parent = path.rpartition("/")[0]
        if parent and parent not in folders:
            raise wrong(f"path {path!r} lies in {parent!r}, which is no listed directory")


def with_parents(paths: Iterable[str]) -> set[str]:
    """The relative paths, and every directory that leads to one of them."""
    found = set(paths)
    for path in list(found):
        while (path := path.rpartition("/")[0]) and path not in found:
            found.add(path)
    return found
