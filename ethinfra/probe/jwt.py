"""The secret that an execution client and its consensus client share for the Engine API: 32 random bytes in hex."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

_SECRET = re.compile(r"(0x)?[0-9a-fA-F]{64}\s*\Z")


class NotASecret(Exception):
    """There is a file already, and it holds something else."""


def ensure(path: Path, mode: int = 0o440) -> bool:
    """Write a new secret unless the file holds one already; true if it was written.

    The file appears complete or not at all, and never replaces another: two containers that start at once end up with
    one secret. NotASecret if what is there is none; it is left alone, because a client may have been started with it.
    """
    if _holds_secret(path):
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            # After writing and past the umask.
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            _holds_secret(path)
            return False
    finally:
        draft.unlink()
    return True


def _holds_secret(path: Path) -> bool:
    try:
        text = path.read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return False
    if not _SECRET.match(text):
        raise NotASecret(f"{path} exists and is not 32 bytes in hex; remove it to have a new one written")
    return True
