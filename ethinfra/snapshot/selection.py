"""Which files of a data directory a snapshot is made of: the client's table says `include` and `exclude`.

A pattern without `*` or `?` stands for that path and all below it; one with them for every path that it matches, where
`*` matches slashes too (`*/LOCK` is a LOCK anywhere below the top), and all below those.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ethinfra.errors import BadInput
from ethinfra.snapshot.model import Directory
from ethinfra.snapshot.paths import OWN_NAMES, bad_path, with_parents


@dataclass(frozen=True)
class Selection:
    """include: empty means everything."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def holds(self, path: str) -> bool:
        """Whether a file of that relative path belongs to the snapshot."""
        if path.startswith(OWN_NAMES):
            return False
        return (not self.include or bool(self._included.match(path))) and not self._excluded.match(path)

    def leaves_out(self, path: str) -> bool:
        """Whether the path is protected by `exclude`, with all below it."""
        return path.startswith(OWN_NAMES) or bool(self._excluded.match(path))

    def leads_to(self, path: str) -> bool:
        """Whether files of the snapshot may be below a directory. Others are none of its business: they may be
        somebody else's, as lost+found."""
        if self.leaves_out(path):
            return False
        return self.holds(path) or any(_is_wild(one) or one.strip("/").startswith(f"{path}/") for one in self.include)

    @cached_property
    def _included(self) -> re.Pattern[str]:
        return _pattern(self.include)

    @cached_property
    def _excluded(self) -> re.Pattern[str]:
        return _pattern(self.exclude)


def _is_wild(pattern: str) -> bool:
    return "*" in pattern or "?" in pattern


def _pattern(patterns: Sequence[str]) -> re.Pattern[str]:
    if not patterns:
        return re.compile(r"(?!)")
    return re.compile(f"(?:{'|'.join(_expression(one) for one in patterns)})(?:/.*)?\\Z", re.DOTALL)


def _expression(pattern: str) -> str:
    """Of a text between two stars the first occurrence is as good as any: without going back (`(?>`) no pattern of a
    stranger's config takes more than a moment."""
    first, *others = (re.escape(text).replace(r"\?", ".") for text in re.split(r"\*+", pattern.strip("/")))
    if not others:
        return first
    return first + "".join(f"(?>.*?{text})" for text in others[:-1]) + f".*{others[-1]}"


@dataclass(frozen=True)
class Found:
    """A file of the tree. size: bytes; mode: permission bits; identity: inode, mtime and ctime in nanoseconds."""

    path: str
    size: int
    mode: int
    identity: tuple[int, int, int]


def scan(top: Path, selection: Selection) -> tuple[list[Directory], list[Found]]:
    """The selected files of a tree and the directories that lead to them, sorted by path.

    Empty directories that are selected belong to it too. BadInput for what no snapshot can hold: links, sockets,
    devices, names that are no text.
    """
    folders: dict[str, int] = {}
    files: list[Found] = []
    _walk(top, "", selection, folders, files)
    held = [path for path in folders if selection.holds(path)]
    needed = with_parents([*held, *(file.path for file in files)])
    directories = [Directory(path, folders[path]) for path in sorted(folders.keys() & needed)]
    for directory in directories:
        _must_be_good(top, directory.path)
    return directories, sorted(files, key=lambda file: file.path)


def _walk(top: Path, below: str, selection: Selection, folders: dict[str, int], files: list[Found]) -> None:
    # One level of recursion per folder: a path of 4000 bytes has at most 2000, and databases have three or four.
    with os.scandir(top / below) as entries:
        for entry in entries:
            path = f"{below}/{entry.name}" if below else entry.name
            if selection.leaves_out(path):
                continue
            if entry.is_dir(follow_symlinks=False):
                folders[path] = entry.stat(follow_symlinks=False).st_mode & 0o777
                _walk(top, path, selection, folders, files)
            elif selection.holds(path):
                files.append(_found(top, path, entry))


def _must_be_good(top: Path, path: str) -> None:
    reason = bad_path(path)
    if reason:
        raise BadInput(f"{top}: path {path!r} {reason}", todo="exclude it, or remove it")


def _found(top: Path, path: str, entry: os.DirEntry[str]) -> Found:
    _must_be_good(top, path)
    if not entry.is_file(follow_symlinks=False):
        raise BadInput(
            f"{top / path} is no regular file",
            expected="files and directories only",
            seen="a link, socket, pipe or device",
            todo="exclude it, or remove it",
        )
    status = entry.stat(follow_symlinks=False)
    return Found(path, status.st_size, status.st_mode & 0o777, (status.st_ino, status.st_mtime_ns, status.st_ctime_ns))
