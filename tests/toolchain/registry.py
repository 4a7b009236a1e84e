"""An npm registry on the loopback, for as many packages as a test needs."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote


@dataclass(frozen=True)
class Package:
    """One version of a package. `facts` go into its package.json, `files` beside it."""

    name: str
    version: str
    facts: Mapping[str, Any]
    files: Mapping[str, str]

    @property
    def description(self) -> dict[str, Any]:
        return {"name": self.name, "version": self.version, **self.facts}

    @property
    def archive(self) -> bytes:
        """What npm calls a tarball, with the odd modes and times that real ones have; always the same bytes."""
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as tar:
            for path, text in {"package.json": json.dumps(self.description), **self.files}.items():
                entry = tarfile.TarInfo(f"package/{path}")
                entry.size, entry.mode, entry.mtime = len(text.encode()), 0o664, 499162500
                tar.addfile(entry, io.BytesIO(text.encode()))
        return gzip.compress(out.getvalue(), mtime=0)

    @property
    def locked(self) -> dict[str, Any]:
        """Its entry in a package-lock.json."""
        return {"version": self.version, "integrity": integrity(self.archive), **self.facts}


def integrity(data: bytes) -> str:
    return f"sha512-{base64.b64encode(hashlib.sha512(data).digest()).decode()}"


@contextmanager
def serving(packages: list[Package]) -> Iterator[str]:
    """The address of a registry that has these packages."""
    archives = {package.name: package.archive for package in packages}
    by_name = {package.name: package for package in packages}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name, _, archive = unquote(self.path).removeprefix("/").partition("/-/")
            if name not in by_name:
                self.send_error(404)
                return
            data = archives[name] if archive else json.dumps(self._listing(name)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _listing(self, name: str) -> dict[str, Any]:
            package = by_name[name]
            address = f"http://{self.headers['Host']}/{name}/-/{package.version}.tgz"
            dist = {"tarball": address, "integrity": integrity(archives[name])}
            return {
                "name": name,
                "dist-tags": {"latest": package.version},
                "versions": {package.version: {**package.description, "dist": dist}},
            }

        def log_message(self, *_: object) -> None:
            """Nothing on the tests' output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
