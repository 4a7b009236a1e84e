"""A registry of the machine's own, and the snapshot commands against it: what operators and jobs run, each in a process
of its own, start included.

The registry is distribution itself behind TLS, which puts every layer on disk before it answers.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ethinfra.errors import ClusterError
from ethinfra.registry.certificate import make_certificate
from ethinfra.registry.client import RegistryClient
from ethinfra.toolchain import tool
from ethinfra.waiting import eventually

_REPOSITORY = "snapshots/bench/geth"
_HASH = "0x" + "11" * 32


@dataclass(frozen=True)
class Ended:
    """A command that has ended well. seconds: on the clock; cpu: of all cores; memory: most of it at a time, in MB."""

    seconds: float
    cpu: float
    memory: float
    said: str


def shell(pipeline: str) -> Ended:
    """Fails if any part of the pipeline does."""
    return command(["bash", "-o", "pipefail", "-c", pipeline])


def command(argv: list[str]) -> Ended:
    """Run a command; its processor time and memory are the kernel's own account of it and its children."""
    started = time.monotonic()
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as complained:
        child = subprocess.Popen(argv, stdout=said, stderr=complained, stdin=subprocess.DEVNULL)
        _, status, used = os.wait4(child.pid, 0)
        seconds = time.monotonic() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        complained.seek(0)
        if child.returncode:
            raise ClusterError(" ".join(argv[:4]), expected="exit code 0", seen=complained.read().decode()[-1500:])
        return Ended(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1e3, said.read().decode())


class Registry:
    """The commands against one registry, each in a process of its own."""

    def __init__(self, port: int, authority: Path) -> None:
        url = f"https://localhost:{port}"
        self._where = ["--registry", url, "--repository", _REPOSITORY, "--ca", str(authority)]
        self._client = RegistryClient(url, authority=authority.read_text())
        self._ids: list[str] = []
        self.fetched: list[float] = []

    def push(self, source: Path, block: int) -> Ended:
        """Push and promote."""
        chain = ["--client", "geth:1.17.5", "--network", "bench", "--chain-id", "1", "--genesis-hash", _HASH]
        head = ["--block", str(block), "--block-hash", _HASH, "--state-root", _HASH, "--block-time", "1"]
        told = [*chain, *head, "--include", "geth", "--volume", "bench", "--source", str(source)]
        ended = self._run("push", *told)
        self._ids.append(ended.said.split()[0].removeprefix("candidate-"))
        self._run("promote", self._ids[-1])
        return ended

    def pull(self, into: Path, *more: str) -> Ended:
        before = self._served()
        ended = self._run("pull", "--into", str(into), *more)
        self.fetched.append(self._served() - before)
        return ended

    def sent(self, number: int) -> float:
        """Bytes of layers that the push of that number sent."""
        manifest = self._client.manifest(_REPOSITORY, f"snapshot-{self._ids[number]}").content
        return float(manifest["annotations"]["io.ethinfra.snapshot.sent-bytes"])

    def _served(self) -> float:
        """Bytes received over loopback by anybody; the registry's answers are what there is of them."""
        lines = Path("/proc/net/dev").read_text().splitlines()
        return float(next(line.split()[1] for line in lines if line.strip().startswith("lo:")))

    def _run(self, verb: str, *arguments: str) -> Ended:
        return command([sys.executable, "-m", "ethinfra.snapshot", verb, *self._where, *arguments])


@contextmanager
def running_registry(root: Path) -> Iterator[Registry]:
    """Run one, with its data in a new folder. Its certificate is for localhost."""
    made = make_certificate("localhost")
    root.mkdir()
    for name, text in (("tls.crt", made.certificate), ("tls.key", made.key), ("ca.crt", made.authority)):
        (root / name).write_text(text)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    settings = {
        "version": 0.1,
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(root / "data")}, "delete": {"enabled": True}},
        "http": {
            "addr": f"127.0.0.1:{port}",
            "tls": {"certificate": str(root / "tls.crt"), "key": str(root / "tls.key")},
        },
    }
    (root / "config.yml").write_text(json.dumps(settings))
    with (root / "log").open("wb") as log:
        environment = {**os.environ, "OTEL_TRACES_EXPORTER": "none"}
        child = subprocess.Popen(
            [tool("registry"), "serve", root / "config.yml"], stdout=log, stderr=log, env=environment
        )
    try:
        with RegistryClient(f"https://localhost:{port}", authority=made.authority) as client:
            eventually("the registry answers", lambda: client.status("GET", "/v2/") == 200, within=20, every=0.1)
        yield Registry(port, root / "ca.crt")
    finally:
        child.terminate()
        child.wait()
