"""Copies that take no time: two files share blocks until one of them is written to (XFS with reflink, Btrfs, bcachefs).

The kernel shares whole blocks: offsets are multiples of 4096, lengths too, unless they reach the source's end.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import tempfile
from pathlib import Path

_FICLONE = 0x40049409
_FICLONERANGE = 0x4020940D
_RANGE = struct.Struct("qQQQ")

#: What the kernel answers where it cannot share: another file system, one that knows no sharing, or a block size above
#: the offset's.
_CANNOT = {errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOTTY, errno.ENOSYS, errno.EPERM, errno.ETXTBSY}


def share(source: int, target: int, offset: int) -> bool:
    """Let `target`, from `offset` on, have the blocks of the whole file `source`; both are file descriptors.

    False, and nothing changed, where that cannot be; OSError for other reasons, as a full disk.
    """
    try:
        fcntl.ioctl(target, _FICLONERANGE, _RANGE.pack(source, 0, 0, offset))
    except OSError as reason:
        if reason.errno in _CANNOT:
            return False
        raise
    return True


def reflink_file(source: Path, target: Path) -> bool:
    """Make `target`, which must not exist, a copy of `source` that shares its blocks. False, and no target, where that
    cannot be."""
    with source.open("rb") as read, target.open("xb") as write:
        try:
            fcntl.ioctl(write.fileno(), _FICLONE, read.fileno())
        except OSError as reason:
            target.unlink()
            if reason.errno in _CANNOT:
                return False
            raise
    return True


def can_reflink(directory: Path, source: Path | None = None) -> bool:
    """Whether files of `directory` can share blocks with those of `source`, by trying; by default its own."""
    with tempfile.TemporaryFile(dir=source or directory) as one, tempfile.TemporaryFile(dir=directory) as other:
        os.write(one.fileno(), bytes(4096))
        return share(one.fileno(), other.fileno(), 0)
