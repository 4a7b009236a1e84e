"""The registry's pod without a cluster: the chart's own nginx.conf and registry.yml, the images' own programs.

Only paths and ports are put in; what the tests try is what the pod runs.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ethinfra.images import debian, find_image
from ethinfra.images.store import images_dir
from ethinfra.paths import ROOT
from ethinfra.registry.certificate import make_certificate
from ethinfra.registry.client import RegistryClient
from ethinfra.registry.secrets import Access, Account, accounts_secret
from ethinfra.toolchain import tool
from ethinfra.waiting import eventually

CHART = ROOT / "charts" / "registry"


@dataclass(frozen=True)
class Loopback:
    """A running gateway with its registry, and the folders that the pod would have."""

    port: int
    access: Access
    root: Path

    def client(self, account: Account | None) -> RegistryClient:
        return RegistryClient(
            f"https://localhost:{self.port}",
            authority=self.access.authority,
            username=account or "",
            password=self.access.password(account) if account else "",
        )

    def collect_garbage(self) -> None:
        subprocess.run(
            [tool("registry"), "garbage-collect", "--delete-untagged", self.root / "registry.yml"],
            check=True,
            capture_output=True,
        )


@contextmanager
def running(root: Path) -> Iterator[Loopback]:
    """Start both programs in a folder; they end with the context."""
    gateway_port, registry_port = _free_port(), _free_port()
    access = _secrets(root)
    for folder in ("run", "tmp", "data"):
        (root / folder).mkdir()
    shutil.copytree(CHART / "files" / "ui", root / "share" / "ui")
    _configure(root, gateway_port, registry_port)
    # One process: started by root, nginx would give its workers to a user who cannot read the folder.
    directives = "daemon off; master_process off;"
    nginx = [*_nginx(root), "-e", "stderr", "-c", root / "nginx.conf", "-p", root, "-g", directives]
    programs = [_start([tool("registry"), "serve", root / "registry.yml"], root), _start(nginx, root)]
    loopback = Loopback(gateway_port, access, root)
    try:
        with loopback.client(Account.PULL) as client:
            eventually("the registry answers", lambda: client.status("GET", "/healthz") == 200, within=20, every=0.1)
        yield loopback
    finally:
        for program in programs:
            program.send_signal(signal.SIGTERM)
        for program in programs:
            program.wait(timeout=20)


def _secrets(root: Path) -> Access:
    accounts = accounts_secret("local-registry")["stringData"]
    made = make_certificate("registry.local-registry.svc")
    for name, text in (("tls/tls.crt", made.certificate), ("tls/tls.key", made.key)):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    (root / "accounts").mkdir()
    for name in ("push.htpasswd", "all.htpasswd"):
        (root / "accounts" / name).write_text(accounts[name])
    return Access(made.authority, made.certificate, {one: accounts[f"{one}-password"] for one in Account})


def _configure(root: Path, gateway_port: int, registry_port: int) -> None:
    nginx = (CHART / "files" / "nginx.conf").read_text()
    for there, here in {
        " /tmp/": f" {root}/tmp/",  # noqa: S108 - the pod's own /tmp
        "listen 5000": f"listen 127.0.0.1:{gateway_port}",
        "127.0.0.1:5001": f"127.0.0.1:{registry_port}",
        "/etc/gateway": f"{root}",
        "/usr/share/gateway": f"{root}/share",
        "/var/lib/registry": f"{root}/data",
        "/run/gateway": f"{root}/run",
        "/etc/nginx": f"{root}/nginx/etc/nginx",
        "/dev/stdout": f"{root}/access.log",
    }.items():
        assert there in nginx, there
        nginx = nginx.replace(there, here)
    (root / "nginx.conf").write_text(nginx)
    registry = (CHART / "files" / "registry.yml").read_text()
    registry = registry.replace("{{ .Values.logLevel }}", "info").replace("{{ .Values.uploads.purgeAfter }}", "24h")
    assert "{{" not in registry
    registry = registry.replace("127.0.0.1:5001", f"127.0.0.1:{registry_port}")
    registry = registry.replace("/var/lib/registry", f"{root}/data")
    (root / "registry.yml").write_text(registry)


def _nginx(root: Path) -> list[Path | str]:
    """nginx with the libraries of its image, so that the machine needs none."""
    image = find_image("nginx")
    files = root / "nginx"
    debian.unpack(debian.resolve(image.packages), files, images_dir() / "packages")
    (loader,) = files.glob("lib/*/ld-linux-*")
    libraries = os.pathsep.join(str(files / folder / loader.parent.name) for folder in ("lib", "usr/lib"))
    return [loader, "--library-path", libraries, files / "usr/sbin/nginx"]


def _start(argv: list[Path | str], root: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "OTEL_TRACES_EXPORTER": "none", "REGISTRY_HTTP_SECRET": "loopback"}
    name = re.sub(r"\W", "", Path(argv[0]).name)
    with (root / f"{name}.log").open("wb") as log:
        return subprocess.Popen(argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
