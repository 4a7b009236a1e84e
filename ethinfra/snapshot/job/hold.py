"""Keeps a client from starting while its volume is copied; `ethinfra.probe.hold` is the client's side.

The hold is written before the node's pod is deleted, so the pod that comes next finds it. It counts as long as its own
token is in the file. Once it has been put aside it never comes back: a job that slept through its patience finds that
out at the next `must_be_ours`, and every copy that was finished before one that succeeded was made while the client
stood still. No clocks need to agree for that.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from ethinfra.probe.hold import EXPIRED, HOLD, put_aside
from ethinfra.snapshot.errors import no_room
from ethinfra.snapshot.job.errors import HoldLost, HoldTaken

#: Seconds between two touches.
HEARTBEAT = 1.0


class Hold:
    """A hold on a volume, for the time of a `with`.

    holder:   who, for people who look at the volume
    patience: seconds after which a hold of somebody else that is not touched is taken over
    """

    def __init__(self, volume: Path, holder: str, *, patience: float, heartbeat: float = HEARTBEAT) -> None:
        self._volume = volume
        self._path = volume / HOLD
        self._holder = holder
        self._patience = patience
        self._heartbeat = heartbeat
        self._token = secrets.token_hex(16)
        self._file = -1
        self._failure: OSError | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._touch, name="hold", daemon=True)

    def __enter__(self) -> Self:
        """HoldTaken if somebody else has a hold and is alive; OutOfSpace or OSError if none can be written."""
        own = self._path.with_name(f"{HOLD}.{self._token}")
        try:
            self._write(own)
            self._put_in_place(own)
        except OSError as reason:
            self._close()
            raise no_room(reason, self._volume) from reason
        except BaseException:
            self._close()
            raise
        finally:
            own.unlink(missing_ok=True)
        self._remove_leftovers()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def must_be_ours(self) -> None:
        """HoldLost unless the client has been kept from starting from the beginning until now."""
        if self._failure is not None:
            raise HoldLost(f"the hold on {self._volume} cannot be kept up", seen=str(self._failure))
        if self._token_there() != self._token:
            raise HoldLost(
                f"the hold on {self._volume} is not ours any more",
                expected=f"it to be touched every {self._heartbeat:g}s",
                seen="the client put it aside, or another job took it over: this job must have stood still",
                todo="nothing: the copy is thrown away, and the next run makes another",
            )

    def release(self) -> None:
        """Let the client start. A hold that is not ours is left alone; to release twice is not an error."""
        if self._file < 0:
            return
        self._stop.set()
        self._thread.join()
        with contextlib.suppress(OSError):
            if self._token_there() == self._token:
                self._path.unlink()
        self._close()

    def _write(self, own: Path) -> None:
        self._file = os.open(own, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        os.write(self._file, json.dumps({"token": self._token, "holder": self._holder, "since": since}).encode())
        os.fsync(self._file)

    def _put_in_place(self, own: Path) -> None:
        """A link appears whole or not at all, and never over another hold."""
        watched, since = None, time.monotonic()
        while True:
            with contextlib.suppress(FileExistsError):
                self._path.hardlink_to(own)
                self._sync_directory()
                return
            with contextlib.suppress(FileNotFoundError):
                found = self._path.lstat()
                touched, now = (found.st_ino, found.st_mtime_ns), time.monotonic()
                if watched is not None and touched != watched:
                    raise HoldTaken(
                        f"{self._path} is there already, and is being touched",
                        seen=self._path.read_text(errors="replace")[:200],
                        todo="wait for that job; a hold of a job that died is taken over",
                    )
                if max(now - since, time.time() - found.st_mtime) > self._patience:
                    put_aside(self._path)
                watched = touched
            time.sleep(min(2 * self._heartbeat, self._patience / 10))

    def _remove_leftovers(self) -> None:
        """What jobs left that were killed on the way to a hold; the lease says that none of them runs."""
        for path in self._volume.glob(f"{HOLD}.*"):
            if path.name == EXPIRED or path.name.removeprefix(f"{HOLD}.").isalnum():
                path.unlink(missing_ok=True)

    def _touch(self) -> None:
        while not self._stop.wait(self._heartbeat):
            try:
                # Our own file and not the name, which may be another's by now.
                os.utime(self._file)
            except OSError as reason:
                self._failure = reason
                return

    def _token_there(self) -> str | None:
        try:
            token: str = json.loads(self._path.read_text(encoding="utf-8"))["token"]
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
        return token

    def _sync_directory(self) -> None:
        directory = os.open(self._volume, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def _close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
