"""Real servers on loopback: a registry without accounts, and a server of files."""

from __future__ import annotations

import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

from ethinfra.toolchain import tool
from ethinfra.waiting import eventually


@contextmanager
def anonymous_registry(root: Path) -> Iterator[str]:
    """The toolchain's registry, as `127.0.0.1:<port>`; crane speaks HTTP to this machine."""
    host = f"127.0.0.1:{free_port()}"
    config = root / "registry.yml"
    config.write_text(
        "version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n"
        f"storage: {{filesystem: {{rootdirectory: {root / 'data'}}}, delete: {{enabled: true}}}}\n"
        f"http: {{addr: '{host}'}}\n"
    )
    with (root / "registry.log").open("wb") as log:
        server = subprocess.Popen([tool("registry"), "serve", config], stdout=log, stderr=log)
    try:
        eventually("the registry answers", lambda: _answers(f"http://{host}/v2/"), within=20, every=0.05)
        yield host
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=20)


class _Files(SimpleHTTPRequestHandler):
    """Serves a folder; `cut/<name>` promises a whole file and sends half of it."""

    def do_GET(self) -> None:
        if not self.path.startswith("/cut/"):
            super().do_GET()
            return
        data = (Path(self.directory) / self.path.removeprefix("/cut/")).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2])

    def log_message(self, *_: object) -> None:
        """Tests have their own words for what they did."""


@contextmanager
def file_server(folder: Path) -> Iterator[str]:
    """Serve a folder over HTTP; yields its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False
