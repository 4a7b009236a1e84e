"""Keeps a cluster's components running: starts them in order, restarts what exits, bounds their logs, reports.

Runs in the control space as a process of its own (`python -m ethinfra.cluster.embedded.supervisor`), with the standard
library only, because it is part of every cluster's footprint. It may be killed at any time: components write to
their logs directly and live on, and the next supervisor adopts them by process id and start time.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ethinfra.cluster.embedded.components import Component, load_components
from ethinfra.cluster.embedded.launch import joining_groups
from ethinfra.cluster.embedded.spaces import Space

#: Seconds before a restart: doubled with each exit from the first value to the last, reset after a minute of life.
_BACKOFF = (0.5, 10.0)
_STEADY_AFTER = 60.0
#: Seconds between two looks: while something is not ready, and when all is.
_EVERY, _EVERY_STEADY = 0.1, 1.0
#: Seconds between two probes of a component that works.
_PROBE_EVERY = 5.0
#: Bytes of a log that are kept when it grows beyond twice that.
_LOG_KEPT = 8 << 20


@dataclass
class Watched:
    """A component and what became of it."""

    component: Component
    pid: int = 0
    started: str = ""
    child: subprocess.Popen[bytes] | None = None
    since: float = 0.0
    ready: bool = False
    was_ready: bool = False
    seen: str = "not started"
    restarts: int = 0
    exits: int = 0
    retry_at: float = 0.0
    probe_at: float = 0.0

    @property
    def alive(self) -> bool:
        if self.child is not None and self.child.poll() is not None:
            return False
        return bool(self.pid) and start_time(self.pid) == self.started


class Supervisor:
    """One pass of `look` brings every component one step further."""

    def __init__(self, components_file: Path, report_file: Path) -> None:
        self.components_file = components_file
        self.report_file = report_file
        self.watched: dict[str, Watched] = {}
        self._read_at = 0
        self._told = ""

    def run(self) -> None:
        """Until killed."""
        while True:
            steady = self.look()
            time.sleep(_EVERY_STEADY if steady else _EVERY)

    def look(self) -> bool:
        """Start, restart, probe, trim, report; True if everything works."""
        self._reload()
        for one in self.watched.values():
            if one.alive:
                self._probe(one)
            else:
                self._bury(one)
                if time.monotonic() >= one.retry_at and self._may_start(one):
                    self._start(one)
            _trim(Path(one.component.log))
        self._report()
        return all(one.ready for one in self.watched.values())

    def _reload(self) -> None:
        changed = self.components_file.stat().st_mtime_ns
        if changed == self._read_at:
            return
        self._read_at = changed
        adopted = _last_report(self.report_file)
        for component in load_components(self.components_file):
            known = self.watched.get(component.name)
            if known is not None:
                # A running one is left alone; the new command counts from its next start.
                known.component = component
                continue
            one = self.watched[component.name] = Watched(component)
            before = adopted.get(component.name, {})
            if before.get("pid") and start_time(before["pid"]) == before.get("started"):
                one.pid, one.started = before["pid"], before["started"]
                one.restarts, one.since = before["restarts"], time.monotonic()
                one.was_ready, one.seen = True, "adopted"

    def _may_start(self, one: Watched) -> bool:
        waiting = [name for name in one.component.after if not self.watched[name].was_ready]
        if waiting:
            one.seen = f"waits for {', '.join(waiting)}"
        return not waiting

    def _start(self, one: Watched) -> None:
        component = one.component
        command = Space(component.name, component.space).entering(component.argv)
        with Path(component.log).open("ab") as log:
            one.child = subprocess.Popen(
                joining_groups(component.groups, command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **component.env},
                cwd="/",
                start_new_session=True,
            )
        one.pid, one.started = one.child.pid, start_time(one.child.pid)
        one.since, one.seen, one.ready, one.probe_at = time.monotonic(), "started", False, 0.0

    def _bury(self, one: Watched) -> None:
        """Note that a component has ended, once."""
        if not one.pid:
            return
        code = one.child.returncode if one.child is not None else None
        lived = time.monotonic() - one.since
        one.exits = 0 if lived > _STEADY_AFTER else one.exits + 1
        delay = min(_BACKOFF[0] * 2 ** max(one.exits - 1, 0), _BACKOFF[1])
        one.retry_at = time.monotonic() + delay
        outcome = "an unknown code" if code is None else code
        one.seen = f"exited with {outcome} after {lived:.1f}s, restarts in {delay:g}s"
        one.pid, one.started, one.child, one.ready = 0, "", None, False
        one.restarts += 1

    def _probe(self, one: Watched) -> None:
        now = time.monotonic()
        if now < one.probe_at:
            return
        failure = probe(one.component)
        one.ready = failure is None
        one.was_ready = one.was_ready or one.ready
        one.seen = failure or "works"
        one.probe_at = now + (_PROBE_EVERY if one.ready else _EVERY)

    def _report(self) -> None:
        text = json.dumps(
            {
                name: {
                    "pid": one.pid,
                    "started": one.started,
                    "ready": one.ready,
                    "seen": one.seen,
                    "restarts": one.restarts,
                    "log": one.component.log,
                }
                for name, one in self.watched.items()
            },
            indent=1,
        )
        if text != self._told:
            fresh = self.report_file.with_suffix(".new")
            fresh.write_text(text)
            fresh.replace(self.report_file)
            self._told = text


def start_time(pid: int) -> str:
    """When a process started, in clock ticks since boot; empty if it is gone. Names it for good, with its id."""
    try:
        # The second field is the program's name in parentheses, which may hold anything.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return "" if fields[0] in "ZX" else fields[19]


def probe(component: Component) -> str | None:
    """Why a component does not work, or None if it does."""
    url = urlsplit(component.probe)
    try:
        if url.scheme == "unix":
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(1)
                client.connect(str(Space(component.name, component.space).path(url.path)))
            return None
        if url.scheme == "tcp":
            with socket.create_connection((url.hostname, url.port), timeout=1):
                return None
        return _get(url.scheme, str(url.hostname), url.port, url.path)
    except (OSError, http.client.HTTPException) as reason:
        return f"{component.probe}: {reason}"


def _get(scheme: str, host: str, port: int | None, path: str) -> str | None:
    if scheme == "https":
        # Only whether it answers is asked; no secret is sent and nothing that it says is relied on.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        client: http.client.HTTPConnection = http.client.HTTPSConnection(host, port, timeout=2, context=context)
    else:
        client = http.client.HTTPConnection(host, port, timeout=2)
    try:
        client.request("GET", path)
        answer = client.getresponse()
        return None if answer.status == 200 else f"{path} answers {answer.status}"
    finally:
        client.close()


def _trim(log: Path) -> None:
    """Keep the end of a log that has grown too large. Its writer appends, so it goes on at the new end."""
    try:
        if log.stat().st_size <= 2 * _LOG_KEPT:
            return
        with log.open("rb+") as file:
            file.seek(-_LOG_KEPT, os.SEEK_END)
            kept = file.read()
            file.seek(0)
            file.write(kept[kept.find(b"\n") + 1 :])
            file.truncate()
    except FileNotFoundError:
        return


def _last_report(path: Path) -> dict[str, dict[str, Any]]:
    try:
        report: dict[str, dict[str, Any]] = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return report


if __name__ == "__main__":
    Supervisor(Path(sys.argv[1]), Path(sys.argv[2])).run()
