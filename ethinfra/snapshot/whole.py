"""Reads and writes at an offset that move every byte: the system's own calls may move fewer."""

from __future__ import annotations

import os

from ethinfra.snapshot.store import Data


def read_all(descriptor: int, buffer: memoryview, offset: int) -> bool:
    """Fill the buffer; False if the file ends before."""
    read = 0
    while read < len(buffer):
        count = os.preadv(descriptor, [buffer[read:]], offset + read)
        if not count:
            return False
        read += count
    return True


def write_all(descriptor: int, data: Data, offset: int) -> None:
    view, written = memoryview(data), 0
    while written < len(view):
        written += os.pwrite(descriptor, view[written:], offset + written)
