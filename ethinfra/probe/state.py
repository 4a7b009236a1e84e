"""The genesis of a network that exists already, put where the clients look for it.

The small files come from a ConfigMap. The beacon state is larger than one may be, so it is fetched: it streams into
`genesis.ssz.part` and gets its name only when its SHA-256 agreed. What was interrupted starts anew.
"""

from __future__ import annotations

import errno
import hashlib
import http.client
import os
import shutil
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from ethinfra.probe import trust
from ethinfra.probe.exchange import Endpoint

STATE = "genesis.ssz"

#: Bytes that are read at once.
_PIECE = 1 << 20
#: Seconds between two tries.
_PAUSE = 2.0
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class StateError(Exception):
    """The genesis could not be put in place; the text says what was expected and seen, and what to do."""


class _NotNow(Exception):
    """A failure that may pass."""


def put_in_place(url: str, sha256: str, chain: Path, out: Path, *, patience: float, stall: float) -> bool:
    """Copy all files of `chain` to `out`, and fetch the state; false if it was there already.

    patience: seconds for which a server that fails is tried again
    stall:    seconds of silence that end a try
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        copy_files(chain, out)
        if _digest(out / STATE) == sha256:
            return False
        _fetch_patiently(url, sha256, out, patience=patience, stall=stall)
    except OSError as reason:
        if reason.errno in _FULL:
            raise StateError(
                f"{out} is full ({reason.strerror}); do: raise network.genesis.state.sizeLimit above the state's size"
            ) from reason
        raise StateError(f"{reason.filename or out}: {reason.strerror or reason}") from reason
    return True


def copy_files(chain: Path, out: Path) -> None:
    """Each file appears whole. A mounted ConfigMap's files are links; its own entries begin with two dots."""
    for source in sorted(chain.iterdir()):
        if source.is_file() and not source.name.startswith(".."):
            draft = out / f"{source.name}.part"
            shutil.copyfile(source, draft)
            draft.replace(out / source.name)


def _fetch_patiently(url: str, sha256: str, out: Path, *, patience: float, stall: float) -> None:
    end = time.monotonic() + patience
    draft = out / f"{STATE}.part"
    try:
        while True:
            try:
                _fetch(url, sha256, draft, stall)
                draft.replace(out / STATE)
                return
            except _NotNow as reason:
                if time.monotonic() >= end:
                    raise StateError(
                        f"asked {_shown(url)}; expected the genesis state; seen {reason}, for {patience:g}s;"
                        " do: mend the server or network.genesis.state.url"
                    ) from reason
            time.sleep(max(0.0, min(_PAUSE, end - time.monotonic())))
    finally:
        draft.unlink(missing_ok=True)


def _fetch(url: str, sha256: str, draft: Path, stall: float) -> None:
    with _open(url, stall) as answer, draft.open("wb") as file:
        seen, length = _stream(answer, file)
        wanted = answer.headers.get("Content-Length", "")
        file.flush()
        os.fsync(file.fileno())
    if wanted.isdecimal() and length < int(wanted):
        raise _NotNow(f"{length} of {wanted} bytes")
    if seen != sha256:
        raise StateError(
            f"asked {_shown(url)}; expected SHA-256 {sha256}; seen {seen} ({length} bytes);"
            " do: if the file is right, set network.genesis.state.sha256, else nothing may be started from it"
        )


def _open(url: str, stall: float) -> http.client.HTTPResponse:
    """Follows redirections, which stores of large files answer with."""
    context = trust.context() if url.lower().startswith("https:") else None
    try:
        answer: http.client.HTTPResponse = urllib.request.urlopen(  # noqa: S310 - an http address, see Endpoint.parse
            url, timeout=stall, context=context
        )
    except urllib.error.HTTPError as refused:
        raise _NotNow(f"HTTP {refused.code} {refused.reason}".rstrip()) from refused
    except urllib.error.URLError as reason:
        raise _NotNow(_plain(reason.reason)) from reason
    except (OSError, http.client.HTTPException) as reason:
        raise _NotNow(_plain(reason)) from reason
    return answer


def _stream(answer: http.client.HTTPResponse, file: BinaryIO) -> tuple[str, int]:
    digest, length = hashlib.sha256(), 0
    while True:
        try:
            piece = answer.read(_PIECE)
        except (OSError, http.client.HTTPException) as reason:
            raise _NotNow(f"{_plain(reason)} after {length} bytes") from reason
        if not piece:
            return digest.hexdigest(), length
        file.write(piece)
        digest.update(piece)
        length += len(piece)


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return ""


def _plain(reason: object) -> str:
    if isinstance(reason, TimeoutError):
        return "no answer in time"
    if isinstance(reason, http.client.HTTPException):
        return f"an answer that is cut off or not HTTP ({type(reason).__name__})"
    return str(getattr(reason, "strerror", None) or reason)


def _shown(url: str) -> str:
    """Without query and fragment, which may hold a key."""
    parts = urlsplit(url)
    return f"{Endpoint.parse(url).name}{parts.path}"
