"""The least that a boot can take: etcd and the API server alone, as fast as they come up by themselves.

They are the same programs that a cluster runs, without nodes, networks, addons or a supervisor around them, and with
certificates that the API server makes up for itself.
"""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load import memory_mb
from ethinfra.cluster.embedded.components import Component
from ethinfra.cluster.embedded.pki import Pki
from ethinfra.cluster.embedded.supervisor import probe
from ethinfra.toolchain import tool
from ethinfra.waiting import eventually


@dataclass(frozen=True)
class Floor:
    """seconds: from the start of etcd to a ready API server. memory_mb: of both, right then (PSS)."""

    seconds: float
    memory_mb: float


def control_plane_alone() -> Floor:
    """Start both one after the other, look, and end them."""
    client, peer, secure = (_free_port() for _ in range(3))
    with tempfile.TemporaryDirectory(prefix="ethinfra-floor-") as temporary, ExitStack() as running:
        folder = Path(temporary)
        keys = Pki(folder / "pki")
        keys.signing_key("service-accounts")
        programs = {"etcd": tool("etcd"), "kube-apiserver": tool("kube-apiserver")}
        started = time.monotonic()
        etcd = running.enter_context(
            _running(
                [
                    programs["etcd"],
                    f"--data-dir={folder / 'etcd'}",
                    f"--listen-client-urls=http://127.0.0.1:{client}",
                    f"--advertise-client-urls=http://127.0.0.1:{client}",
                    f"--listen-peer-urls=http://127.0.0.1:{peer}",
                    f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
                    f"--initial-cluster=default=http://127.0.0.1:{peer}",
                    "--unsafe-no-fsync",
                ],
                folder / "etcd.log",
            )
        )
        _await("etcd is ready", f"http://127.0.0.1:{client}/readyz", folder / "etcd.log")
        api_server = running.enter_context(
            _running(
                [
                    programs["kube-apiserver"],
                    f"--etcd-servers=http://127.0.0.1:{client}",
                    f"--secure-port={secure}",
                    "--bind-address=127.0.0.1",
                    "--advertise-address=127.0.0.1",
                    # It refuses to publish a loopback address as an endpoint.
                    "--endpoint-reconciler-type=none",
                    f"--cert-dir={folder / 'certificates'}",
                    "--service-account-issuer=https://kubernetes.default.svc",
                    f"--service-account-key-file={keys.directory / 'service-accounts.pub'}",
                    f"--service-account-signing-key-file={keys.key('service-accounts')}",
                    "--service-cluster-ip-range=10.0.0.0/24",
                    "--authorization-mode=RBAC",
                ],
                folder / "kube-apiserver.log",
            )
        )
        _await("the API server is ready", f"https://127.0.0.1:{secure}/readyz", folder / "kube-apiserver.log")
        seconds = time.monotonic() - started
        return Floor(seconds, sum(memory_mb(process.pid)[0] for process in (etcd, api_server)))


@contextmanager
def _running(command: list[str | Path], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=log.parent)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _await(what: str, url: str, log: Path) -> None:
    component = Component("", (), 0, (), "", probe=url)
    eventually(what, lambda: probe(component) or "ready", until=lambda seen: seen == "ready",
               within=60, every=0.02, hint=str(log))  # fmt: skip


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
