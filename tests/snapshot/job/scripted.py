"""A node and the part of a cluster around it, as a snapshot job sees them.

The node answers RPC and its probe's port on loopback. The cluster has pods, leases, events and VolumeSnapshots, and
does what controller and kubelet do when a pod is deleted: the client stops, the pod goes, another one comes, waits as
its init container does while the volume is held, and starts the client. That the pod is gone, and that the next one has
no address yet, lasts until somebody has seen it: no test hopes to look at the right moment.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from ethinfra.probe import hold
from ethinfra.probe.kubernetes import Api
from ethinfra.snapshot.job.cluster import Cluster
from ethinfra.snapshot.model import Block
from tests.probe.http import unused_port

CHAIN = 32382
NAMESPACE = "ethereum"
#: The Kubernetes node that the volume is on.
HOST = "machine-1"


def block(number: int, *, fork: str = "", timestamp: int | None = None) -> Block:
    """The same number and fork give the same block. Blocks are old unless a test says otherwise."""
    hashes = [hashlib.sha256(f"{what} {number} {fork}".encode()).hexdigest() for what in ("block", "state")]
    return Block(number, f"0x{hashes[0]}", f"0x{hashes[1]}", 1_700_000_000 + number if timestamp is None else timestamp)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that did not wait has hung up."""


class _Handler(BaseHTTPRequestHandler):
    def reply(self, status: int, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self) -> Any:
        return json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"null")

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


class ScriptedNode:
    """head: what it has; final: the last final block's number; ready: what its probe says; version: its own words."""

    def __init__(self, head: int = 100, final: int | None = 64) -> None:
        self.blocks = {number: block(number) for number in range(head + 1)}
        self.final = final
        self.ready = True
        self.chain = CHAIN
        self.version: str | None = "Geth/v1.17.5-stable-6d0af2b8/linux-amd64/go1.25.1"
        self.pruned = False
        self.snapshot: object = None
        self.rpc_port, self.probe_port = unused_port(), unused_port()
        self._servers: list[_Server] = []

    @property
    def head(self) -> Block:
        return self.blocks[max(self.blocks)]

    def add(self, *, timestamp: int | None = None) -> Block:
        made = block(self.head.number + 1, timestamp=timestamp)
        self.blocks[made.number] = made
        return made

    def start(self) -> ScriptedNode:
        self.start_rpc()
        self.start_probe()
        return self

    def start_rpc(self) -> None:
        node = self

        class Rpc(_Handler):
            def do_POST(self) -> None:
                calls = self.body()
                self.reply(200, [{"jsonrpc": "2.0", "id": one["id"], **node.answer(one)} for one in calls])

        self._serve(self.rpc_port, Rpc)

    def start_probe(self) -> None:
        node = self

        class Probe(_Handler):
            def do_GET(self) -> None:
                reason = "every rule holds" if node.ready else "head is 900s old"
                self.reply(200, {"ready": {"ready": node.ready, "reason": reason}, "snapshot": node.snapshot})

        self._serve(self.probe_port, Probe)

    def _serve(self, port: int, handler: type[_Handler]) -> None:
        server = _Server(("127.0.0.1", port), handler)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        self._servers.append(server)

    def stop(self) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()
        self._servers.clear()

    @property
    def running(self) -> bool:
        return bool(self._servers)

    def answer(self, call: dict[str, Any]) -> dict[str, Any]:
        match call["method"], call["params"]:
            case "eth_chainId", _:
                return {"result": hex(self.chain)}
            case "web3_clientVersion", _ if self.version is not None:
                return {"result": self.version}
            case "eth_getBalance", _:
                return {"error": {"code": -32000, "message": "missing trie node"}} if self.pruned else {"result": "0x7"}
            case "eth_getBlockByNumber", [which, _]:
                return {"result": self._block(which)}
            case method, _:
                return {"error": {"code": -32601, "message": f"no {method}"}}

    def _block(self, which: str) -> dict[str, str] | None:
        number = self.head.number if which == "latest" else self.final if which == "finalized" else int(which, 16)
        found = self.blocks.get(-1 if number is None else number)
        return found and {
            "number": hex(found.number),
            "hash": found.hash,
            "stateRoot": found.state_root,
            "timestamp": hex(found.timestamp),
        }


class ScriptedCluster:
    """The API server, and what acts on its objects.

    requests:  what was asked, `DELETE /api/…`
    deletions: what each DELETE said, by its path, the newest last
    forbidden: beginnings of such requests, which are answered with 403
    patience:  of the held client, seconds
    stops_in, starts_in: seconds that the client takes for it; it never stops where the former is None
    seen_gone: the next pod comes when somebody has seen that there is none; else it takes the place of the last one
    host:      the Kubernetes node that the next pod comes to; it starts on the first one only, where its volume is
    on_start:  called right before the client starts again
    cuts:      it knows VolumeSnapshots; cuts_in: seconds, never where None; on_cut: called at that moment
    """

    def __init__(self, volume: Path, node: ScriptedNode, token: Path, *, patience: float = 2) -> None:
        self.volume = volume
        self.node = node
        self.patience = patience
        self.objects: dict[str, dict[str, Any]] = {}
        self.requests: list[str] = []
        self.deletions: list[tuple[str, Any]] = []
        self.forbidden: set[str] = set()
        self.stops_in: float | None = 0.1
        self.starts_in = 0.0
        self.seen_gone = True
        self.host = HOST
        self.on_start: Callable[[], None] = lambda: None
        self.started: list[float] = []
        self.outcomes: list[hold.Outcome] = []
        self.cuts = True
        self.cuts_in: float | None = 0.1
        self.on_cut: Callable[[], None] = lambda: None
        self._uids = itertools.count(1)
        self._versions = itertools.count(1)
        self._lock = threading.RLock()
        #: What happens to an object as soon as somebody has asked for it as it is.
        self._once_seen: dict[str, Callable[[], object]] = {}
        self._token = token
        cluster = self

        class Handler(_Handler):
            def do_GET(self) -> None:
                self.reply(*cluster.handle("GET", self.path, None))

            def do_POST(self) -> None:
                self.reply(*cluster.handle("POST", self.path, self.body()))

            def do_PUT(self) -> None:
                self.reply(*cluster.handle("PUT", self.path, self.body()))

            def do_PATCH(self) -> None:
                self.reply(*cluster.handle("PATCH", self.path, self.body()))

            def do_DELETE(self) -> None:
                self.reply(*cluster.handle("DELETE", self.path, self.body()))

        self.server = _Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.add_pod("geth-0")
        self.add_pod("geth-1")

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def port(self) -> int:
        return self.server.server_port

    def api(self) -> Cluster:
        return Cluster(Api("127.0.0.1", self.port, token=self._token, context=None), NAMESPACE)

    def add_pod(self, name: str, *, ready: bool = True, address: str = "127.0.0.1", **labels: str) -> dict[str, Any]:
        pod = {
            "metadata": {"name": name, "uid": f"uid-{next(self._uids)}", "labels": labels},
            "spec": {"nodeName": self.host},
            "status": {
                "podIP": address,
                "phase": "Running",
                "conditions": [{"type": "Ready", "status": str(ready)}],
            },
        }
        with self._lock:
            self.objects[f"/api/v1/namespaces/{NAMESPACE}/pods/{name}"] = pod
        return pod

    def pod(self, name: str) -> dict[str, Any]:
        return self.objects[f"/api/v1/namespaces/{NAMESPACE}/pods/{name}"]

    def events(self) -> list[dict[str, Any]]:
        return [one for path, one in self.objects.items() if "/events/" in path]

    def asked(self, beginning: str) -> list[str]:
        return [one for one in self.requests if one.startswith(beginning)]

    def handle(self, method: str, address: str, body: Any) -> tuple[int, object]:
        request = f"{method} {unquote(address)}"
        path, query = urlsplit(address).path, parse_qs(urlsplit(address).query)
        with self._lock:
            self.requests.append(request)
            if any(request.startswith(one) for one in self.forbidden):
                return 403, {"message": f"{request} is forbidden"}
            status, found = getattr(self, f"_{method.lower()}")(path, query, body)
            answer = status, deepcopy(found)
            if method == "GET":
                self._once_seen.pop(path, lambda: None)()
            return answer

    def _get(self, path: str, query: dict[str, list[str]], _: Any) -> tuple[int, object]:
        if path in self.objects:
            return 200, self.objects[path]
        if path.endswith("/pods"):
            wanted = dict(pair.split("=") for pair in query["labelSelector"][0].split(","))
            found = [
                one
                for where, one in self.objects.items()
                if where.startswith(f"{path}/") and wanted.items() <= one["metadata"].get("labels", {}).items()
            ]
            return 200, {"items": found}
        return 404, {"message": "not found"}

    def _post(self, path: str, query: dict[str, list[str]], body: Any) -> tuple[int, object]:
        where = f"{path}/{body['metadata']['name']}"
        if "volumesnapshots" in path and not self.cuts:
            return 404, {"message": "the server could not find the requested resource"}
        if where in self.objects:
            return 409, {"message": "already exists"}
        if query.get("dryRun") == ["All"]:
            return 201, body
        self._store(where, body)
        if "volumesnapshots" in path and self.cuts_in is not None:
            _later(self.cuts_in, self._cut, where)
        return 201, self.objects[where]

    def _put(self, path: str, _: Any, body: Any) -> tuple[int, object]:
        known = self.objects.get(path)
        if known is None:
            return 404, {"message": "not found"}
        if body["metadata"].get("resourceVersion") != known["metadata"]["resourceVersion"]:
            return 409, {"message": "the object has been modified"}
        self._store(path, body)
        return 200, self.objects[path]

    def _patch(self, path: str, _: Any, body: Any) -> tuple[int, object]:
        self.objects[path]["metadata"].setdefault("annotations", {}).update(body["metadata"]["annotations"])
        return 200, self.objects[path]

    def _delete(self, path: str, _: Any, body: Any) -> tuple[int, object]:
        self.deletions.append((path, body))
        found = self.objects.get(path)
        if found is None:
            return 404, {"message": "not found"}
        wanted = ((body or {}).get("preconditions") or {}).get("uid")
        if wanted and wanted != found["metadata"]["uid"]:
            return 409, {"message": "the UID in the precondition does not match"}
        if "/pods/" not in path:
            del self.objects[path]
        elif "deletionTimestamp" not in found["metadata"]:
            found["metadata"]["deletionTimestamp"] = "now"
            if self.stops_in is not None:
                _later(self.stops_in, self._replace, path)
        return 200, found

    def _store(self, path: str, body: dict[str, Any]) -> None:
        body["metadata"]["resourceVersion"] = str(next(self._versions))
        self.objects[path] = body

    def _cut(self, path: str) -> None:
        with suppress(KeyError):
            self.on_cut()
            self.objects[path]["status"] = {"creationTime": "2026-11-23T17:00:00Z"}

    def _replace(self, path: str) -> None:
        self.node.stop()
        if not self.seen_gone:
            self._come_back(path)
            return
        with self._lock:
            del self.objects[path]
            self._once_seen[path] = partial(_later, 0, self._come_back, path)

    def _come_back(self, path: str) -> None:
        with self._lock:
            pod = self.add_pod(path.rpartition("/")[2], ready=False, address="")
            if self.host != HOST:
                pod["status"]["phase"] = "Pending"
                return
            self._once_seen[path] = partial(pod["status"].update, podIP="127.0.0.1")
        self.outcomes.append(hold.wait(self.volume, self.patience, say=lambda _: None))
        _later(self.starts_in, self._start, pod)

    def _start(self, pod: dict[str, Any]) -> None:
        self.on_start()
        self.started.append(time.monotonic())
        self.node.start()
        pod["status"].update(podIP="127.0.0.1", conditions=[{"type": "Ready", "status": "True"}])


def _later(seconds: float, what: Callable[..., object], *arguments: object) -> None:
    timer = threading.Timer(seconds, what, arguments)
    timer.daemon = True
    timer.start()
