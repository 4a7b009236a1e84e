"""Registries on loopback, each by its own program: distribution behind the project's gateway, and
go-containerregistry's."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ethinfra.registry.client import RegistryClient
from ethinfra.registry.secrets import Account
from ethinfra.snapshot.access import open_store
from ethinfra.snapshot.registry_store import RegistryStore
from ethinfra.toolchain import tool
from ethinfra.waiting import eventually
from tests.registry.loopback import Loopback


def gateway_store(loopback: Loopback, folder: Path, repository: str) -> RegistryStore:
    """A repository of the project's registry: TLS, an account, both from files as a pod has them."""
    host = f"localhost:{loopback.port}"
    secret = f"{Account.PUSH}:{loopback.access.password(Account.PUSH)}"
    config, authority = folder / "config.json", folder / "ca.crt"
    config.write_text(json.dumps({"auths": {host: {"auth": base64.b64encode(secret.encode()).decode()}}}))
    authority.write_text(loopback.access.authority)
    return open_store(f"https://{host}", repository, config=config, authority=authority, patience=10)


class Crane:
    """`crane registry serve` on a directory: another implementation, without TLS. It can be stopped and started again,
    and then has forgotten its manifests, which it keeps in memory."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._child: subprocess.Popen[bytes] | None = None
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = listener.getsockname()[1]

    def start(self) -> None:
        command = [tool("crane"), "registry", "serve", "--address", f"127.0.0.1:{self.port}", "--disk", self._root]
        with (self._root.parent / "crane.log").open("ab") as log:
            self._child = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "PORT": ""})
        with RegistryClient(f"http://127.0.0.1:{self.port}", authority=None) as client:
            eventually("crane answers", lambda: client.status("GET", "/v2/") == 200, within=10, every=0.05)

    def stop(self) -> None:
        if self._child is not None:
            self._child.send_signal(signal.SIGKILL)
            self._child.wait()
            self._child = None

    def store(self, repository: str, patience: float = 10) -> RegistryStore:
        return open_store(f"http://127.0.0.1:{self.port}", repository, patience=patience)


@contextmanager
def crane(root: Path) -> Iterator[Crane]:
    root.mkdir()
    running = Crane(root)
    running.start()
    try:
        yield running
    finally:
        running.stop()
